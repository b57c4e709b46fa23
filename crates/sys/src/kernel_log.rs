//! kernel_log — the kernel's ring buffer of messages: syslog(2).

use std::io;

fn call(command: i32, buffer: &mut [u8], value: Option<i32>) -> io::Result<usize> {
    let length = value.unwrap_or(buffer.len().min(i32::MAX as usize) as i32);
    // SAFETY: where the command writes, `length` is the buffer's own; else the kernel takes it as a number.
    let result = unsafe { libc::klogctl(command, buffer.as_mut_ptr().cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

/// Waits for messages and takes them out. Returns the bytes read.
pub fn read(buffer: &mut [u8]) -> io::Result<usize> {
    call(2, buffer, None)
}

/// Copies the messages that fit, the last ones.
pub fn read_all(buffer: &mut [u8]) -> io::Result<usize> {
    call(3, buffer, None)
}

/// The same, and clears the buffer.
pub fn read_clear(buffer: &mut [u8]) -> io::Result<usize> {
    call(4, buffer, None)
}

/// Messages below this level go to the console.
pub fn set_console_level(level: i32) -> io::Result<()> {
    call(8, &mut [], Some(level)).map(|_| ())
}

/// The size of the kernel's buffer in bytes.
pub fn size() -> io::Result<usize> {
    call(10, &mut [], Some(0))
}

/// Opens (true) or closes the log, as klogd does at its begin and end.
pub fn set_open(open: bool) -> io::Result<()> {
    call(if open { 1 } else { 0 }, &mut [], Some(0)).map(|_| ())
}

/// Console messages back to the level of the boot.
pub fn reset_console_level() -> io::Result<()> {
    call(7, &mut [], Some(0)).map(|_| ())
}
