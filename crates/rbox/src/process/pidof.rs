//! pidof — print the numbers of the processes of a name.
//!
//! Source: BusyBox 1.37.

use posix::procfs;

use super::common;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "pidof",
    links: &["/bin/pidof"],
    usage: "\
pidof [-s] [-o PID] [NAME]...

Print the numbers of the processes called NAME, the newest first. The exit
status is 1 if there are none.

  -s, --single-shot   Only one
  -o, --omit-pid=PID  Not this one (%PPID: not the parent of pidof)
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let (_, parent, _) = sys::kill::own();
    let mut omitted = Vec::new();
    for value in options.values('o') {
        for item in
            value.as_bytes().split(|&byte| matches!(byte, b',' | b' ')).filter(|item| !item.is_empty())
        {
            omitted.push(if item == b"%PPID" {
                parent
            } else {
                cli::options::number(OsStr::from_bytes(item))? as i32
            });
        }
    }
    let processes = procfs::processes();
    let mut found: Vec<String> = Vec::new();
    for name in options.operands() {
        let called = processes.iter().rev().filter(|stat| {
            !stat.is_kernel_thread()
                && !omitted.contains(&stat.pid)
                && common::is_called(stat, name.as_bytes())
        });
        found.extend(called.map(|stat| stat.pid.to_string()));
    }
    if options.has('s') {
        found.truncate(1);
    }
    if found.is_empty() {
        return Err(Error::exit(1));
    }
    writeln!(cx.out, "{}", found.join(" "));
    Ok(())
}
