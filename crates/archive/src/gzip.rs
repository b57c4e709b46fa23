//! gzip — the format of gzip, read and written.
//!
//! Source: RFC 1952. The compression itself (RFC 1951) is that of `miniz_oxide`.

use std::io::{self, BufRead, Read, Write};

use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use crate::crc32::Crc32;

/// The first two bytes of a member.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// Unpacks: reads the contents of all members, one behind the other. Zero bytes behind the last one are passed over,
/// other bytes are left, as gzip does.
///
/// Errors: what is wrong; nothing of a damaged member is held back, so a caller that needs whole files must wait for
/// the end.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    inflate: Box<InflateState>,
    stage: Stage,
    crc: Crc32,
    size: u32,
    members: u32,
    trailing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Body,
    Over,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Reader<'a> {
        Reader {
            input,
            inflate: InflateState::new_boxed(DataFormat::Raw),
            stage: Stage::Header,
            crc: Crc32::new(),
            size: 0,
            members: 0,
            trailing: false,
        }
    }

    /// Whether something that is no member stood behind the last one.
    pub fn has_trailing_garbage(&self) -> bool {
        self.trailing
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        match self.input.read_exact(&mut byte) {
            Ok(()) => Ok(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ended()),
            Err(error) => Err(error),
        }
    }

    fn word(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    /// Reads a member's header; false at the end of the input.
    fn header(&mut self) -> io::Result<bool> {
        if self.members > 0 {
            self.skip_zeros()?;
        }
        let start = self.input.fill_buf()?;
        if start.is_empty() {
            return if self.members > 0 { Ok(false) } else { Err(ended()) };
        }
        if self.members > 0 && start[0] != MAGIC[0] {
            self.trailing = true;
            return Ok(false);
        }
        let (first, second) = (self.byte()?, self.byte()?);
        if [first, second] != MAGIC {
            return Err(invalid("invalid magic"));
        }
        let (method, flags) = (self.byte()?, self.byte()?);
        if method != 8 || flags & 0xe0 != 0 {
            return Err(invalid("unknown compression method"));
        }
        for _ in 0..6 {
            self.byte()?; // time, level, system
        }
        if flags & EXTRA != 0 {
            let length = u16::from_le_bytes([self.byte()?, self.byte()?]);
            for _ in 0..length {
                self.byte()?;
            }
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 {
                while self.byte()? != 0 {}
            }
        }
        if flags & HEADER_CRC != 0 {
            self.byte()?;
            self.byte()?;
        }
        self.inflate.reset(DataFormat::Raw);
        (self.crc, self.size) = (Crc32::new(), 0);
        self.members += 1;
        Ok(true)
    }

    fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.input.fill_buf()?;
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
            let more = zeros > 0 && zeros == bytes.len();
            self.input.consume(zeros);
            if !more {
                return Ok(());
            }
        }
    }

    fn trailer(&mut self) -> io::Result<()> {
        let (crc, size) = (self.word()?, self.word()?);
        if crc != self.crc.value() {
            return Err(invalid("crc error"));
        }
        if size != self.size {
            return Err(invalid("incorrect length"));
        }
        Ok(())
    }

    fn body(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let result = inflate(&mut self.inflate, input, buffer, MZFlush::None);
            self.input.consume(result.bytes_consumed);
            let written = &buffer[..result.bytes_written];
            self.crc.update(written);
            self.size = self.size.wrapping_add(written.len() as u32);
            match result.status {
                Ok(MZStatus::StreamEnd) => {
                    self.trailer()?;
                    self.stage = Stage::Header;
                    return Ok(result.bytes_written);
                }
                Ok(_) | Err(MZError::Buf) if result.bytes_written > 0 => return Ok(result.bytes_written),
                Ok(_) | Err(MZError::Buf) if at_end => return Err(ended()),
                Ok(_) | Err(MZError::Buf) => {}
                Err(_) => return Err(invalid("corrupted data")),
            }
        }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.stage {
                Stage::Over => return Ok(0),
                Stage::Header => self.stage = if self.header()? { Stage::Body } else { Stage::Over },
                Stage::Body => {
                    let count = self.body(buffer)?;
                    if count > 0 {
                        return Ok(count);
                    }
                }
            }
        }
    }
}

/// Packs what is written to it. `finish` must be called: without the trailer a file is truncated.
pub struct Writer<'a> {
    out: &'a mut dyn Write,
    deflate: Box<CompressorOxide>,
    crc: Crc32,
    size: u32,
    buffer: Vec<u8>,
    started: bool,
    level: u8,
    mtime: u32,
}

impl<'a> Writer<'a> {
    /// `level` is 1 (fast) to 9 (small). The header holds `mtime` (0: none) and no name, so that the same contents give
    /// the same bytes.
    pub fn new(out: &'a mut dyn Write, level: u8, mtime: u32) -> Writer<'a> {
        let flags = create_comp_flags_from_zip_params(i32::from(level), -15, 0);
        Writer {
            out,
            deflate: Box::new(CompressorOxide::new(flags)),
            crc: Crc32::new(),
            size: 0,
            buffer: vec![0; 32 * 1024],
            started: false,
            level,
            mtime,
        }
    }

    fn start(&mut self) -> io::Result<()> {
        if !self.started {
            self.started = true;
            let time = self.mtime.to_le_bytes();
            let extra = match self.level {
                9 => 2,
                1 => 4,
                _ => 0,
            };
            // The system is 3, Unix.
            self.out.write_all(&[MAGIC[0], MAGIC[1], 8, 0, time[0], time[1], time[2], time[3], extra, 3])?;
        }
        Ok(())
    }

    fn pack(&mut self, mut bytes: &[u8], flush: MZFlush) -> io::Result<()> {
        loop {
            let result = deflate(&mut self.deflate, bytes, &mut self.buffer, flush);
            bytes = &bytes[result.bytes_consumed..];
            self.out.write_all(&self.buffer[..result.bytes_written])?;
            match result.status {
                Ok(MZStatus::StreamEnd) => return Ok(()),
                Ok(_) | Err(MZError::Buf) => {}
                Err(_) => return Err(invalid("cannot be compressed")),
            }
            // Without an end to come, all is done when everything was taken and the buffer was not filled.
            if flush == MZFlush::None && bytes.is_empty() && result.bytes_written < self.buffer.len() {
                return Ok(());
            }
        }
    }

    /// Writes what is left, and the trailer.
    pub fn finish(mut self) -> io::Result<()> {
        self.start()?;
        self.pack(&[], MZFlush::Finish)?;
        self.out.write_all(&self.crc.value().to_le_bytes())?;
        self.out.write_all(&self.size.to_le_bytes())?;
        self.out.flush()
    }
}

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.start()?;
        self.crc.update(bytes);
        self.size = self.size.wrapping_add(bytes.len() as u32);
        self.pack(bytes, MZFlush::None)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cold]
fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file")
}

#[cold]
fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(contents: &[u8], level: u8) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, level, 0);
        for part in contents.chunks(1000) {
            writer.write_all(part).unwrap();
        }
        writer.finish().unwrap();
        out
    }

    fn unpacked(mut bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut contents = Vec::new();
        Reader::new(&mut bytes).read_to_end(&mut contents)?;
        Ok(contents)
    }

    fn samples() -> Vec<Vec<u8>> {
        // Text, one byte over and over, and a row without a pattern (a linear congruence).
        let mut state = 1u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        vec![
            Vec::new(),
            b"a".to_vec(),
            b"the same again, ".repeat(10_000),
            vec![0; 300_000],
            noise.take(200_000).collect(),
        ]
    }

    #[test]
    fn unpacks_what_it_packed() {
        for contents in samples() {
            for level in [1, 6, 9] {
                assert!(unpacked(&packed(&contents, level)).unwrap() == contents, "level {level}");
            }
        }
    }

    #[test]
    fn members_follow_one_another() {
        let mut both = packed(b"one ", 6);
        both.extend(packed(b"two", 6));
        both.extend([0; 100]);
        assert_eq!(unpacked(&both).unwrap(), b"one two");
        both.extend(b"garbage");
        assert_eq!(unpacked(&both).unwrap(), b"one two");
    }

    #[test]
    fn damage_is_an_error() {
        let whole = packed(&b"the same again, ".repeat(100), 6);
        for end in 0..whole.len() {
            assert!(unpacked(&whole[..end]).is_err(), "cut at {end}");
        }
        // Of the header only the name of the system, the level and the time may change without harm.
        for index in (0..4).chain(10..whole.len()) {
            let mut damaged = whole.clone();
            damaged[index] ^= 0x40;
            assert!(unpacked(&damaged).is_err(), "byte {index}");
        }
    }
}
