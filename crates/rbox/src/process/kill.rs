//! kill — send a signal to processes.
//!
//! Source: POSIX.1-2024 `kill`; BusyBox 1.37 for the messages.

use super::signal_option::{self, Request};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "kill",
    links: &["/bin/kill"],
    usage: "\
kill [-l [N]...] [-SIG | -s SIG] PID...

Send a signal (TERM) to processes. PID 0 is the group of kill itself, -1 is
everybody, and below that it is a group.

  -l       List the signals; with N: the names of numbers, and back
  -s SIG   The signal, by name or number
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let request = signal_option::parse(cx)?;
    let (signal, operands) = match request {
        Request::Listed => return Ok(()),
        Request::Send(signal, operands) => (signal, operands),
    };
    if operands.is_empty() {
        return Err(Error::message("you need to specify whom to kill"));
    }
    // The exit status counts the processes that got no signal.
    let mut failed = 0_u8;
    for operand in operands {
        let Some(pid) = operand.to_str().and_then(|text| text.parse::<i32>().ok()) else {
            cx.report(Error::message(format_args!("invalid number '{}'", operand.display())));
            failed = failed.saturating_add(1);
            continue;
        };
        if let Err(error) = sys::kill::send(pid, signal) {
            cx.report(Error::io(format_args!("can't kill pid {pid}"), error));
            failed = failed.saturating_add(1);
        }
    }
    cx.status = failed;
    Ok(())
}
