//! trap — signals: their names, what a script wants done about them, and what a shell does itself.
//!
//! Source: POSIX.1-2024 XCU 2.12, `trap`.

use std::rc::Rc;

use sys::catch::{self, Disposition};

use crate::shell::{Flow, Jump, Shell};

pub(crate) const SIGINT: i32 = 2;
pub(crate) const SIGQUIT: i32 = 3;
pub(crate) const SIGPIPE: i32 = 13;
pub(crate) const SIGTERM: i32 = 15;
pub(crate) const SIGCHLD: i32 = 17;
pub(crate) const SIGCONT: i32 = 18;
pub(crate) const SIGTSTP: i32 = 20;
pub(crate) const SIGTTIN: i32 = 21;
pub(crate) const SIGTTOU: i32 = 22;

/// The trap on ERR, numbered behind the signals; the one on EXIT is 0.
pub(crate) const ERR: usize = 65;

/// What is said of a command that a signal killed, from 1. Source: strsignal(3).
const DESCRIPTIONS: [&str; 31] = [
    "Hangup",
    "Interrupt",
    "Quit",
    "Illegal instruction",
    "Trace/breakpoint trap",
    "Aborted",
    "Bus error",
    "Floating point exception",
    "Killed",
    "User defined signal 1",
    "Segmentation fault",
    "User defined signal 2",
    "Broken pipe",
    "Alarm clock",
    "Terminated",
    "Stack fault",
    "Child exited",
    "Continued",
    "Stopped (signal)",
    "Stopped",
    "Stopped (tty input)",
    "Stopped (tty output)",
    "Urgent I/O condition",
    "CPU time limit exceeded",
    "File size limit exceeded",
    "Virtual timer expired",
    "Profiling timer expired",
    "Window changed",
    "I/O possible",
    "Power failure",
    "Bad system call",
];

/// The name of what a trap is set on.
pub(crate) fn signal_name(number: usize) -> String {
    match number {
        0 => "EXIT".to_string(),
        ERR => "ERR".to_string(),
        _ => posix::signal::name(number as i32),
    }
}

/// What `trap` calls `text`: a signal by name or number, EXIT or ERR.
pub(crate) fn signal_number(text: &[u8]) -> Option<usize> {
    if text == b"ERR" {
        return Some(ERR);
    }
    posix::signal::number(text).and_then(|number| usize::try_from(number).ok()).filter(|&number| number <= 64)
}

/// What is said about a command that the signal killed.
pub(crate) fn description(signal: i32) -> &'static [u8] {
    match usize::try_from(signal) {
        Ok(number @ 1..=31) => DESCRIPTIONS[number - 1].as_bytes(),
        _ => b"Real-time signal",
    }
}

#[derive(Default)]
pub(crate) struct Traps {
    /// By number of the signal: None is the default action, an empty text ignores it.
    pub(crate) actions: Vec<(usize, Rc<[u8]>)>,
    /// Those of the parent, which `trap` in a subshell still prints until one is set.
    pub(crate) inherited: Vec<(usize, Rc<[u8]>)>,
    /// Signals that were ignored when the shell began, and stay so in a script.
    ignored_at_start: u64,
    /// Signals whose disposition at the start is known.
    asked: u64,
    /// Signals that an interactive shell catches or ignores for itself.
    own: u64,
    /// A trap is being run.
    running: u32,
}

fn bit(signal: usize) -> u64 {
    1 << (signal - 1)
}

impl Traps {
    pub(crate) fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Whether a signal is caught.
    pub(crate) fn catches(&self) -> bool {
        self.own != 0
            || self.actions.iter().any(|action| (1..=64).contains(&action.0) && !action.1.is_empty())
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Rc<[u8]>> {
        self.actions.iter().find(|action| action.0 == number).map(|action| &action.1)
    }

    /// Whether the signal was ignored when the shell began.
    fn is_ignored_at_start(&mut self, signal: usize) -> bool {
        if self.asked & bit(signal) == 0 && self.own & bit(signal) == 0 {
            self.asked |= bit(signal);
            if catch::disposition(signal as i32) == Some(Disposition::Ignored) {
                self.ignored_at_start |= bit(signal);
            }
        }
        self.ignored_at_start & bit(signal) != 0
    }

    /// Sets or (None) resets a trap.
    pub(crate) fn set(&mut self, number: usize, action: Option<&[u8]>, interactive: bool) {
        self.inherited.clear();
        let is_signal = (1..=64).contains(&number);
        if is_signal && !interactive && self.is_ignored_at_start(number) {
            return;
        }
        self.actions.retain(|known| known.0 != number);
        if let Some(action) = action {
            let place = self.actions.partition_point(|known| known.0 < number);
            self.actions.insert(place, (number, action.into()));
        }
        if is_signal {
            let disposition = match action {
                None => self.own_disposition(number),
                Some(b"") => Disposition::Ignored,
                Some(_) => Disposition::Caught,
            };
            // SIGKILL and SIGSTOP cannot be set, which is no error.
            let _ = catch::set(number as i32, disposition);
        }
    }

    /// What a signal does where no trap is set.
    fn own_disposition(&self, signal: usize) -> Disposition {
        if self.own & bit(signal) == 0 {
            return Disposition::Default;
        }
        if signal as i32 == SIGINT { Disposition::Caught } else { Disposition::Ignored }
    }

    /// What an interactive shell does about signals: SIGINT leaves the line, the others are for its jobs.
    pub(crate) fn be_interactive(&mut self, job_control: bool) {
        let stops: &[i32] = if job_control { &[SIGTSTP, SIGTTIN, SIGTTOU] } else { &[] };
        for &signal in [SIGINT, SIGQUIT, SIGTERM].iter().chain(stops) {
            let number = signal as usize;
            self.own |= bit(number);
            if self.get(number).is_none() {
                let _ = catch::set(signal, self.own_disposition(number));
            }
        }
    }

    /// In a forked child: traps are reset, ignored signals stay ignored.
    pub(crate) fn enter_child(&mut self, interactive: bool) {
        if self.actions.is_empty() && !interactive {
            return;
        }
        let before = std::mem::take(&mut self.actions);
        let own = std::mem::take(&mut self.own);
        for signal in 1..=64usize {
            let caught = before.iter().any(|action| action.0 == signal && !action.1.is_empty());
            let ignored = before.iter().any(|action| action.0 == signal && action.1.is_empty());
            if caught || own & bit(signal) != 0 && !ignored {
                let _ = catch::set(signal as i32, Disposition::Default);
            }
        }
        self.actions.extend(before.iter().filter(|action| action.0 > 0 && action.1.is_empty()).cloned());
        if self.inherited.is_empty() {
            self.inherited = before;
        }
        // What came for the parent is not the child's.
        catch::take_all();
    }

    /// Ignores a signal in a forked child, unless a trap says otherwise.
    pub(crate) fn ignore_in_child(&mut self, signal: i32) {
        self.ignored_at_start |= bit(signal as usize);
        self.asked |= bit(signal as usize);
        let _ = catch::set(signal, Disposition::Ignored);
    }

    /// Signals that programs get with their default action, because the shell ignores or catches them for itself.
    pub(crate) fn defaults_for_programs(&self) -> u64 {
        let mut signals = self.own;
        for (number, action) in &self.actions {
            if (1..=64).contains(number) {
                signals = if action.is_empty() { signals & !bit(*number) } else { signals | bit(*number) };
            }
        }
        signals
    }

    /// Before the shell itself becomes a program; what to undo if that fails.
    pub(crate) fn prepare_exec(&self) -> u64 {
        let signals = self.defaults_for_programs();
        for signal in 1..=64 {
            if signals & bit(signal) != 0 {
                let _ = catch::set(signal as i32, Disposition::Default);
            }
        }
        signals
    }

    pub(crate) fn undo_exec(&self, signals: u64) {
        for signal in 1..=64 {
            if signals & bit(signal) == 0 {
                continue;
            }
            let disposition = match self.get(signal) {
                Some(_) => Disposition::Caught,
                None => self.own_disposition(signal),
            };
            let _ = catch::set(signal as i32, disposition);
        }
    }
}

impl Shell {
    /// Runs the traps of the signals that came.
    #[cold]
    pub(crate) fn run_traps(&mut self) -> Flow {
        let signals = catch::take_all();
        for signal in 1..=64usize {
            if signals & bit(signal) == 0 {
                continue;
            }
            match self.traps.get(signal).cloned() {
                Some(action) if !action.is_empty() => {
                    if let Err(jump) = self.run_trap(&action) {
                        catch::put_back(signals & (u64::MAX << (signal - 1)) & !bit(signal));
                        return Err(jump);
                    }
                }
                _ if signal as i32 == SIGINT && self.traps.own & bit(signal) != 0 => {
                    self.status = 130;
                    self.write_error(b"\n");
                    return Err(Jump::Interrupt);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs a trap's action; `$?` is kept.
    fn run_trap(&mut self, action: &[u8]) -> Flow {
        let status = self.status;
        let unchecked = self.unchecked;
        let outer = self.trap_status.replace(status);
        self.traps.running += 1;
        let result = self.run_eval(action);
        self.traps.running -= 1;
        self.trap_status = outer;
        self.unchecked = unchecked;
        match result {
            Ok(()) => {
                self.status = status;
                Ok(())
            }
            other => other,
        }
    }

    /// The trap on ERR. A function's call fails as a whole.
    pub(crate) fn run_err_trap(&mut self) -> Flow {
        match self.traps.get(ERR).cloned() {
            Some(action) if !action.is_empty() && self.traps.running == 0 && self.calls == 0 => {
                self.run_trap(&action)
            }
            _ => Ok(()),
        }
    }

    /// The trap on EXIT, once.
    pub(crate) fn run_exit_trap(&mut self) {
        let Some(action) = self.traps.get(0).cloned() else { return };
        self.traps.actions.retain(|action| action.0 != 0);
        let status = self.status;
        self.unchecked = false;
        self.loops = 0;
        self.trap_status = Some(status);
        match self.run_eval(&action) {
            // `exit N` in the trap says what the status is.
            Err(Jump::Exit) => {}
            _ => self.status = status,
        }
    }
}
