//! lock — locks of whole files: flock(2).

use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Shared,
    Exclusive,
    /// Takes the lock off.
    None,
}

/// Sets the lock of an open file; without `waits` a lock that another has is `WouldBlock`. Signals do not end the wait.
pub fn set(fd: i32, kind: Kind, waits: bool) -> io::Result<()> {
    loop {
        match once(fd, kind, waits) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Waits for the lock until a signal that is caught comes.
pub fn set_once(fd: i32, kind: Kind) -> io::Result<()> {
    once(fd, kind, true)
}

fn once(fd: i32, kind: Kind, waits: bool) -> io::Result<()> {
    let operation = match kind {
        Kind::Shared => libc::LOCK_SH,
        Kind::Exclusive => libc::LOCK_EX,
        Kind::None => libc::LOCK_UN,
    };
    // SAFETY: takes numbers only.
    let result = unsafe { libc::flock(fd, operation | if waits { 0 } else { libc::LOCK_NB }) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets a descriptor stay open when another program is executed.
pub fn keep_open(fd: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    let result = unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
