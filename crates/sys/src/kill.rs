//! kill — signals to processes.

use std::io;

/// kill(2): 0 is the caller's group, -1 everybody, below that a group.
pub fn send(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    if unsafe { libc::kill(pid, signal) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The calling process, its parent and its session.
pub fn own() -> (i32, i32, i32) {
    // SAFETY: the calls take numbers and cannot fail for the caller itself.
    unsafe { (libc::getpid(), libc::getppid(), libc::getsid(0)) }
}

/// The session of a process, if it exists.
pub fn session(pid: i32) -> Option<i32> {
    // SAFETY: takes a number only.
    let session = unsafe { libc::getsid(pid) };
    (session >= 0).then_some(session)
}
