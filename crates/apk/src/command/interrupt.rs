//! interrupt — signals that ask for the end: at once, or where something would be left half done, at its next safe place.
//!
//! SIGINT ends a command with status 130, as with the reference; SIGTERM and SIGHUP end it by themselves. While files are
//! fetched or a root is changed they are only remembered: what was begun is undone, or finished where it is past its point
//! of no return, and then the command ends in the same way.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use sys::catch::{self, Disposition};

use super::{EXIT_INTERRUPTED, Failure, Result};
use crate::error::{Error, Kind};

const INTERRUPT: i32 = sys::signal::INTERRUPT;
/// Those that end a program that does nothing about them.
const OTHERS: [i32; 2] = [sys::signal_fd::HANGUP, sys::signal_fd::TERMINATE];

/// What the signals do outside of sections. Called once, by the program.
pub fn begin() {
    // Where a caller ignores them (nohup, a shell's background jobs), that holds.
    if catch::disposition(INTERRUPT) != Some(Disposition::Ignored) {
        let _ = catch::set(INTERRUPT, Disposition::Ends);
    }
}

/// While this lives, signals are remembered.
#[derive(Debug)]
pub struct Section {
    /// What each signal did before.
    before: Vec<(i32, Disposition)>,
}

impl Section {
    pub fn enter() -> Section {
        let mut before = Vec::new();
        for signal in OTHERS.into_iter().chain([INTERRUPT]) {
            let now = catch::disposition(signal).unwrap_or(Disposition::Ignored);
            if now != Disposition::Ignored && catch::set(signal, Disposition::Caught).is_ok() {
                before.push((signal, now));
            }
        }
        Section { before }
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            let _ = catch::set(*signal, *before);
        }
    }
}

/// Whether a signal asked for the end.
pub fn is_wanted() -> bool {
    catch::any()
}

/// Stops the command where a signal asked for the end.
///
/// Errors: the exit code; nothing is said.
pub fn check() -> Result<()> {
    if is_wanted() { Err(Failure::Exit(EXIT_INTERRUPTED)) } else { Ok(()) }
}

/// How often a wait looks for signals.
const TICK: Duration = Duration::from_millis(50);

/// Does work on a thread of its own. None: a signal asked for the end before it was done, and the thread ends with
/// the process. Without the feature `parallel` there are no threads, and signals have to wait.
pub fn wait_for<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if !cfg!(feature = "parallel") {
        return Some(work());
    }
    let (sender, receiver) = mpsc::channel();
    let work = Arc::new(Mutex::new(Some(work)));
    let take = |work: &Mutex<Option<_>>| work.lock().ok().and_then(|mut work| work.take());
    let theirs = Arc::clone(&work);
    let started = std::thread::Builder::new().spawn(move || {
        if let Some(work) = take(&theirs) {
            let _ = sender.send(work());
        }
    });
    if started.is_err() {
        // No more threads: signals have to wait.
        return take(&work).map(|work| work());
    }
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(done) => return Some(done),
            Err(mpsc::RecvTimeoutError::Timeout) if !is_wanted() => {}
            Err(_) => return None,
        }
    }
}

/// A reader that fails once a signal asked for the end.
pub struct Stoppable<R>(pub R);

impl<R: std::io::Read> std::io::Read for Stoppable<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if is_wanted() {
            return Err(Error::new(Kind::Interrupted).into());
        }
        self.0.read(out)
    }
}

/// The exit code of a command that ends with `code`: 130 after SIGINT. After the other signals this does not return: the
/// program ends by the signal, as its parent expects.
pub fn end(code: u8) -> u8 {
    let pending = catch::pending();
    for signal in OTHERS {
        if pending & 1 << (signal - 1) != 0 && catch::set(signal, Disposition::Default).is_ok() {
            let _ = sys::kill::send(sys::kill::own().0, signal);
        }
    }
    if pending & 1 << (INTERRUPT - 1) != 0 { EXIT_INTERRUPTED as u8 } else { code }
}
