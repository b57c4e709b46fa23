//! container — a version 3 file as a header and blocks, packed or not.

use std::io::{self, Read, Write};

use crate::deflate;
use crate::error::{Error, Kind, Result};
use crate::zstd;

/// Larger trees are refused: offsets in them have 28 bits.
pub const TREE_MAX: u64 = 1 << 28;

const MAGIC: [u8; 4] = *b"ADB.";

/// How a file is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    None,
    /// -1: the usual level, for which there is a shorter header.
    Deflate(i8),
    Zstd(u8),
}

impl Compression {
    pub const DEFAULT: Compression = Compression::Deflate(-1);

    /// `ALGORITHM[:LEVEL]` of the command line; None where it is malformed or out of range.
    pub fn parse(text: &[u8]) -> Option<Compression> {
        let text = std::str::from_utf8(text).ok()?;
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level.parse::<u8>().ok()?)),
            None => (text, None),
        };
        match (name, level) {
            ("none", None | Some(0)) => Some(Compression::None),
            ("deflate", None | Some(0)) => Some(Compression::DEFAULT),
            ("deflate", Some(level @ 1..=9)) => Some(Compression::Deflate(level as i8)),
            ("zstd", None | Some(0)) => Some(Compression::Zstd(0)),
            ("zstd", Some(level @ 1..=22)) => Some(Compression::Zstd(level)),
            _ => None,
        }
    }
}

/// What a block holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    Tree,
    Signature,
    Data,
}

/// A block's header.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub kind: BlockKind,
    /// Bytes of its payload.
    pub size: u64,
}

/// Reads blocks. The payload of one is read before the next is asked for; what is left of it is skipped.
pub struct Reader<'a> {
    input: Box<dyn Read + 'a>,
    pub schema: u32,
    pub compression: Compression,
    left: u64,
    padding: u64,
    last: Option<BlockKind>,
}

impl<'a> Reader<'a> {
    /// Reads the header. The first four bytes were read already: they are `start`.
    ///
    /// Errors: it is no version 3 file, or packed in a way that is not known.
    pub fn open(start: [u8; 4], mut input: Box<dyn Read + 'a>) -> Result<Reader<'a>> {
        let (mut input, compression): (Box<dyn Read + 'a>, _) = match &start {
            b"ADB." => (Box::new(io::Cursor::new(MAGIC).chain(input)), Compression::None),
            b"ADBd" => (Box::new(deflate::Reader::raw(input)), Compression::DEFAULT),
            b"ADBc" => {
                let mut spec = [0; 2];
                input.read_exact(&mut spec)?;
                match spec {
                    [0, _] => (input, Compression::None),
                    [1, level] => (Box::new(deflate::Reader::raw(input)), Compression::Deflate(level as i8)),
                    [2, level] => (Box::new(zstd::Reader::new(input)?), Compression::Zstd(level)),
                    [other, _] => {
                        let what = format!("algorithm {other}");
                        return Err(Error::detailed(Kind::AdbCompression, what));
                    }
                }
            }
            _ => return Err(Kind::AdbHeader.into()),
        };
        let mut header = [0; 8];
        input.read_exact(&mut header)?;
        let [magic @ .., a, b, c, d] = header;
        if magic != MAGIC {
            return Err(Kind::AdbHeader.into());
        }
        let schema = u32::from_le_bytes([a, b, c, d]);
        Ok(Reader { input, schema, compression, left: 0, padding: 0, last: None })
    }

    /// The next block; None at the file's end.
    ///
    /// Errors: blocks are out of order (a tree, then signatures, then data), or cut.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        self.skip()?;
        let mut first = [0; 4];
        match read_or_end(&mut self.input, &mut first)? {
            0 if self.last.is_some() => return Ok(None),
            4 => {}
            _ => return Err(Kind::Eof.into()),
        }
        let word = u32::from_le_bytes(first);
        let (kind, size, header) = if word >> 30 == 3 {
            let mut rest = [0; 12];
            self.input.read_exact(&mut rest)?;
            let [_, _, _, _, size @ ..] = rest;
            (word & 0x3fff_ffff, u64::from_le_bytes(size), 16)
        } else {
            (word >> 30, u64::from(word & 0x3fff_ffff), 4)
        };
        let kind = match kind {
            0 => BlockKind::Tree,
            1 => BlockKind::Signature,
            2 => BlockKind::Data,
            _ => return Err(Error::detailed(Kind::AdbBlock, format!("unknown type {kind}"))),
        };
        let is_in_order = match self.last {
            None => kind == BlockKind::Tree,
            Some(BlockKind::Data) => kind == BlockKind::Data,
            Some(_) => kind != BlockKind::Tree,
        };
        if !is_in_order || size < header {
            return Err(Error::detailed(Kind::AdbBlock, "blocks out of order, or without a size"));
        }
        self.last = Some(kind);
        (self.left, self.padding) = (size - header, size.wrapping_neg() % 8);
        Ok(Some(Block { kind, size: size - header }))
    }

    /// The rest of the payload.
    ///
    /// Errors: it has more than `limit` bytes, which makes the error `too_long`.
    pub fn read_block(&mut self, limit: u64, too_long: Kind) -> Result<Vec<u8>> {
        if self.left > limit {
            return Err(too_long.into());
        }
        let wanted = self.left;
        let mut bytes = Vec::new();
        // Memory follows what is really there, not what a header promises.
        (&mut self.input).take(wanted).read_to_end(&mut bytes)?;
        self.left = 0;
        if (bytes.len() as u64) < wanted {
            return Err(Kind::Eof.into());
        }
        Ok(bytes)
    }

    fn skip(&mut self) -> Result {
        let wanted = std::mem::take(&mut self.left) + std::mem::take(&mut self.padding);
        let skipped = io::copy(&mut (&mut self.input).take(wanted), &mut io::sink())?;
        if skipped < wanted { Err(Kind::Eof.into()) } else { Ok(()) }
    }
}

/// The payload of the current block.
impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(out.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut out[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Fills `out` as far as the input goes.
fn read_or_end(input: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match input.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Writes a file: its header at once, then blocks.
pub struct Writer<'a> {
    out: Packed<'a>,
}

enum Packed<'a> {
    Plain(&'a mut dyn Write),
    Deflate(deflate::Writer<&'a mut dyn Write>),
    /// The only encoder there is takes whole input.
    Zstd(&'a mut dyn Write, Vec<u8>),
}

impl<'a> Writer<'a> {
    pub fn new(out: &'a mut dyn Write, compression: Compression, schema: u32) -> Result<Writer<'a>> {
        let mut out = match compression {
            Compression::None => Packed::Plain(out),
            Compression::Deflate(-1) => {
                out.write_all(b"ADBd")?;
                Packed::Deflate(deflate::Writer::raw(out, -1))
            }
            Compression::Deflate(level) => {
                out.write_all(&[b'A', b'D', b'B', b'c', 1, level as u8])?;
                Packed::Deflate(deflate::Writer::raw(out, i32::from(level)))
            }
            Compression::Zstd(level) => {
                out.write_all(&[b'A', b'D', b'B', b'c', 2, level])?;
                Packed::Zstd(out, Vec::new())
            }
        };
        out.write_all(&MAGIC)?;
        out.write_all(&schema.to_le_bytes())?;
        Ok(Writer { out })
    }

    /// A block whose payload is the `parts` one behind the other.
    pub fn block(&mut self, kind: BlockKind, parts: &[&[u8]]) -> Result {
        let size = parts.iter().map(|part| part.len() as u64).sum();
        let padding = self.start_block(kind, size)?;
        for part in parts {
            self.out.write_all(part)?;
        }
        self.out.write_all(&[0; 8][..padding])?;
        Ok(())
    }

    /// A block of `start` and the `size` bytes that `content` gives.
    ///
    /// Errors: it gives less.
    pub fn stream(&mut self, kind: BlockKind, start: &[u8], content: &mut dyn Read, size: u64) -> Result {
        let padding = self.start_block(kind, start.len() as u64 + size)?;
        self.out.write_all(start)?;
        if io::copy(&mut content.take(size), &mut self.out)? < size {
            return Err(Kind::Eof.into());
        }
        self.out.write_all(&[0; 8][..padding])?;
        Ok(())
    }

    /// Writes a block's header. Returns how many zeros follow the payload.
    fn start_block(&mut self, kind: BlockKind, size: u64) -> Result<usize> {
        let number: u32 = match kind {
            BlockKind::Tree => 0,
            BlockKind::Signature => 1,
            BlockKind::Data => 2,
        };
        let whole = if size + 4 < 1 << 30 {
            self.out.write_all(&(number << 30 | (size as u32 + 4)).to_le_bytes())?;
            size + 4
        } else {
            self.out.write_all(&(3 << 30 | number).to_le_bytes())?;
            self.out.write_all(&[0; 4])?;
            self.out.write_all(&(size + 16).to_le_bytes())?;
            size + 16
        };
        Ok((whole.wrapping_neg() % 8) as usize)
    }

    /// Writes what is held back.
    pub fn finish(self) -> Result {
        match self.out {
            Packed::Plain(_) => {}
            Packed::Deflate(writer) => {
                writer.finish()?;
            }
            Packed::Zstd(out, bytes) => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                out.write_all(&ruzstd::encoding::compress_to_vec(bytes.as_slice(), level))?;
            }
        }
        Ok(())
    }
}

impl Write for Packed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packed::Plain(out) => out.write(bytes),
            Packed::Deflate(writer) => writer.write(bytes),
            Packed::Zstd(_, held) => held.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(compression: Compression) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, compression, 7).unwrap();
        writer.block(BlockKind::Tree, &[b"0123", b"4567"]).unwrap();
        writer.block(BlockKind::Signature, &[b"s"]).unwrap();
        writer.stream(BlockKind::Data, b"12345678", &mut &[9; 1000][..], 1000).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<(BlockKind, Vec<u8>)>> {
        let start = *bytes.first_chunk().ok_or(Kind::Eof)?;
        let mut reader = Reader::open(start, Box::new(&bytes[4..]))?;
        let mut blocks = Vec::new();
        while let Some(block) = reader.next_block()? {
            blocks.push((block.kind, reader.read_block(4096, Kind::AdbBlock)?));
        }
        Ok(blocks)
    }

    #[test]
    fn comes_back_however_packed() {
        for compression in [
            Compression::None,
            Compression::DEFAULT,
            Compression::Deflate(9),
            Compression::Zstd(0),
            Compression::Zstd(19),
        ] {
            let bytes = written(compression);
            let blocks = read(&bytes).unwrap();
            assert_eq!(blocks.len(), 3, "{compression:?}");
            assert_eq!(blocks[0], (BlockKind::Tree, b"01234567".to_vec()));
            assert_eq!(blocks[2].1.len(), 1008);
            for cut in [3, 5, 11, bytes.len() / 2, bytes.len() - 12] {
                assert!(read(&bytes[..cut]).is_err(), "{compression:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn order_is_kept() {
        let bytes = written(Compression::None);
        let mut swapped = bytes.clone();
        swapped[8 + 16 + 3] = 0x80;
        assert!(read(&swapped).is_ok(), "data may follow the tree");
        swapped[8 + 3] = 0x40;
        assert!(matches!(read(&swapped).unwrap_err().kind, Kind::AdbBlock));
        let mut second_tree = bytes;
        second_tree[8 + 16 + 3] = 0;
        assert!(read(&second_tree).is_err());
    }

    #[test]
    fn compressions() {
        for (text, expected) in [
            ("none", Some(Compression::None)),
            ("deflate", Some(Compression::Deflate(-1))),
            ("deflate:9", Some(Compression::Deflate(9))),
            ("deflate:10", None),
            ("zstd:22", Some(Compression::Zstd(22))),
            ("zstd:99", None),
            ("none:1", None),
            ("foo", None),
        ] {
            assert_eq!(Compression::parse(text.as_bytes()), expected, "{text}");
        }
    }
}
