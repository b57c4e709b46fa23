//! pty — a program in a pseudo-terminal, talked to as a person does: keys in, text out.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long `expect` waits for its text.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program and all that it has shown so far.
pub struct Session {
    master: File,
    child: Child,
    shown: Vec<u8>,
    /// Up to where `expect` has read.
    seen: usize,
}

impl Session {
    /// Starts `command` in a terminal of 80 columns and 24 rows.
    pub fn start(mut command: Command) -> io::Result<Session> {
        let (master, slave) = sys::pty::open()?;
        sys::pty::set_size(&master, 80, 24)?;
        sys::pty::attach(&mut command, &slave)?;
        let child = command.spawn()?;
        Ok(Session { master, child, shown: Vec::new(), seen: 0 })
    }

    /// Types `keys`.
    pub fn send(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("the terminal takes keys as long as the program runs");
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        sys::pty::set_size(&self.master, columns, rows).expect("a terminal has a size");
    }

    /// Waits until `text` is shown behind what was expected before. Panics with all that was shown if it never is.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let rest = &self.shown[self.seen..];
            if let Some(at) = rest.windows(text.len()).position(|window| window == text.as_bytes()) {
                self.seen += at + text.len();
                return;
            }
            assert!(
                Instant::now() < end && self.read(),
                "waited for {text:?}, but all that was shown is\n{}\nand behind what was expected before\n{:?}",
                String::from_utf8_lossy(&self.shown),
                String::from_utf8_lossy(&self.shown[self.seen..])
            );
        }
    }

    /// What was shown so far.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Reads what comes within a moment; false at the end.
    fn read(&mut self) -> bool {
        if !sys::descriptor::wait_readable(self.master.as_raw_fd(), 200).unwrap_or(false) {
            return true;
        }
        let mut block = [0; 4096];
        match self.master.read(&mut block) {
            // EIO: the other side is closed.
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.shown.extend_from_slice(&block[..count]);
                true
            }
        }
    }

    /// Waits for the program's end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("our own child") {
                return status;
            }
            assert!(Instant::now() < end, "still running after showing\n{}", self.shown());
            self.read();
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended; and nobody is left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
