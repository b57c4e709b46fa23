//! lsof — print the open files of all processes.
//!
//! Source: BusyBox 1.37.

use posix::procfs;

use crate::prelude::*;
use posix::procfs::printable;

pub(crate) const APPLET: Applet = Applet {
    name: "lsof",
    links: &["/usr/bin/lsof"],
    usage: "lsof\n\nPrint the open files of all processes: PID, program, descriptor, file.\n",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let own = std::process::id() as i32;
    for pid in procfs::pids() {
        if pid == own {
            continue;
        }
        let Some(program) = procfs::link(pid, "exe") else { continue };
        for descriptor in procfs::descriptors(pid) {
            let Some(file) = procfs::link(pid, &format!("fd/{descriptor}")) else { continue };
            let (program, file) = (program.as_os_str().as_bytes(), file.as_os_str().as_bytes());
            writeln!(cx.out, "{pid}\t{}\t{descriptor}\t{}", printable(program), printable(file));
        }
    }
    Ok(())
}
