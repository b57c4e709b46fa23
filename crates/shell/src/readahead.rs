//! readahead — input of `read` that was taken in advance from a file and is given back before anybody else looks.
//!
//! A line must be read without touching what follows. On a pipe that means a system call for each byte; on a file the
//! offset can be set back, and as long as this process alone uses it, that can wait.

use std::io;

#[derive(Default)]
pub(crate) struct ReadAhead {
    fd: i32,
    buffer: Vec<u8>,
    at: usize,
}

const BLOCK: usize = 4096;

impl ReadAhead {
    /// Sets the file's offset to where the script has read.
    #[inline]
    pub(crate) fn give_back(&mut self) {
        if self.at < self.buffer.len() {
            self.seek_back();
        }
    }

    #[cold]
    fn seek_back(&mut self) {
        let left = self.buffer.len() - self.at;
        sys::descriptor::seek_by(self.fd, -(left as i64));
        self.buffer.clear();
        self.at = 0;
    }

    /// The next byte of `fd`, None at the end. An interrupting signal is an error.
    #[inline]
    pub(crate) fn byte(&mut self, fd: i32) -> io::Result<Option<u8>> {
        if self.fd == fd && self.at < self.buffer.len() {
            self.at += 1;
            return Ok(Some(self.buffer[self.at - 1]));
        }
        self.fill(fd)
    }

    /// What is there already up to and with `end`, if `end` is among it.
    pub(crate) fn up_to(&mut self, fd: i32, end: u8) -> Option<&[u8]> {
        if self.fd != fd {
            return None;
        }
        let length = self.buffer[self.at..].iter().position(|&byte| byte == end)? + 1;
        self.at += length;
        Some(&self.buffer[self.at - length..self.at])
    }

    fn fill(&mut self, fd: i32) -> io::Result<Option<u8>> {
        self.give_back();
        self.fd = fd;
        self.at = 0;
        let size = if sys::descriptor::seek_by(fd, 0).is_some() { BLOCK } else { 1 };
        self.buffer.resize(size, 0);
        match sys::descriptor::read_once(fd, &mut self.buffer) {
            Ok(count) => {
                self.buffer.truncate(count);
                self.at = count.min(1);
                Ok(self.buffer.first().copied())
            }
            Err(error) => {
                self.buffer.clear();
                Err(error)
            }
        }
    }
}
