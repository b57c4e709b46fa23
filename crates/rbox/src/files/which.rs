//! which — where the shell would find commands.
//!
//! Source: BusyBox 1.37 `which`.

use crate::prelude::*;
use sys::at::{self, Kind, Links};

pub(crate) const APPLET: Applet = Applet {
    name: "which",
    links: &["/usr/bin/which"],
    usage: "\
which [-a] COMMAND...

Print the path of each COMMAND.

  -a  Print all that match
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let search = std::env::var_os("PATH").unwrap_or_else(|| "/sbin:/usr/sbin:/bin:/usr/bin".into());
    for command in options.operands() {
        let mut found = false;
        if command.as_bytes().contains(&b'/') {
            found = is_program(Path::new(command));
            if found {
                print(cx, Path::new(command));
            }
        } else {
            for directory in search.as_bytes().split(|&byte| byte == b':') {
                // An empty part means the working directory.
                let directory = if directory.is_empty() { &b"."[..] } else { directory };
                let path = super::common::join(Path::new(OsStr::from_bytes(directory)), command);
                if is_program(&path) {
                    print(cx, &path);
                    found = true;
                    if !options.has('a') {
                        break;
                    }
                }
            }
        }
        if !found {
            cx.status = 1;
        }
    }
    Ok(())
}

fn is_program(path: &Path) -> bool {
    at::stat(at::CWD, path, Links::Follow).is_ok_and(|stat| stat.kind() == Kind::File)
        && at::access(at::CWD, path, 1).is_ok()
}

fn print(cx: &mut Cx<'_>, path: &Path) {
    cx.out.write(path.as_os_str().as_bytes());
    cx.out.write(b"\n");
}
