//! members — the gzip members of a file, one by one, with digests over their packed bytes.
//!
//! Small pieces are given out of a buffer, as unpacking is slow where it has little room. What was unpacked before an error
//! is given out before the error is.
//!
//! Source: RFC 1952.

use std::io::{self, Read};

use crate::deflate::Unpacker;
use crate::error::{Error, Kind, Result};
use crate::identity::{Algorithm, Hasher};

/// Bytes that are read at once, and bytes that are unpacked at once for small pieces.
const BUFFER: usize = 32 * 1024;

/// Unpacks members. Reading stops at each member's end, until `next_member` goes on to the one behind it.
pub struct Members<'a> {
    input: Box<dyn Read + 'a>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    unpacker: Unpacker,
    inside: bool,
    /// Bytes of the current member that were unpacked and not given out yet.
    unpacked: Box<[u8]>,
    given: usize,
    ready: usize,
    /// What is wrong with the bytes behind these.
    failed: Option<Error>,
    hashers: Vec<(Algorithm, Hasher)>,
    /// Packed bytes taken so far.
    offset: u64,
}

impl<'a> Members<'a> {
    /// `next_member` must be called before the first member is read.
    pub fn new(input: Box<dyn Read + 'a>) -> Members<'a> {
        Members {
            input,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            unpacker: Unpacker::gzip(),
            inside: false,
            unpacked: vec![0; BUFFER].into_boxed_slice(),
            given: 0,
            ready: 0,
            failed: None,
            hashers: Vec::new(),
            offset: 0,
        }
    }

    /// Goes to the next member; false at the end of the file. What is left of the current one must have been read.
    pub fn next_member(&mut self) -> Result<bool> {
        if !self.fill()? {
            return Ok(false);
        }
        if self.offset > 0 {
            self.unpacker = Unpacker::gzip();
        }
        self.inside = true;
        Ok(true)
    }

    /// Packed bytes from here on go into a digest of this algorithm, too.
    pub fn hash(&mut self, algorithm: Algorithm) {
        self.hashers.push((algorithm, algorithm.start()));
    }

    /// The digests that are being made, which end here.
    pub fn take_hashes(&mut self) -> Vec<(Algorithm, Vec<u8>)> {
        self.hashers.drain(..).map(|(algorithm, hasher)| (algorithm, hasher.finish())).collect()
    }

    /// Where in the file the next packed byte lies.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Unpacks into `out`. 0 where the member ends.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.given == self.ready && out.len() >= BUFFER {
            return self.unpack(out);
        }
        let ready = self.ready()?;
        let count = ready.len().min(out.len());
        out[..count].copy_from_slice(&ready[..count]);
        self.given += count;
        Ok(count)
    }

    /// The next bytes, some or many; none where the member ends. `take` goes on behind them.
    pub fn ready(&mut self) -> Result<&[u8]> {
        if self.given == self.ready {
            let mut unpacked = std::mem::take(&mut self.unpacked);
            let result = self.unpack(&mut unpacked);
            self.unpacked = unpacked;
            (self.given, self.ready) = (0, result?);
        }
        Ok(&self.unpacked[self.given..self.ready])
    }

    /// Goes on behind so many of the bytes that are ready.
    pub fn take(&mut self, count: usize) {
        self.given = (self.given + count).min(self.ready);
    }

    fn unpack(&mut self, out: &mut [u8]) -> Result<usize> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while self.inside && !out.is_empty() {
            let has_more = self.fill()?;
            let input = &self.buffer[self.start..self.end];
            let step = self.unpacker.step(input, out);
            if let Some(what) = step.wrong {
                let error = self.invalid(what);
                if step.given == 0 {
                    return Err(error);
                }
                self.failed = Some(error);
                return Ok(step.given);
            }
            self.consume(step.taken);
            if step.is_over {
                self.inside = false;
                return Ok(step.given);
            }
            if step.given > 0 {
                return Ok(step.given);
            }
            if step.taken == 0 && !has_more {
                return Err(Error::detailed(Kind::Eof, format!("at byte {}", self.offset)));
            }
        }
        Ok(0)
    }

    /// Makes sure that a packed byte is there; false at the end of the file.
    fn fill(&mut self) -> Result<bool> {
        while self.start == self.end {
            match self.input.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => (self.start, self.end) = (0, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn consume(&mut self, count: usize) {
        for (_, hasher) in &mut self.hashers {
            hasher.update(&self.buffer[self.start..self.start + count]);
        }
        self.start += count;
        self.offset += count as u64;
    }

    #[cold]
    fn invalid(&self, what: &str) -> Error {
        Error::detailed(Kind::FormatInvalid, format!("{what} (at byte {})", self.offset))
    }
}

/// What the gzip members in `bytes` hold, one behind the other.
///
/// Errors: one is damaged, or ends early.
pub fn gunzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut members = Members::new(Box::new(bytes));
    let mut out = Vec::new();
    let mut buffer = vec![0; BUFFER];
    while members.next_member()? {
        loop {
            let count = members.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            out.extend_from_slice(&buffer[..count]);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deflate::gzip;

    #[test]
    fn members_one_behind_the_other() {
        let bytes = [gzip(b"one", 9).unwrap(), gzip(&[7; 200_000], 6).unwrap()].concat();
        assert!(gunzip(&bytes).unwrap() == [&b"one"[..], &[7; 200_000]].concat());
        assert!(gunzip(&bytes[..bytes.len() - 1]).is_err());
        assert!(gunzip(b"plain").is_err());
    }
}
