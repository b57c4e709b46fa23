//! signal_fd — signals as something to read, so that a loop can wait for them beside sockets.
//!
//! Source: signalfd(2).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub const HANGUP: i32 = libc::SIGHUP;
pub const INTERRUPT: i32 = libc::SIGINT;
pub const TERMINATE: i32 = libc::SIGTERM;
pub const USER_1: i32 = libc::SIGUSR1;
pub const USER_2: i32 = libc::SIGUSR2;
pub const QUIT: i32 = libc::SIGQUIT;
pub const CHILD: i32 = libc::SIGCHLD;

/// Takes signals out of normal delivery for as long as it lives.
#[derive(Debug)]
pub struct SignalFd {
    fd: OwnedFd,
    mask: libc::sigset_t,
}

impl AsRawFd for SignalFd {
    fn as_raw_fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }
}

impl SignalFd {
    /// From now on `signals` are read here and do nothing else.
    pub fn new(signals: &[i32]) -> io::Result<SignalFd> {
        // SAFETY: all zero is a valid sigset_t, which sigemptyset and sigaddset then fill; signalfd and sigprocmask read it.
        unsafe {
            let mut mask: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut mask);
            for &signal in signals {
                libc::sigaddset(&mut mask, signal);
            }
            if libc::sigprocmask(libc::SIG_BLOCK, &mask, std::ptr::null_mut()) < 0 {
                return Err(io::Error::last_os_error());
            }
            let fd = libc::signalfd(-1, &mask, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(SignalFd { fd: OwnedFd::from_raw_fd(fd), mask })
        }
    }

    /// The next signal; None: there is none now.
    pub fn read(&self) -> Option<i32> {
        // SAFETY: all zero is a valid signalfd_siginfo.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` is writable for its own size.
        let count = unsafe { libc::read(self.fd.as_raw_fd(), std::ptr::from_mut(&mut info).cast(), size) };
        (count == size as isize).then_some(info.ssi_signo as i32)
    }
}

impl Drop for SignalFd {
    fn drop(&mut self) {
        // SAFETY: `mask` is the set that was blocked.
        unsafe {
            libc::sigprocmask(libc::SIG_UNBLOCK, &self.mask, std::ptr::null_mut());
        }
    }
}
