//! termios — the modes of a terminal line.
//!
//! Source: termios(3), ioctl_tty(2).

use std::io;

/// The number of control characters that Linux has.
pub const CHARACTERS: usize = 19;

/// The modes as the kernel has them: flags by bit, speeds by code, characters by index.
#[derive(Clone, Copy)]
pub struct Modes(libc::termios);

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

impl Modes {
    /// tcgetattr(3).
    pub fn of(fd: i32) -> io::Result<Modes> {
        // SAFETY: termios is plain numbers, for which zeros are valid; the call fills them.
        let (result, raw) = unsafe {
            let mut raw: libc::termios = std::mem::zeroed();
            (libc::tcgetattr(fd, &mut raw), raw)
        };
        check(result)?;
        Ok(Modes(raw))
    }

    /// tcsetattr(3), once what was written is sent.
    pub fn set(&self, fd: i32) -> io::Result<()> {
        // SAFETY: the call reads one termios.
        check(unsafe { libc::tcsetattr(fd, libc::TCSADRAIN, &self.0) })
    }

    pub fn input(&mut self) -> &mut u32 {
        &mut self.0.c_iflag
    }

    pub fn output(&mut self) -> &mut u32 {
        &mut self.0.c_oflag
    }

    pub fn control(&mut self) -> &mut u32 {
        &mut self.0.c_cflag
    }

    pub fn local(&mut self) -> &mut u32 {
        &mut self.0.c_lflag
    }

    pub fn line(&mut self) -> &mut u8 {
        &mut self.0.c_line
    }

    /// The control characters; there are more than `CHARACTERS` in the C library's structure.
    pub fn characters(&mut self) -> &mut [u8] {
        &mut self.0.c_cc
    }

    /// The codes of the speeds (B9600), in and out.
    pub fn speeds(&self) -> (u32, u32) {
        // SAFETY: the calls only read the structure.
        unsafe { (libc::cfgetispeed(&self.0), libc::cfgetospeed(&self.0)) }
    }

    pub fn set_input_speed(&mut self, code: u32) -> io::Result<()> {
        // SAFETY: the call only writes to the structure.
        check(unsafe { libc::cfsetispeed(&mut self.0, code) })
    }

    pub fn set_output_speed(&mut self, code: u32) -> io::Result<()> {
        // SAFETY: the call only writes to the structure.
        check(unsafe { libc::cfsetospeed(&mut self.0, code) })
    }

    /// These modes, but keys come one by one and are not shown; the keys for signals still work.
    pub fn for_keys(mut self) -> Modes {
        self.0.c_lflag &= !(libc::ICANON | libc::ECHO);
        self.0.c_cc[libc::VMIN] = 1;
        self.0.c_cc[libc::VTIME] = 0;
        self
    }
}

/// Rows and columns as the line has them, even 0.
pub fn size(fd: i32) -> io::Result<(u16, u16)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes one winsize, and `size` is one.
    check(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut size) })?;
    Ok((size.ws_row, size.ws_col))
}

pub fn set_size(fd: i32, rows: u16, columns: u16) -> io::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCSWINSZ reads one winsize, and `size` is one.
    check(unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &size) })
}
