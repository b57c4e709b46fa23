//! stream — the shell's own standard output, which a command substitution can take without a process.

use std::io;

/// What builtins have written and nobody has seen yet.
#[derive(Default)]
pub struct Stream {
    buffer: Vec<u8>,
    /// How many command substitutions are taking the output.
    captures: u32,
    error: Option<io::Error>,
}

const CAPACITY: usize = 16 * 1024;

impl Stream {
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        if self.captures == 0 && bytes.len() > CAPACITY {
            self.flush();
            return self.send(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > CAPACITY && self.captures == 0 {
            self.flush();
        }
    }

    /// Whether output is kept in memory rather than sent to descriptor 1.
    pub(crate) fn is_captured(&self) -> bool {
        self.captures > 0
    }

    /// Sends what was written to descriptor 1; an error is kept for `take_error`.
    #[inline]
    pub fn flush(&mut self) {
        if !self.buffer.is_empty() && self.captures == 0 {
            let buffer = std::mem::take(&mut self.buffer);
            self.send(&buffer);
            self.buffer = buffer;
            self.buffer.clear();
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = sys::fd::write_all(1, bytes) {
            self.error = Some(error);
        }
    }

    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Keeps what is written from now on; what was kept so far, to be put back.
    pub(crate) fn begin_capture(&mut self) -> Vec<u8> {
        self.flush();
        self.captures += 1;
        std::mem::take(&mut self.buffer)
    }

    /// What was written since the capture began.
    pub(crate) fn end_capture(&mut self, before: Vec<u8>) -> Vec<u8> {
        self.captures -= 1;
        std::mem::replace(&mut self.buffer, before)
    }

    /// Forgets captures: in a child that has a descriptor 1 of its own.
    pub(crate) fn reset(&mut self) {
        self.captures = 0;
        self.buffer.clear();
        self.error = None;
    }
}
