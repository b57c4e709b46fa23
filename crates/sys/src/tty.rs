//! tty — the size of a terminal.

/// The signal that says so when the size has changed.
pub const WINDOW_CHANGED: i32 = libc::SIGWINCH;

/// Columns and rows of the terminal behind `fd`, or None where it is not one or does not know (a serial line).
///
/// Source: ioctl_tty(2), TIOCGWINSZ.
pub fn window_size(fd: i32) -> Option<(u16, u16)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one winsize, and `size` is one.
    let result = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut size) };
    (result == 0 && size.ws_col > 0).then_some((size.ws_col, size.ws_row))
}

/// The bytes that were written to the terminal behind `fd` and are not sent yet; 0 where it does not tell.
///
/// Source: ioctl_tty(2), TIOCOUTQ.
pub fn output_queued(fd: i32) -> usize {
    let mut count: libc::c_int = 0;
    // SAFETY: TIOCOUTQ writes one int, and `count` is one.
    let result = unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &mut count) };
    if result == 0 { usize::try_from(count).unwrap_or(0) } else { 0 }
}
