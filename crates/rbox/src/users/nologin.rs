//! nologin — the shell of those who may not log in.
//!
//! Source: nologin(8); BusyBox 1.37.

use std::time::Duration;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "nologin",
    links: &["/sbin/nologin"],
    usage: "\
nologin

Politely refuse a login
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    // The arguments are those of a shell (`-c CMD`): whatever they are, the answer is the same.
    match std::fs::read("/etc/nologin.txt") {
        Ok(text) if !text.is_empty() => cx.out.write(&text),
        _ => cx.out.write(b"This account is not available\n"),
    }
    cx.out.flush();
    if sys::fd::is_terminal(1) {
        // getty clears the screen at once: time to read it.
        std::thread::sleep(Duration::from_secs(5));
    }
    Err(Error::exit(1))
}
