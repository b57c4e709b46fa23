//! nohup — run a command that a hangup does not end.
//!
//! Source: POSIX.1-2024 `nohup`; BusyBox 1.37 for the messages.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "nohup",
    links: &["/usr/bin/nohup"],
    usage: "\
nohup PROG ARGS

Run PROG so that hangups do not end it. Output to a terminal goes to nohup.out,
or to nohup.out in $HOME.
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 127;
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    if sys::fd::is_terminal(0) {
        // Reading from the terminal must fail, rather than wait for nobody.
        let null = OpenOptions::new().write(true).open("/dev/null").at("/dev/null")?;
        sys::session::duplicate(null.as_raw_fd(), 0).doing("dup2")?;
    }
    if sys::fd::is_terminal(1) {
        let file = output(cx)?;
        sys::session::duplicate(file.as_raw_fd(), 1).doing("dup2")?;
    }
    if sys::fd::is_terminal(2) {
        sys::session::duplicate(1, 2).doing("dup2")?;
    }
    const HANGUP: i32 = 1;
    sys::session::ignore(HANGUP);
    Err(cx.exec(options.operands()))
}

fn output(cx: &mut Cx<'_>) -> Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let open = |path: &Path| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    let here = PathBuf::from("nohup.out");
    let at_home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("nohup.out"));
    let mut last = None;
    for path in [Some(here), at_home].into_iter().flatten() {
        match open(&path) {
            Ok(file) => {
                cx.warn(&format!("appending output to {}", path.display()));
                return Ok(file);
            }
            Err(error) => last = Some(Error::at(path, error)),
        }
    }
    Err(last.unwrap_or_else(|| Error::message("no place for nohup.out")))
}
