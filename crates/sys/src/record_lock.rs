//! record_lock — the lock that programs agree on for a file they change.
//!
//! Source: fcntl(2), F_SETLK; it ends with the descriptor or the process.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Locks the whole file for writing. Ok(false): another process has it.
pub fn try_write_lock(file: &File) -> io::Result<bool> {
    let lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: F_SETLK reads one structure, and `lock` is one.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &lock) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(error),
    }
}
