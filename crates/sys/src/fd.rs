//! fd — plain reads and writes of descriptor numbers that the process inherited.
//!
//! `std::io::stdout` locks, buffers by line and keeps its own state; the applets want none of that.

use std::io;

/// read(2) on an inherited descriptor, repeated when a signal interrupts it. Returns the bytes read, 0 at the end.
pub fn read(fd: i32, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        // SAFETY: `buffer` is valid for writes of its own length for the whole call.
        let count = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
        if count >= 0 {
            return Ok(count as usize);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// write(2) of all of `bytes` to an inherited descriptor.
pub fn write_all(fd: i32, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: `bytes` is valid for reads of its own length for the whole call.
        let count = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        if count >= 0 {
            bytes = &bytes[count as usize..];
            continue;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

/// isatty(3): whether the descriptor is a terminal.
pub fn is_terminal(fd: i32) -> bool {
    // SAFETY: isatty takes any number; a bad one gives 0.
    unsafe { libc::isatty(fd) == 1 }
}

/// dup2(2).
pub fn duplicate_to(from: i32, to: i32) -> io::Result<()> {
    // SAFETY: dup2 takes any numbers; a bad one is an error. Who owns `to` is the caller's to know.
    match unsafe { libc::dup2(from, to) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// close(2) of an inherited descriptor. An error leaves nothing to do.
pub fn close(fd: i32) {
    // SAFETY: close takes any number; the caller names a descriptor that nothing else owns.
    unsafe { libc::close(fd) };
}

/// Makes reads and writes wait again after an open with O_NONBLOCK.
pub fn set_blocking(fd: i32) -> io::Result<()> {
    // SAFETY: both calls take any descriptor number and no pointers.
    let result = unsafe {
        match libc::fcntl(fd, libc::F_GETFL) {
            -1 => -1,
            flags => libc::fcntl(fd, libc::F_SETFL, flags & !libc::O_NONBLOCK),
        }
    };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
