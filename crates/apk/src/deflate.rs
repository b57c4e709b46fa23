//! deflate — packing and unpacking by deflate (RFC 1951), raw and as gzip (RFC 1952).
//!
//! With the feature `zlib` by `zlib-rs`, which is three times as fast and 70 KB larger than `miniz_oxide` without it.

use std::io::{self, Read, Write};

use zlib_rs::{Deflate, DeflateFlush, Status};

use crate::error::{Error, Kind, Result};

const BUFFER: usize = 64 * 1024;
const WINDOW_BITS: u8 = 15;
/// `window_bits` that ask for gzip's header and trailer.
#[cfg(feature = "zlib")]
const GZIP_BITS: u8 = 16 + WINDOW_BITS;

/// The bytes as one gzip member, without name and time. `level` 1 to 9.
#[cfg(feature = "zlib")]
pub fn gzip(bytes: &[u8], level: u8) -> Result<Vec<u8>> {
    let config = zlib_rs::DeflateConfig {
        window_bits: i32::from(GZIP_BITS),
        level: i32::from(level),
        ..zlib_rs::DeflateConfig::default()
    };
    let mut writer = Writer { out: Vec::new(), state: Deflate::new_with_config(config), buffer: buffer() };
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// The bytes as one gzip member, without name and time. `level` 1 to 9.
#[cfg(not(feature = "zlib"))]
pub fn gzip(bytes: &[u8], level: u8) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = archive::gzip::Writer::new(&mut out, level, 0);
    writer.write_all(bytes)?;
    writer.finish()?;
    Ok(out)
}

/// Unpacks a text that comes in pieces.
#[cfg(feature = "zlib")]
pub(crate) struct Unpacker(zlib_rs::Inflate);

#[cfg(feature = "zlib")]
impl Unpacker {
    /// A text without header and trailer.
    pub(crate) fn raw() -> Unpacker {
        Unpacker(zlib_rs::Inflate::new(false, WINDOW_BITS))
    }

    /// A member of a gzip file, whose length and sum are checked.
    pub(crate) fn gzip() -> Unpacker {
        Unpacker(zlib_rs::Inflate::new(true, GZIP_BITS))
    }

    /// Unpacks as much of `input` as fits into `out`. A step that neither takes nor gives needs more of one of them.
    pub(crate) fn step(&mut self, input: &[u8], out: &mut [u8]) -> archive::member::Step {
        let (before_in, before_out) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, out, zlib_rs::InflateFlush::NoFlush);
        archive::member::Step {
            taken: (self.0.total_in() - before_in) as usize,
            given: (self.0.total_out() - before_out) as usize,
            is_over: matches!(status, Ok(Status::StreamEnd)),
            wrong: status.err().map(|error| error.as_str()),
        }
    }
}

#[cfg(not(feature = "zlib"))]
pub(crate) use archive::member::Member as Unpacker;

/// Packs what is written. `finish` must be called.
pub struct Writer<W: Write> {
    out: W,
    state: Deflate,
    buffer: Box<[u8]>,
}

impl<W: Write> Writer<W> {
    /// Raw deflate. `level` 0 to 9; -1 is the usual one.
    pub fn raw(out: W, level: i32) -> Writer<W> {
        Writer { out, state: Deflate::new(level, false, WINDOW_BITS), buffer: buffer() }
    }

    fn step(&mut self, input: &[u8], flush: DeflateFlush) -> io::Result<(usize, Status)> {
        let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
        let status = self
            .state
            .compress(input, &mut self.buffer, flush)
            .map_err(|error| io::Error::other(error.as_str()))?;
        let given = (self.state.total_out() - before_out) as usize;
        self.out.write_all(&self.buffer[..given])?;
        Ok(((self.state.total_in() - before_in) as usize, status))
    }

    /// Writes what is held back, and the end.
    pub fn finish(mut self) -> io::Result<W> {
        while self.step(&[], DeflateFlush::Finish)?.1 != Status::StreamEnd {}
        Ok(self.out)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (taken, _) = self.step(rest, DeflateFlush::NoFlush)?;
            rest = &rest[taken..];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Unpacks raw deflate. Bytes behind its end are not looked at.
pub struct Reader<R: Read> {
    input: R,
    unpacker: Unpacker,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    is_over: bool,
}

impl<R: Read> Reader<R> {
    pub fn raw(input: R) -> Reader<R> {
        Reader { input, unpacker: Unpacker::raw(), buffer: buffer(), start: 0, end: 0, is_over: false }
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.is_over && !out.is_empty() {
            if self.start == self.end {
                (self.start, self.end) = (0, self.input.read(&mut self.buffer)?);
            }
            let step = self.unpacker.step(&self.buffer[self.start..self.end], out);
            self.start += step.taken;
            self.is_over = step.is_over;
            if step.given > 0 {
                return Ok(step.given);
            }
            if let Some(what) = step.wrong {
                return Err(Error::detailed(Kind::FormatInvalid, what).into());
            }
            if step.taken == 0 && self.end == 0 && !self.is_over {
                return Err(Error::new(Kind::Eof).into());
            }
        }
        Ok(0)
    }
}

fn buffer() -> Box<[u8]> {
    vec![0; BUFFER].into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let text: Vec<u8> = (0..300_000u32).map(|number| (number.wrapping_mul(number) >> 7) as u8).collect();
        for level in [-1, 0, 1, 9] {
            let mut writer = Writer::raw(Vec::new(), level);
            writer.write_all(&text).unwrap();
            let packed = writer.finish().unwrap();
            let mut back = Vec::new();
            Reader::raw(packed.as_slice()).read_to_end(&mut back).unwrap();
            assert!(back == text, "level {level}");
            let cut = Reader::raw(&packed[..packed.len() / 2]).read_to_end(&mut Vec::new());
            assert!(cut.is_err(), "level {level}");
        }
    }
}
