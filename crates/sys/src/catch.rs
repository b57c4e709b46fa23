//! catch — signals that a program wants to know about, remembered until it looks.
//!
//! A handler can reach statics only: this is the one place that has them.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Signals that came and were not taken: bit n - 1 for signal n.
static PENDING: AtomicU64 = AtomicU64::new(0);
static ANY: AtomicBool = AtomicBool::new(false);

extern "C" fn remember(signal: libc::c_int) {
    PENDING.fetch_or(1 << (signal - 1), Ordering::Relaxed);
    ANY.store(true, Ordering::Release);
}

extern "C" fn end(signal: libc::c_int) {
    // SAFETY: _exit may be called in a handler, and does not return.
    unsafe { libc::_exit(128 + signal) }
}

/// What a signal does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    Default,
    Ignored,
    /// Remembered for `take`. System calls that wait are interrupted.
    Caught,
    /// Ends the program at once, with the exit status that a shell gives for it: 128 and the signal's number.
    Ends,
}

/// The disposition of `signal`, or None for one that cannot be asked about.
pub fn disposition(signal: i32) -> Option<Disposition> {
    // SAFETY: a zeroed sigaction is valid to be overwritten; a null new action only asks.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(signal, std::ptr::null(), &mut action) != 0 {
            return None;
        }
        Some(match action.sa_sigaction {
            libc::SIG_DFL => Disposition::Default,
            libc::SIG_IGN => Disposition::Ignored,
            handler if handler == end as *const () as usize => Disposition::Ends,
            _ => Disposition::Caught,
        })
    }
}

/// Sets the disposition of `signal` (1 to 64).
pub fn set(signal: i32, disposition: Disposition) -> io::Result<()> {
    if !(1..=64).contains(&signal) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: the handler only stores to atomics; a zeroed sigaction has no flags and an empty mask.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = match disposition {
            Disposition::Default => libc::SIG_DFL,
            Disposition::Ignored => libc::SIG_IGN,
            Disposition::Caught => remember as *const () as usize,
            Disposition::Ends => end as *const () as usize,
        };
        if libc::sigaction(signal, &action, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Whether some signal came since `take_all`.
#[inline]
pub fn any() -> bool {
    ANY.load(Ordering::Acquire)
}

/// The signals that came, which stay as they are: bit n - 1 for signal n.
pub fn pending() -> u64 {
    PENDING.load(Ordering::Acquire)
}

/// The signals that came, which are then forgotten: bit n - 1 for signal n.
pub fn take_all() -> u64 {
    ANY.store(false, Ordering::Release);
    PENDING.swap(0, Ordering::AcqRel)
}

/// Makes `signals` pending again, for a caller that took more than it wanted.
pub fn put_back(signals: u64) {
    if signals != 0 {
        PENDING.fetch_or(signals, Ordering::Relaxed);
        ANY.store(true, Ordering::Release);
    }
}

/// Waits until a caught signal comes, or returns at once if `ready` says so or one has come. `ready` is asked while all
/// signals are held back, so that none is missed in between.
pub fn wait_unless(ready: &mut dyn FnMut() -> bool) {
    // SAFETY: the sets are filled before they are used; sigsuspend restores the mask.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &all, &mut old);
        if !any() && !ready() {
            libc::sigsuspend(&old);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
    }
}

/// Lets all signals through: what a new shell begins with if its parent left some blocked.
pub fn unblock_all() {
    // SAFETY: an emptied set is valid.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
    }
}
