//! bzip2 — the format of bzip2, read and written.
//!
//! Source: bzip2's manual; the format as J. Tsai has described it (bzip2-format-spec).

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

pub const MAGIC: [u8; 3] = *b"BZh";

/// Before each block, and behind the last one.
const BLOCK: u64 = 0x3141_5926_5359;
const END: u64 = 0x1772_4538_5090;
/// So many symbols are coded by one table.
const GROUP: usize = 50;
/// The symbols of runs: a run's length is a number in base 2 of digits 1 and 2.
const RUN_A: u16 = 0;
const RUN_B: u16 = 1;

/// The sum of blocks, bits from the highest.
struct Crc {
    table: Box<[u32; 256]>,
    sum: u32,
}

impl Crc {
    fn new() -> Crc {
        let mut table = Box::new([0; 256]);
        for (index, entry) in table.iter_mut().enumerate() {
            *entry = (0..8).fold((index as u32) << 24, |value, _| {
                value << 1 ^ if value >> 31 == 1 { 0x04c1_1db7 } else { 0 }
            });
        }
        Crc { table, sum: u32::MAX }
    }

    fn update(&mut self, byte: u8) {
        self.sum = self.sum << 8 ^ self.table[usize::from((self.sum >> 24) as u8 ^ byte)];
    }

    fn take(&mut self) -> u32 {
        !std::mem::replace(&mut self.sum, u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn pack(text: &[u8], level: usize) -> Vec<u8> {
        let mut packed = Vec::new();
        let mut writer = Writer::new(&mut packed, level);
        writer.write_all(text).unwrap();
        writer.finish().unwrap();
        packed
    }

    fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut text = Vec::new();
        Reader::new(&mut &packed[..]).read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn there_and_back() {
        let mut random = Vec::new();
        let mut state = 1_u32;
        for _ in 0..300_000 {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
            random.push((state >> 16) as u8);
        }
        let words: Vec<u8> = (0..60_000).flat_map(|n: u32| (n % 977).to_string().into_bytes()).collect();
        for text in [
            &b""[..],
            b"a",
            b"aaaa",
            b"aaaaa",
            b"abababababab",
            &[b'x'; 1_000_000],
            &[[b'a'; 255], [b'b'; 255], [b'a'; 255]].concat(),
            &random,
            &words,
        ] {
            assert!(unpack(&pack(text, 1)).unwrap() == text, "{}", text.len());
        }
    }

    #[test]
    fn reads_what_bzip2_wrote() {
        let packed = [
            0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x4e, 0xec, 0xe8, 0x36, 0x00, 0x00,
            0x02, 0x51, 0x80, 0x00, 0x10, 0x40, 0x00, 0x06, 0x44, 0x90, 0x80, 0x20, 0x00, 0x31, 0x06, 0x4c,
            0x41, 0x01, 0xa7, 0xa9, 0xa5, 0x80, 0xbb, 0x94, 0x31, 0xf8, 0xbb, 0x92, 0x29, 0xc2, 0x84, 0x82,
            0x77, 0x67, 0x41, 0xb0,
        ];
        assert_eq!(unpack(&packed).unwrap(), b"hello world\n");
    }

    #[test]
    fn damage_is_an_error() {
        let packed = pack(b"what is in here is no matter, here is what is in", 1);
        for index in 4..packed.len() - 1 {
            let mut damaged = packed.clone();
            damaged[index] ^= 0x10;
            assert!(unpack(&damaged).is_err(), "{index}");
        }
        for length in 0..packed.len() - 1 {
            assert!(unpack(&packed[..length]).is_err(), "{length}");
        }
    }
}
