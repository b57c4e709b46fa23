//! line — the settings of a terminal line for logins: speed, raw and cooked modes, secrets without echo.
//!
//! Source: termios(3), ioctl_tty(2).

use std::io;
use std::mem::MaybeUninit;

/// A terminal's settings, to be changed and applied.
#[derive(Clone, Copy)]
pub struct Settings(libc::termios);

const SPEEDS: &[(u32, libc::speed_t)] = &[
    (50, libc::B50),
    (75, libc::B75),
    (110, libc::B110),
    (134, libc::B134),
    (150, libc::B150),
    (200, libc::B200),
    (300, libc::B300),
    (600, libc::B600),
    (1200, libc::B1200),
    (1800, libc::B1800),
    (2400, libc::B2400),
    (4800, libc::B4800),
    (9600, libc::B9600),
    (19200, libc::B19200),
    (38400, libc::B38400),
    (57600, libc::B57600),
    (115200, libc::B115200),
    (230400, libc::B230400),
    (460800, libc::B460800),
    (500000, libc::B500000),
    (576000, libc::B576000),
    (921600, libc::B921600),
    (1000000, libc::B1000000),
    (1152000, libc::B1152000),
    (1500000, libc::B1500000),
    (2000000, libc::B2000000),
    (2500000, libc::B2500000),
    (3000000, libc::B3000000),
    (3500000, libc::B3500000),
    (4000000, libc::B4000000),
];

/// Whether a line can have this speed in bits per second.
pub fn is_speed(bits_per_second: u32) -> bool {
    SPEEDS.iter().any(|&(known, _)| known == bits_per_second)
}

/// The modem's side of a line.
#[derive(Clone, Copy, Default)]
pub struct Modem {
    /// There is none: the carrier is ignored.
    pub local: bool,
    /// RTS and CTS stop and start the flow.
    pub hardware_flow: bool,
}

impl Settings {
    /// The settings of the terminal behind `fd`; an error if it is none.
    pub fn of(fd: i32) -> io::Result<Settings> {
        let mut settings = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr fills the whole structure where it returns 0, and only then is it taken for filled.
        unsafe {
            if libc::tcgetattr(fd, settings.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Settings(settings.assume_init()))
        }
    }

    /// Applies the settings after what was written has been sent.
    pub fn apply(&self, fd: i32) -> io::Result<()> {
        // SAFETY: tcsetattr reads one structure.
        if unsafe { libc::tcsetattr(fd, libc::TCSADRAIN, &self.0) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Sets both directions' speed; one that `is_speed` does not know changes nothing.
    pub fn set_speed(&mut self, bits_per_second: u32) {
        if let Some(&(_, code)) = SPEEDS.iter().find(|&&(known, _)| known == bits_per_second) {
            // SAFETY: the structure is initialised and the codes are the system's.
            unsafe {
                libc::cfsetispeed(&mut self.0, code);
                libc::cfsetospeed(&mut self.0, code);
            }
        }
    }

    /// Bytes as they come, no echo, 8 bits: what a login name is read in before the other side's manners are known.
    pub fn make_raw(&mut self, modem: Modem) {
        // Output post-processing stays: on a screen `\n` alone would make stairs.
        self.0.c_cflag = self.0.c_cflag & (libc::CBAUD | libc::PARENB | libc::PARODD)
            | libc::CS8
            | libc::HUPCL
            | libc::CREAD
            | if modem.local { libc::CLOCAL } else { 0 }
            | if modem.hardware_flow { libc::CRTSCTS } else { 0 };
        self.0.c_iflag = 0;
        self.0.c_lflag = 0;
        self.0.c_oflag = libc::OPOST | libc::ONLCR;
        self.0.c_cc[libc::VMIN] = 1;
        self.0.c_cc[libc::VTIME] = 0;
    }

    /// Lines, echo and signals, for login and the shell. `returns`: the Enter key sends a carriage return; `erase` is
    /// the key that takes a letter back.
    pub fn make_cooked(&mut self, returns: bool, erase: u8) {
        self.0.c_iflag |= libc::IXON | libc::IXOFF;
        self.0.c_lflag |= libc::ICANON
            | libc::ISIG
            | libc::ECHO
            | libc::ECHOE
            | libc::ECHOK
            | libc::ECHOKE
            | libc::ECHOCTL
            | libc::IEXTEN;
        self.0.c_oflag = libc::OPOST | libc::ONLCR;
        if returns {
            self.0.c_iflag |= libc::ICRNL;
        }
        for (key, value) in [
            (libc::VINTR, 3),
            (libc::VQUIT, 28),
            (libc::VERASE, erase),
            (libc::VKILL, 21),
            (libc::VEOF, 4),
            (libc::VEOL, 0),
            (libc::VSTART, 17),
            (libc::VSTOP, 19),
            (libc::VSUSP, 26),
        ] {
            self.0.c_cc[key] = value;
        }
    }

    /// Keys one by one without echo; the keys for signals are keys.
    pub fn make_secret(&mut self) {
        self.0.c_lflag &= !(libc::ICANON | libc::ECHO | libc::ECHONL | libc::ISIG | libc::IEXTEN);
        self.0.c_cc[libc::VMIN] = 1;
        self.0.c_cc[libc::VTIME] = 0;
    }
}

/// Throws away what was typed and not read yet.
pub fn flush_input(fd: i32) {
    // SAFETY: tcflush takes numbers; where it fails nothing is thrown away.
    unsafe { libc::tcflush(fd, libc::TCIFLUSH) };
}

/// Makes the group of this process the terminal's foreground group.
pub fn take_foreground(fd: i32) {
    // SAFETY: the calls take numbers; where it fails the terminal stays as it was.
    unsafe { libc::tcsetpgrp(fd, libc::getpgrp()) };
}

/// Locks switching between screens, or allows it again. Fails on what is no screen.
///
/// Source: ioctl_vt(2), VT_LOCKSWITCH, VT_UNLOCKSWITCH.
pub fn lock_screens(fd: i32, lock: bool) -> io::Result<()> {
    let request = if lock { 0x560B } else { 0x560C };
    // SAFETY: both requests take no argument.
    if unsafe { libc::ioctl(fd, request as _, 0) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits until `fd` can be read, at most `limit_ms` (None: for ever). False: the time is over.
pub fn wait_for_input(fd: i32, limit_ms: Option<u64>) -> bool {
    let mut waiting = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let limit = limit_ms.map_or(-1, |limit| i32::try_from(limit).unwrap_or(i32::MAX));
    // SAFETY: one pollfd, valid for the call.
    unsafe { libc::poll(&mut waiting, 1, limit) > 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_usual_speeds() {
        assert!(is_speed(9600) && is_speed(38400) && is_speed(115200) && is_speed(1500000));
        assert!(!is_speed(0) && !is_speed(12345));
    }

    #[test]
    fn a_file_is_no_terminal() {
        use std::os::fd::AsRawFd;
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(Settings::of(file.as_raw_fd()).is_err());
    }
}
