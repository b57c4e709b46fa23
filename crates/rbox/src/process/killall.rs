//! killall and killall5 — send a signal to the processes of a name, or to all outside this session.
//!
//! Source: BusyBox 1.37; SysV init for killall5.

use posix::procfs;

use super::common;
use super::signal_option::{self, Request};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "killall",
        links: &["/usr/bin/killall"],
        usage: "\
killall [-lq] [-SIG | -s SIG] NAME...

Send a signal (TERM) to the processes called NAME.

  -l       List the signals
  -q       No message if there is no process
  -s SIG   The signal
",
        process: Process::Fork,
        run: killall,
    },
    Applet {
        name: "killall5",
        links: &["/usr/sbin/killall5"],
        usage: "\
killall5 [-l] [-SIG] [-o PID]...

Send a signal (TERM) to all processes outside this session.

  -l       List the signals
  -o PID   Not to this one
",
        process: Process::Fork,
        run: killall5,
    },
];

fn killall(cx: &mut Cx<'_>) -> Result {
    let mut quiet = false;
    while cx.args.first().is_some_and(|first| first == "-q") {
        quiet = true;
        cx.args = &cx.args[1..];
    }
    let Request::Send(signal, mut names) = signal_option::parse(cx)? else { return Ok(()) };
    if names.first().is_some_and(|first| first == "-q") {
        quiet = true;
        names = &names[1..];
    }
    if names.is_empty() {
        return Err(Error::message("you need to specify whom to kill"));
    }
    let (own, ..) = sys::kill::own();
    let processes = procfs::processes();
    for name in names {
        let mut found = false;
        for stat in &processes {
            if stat.pid == own || stat.is_kernel_thread() || !common::is_called(stat, name.as_bytes()) {
                continue;
            }
            found = true;
            if let Err(error) = sys::kill::send(stat.pid, signal) {
                cx.report(Error::io(format_args!("can't kill pid {}", stat.pid), error));
            }
        }
        if !found {
            cx.status = 1;
            if !quiet {
                cx.warn(&format!("{}: no process killed", name.display()));
            }
        }
    }
    Ok(())
}

fn killall5(cx: &mut Cx<'_>) -> Result {
    let (signal, operands) = match cx.args.first() {
        Some(first) if first == "-o" => (15, cx.args),
        _ => match signal_option::parse(cx)? {
            Request::Send(signal, operands) => (signal, operands),
            Request::Listed => return Ok(()),
        },
    };
    let mut omitted = Vec::new();
    let mut operands = operands.iter();
    while let Some(operand) = operands.next() {
        match operand.as_bytes().strip_prefix(b"-o") {
            Some(b"") => {
                omitted.push(cli::options::number(operands.next().ok_or_else(|| Error::usage(""))?)? as i32)
            }
            Some(pid) => omitted.push(cli::options::number(OsStr::from_bytes(pid))? as i32),
            None => return Err(Error::usage("")),
        }
    }
    let (own, _, session) = sys::kill::own();
    // Nobody may start a process while they are counted, or it would be missed.
    let stops = signal != 0;
    if stops {
        let _ = sys::kill::send(-1, 19);
    }
    for stat in procfs::processes() {
        let spared = stat.pid == own || stat.pid == 1 || stat.session == session || stat.is_kernel_thread();
        if !spared && !omitted.contains(&stat.pid) {
            let _ = sys::kill::send(stat.pid, signal);
        }
    }
    if stops {
        let _ = sys::kill::send(-1, 18);
    }
    Ok(())
}
