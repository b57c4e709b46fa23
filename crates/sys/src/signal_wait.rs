//! signal_wait — signals taken one by one from a blocked set, so that a program needs no handlers.
//!
//! Source: sigtimedwait(2). A blocked signal stays pending even for PID 1, for which the kernel drops unblocked
//! signals without a handler.

use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

/// A set of signals.
#[derive(Clone, Copy)]
pub struct Set(libc::sigset_t);

impl Set {
    pub fn of(signals: &[i32]) -> Set {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set it is given.
        let mut set = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            set.assume_init()
        };
        for &signal in signals {
            // SAFETY: `set` is initialised; a number that is no signal is refused.
            unsafe { libc::sigaddset(&mut set, signal) };
        }
        Set(set)
    }

    /// Blocks the set, so that `wait` can take its signals. What was blocked before stays so.
    pub fn block(&self) {
        // SAFETY: the set is initialised and no old set is asked for.
        unsafe { libc::sigprocmask(libc::SIG_BLOCK, &self.0, std::ptr::null_mut()) };
    }

    /// Takes a pending signal of the set, waiting at most `limit` (None: for ever). None: the time is over.
    pub fn wait(&self, limit: Option<Duration>) -> Option<i32> {
        let limit = limit.map(|limit| libc::timespec {
            tv_sec: limit.as_secs().min(i32::MAX as u64) as _, // decades, whatever the type's width
            tv_nsec: limit.subsec_nanos() as libc::c_long,
        });
        let pointer = limit.as_ref().map_or(std::ptr::null(), |limit| limit as *const libc::timespec);
        loop {
            // SAFETY: the set is initialised, no information is asked for, the time is null or valid for the call.
            let signal = unsafe { libc::sigtimedwait(&self.0, std::ptr::null_mut(), pointer) };
            if signal > 0 {
                return Some(signal);
            }
            // Another signal than those of the set woke the call: wait again, at worst for the whole time.
            if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return None;
            }
        }
    }
}

/// The real-time signal `offset` above the first that programs may use.
pub fn real_time(offset: i32) -> i32 {
    libc::SIGRTMIN() + offset
}

/// Gives every signal its default action and unblocks all: the state that a new program expects.
pub fn reset_all() {
    let none = Set::of(&[]);
    // SAFETY: SIG_DFL is valid for every signal; KILL and STOP are refused, which changes nothing.
    unsafe {
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &none.0, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_up_after_the_time() {
        assert_eq!(Set::of(&[libc::SIGUSR1]).wait(Some(Duration::from_millis(1))), None);
    }
}
