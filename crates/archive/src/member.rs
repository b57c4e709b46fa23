//! member — one compressed text that comes in pieces: raw, or a member of a gzip file.
//!
//! Where `gzip::Reader` and `inflate::Reader` ask for input, this is given it, and says how much of it belonged to the
//! text. Source: RFC 1951, RFC 1952.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use crate::crc32::Crc32;

const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const FLAGS_RESERVED: u8 = 0xe0;

/// The state of unpacking.
pub struct Member {
    stage: Stage,
    /// Flags of the header, less those whose fields were read.
    flags: u8,
    has_trailer: bool,
    inflate: Box<InflateState>,
    crc: Crc32,
    size: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The ten bytes that every header has.
    Fixed(usize),
    ExtraSize(usize, u16),
    Extra(u16),
    /// A text that ends with a zero.
    Text,
    HeaderCrc(usize),
    Body,
    Trailer(usize, u64),
    Over,
    Wrong(&'static str),
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input that belong to the text.
    pub taken: usize,
    /// Bytes of the output that were filled.
    pub given: usize,
    /// Whether the text ended, and was right.
    pub is_over: bool,
    /// What is wrong with the text behind the bytes that were given. Later steps say the same.
    pub wrong: Option<&'static str>,
}

impl Member {
    /// A text without header and trailer.
    pub fn raw() -> Member {
        Member::starting_with(Stage::Body, false)
    }

    /// A member of a gzip file. Its name, comment and other fields are passed over; length and sum are checked.
    pub fn gzip() -> Member {
        Member::starting_with(Stage::Fixed(0), true)
    }

    fn starting_with(stage: Stage, has_trailer: bool) -> Member {
        let inflate = InflateState::new_boxed(DataFormat::Raw);
        Member { stage, flags: 0, has_trailer, inflate, crc: Crc32::new(), size: 0 }
    }

    /// Unpacks as much of `input` as fits into `out`. A step that neither takes nor gives needs more of one of them.
    pub fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let mut taken = 0;
        let mut given = 0;
        while !matches!(self.stage, Stage::Over | Stage::Wrong(_)) {
            if self.stage == Stage::Body {
                let result = inflate(&mut self.inflate, &input[taken..], &mut out[given..], MZFlush::None);
                taken += result.bytes_consumed;
                let unpacked = &out[given..given + result.bytes_written];
                if self.has_trailer {
                    self.crc.update(unpacked);
                    self.size = self.size.wrapping_add(unpacked.len() as u32);
                }
                given += unpacked.len();
                match result.status {
                    Ok(MZStatus::StreamEnd) => {
                        self.stage = if self.has_trailer { Stage::Trailer(0, 0) } else { Stage::Over };
                    }
                    Ok(_) | Err(MZError::Buf) => break,
                    Err(_) => self.stage = Stage::Wrong("corrupted data"),
                }
            } else {
                let Some(&byte) = input.get(taken) else { break };
                taken += 1;
                self.stage = self.around(byte);
            }
        }
        let wrong = match self.stage {
            Stage::Wrong(what) => Some(what),
            _ => None,
        };
        Step { taken, given, is_over: self.stage == Stage::Over, wrong }
    }

    /// Takes a byte of the header or the trailer.
    fn around(&mut self, byte: u8) -> Stage {
        match self.stage {
            Stage::Fixed(index) => {
                match index {
                    0 | 1 if byte != crate::gzip::MAGIC[index] => return Stage::Wrong("invalid magic"),
                    2 if byte != 8 => return Stage::Wrong("unknown compression method"),
                    3 if byte & FLAGS_RESERVED != 0 => return Stage::Wrong("unknown flags"),
                    3 => self.flags = byte,
                    _ => {}
                }
                if index < 9 { Stage::Fixed(index + 1) } else { self.next_field() }
            }
            Stage::ExtraSize(0, _) => Stage::ExtraSize(1, u16::from(byte)),
            Stage::ExtraSize(_, low) => match low | u16::from(byte) << 8 {
                0 => self.next_field(),
                size => Stage::Extra(size),
            },
            Stage::Extra(size) if size > 1 => Stage::Extra(size - 1),
            Stage::Text if byte != 0 => Stage::Text,
            Stage::HeaderCrc(0) => Stage::HeaderCrc(1),
            Stage::Extra(_) | Stage::Text | Stage::HeaderCrc(_) => self.next_field(),
            Stage::Trailer(index, before) => {
                let sums = before | u64::from(byte) << (8 * index);
                if index < 7 {
                    return Stage::Trailer(index + 1, sums);
                }
                if sums as u32 != self.crc.value() {
                    return Stage::Wrong("incorrect data check");
                }
                if (sums >> 32) as u32 != self.size {
                    return Stage::Wrong("incorrect length check");
                }
                Stage::Over
            }
            Stage::Body | Stage::Over | Stage::Wrong(_) => self.stage,
        }
    }

    /// The field of the header that comes next, or the body.
    fn next_field(&mut self) -> Stage {
        for (flag, stage) in [
            (EXTRA, Stage::ExtraSize(0, 0)),
            (NAME, Stage::Text),
            (COMMENT, Stage::Text),
            (HEADER_CRC, Stage::HeaderCrc(0)),
        ] {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                return stage;
            }
        }
        Stage::Body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Unpacks with pieces of `piece` bytes in and out; the text and the bytes taken.
    fn unpack(mut member: Member, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize), &'static str> {
        let (mut text, mut at) = (Vec::new(), 0);
        loop {
            let mut out = vec![0; piece];
            let input = &bytes[at..bytes.len().min(at + piece)];
            let step = member.step(input, &mut out);
            text.extend_from_slice(&out[..step.given]);
            at += step.taken;
            if let Some(what) = step.wrong {
                assert_eq!(member.step(b"more", &mut out).wrong, Some(what));
                return Err(what);
            }
            if step.is_over {
                return Ok((text, at));
            }
            if step.taken == 0 && step.given == 0 && at == bytes.len() {
                return Err("ends within");
            }
        }
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = crate::gzip::Writer::new(&mut bytes, 6, 7);
        writer.write_all(text).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn any_pieces() {
        let text: Vec<u8> = (0..100_000u32).map(|number| (number.wrapping_mul(number) >> 9) as u8).collect();
        let bytes = packed(&text);
        let body = bytes.len() - 8;
        for piece in [1, 2, 7, 4096, 1 << 20] {
            let behind = [&bytes[..], b"more"].concat();
            assert_eq!(unpack(Member::gzip(), &behind, piece), Ok((text.clone(), bytes.len())), "{piece}");
            assert_eq!(unpack(Member::raw(), &behind[10..], piece), Ok((text.clone(), body - 10)), "{piece}");
            for end in [0, 5, 10, 500, body, bytes.len() - 1] {
                assert_eq!(unpack(Member::gzip(), &bytes[..end], piece), Err("ends within"), "{piece} {end}");
            }
        }
    }

    #[test]
    fn fields_of_the_header() {
        let bytes = packed(b"text");
        for (flags, fields) in [
            (EXTRA, &b"\x03\x00abc"[..]),
            (EXTRA | NAME, b"\x00\x00name\0"),
            (NAME | COMMENT, b"name\0what\0"),
            (EXTRA | NAME | COMMENT | HEADER_CRC, b"\x01\x00x\0\0\x01\x02"),
            (1, b""),
        ] {
            let mut with = bytes.clone();
            with[3] = flags;
            with.splice(10..10, fields.iter().copied());
            assert_eq!(unpack(Member::gzip(), &with, 3), Ok((b"text".to_vec(), with.len())), "{flags}");
        }
    }

    #[test]
    fn what_is_wrong() {
        let bytes = packed(b"text");
        let last = bytes.len() - 1;
        for (index, value, expected) in [
            (0, 0, "invalid magic"),
            (1, 0, "invalid magic"),
            (2, 7, "unknown compression method"),
            (3, 0x80, "unknown flags"),
            (10, 0xff, "corrupted data"),
            (last - 5, 0xee, "incorrect data check"),
            (last, 1, "incorrect length check"),
        ] {
            let mut wrong = bytes.clone();
            wrong[index] = value;
            assert_eq!(unpack(Member::gzip(), &wrong, 100), Err(expected), "{index}");
        }
    }
}
