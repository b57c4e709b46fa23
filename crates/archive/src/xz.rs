//! xz — the .xz format: streams of blocks that LZMA2 has packed, with sums.
//!
//! Source: xz-file-format 1.2.1. Of the filters LZMA2 is known, and x86's for branches is not; of the sums CRC32 and
//! CRC64 are checked, and others are passed over.

use std::io::{self, BufRead, Read};

use crate::crc32::Crc32;
use crate::lzma::{Decoder, corrupt};

pub const MAGIC: [u8; 6] = *b"\xfd7zXZ\0";

#[cold]
fn error(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Unpacks a .xz file, of one stream or several.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    state: State,
    decoder: Option<Decoder>,
    /// The size of the decoder's dictionary.
    dictionary: usize,
    /// What is left of the chunk, unpacked.
    chunk_left: usize,
    /// An unpacked chunk, of which bytes behind `plain_at` are still to come.
    plain: Vec<u8>,
    plain_at: usize,
    is_plain: bool,
    /// The dictionary, and the properties, must be set before anything is unpacked.
    needs_dictionary: bool,
    needs_properties: bool,
    check: u8,
    crc32: Crc32,
    crc64: Crc64,
    /// Bytes read and unpacked since the block's header began.
    read: u64,
    unpacked: u64,
    header_size: u64,
    /// Blocks of this stream: the sum that the index must have of their sizes.
    blocks: u64,
    sizes: u64,
    any_stream: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Stream,
    Block,
    Chunk,
    Data,
    Done,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Reader<'a> {
        Reader {
            input,
            state: State::Stream,
            decoder: None,
            dictionary: 0,
            chunk_left: 0,
            plain: Vec::new(),
            plain_at: 0,
            is_plain: false,
            needs_dictionary: true,
            needs_properties: true,
            check: 0,
            crc32: Crc32::new(),
            crc64: Crc64::new(),
            read: 0,
            unpacked: 0,
            header_size: 0,
            blocks: 0,
            sizes: 0,
            any_stream: false,
        }
    }

    fn bytes<const COUNT: usize>(&mut self) -> io::Result<[u8; COUNT]> {
        let mut bytes = [0; COUNT];
        self.input.read_exact(&mut bytes)?;
        self.read += COUNT as u64;
        Ok(bytes)
    }

    /// The header of the next stream; between streams there may be zeros, in fours.
    fn stream(&mut self) -> io::Result<()> {
        loop {
            if self.input.fill_buf()?.is_empty() && self.any_stream {
                self.state = State::Done;
                return Ok(());
            }
            let start = self.bytes::<4>()?;
            if start == [0; 4] && self.any_stream {
                continue;
            }
            let rest = self.bytes::<8>()?;
            if start != MAGIC[..4] || rest[..2] != MAGIC[4..] {
                return Err(error("invalid magic"));
            }
            if rest[2] != 0 || rest[3] > 15 || sum(&rest[2..4]) != rest[4..8] {
                return Err(error("bad stream header"));
            }
            self.check = rest[3];
            (self.blocks, self.sizes) = (0, 0);
            self.any_stream = true;
            self.state = State::Block;
            return Ok(());
        }
    }

    /// The header of the next block, or the index.
    fn block(&mut self) -> io::Result<()> {
        self.read = 0;
        let [size] = self.bytes::<1>()?;
        if size == 0 {
            return self.index();
        }
        let mut header = vec![0; usize::from(size) * 4 + 4];
        header[0] = size;
        self.input.read_exact(&mut header[1..])?;
        let (fields, crc) = header.split_at(header.len() - 4);
        if sum(fields) != crc {
            return Err(error("bad block header"));
        }
        let flags = fields[1];
        let mut at = 2;
        for bit in [0x40, 0x80] {
            if flags & bit != 0 {
                number(fields, &mut at)?;
            }
        }
        let (filter, length) = (number(fields, &mut at)?, number(fields, &mut at)?);
        if flags & 0x3f != 0 || filter != 0x21 || length != 1 {
            return Err(error("unsupported filter"));
        }
        let bits = *fields.get(at).ok_or_else(corrupt)?;
        let dictionary = match bits {
            // 2 or 3 times a power of two.
            0..37 => (2 | usize::from(bits & 1)) << (bits / 2 + 11),
            _ => return Err(error("dictionary too large")),
        };
        if self.decoder.is_none() || self.dictionary != dictionary {
            self.decoder = Some(Decoder::new(dictionary));
            self.dictionary = dictionary;
        }
        self.header_size = header.len() as u64;
        self.read = self.header_size;
        self.unpacked = 0;
        self.needs_dictionary = true;
        self.needs_properties = true;
        (self.crc32, self.crc64) = (Crc32::new(), Crc64::new());
        self.state = State::Chunk;
        Ok(())
    }

    /// The header of LZMA2's next chunk, or the end of the block.
    fn chunk(&mut self) -> io::Result<()> {
        let [control] = self.bytes::<1>()?;
        if control == 0 {
            return self.end_block();
        }
        let [high, low] = self.bytes::<2>()?;
        let size = usize::from(high) << 8 | usize::from(low);
        let Some(decoder) = &mut self.decoder else { return Err(corrupt()) };
        if control >= 0xe0 || control == 1 {
            decoder.forget();
            self.needs_dictionary = false;
        } else if self.needs_dictionary {
            return Err(corrupt());
        }
        if control < 0x80 {
            if control > 2 {
                return Err(corrupt());
            }
            self.plain.clear();
            self.plain.resize(size + 1, 0);
            self.input.read_exact(&mut self.plain)?;
            self.read += self.plain.len() as u64;
            self.plain_at = 0;
            self.is_plain = true;
            self.chunk_left = size + 1;
        } else {
            let mut packed_size = [0; 2];
            self.input.read_exact(&mut packed_size)?;
            self.chunk_left = (usize::from(control & 0x1f) << 16 | size) + 1;
            if control >= 0xc0 {
                let mut properties = [0];
                self.input.read_exact(&mut properties)?;
                decoder.set_properties(properties[0])?;
                self.read += 1;
                self.needs_properties = false;
            } else if self.needs_properties {
                return Err(corrupt());
            } else if control >= 0xa0 {
                decoder.reset();
            }
            let mut packed = vec![0; usize::from(u16::from_be_bytes(packed_size)) + 1];
            self.input.read_exact(&mut packed)?;
            self.read += 2 + packed.len() as u64;
            decoder.start_chunk(packed)?;
            self.is_plain = false;
        }
        self.state = State::Data;
        Ok(())
    }

    fn data(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return Err(corrupt()) };
        loop {
            let count = decoder.take(buffer);
            if count > 0 {
                self.unpacked += count as u64;
                match self.check {
                    1 => self.crc32.update(&buffer[..count]),
                    4 => self.crc64.update(&buffer[..count]),
                    _ => {}
                }
                return Ok(count);
            }
            if self.chunk_left == 0 {
                if !self.is_plain && !decoder.is_chunk_done() {
                    return Err(corrupt());
                }
                self.state = State::Chunk;
                return Ok(0);
            }
            if self.is_plain {
                let count = decoder.put_plain(&self.plain[self.plain_at..]);
                self.plain_at += count;
                self.chunk_left -= count;
            } else {
                let limit = decoder.room().min(self.chunk_left);
                if !decoder.unpack(limit, &mut |_, _| Ok(()))? {
                    return Err(corrupt());
                }
                self.chunk_left -= limit;
            }
        }
    }

    /// Padding to four bytes, and the sum of what was unpacked.
    fn end_block(&mut self) -> io::Result<()> {
        let packed = self.read;
        while !self.read.is_multiple_of(4) {
            if self.bytes::<1>()? != [0] {
                return Err(corrupt());
            }
        }
        let check_size = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][usize::from(self.check)];
        let mut check = vec![0; check_size];
        self.input.read_exact(&mut check)?;
        let right = match self.check {
            1 => check == self.crc32.value().to_le_bytes(),
            4 => check == self.crc64.value().to_le_bytes(),
            _ => true,
        };
        if !right {
            return Err(error("checksum error"));
        }
        self.blocks += 1;
        self.sizes = digest(self.sizes, packed + check_size as u64, self.unpacked);
        self.state = State::Block;
        Ok(())
    }

    /// The list of blocks, which must agree with what they were, and the end of the stream.
    fn index(&mut self) -> io::Result<()> {
        let mut text = vec![0];
        let count = self.number(&mut text)?;
        if count != self.blocks {
            return Err(error("bad index"));
        }
        let mut sizes = 0;
        for _ in 0..count {
            let packed = self.number(&mut text)?;
            let unpacked = self.number(&mut text)?;
            sizes = digest(sizes, packed, unpacked);
        }
        while !text.len().is_multiple_of(4) {
            let [byte] = self.bytes::<1>()?;
            text.push(byte);
        }
        let crc = self.bytes::<4>()?;
        let footer = self.bytes::<12>()?;
        if sizes != self.sizes || sum(&text) != crc {
            return Err(error("bad index"));
        }
        let index_words = (text.len() / 4) as u32;
        if sum(&footer[4..10]) != footer[..4]
            || footer[4..8] != index_words.to_le_bytes()
            || footer[8..] != [0, self.check, b'Y', b'Z']
        {
            return Err(error("bad stream footer"));
        }
        self.state = State::Stream;
        Ok(())
    }

    /// A number of the index, whose bytes are kept for its sum.
    fn number(&mut self, text: &mut Vec<u8>) -> io::Result<u64> {
        let start = text.len();
        loop {
            let [byte] = self.bytes::<1>()?;
            text.push(byte);
            if byte < 0x80 || text.len() - start > 9 {
                return number(&text[start..], &mut 0);
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
            match self.state {
                State::Stream => self.stream()?,
                State::Block => self.block()?,
                State::Chunk => self.chunk()?,
                State::Data => match self.data(buffer)? {
                    0 => {}
                    count => return Ok(count),
                },
                State::Done => return Ok(0),
            }
        }
    }
}

/// Seven bits a byte, the lowest first.
fn number(bytes: &[u8], at: &mut usize) -> io::Result<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.get(*at).ok_or_else(corrupt)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(corrupt())
}

fn sum(bytes: &[u8]) -> [u8; 4] {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.value().to_le_bytes()
}

/// One number for a row of sizes.
fn digest(before: u64, packed: u64, unpacked: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    ((before ^ packed).wrapping_mul(FACTOR).rotate_left(23) ^ unpacked).wrapping_mul(FACTOR).rotate_left(29)
}

/// ECMA-182's polynomial, bits from the lowest.
struct Crc64 {
    table: Box<[u64; 256]>,
    sum: u64,
}

impl Crc64 {
    fn new() -> Crc64 {
        let mut table = Box::new([0; 256]);
        for (index, entry) in table.iter_mut().enumerate() {
            *entry = (0..8).fold(index as u64, |value, _| {
                value >> 1 ^ if value & 1 == 1 { 0xc96c_5795_d787_0f42 } else { 0 }
            });
        }
        Crc64 { table, sum: u64::MAX }
    }

    fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.sum = self.sum >> 8 ^ self.table[usize::from(self.sum as u8 ^ byte)];
        }
    }

    fn value(&self) -> u64 {
        !self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_as_the_standard_says() {
        let mut crc = Crc64::new();
        crc.update(b"123456789");
        assert_eq!(crc.value(), 0x995d_c9bb_df19_39fa);
    }

    #[test]
    fn nothing_panics() {
        let mut text = vec![0; 64];
        let mut state = 7_u32;
        for _ in 0..2000 {
            for byte in &mut text {
                state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
                *byte = (state >> 16) as u8;
            }
            text[..13].copy_from_slice(&[0x5d, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
            text[13] = 0;
            if let Ok(mut reader) = crate::lzma::Reader::new(&mut &text[..]) {
                // Whatever comes out, it comes to an end.
                let _ = reader.read_to_end(&mut Vec::new());
            }
            let _ = Reader::new(&mut &text[..]).read_to_end(&mut Vec::new());
        }
    }
}
