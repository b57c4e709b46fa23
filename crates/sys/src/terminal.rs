//! terminal — modes of a terminal that a program changes for a while and puts back.
//!
//! Source: termios(3).

use std::io;
use std::mem::MaybeUninit;

/// The modes of a terminal, as they were.
#[derive(Clone, Copy)]
pub struct Modes {
    fd: i32,
    termios: libc::termios,
}

/// The modes of the terminal behind `fd`; an error if it is none.
pub fn modes(fd: i32) -> io::Result<Modes> {
    let mut termios = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: tcgetattr fills the whole termios if it returns 0, and only then is it taken for filled.
    unsafe {
        if libc::tcgetattr(fd, termios.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Modes { fd, termios: termios.assume_init() })
    }
}

impl Modes {
    /// Sets the terminal to these modes, after what was written has been sent.
    pub fn restore(&self) {
        set(self.fd, &self.termios);
    }

    /// Sets lines, echo and signals for another program, whatever these modes have.
    pub fn set_cooked(&self) {
        let mut termios = self.termios;
        termios.c_lflag |= libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN;
        termios.c_iflag |= libc::ICRNL | libc::IXON;
        set(self.fd, &termios);
    }

    /// The same modes for reading keys one by one: no echo, no lines. The keys for signals stay keys.
    pub fn set_for_keys(&self) {
        let mut termios = self.termios;
        termios.c_lflag &= !(libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN);
        termios.c_iflag &= !(libc::ICRNL | libc::INLCR | libc::IXON);
        termios.c_cc[libc::VMIN] = 1;
        termios.c_cc[libc::VTIME] = 0;
        set(self.fd, &termios);
    }
}

fn set(fd: i32, termios: &libc::termios) {
    // SAFETY: tcsetattr reads one termios. It fails only where the terminal is gone.
    unsafe {
        libc::tcsetattr(fd, libc::TCSADRAIN, termios);
    }
}

/// Switches echo (`silent`) and line editing (`by_key`) off; the modes to put back, or None where there is no terminal.
pub fn quiet(fd: i32, silent: bool, by_key: bool) -> Option<Modes> {
    let before = modes(fd).ok()?;
    let mut termios = before.termios;
    if silent {
        termios.c_lflag &= !libc::ECHO;
    }
    if by_key {
        termios.c_lflag &= !libc::ICANON;
        termios.c_cc[libc::VMIN] = 1;
        termios.c_cc[libc::VTIME] = 0;
    }
    set(fd, &termios);
    Some(before)
}
