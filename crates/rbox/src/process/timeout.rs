//! timeout — run a command, and end it if it takes too long.
//!
//! Source: POSIX.1-2024 `timeout`; BusyBox 1.37 and coreutils for the statuses.
//!
//! The command keeps its process group unless it has to be killed with its children, as POSIX says (-f: alone).

use std::time::{Duration, Instant};

use sys::child::{self, End};
use sys::signal_fd::{self, SignalFd};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "timeout",
    links: &["/usr/bin/timeout"],
    usage: "\
timeout [-fpv] [-s SIG] [-k SECS] SECS PROG ARGS

Run PROG, and send SIG to it if it is not done in SECS seconds. The status is
then 124.

  -s, --signal=SIG       The signal (TERM)
  -k, --kill-after=SECS  Then send KILL after so long
  -p, --preserve-status  End with the status of PROG even so
  -f, --foreground       PROG may use the terminal; its children are not ended
  -v, --verbose          Say what is sent
",
    process: Process::New,
    run,
};

const TERM: i32 = 15;
const KILL: i32 = 9;
const CONTINUE: i32 = 18;

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 125;
    let options = cx.options_first()?;
    options.expect_operands(2, usize::MAX)?;
    let (limit, command) = options.operands().split_first().ok_or_else(|| Error::usage(""))?;
    let limit = duration(limit)?;
    let kill_after = options.value('k').map(duration).transpose()?;
    let signal = match options.value('s') {
        Some(name) => posix::signal::number(name.as_bytes())
            .ok_or_else(|| Error::message(format_args!("unknown signal '{}'", name.display())))?,
        None => TERM,
    };
    let own_group = !options.has('f') && sys::session::new_group().is_ok();
    cx.out.flush();
    // What is sent to this process is meant for the command, from its first instruction on.
    let signals =
        SignalFd::new(&[signal_fd::HANGUP, signal_fd::INTERRUPT, signal_fd::QUIT, signal_fd::TERMINATE])
            .doing("can't take signals")?;
    let pid = match child::fork().doing("fork")? {
        Some(pid) => pid,
        None => {
            drop(signals);
            return Err(cx.exec(command));
        }
    };
    let descriptor = sys::session::process_descriptor(pid).doing("pidfd_open")?;
    let mut watch = Watch { pid, group: own_group, end: deadline(limit), signals };
    if watch.wait(&descriptor) {
        return Err(Error::exit(status(pid)?));
    }
    watch.send(cx, &options, signal);
    if let Some(kill_after) = kill_after {
        watch.end = deadline(kill_after);
        if !watch.wait(&descriptor) {
            watch.send(cx, &options, KILL);
        }
    }
    let (_, end) = child::wait(pid).doing("wait")?;
    // A command that had to be killed gives the status that says so.
    let killed = end == End::Killed(KILL);
    Err(Error::exit(if options.has('p') || killed { end.status() } else { 124 }))
}

fn duration(text: &OsStr) -> Result<Duration> {
    posix::number::duration(text.as_bytes())
        .ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))
}

/// When the time is over; a time of 0 is none.
fn deadline(limit: Duration) -> Option<Instant> {
    if limit.is_zero() { None } else { Instant::now().checked_add(limit) }
}

fn status(pid: i32) -> Result<u8> {
    let (_, end) = child::wait(pid).doing("wait")?;
    Ok(end.status())
}

struct Watch {
    pid: i32,
    group: bool,
    end: Option<Instant>,
    signals: SignalFd,
}

impl Watch {
    /// Waits for the end of the process (true) or of the time. Signals are passed on.
    fn wait(&self, descriptor: &std::os::fd::OwnedFd) -> bool {
        use std::os::fd::AsRawFd;
        loop {
            let limit = self.end.map(|end| end.saturating_duration_since(Instant::now()));
            match sys::session::wait_readable(&[descriptor.as_raw_fd(), self.signals.as_raw_fd()], limit) {
                Ok(ready) if ready.first() == Some(&true) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
            if let Some(signal) = self.signals.read() {
                let _ = sys::kill::send(self.pid, signal);
                continue;
            }
            if limit.is_some_and(|limit| limit.is_zero()) {
                return false;
            }
        }
    }

    fn send(&self, cx: &mut Cx<'_>, options: &Options, signal: i32) {
        if options.has('v') {
            let command = options.operands().get(1).map(|name| name.to_string_lossy()).unwrap_or_default();
            cx.warn(&format!("sending signal {} to command '{command}'", posix::signal::name(signal)));
        }
        let _ = sys::kill::send(self.pid, signal);
        if self.group && signal != KILL {
            // The group is this process's own: it must survive what the others get.
            sys::session::ignore(signal);
            let _ = sys::kill::send(0, signal);
            // A blocked signal waits even if it is ignored: it is this process's own and not to be passed on.
            while self.signals.read().is_some() {}
        }
        if signal != KILL {
            let _ = sys::kill::send(self.pid, CONTINUE);
        }
    }
}
