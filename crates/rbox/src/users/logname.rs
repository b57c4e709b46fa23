//! logname — prints the name of the user who logged in.
//!
//! Source: POSIX.1-2024 `logname`. The kernel keeps who that was (the login uid) where it has audit; without it, it is
//! the owner of the terminal, which login made it.

use std::os::unix::fs::MetadataExt;

use posix::passwd;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "logname",
    links: &["/usr/bin/logname"],
    usage: "\
logname

Print the name of the current user
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let user = login_uid().or_else(terminal_owner).and_then(passwd::user_by_id);
    let user = user.ok_or_else(|| Error::message("getlogin: No such file or directory"))?;
    cx.out.write(&user.name);
    cx.out.write(b"\n");
    Ok(())
}

fn login_uid() -> Option<u32> {
    passwd::number(std::fs::read("/proc/self/loginuid").ok()?.trim_ascii())
}

fn terminal_owner() -> Option<u32> {
    if !sys::fd::is_terminal(0) {
        return None;
    }
    std::fs::metadata("/proc/self/fd/0").ok().map(|metadata| metadata.uid())
}
