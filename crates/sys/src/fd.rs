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
