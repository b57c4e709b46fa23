//! console — where PID 1 speaks, and the terminals that it gives to its children.
//!
//! A console may be missing or stopped by flow control. Nothing here waits for one: a line that it does not take is
//! lost.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::sys::termios::{
    self, ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices,
};

/// The console's device: what $CONSOLE names, else /dev/console.
pub(crate) fn path() -> PathBuf {
    let named = std::env::var_os("CONSOLE").or_else(|| std::env::var_os("console"));
    match named {
        Some(name) if Path::new(&name).starts_with("/dev") => PathBuf::from(name),
        // The boot word console=ttyS0,115200 may get here too: it is the kernel's business.
        _ => PathBuf::from("/dev/console"),
    }
}

/// The device of an inittab entry: empty is the console.
pub(crate) fn device(terminal: &[u8]) -> PathBuf {
    if terminal.is_empty() { path() } else { Path::new("/dev").join(OsStr::from_bytes(terminal)) }
}

/// Prints a line. What cannot be printed at once is lost.
pub(crate) fn say(text: &str) {
    let line = format!("init: {text}\n");
    if let Ok(mut console) = open_without_waiting(&path()) {
        let _ = console.write_all(line.as_bytes());
    }
}

fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// Makes descriptors 0 to 2 the console or, without one, /dev/null; without that they stay closed.
pub(crate) fn take() {
    let opened = open_without_waiting(&path()).or_else(|_| open_without_waiting(Path::new("/dev/null")));
    if let Ok(terminal) = opened {
        make_sane(&terminal);
        make_standard(terminal);
    }
}

/// For a child: opens `path` as descriptors 0 to 2, in a new session whose controlling terminal it is.
pub(crate) fn enter(path: &Path) -> io::Result<()> {
    let terminal = open_without_waiting(path)?;
    sys::fd::set_blocking(terminal.as_raw_fd())?;
    make_sane(&terminal);
    sys::process::new_session(terminal.as_raw_fd());
    make_standard(terminal);
    Ok(())
}

fn make_standard(file: File) {
    let fd = file.into_raw_fd();
    for standard in 0..=2 {
        if fd != standard {
            // A number that cannot be replaced stays what it was; there is nobody to tell yet.
            let _ = sys::fd::duplicate_to(fd, standard);
        }
    }
    if fd > 2 {
        sys::fd::close(fd);
    }
}

/// A terminal state in which a shell can be used, whatever the last program left. The line speed stays.
fn make_sane(terminal: &File) {
    let Ok(mut state) = termios::tcgetattr(terminal) else { return }; // no terminal: /dev/null
    let keys = [
        (SpecialCharacterIndices::VINTR, 3),
        (SpecialCharacterIndices::VQUIT, 28),
        (SpecialCharacterIndices::VERASE, 127),
        (SpecialCharacterIndices::VKILL, 21),
        (SpecialCharacterIndices::VEOF, 4),
        (SpecialCharacterIndices::VSTART, 17),
        (SpecialCharacterIndices::VSTOP, 19),
        (SpecialCharacterIndices::VSUSP, 26),
    ];
    for (key, value) in keys {
        state.control_chars[key as usize] = value;
    }
    state.control_flags &= ControlFlags::CBAUD
        | ControlFlags::CSIZE
        | ControlFlags::CSTOPB
        | ControlFlags::PARENB
        | ControlFlags::PARODD
        | ControlFlags::CRTSCTS;
    state.control_flags |= ControlFlags::CREAD | ControlFlags::HUPCL | ControlFlags::CLOCAL;
    state.input_flags = InputFlags::ICRNL | InputFlags::IXON | InputFlags::IXOFF;
    state.output_flags = OutputFlags::OPOST | OutputFlags::ONLCR;
    state.local_flags = LocalFlags::ISIG
        | LocalFlags::ICANON
        | LocalFlags::ECHO
        | LocalFlags::ECHOE
        | LocalFlags::ECHOK
        | LocalFlags::ECHOCTL
        | LocalFlags::ECHOKE
        | LocalFlags::IEXTEN;
    // A terminal that refuses keeps the state it has.
    let _ = termios::tcsetattr(terminal, SetArg::TCSANOW, &state);
}

/// The type of a terminal by its name below /dev: "linux" for a screen, "vt102" for a line. Empty is the console.
pub(crate) fn kind(terminal: &[u8]) -> &'static str {
    if !terminal.is_empty() {
        return kind_of(terminal);
    }
    let active = fs::read("/sys/class/tty/console/active").unwrap_or_default();
    // The last console of the kernel's command line is the one that /dev/console is.
    kind_of(active.trim_ascii().rsplit(|&byte| byte == b' ').next().unwrap_or_default())
}

fn kind_of(terminal: &[u8]) -> &'static str {
    match terminal.strip_prefix(b"tty") {
        Some(number) if number.iter().all(u8::is_ascii_digit) => "linux",
        None if terminal.is_empty() => "linux",
        _ => "vt102",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_are_told_from_lines() {
        for (terminal, kind) in [
            ("tty1", "linux"),
            ("tty0", "linux"),
            ("ttyS0", "vt102"),
            ("ttyAMA0", "vt102"),
            ("hvc0", "vt102"),
            ("", "linux"),
        ] {
            assert_eq!(kind_of(terminal.as_bytes()), kind, "{terminal}");
        }
    }

    #[test]
    fn devices_lie_below_dev() {
        assert_eq!(device(b"ttyS0"), Path::new("/dev/ttyS0"));
    }
}
