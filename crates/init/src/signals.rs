//! signals — what PID 1 is told by signals, taken one by one.
//!
//! *Source:* BusyBox 1.37 `init`; SIGRTMIN+3 to +5 as container engines send them to systemd.

use std::time::Duration;

use sys::signal_wait::{Set, real_time};

/// How the system ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Halt,
    PowerOff,
    Reboot,
    /// Another program takes PID 1's place.
    Restart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A child may have ended.
    Child,
    Reload,
    /// Start nothing again until `Continue`.
    Pause,
    Continue,
    CtrlAltDel,
    End(End),
    /// The time is over.
    Time,
}

/// The signals that PID 1 takes. All are blocked, so that none is lost and none interrupts.
pub(crate) struct Signals(Set);

impl Signals {
    pub(crate) fn take() -> Signals {
        let set = Set::of(&[
            libc::SIGCHLD,
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGTERM,
            libc::SIGUSR1,
            libc::SIGUSR2,
            libc::SIGPWR,
            libc::SIGTSTP,
            libc::SIGCONT,
            libc::SIGPIPE, // a console that goes away must not end PID 1
            real_time(3),
            real_time(4),
            real_time(5),
        ]);
        set.block();
        Signals(set)
    }

    /// Blocks the signals again, after an exec for which they were unblocked failed.
    pub(crate) fn block(&self) {
        self.0.block();
    }

    pub(crate) fn wait(&self, limit: Option<Duration>) -> Event {
        match self.0.wait(limit) {
            None => Event::Time,
            Some(signal) => event(signal),
        }
    }
}

fn event(signal: i32) -> Event {
    match signal {
        libc::SIGCHLD => Event::Child,
        libc::SIGHUP => Event::Reload,
        libc::SIGINT => Event::CtrlAltDel,
        libc::SIGQUIT => Event::End(End::Restart),
        libc::SIGTERM => Event::End(End::Reboot),
        libc::SIGUSR1 | libc::SIGPWR => Event::End(End::Halt),
        libc::SIGUSR2 => Event::End(End::PowerOff),
        libc::SIGTSTP => Event::Pause,
        libc::SIGCONT => Event::Continue,
        other if other == real_time(3) => Event::End(End::Halt),
        other if other == real_time(4) => Event::End(End::PowerOff),
        other if other == real_time(5) => Event::End(End::Reboot),
        _ => Event::Child, // nothing to do, and looking for children costs one call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_mean_what_busybox_means() {
        for (signal, expected) in [
            (libc::SIGTERM, Event::End(End::Reboot)),
            (libc::SIGUSR1, Event::End(End::Halt)),
            (libc::SIGUSR2, Event::End(End::PowerOff)),
            (libc::SIGINT, Event::CtrlAltDel),
            (libc::SIGHUP, Event::Reload),
            (libc::SIGQUIT, Event::End(End::Restart)),
            (libc::SIGPIPE, Event::Child),
        ] {
            assert_eq!(event(signal), expected);
        }
    }
}
