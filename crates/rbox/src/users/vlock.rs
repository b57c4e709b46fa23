//! vlock — locks a terminal until its user's password is given.
//!
//! Source: BusyBox 1.37 `vlock`. *Differs:* a user without a password cannot lock: anybody could unlock.

use posix::passwd;

use super::common::{self, FAILURE_PAUSE, Secret};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "vlock",
    links: &["/usr/bin/vlock"],
    usage: "\
vlock [-a]

Lock a virtual terminal. A password is required to unlock.

  -a  Lock all VTs
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    if !sys::fd::is_terminal(0) {
        return Err(Error::message("standard input is not a terminal"));
    }
    let uid = sys::user::real_id();
    let user = passwd::user_by_id(uid).ok_or_else(|| Error::message(format_args!("unknown uid {uid}")))?;
    let name = String::from_utf8_lossy(&user.name).into_owned();
    let secret = common::secret_of(&user);
    if !matches!(secret, Secret::Hash(_)) {
        return Err(Error::message(format_args!("{name} has no password that could unlock")));
    }
    let all = options.has('a');
    if all {
        sys::line::lock_screens(0, true).doing("can't lock the screens")?;
    }
    // HUP, INT, QUIT, TSTP: the keys for signals are off while the password is read, and what else sends them waits.
    for signal in [1, 2, 3, 20] {
        sys::session::ignore(signal);
    }
    loop {
        writeln!(cx.out, "Virtual console{} locked by {name}.", if all { "s" } else { "" });
        let given = common::ask_secret(cx, "Password: ", None);
        if given.is_some_and(|given| common::fits(&secret, &given)) {
            break;
        }
        if !sys::fd::is_terminal(0) {
            return Err(Error::exit(1)); // hung up: there is nothing left to lock
        }
        std::thread::sleep(FAILURE_PAUSE);
        cx.out.write(b"Incorrect password\n");
    }
    if all {
        let _ = sys::line::lock_screens(0, false); // the terminal is gone, and with it the lock
    }
    Ok(())
}
