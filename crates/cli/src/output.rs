//! output — buffered standard output that keeps its first error.
//!
//! Prints need no `?`: the error is kept and reported once at the end ("write error: No space left on device"),
//! so `/dev/full` still makes a command fail.

use std::fmt;
use std::io;

const CAPACITY: usize = 16 * 1024;

/// Where an applet writes.
pub struct Output {
    buffer: Vec<u8>,
    sink: Sink,
    error: Option<io::Error>,
    /// None until the first write: asking costs a system call.
    by_line: Option<bool>,
    /// A pipe that nobody reads ends the applet quietly.
    quiet: bool,
}

enum Sink {
    Fd(i32),
    /// Kept in memory: for tests, and for a shell that substitutes a command without a process.
    Memory,
}

impl Output {
    /// The exit status where the output was a pipe that nobody read: that of a process which SIGPIPE has killed.
    pub const BROKEN_STATUS: u8 = 141;

    /// Takes a pipe that nobody reads for a reason to end, not for an error: as if SIGPIPE, which the caller has ignored,
    /// had ended the applet.
    pub fn end_quietly(&mut self) {
        self.quiet = true;
    }

    /// Whether such a pipe has ended the output.
    pub fn is_broken(&self) -> bool {
        self.quiet && self.error.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Output on an inherited descriptor, by line where that is a terminal.
    pub fn to_fd(fd: i32) -> Output {
        Output { buffer: Vec::new(), sink: Sink::Fd(fd), error: None, by_line: None, quiet: false }
    }

    /// Output that is kept, to be taken with `take`.
    pub fn to_memory() -> Output {
        Output { buffer: Vec::new(), sink: Sink::Memory, error: None, by_line: Some(false), quiet: false }
    }

    /// Writes `bytes`; an error is kept for `finish`.
    pub fn write(&mut self, bytes: &[u8]) {
        if matches!(self.sink, Sink::Memory) {
            self.buffer.extend_from_slice(bytes);
            return;
        }
        if self.buffer.len() + bytes.len() > CAPACITY {
            self.flush();
            if bytes.len() >= CAPACITY {
                self.send(bytes);
                return;
            }
        }
        if self.buffer.capacity() == 0 {
            self.buffer.reserve_exact(CAPACITY);
        }
        self.buffer.extend_from_slice(bytes);
        if self.flushes_lines() && bytes.contains(&b'\n') {
            self.flush();
        }
    }

    /// Makes `write!(out, …)` and `writeln!(out, …)` work without a result to look at.
    pub fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) {
        if let Some(text) = arguments.as_str() {
            return self.write(text.as_bytes());
        }
        // `Adapter` never fails: the error, if any, stays in `self`.
        let _ = fmt::Write::write_fmt(&mut Adapter(self), arguments);
    }

    /// Sends what is buffered.
    pub fn flush(&mut self) {
        if let Sink::Fd(_) = self.sink {
            let mut bytes = std::mem::take(&mut self.buffer);
            self.send(&bytes);
            bytes.clear();
            self.buffer = bytes;
        }
    }

    /// Whether a write has failed; what follows is then lost and a long-running applet may stop.
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// Flushes, and gives the first error of all writes.
    pub fn finish(&mut self) -> io::Result<()> {
        self.flush();
        let kept = self.is_broken();
        match self.error.take() {
            Some(error) if kept => {
                // `is_broken` goes on to say so.
                self.error = Some(again(&error));
                Err(error)
            }
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// What was written to memory so far; empty for output on a descriptor.
    pub fn take(&mut self) -> Vec<u8> {
        match self.sink {
            Sink::Memory => std::mem::take(&mut self.buffer),
            Sink::Fd(_) => Vec::new(),
        }
    }

    /// How many bytes are kept in memory or not yet sent.
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    fn flushes_lines(&mut self) -> bool {
        let Sink::Fd(fd) = self.sink else { return false };
        *self.by_line.get_or_insert_with(|| sys::fd::is_terminal(fd))
    }

    fn send(&mut self, bytes: &[u8]) {
        let Sink::Fd(fd) = self.sink else { return };
        if self.error.is_some() || bytes.is_empty() {
            return;
        }
        if let Err(error) = sys::fd::write_all(fd, bytes) {
            self.error = Some(error);
        }
    }
}

struct Adapter<'a>(&'a mut Output);

impl fmt::Write for Adapter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// For code that takes any writer. Errors are reported at once here, as such code expects.
impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Output::write(self, bytes);
        match &self.error {
            Some(error) => Err(again(error)),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Output::flush(self);
        match &self.error {
            Some(error) => Err(again(error)),
            None => Ok(()),
        }
    }
}

fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::from(error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_written_to_memory() {
        let mut out = Output::to_memory();
        writeln!(out, "{}-{}", 1, 2);
        out.write(b"\xff");
        assert_eq!(out.take(), b"1-2\n\xff");
        assert!(out.finish().is_ok());
    }

    #[test]
    fn keeps_the_first_error() {
        let mut out = Output::to_fd(-1);
        out.write(&[b'x'; 2 * CAPACITY]);
        out.write(b"more");
        assert!(out.failed());
        assert!(out.finish().is_err());
    }
}
