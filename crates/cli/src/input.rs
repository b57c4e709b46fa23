//! input — files and standard input, buffered.

use std::fs::File;
use std::io::{self, BufReader, Read};

pub const CAPACITY: usize = 64 * 1024;

/// Standard input as a plain descriptor: no lock, no state that outlives the applet.
pub struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        sys::fd::read(0, buffer)
    }
}

/// What `Cx::open` gives: one type for files and standard input, so that helpers are compiled once.
pub type Input = BufReader<Source>;

pub enum Source {
    File(File),
    Stdin(Stdin),
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::File(file) => file.read(buffer),
            Source::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

impl Source {
    /// The descriptor, for calls that need one (fstat, lseek, splice).
    pub fn as_fd_number(&self) -> i32 {
        use std::os::fd::AsRawFd;
        match self {
            Source::File(file) => file.as_raw_fd(),
            Source::Stdin(_) => 0,
        }
    }
}

pub fn file(file: File) -> Input {
    BufReader::with_capacity(CAPACITY, Source::File(file))
}

pub fn stdin() -> Input {
    BufReader::with_capacity(CAPACITY, Source::Stdin(Stdin))
}
