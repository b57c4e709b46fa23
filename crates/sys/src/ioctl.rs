//! ioctl — the two shapes of ioctl(2) that the facilities of this crate use.

use std::io;

/// ioctl with a pointer to a `T` that the request reads or writes.
///
/// Private to the crate, whose callers pair each request with the type that the kernel takes for it.
pub(crate) fn by_pointer<T>(fd: i32, request: u32, argument: &mut T) -> io::Result<i32> {
    // SAFETY: `argument` is a valid, exclusive `T`, and each caller's request moves at most that many bytes.
    let result = unsafe { libc::ioctl(fd, request as _, std::ptr::from_mut(argument)) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// ioctl with a number.
pub(crate) fn by_value(fd: i32, request: u32, argument: usize) -> io::Result<i32> {
    // SAFETY: requests that take a number do not touch this process's memory.
    let result = unsafe { libc::ioctl(fd, request as _, argument) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
