//! bytes — numbers and names at offsets of a buffer, where what lies beyond its end reads as zero.
//!
//! Superblocks are untrusted: an offset computed from one must never panic.

/// A buffer that can be asked for anything.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    /// `N` bytes at `offset`.
    pub(crate) fn array<const N: usize>(self, offset: usize) -> [u8; N] {
        let mut array = [0; N];
        let from = self.0.get(offset..).unwrap_or_default();
        let count = from.len().min(N);
        array[..count].copy_from_slice(&from[..count]);
        array
    }

    pub(crate) fn u8(self, offset: usize) -> u8 {
        self.0.get(offset).copied().unwrap_or(0)
    }

    pub(crate) fn u16(self, offset: usize) -> u16 {
        u16::from_le_bytes(self.array(offset))
    }

    pub(crate) fn u32(self, offset: usize) -> u32 {
        u32::from_le_bytes(self.array(offset))
    }

    pub(crate) fn u64(self, offset: usize) -> u64 {
        u64::from_le_bytes(self.array(offset))
    }

    /// At most `count` bytes at `offset`, fewer at the end.
    pub(crate) fn slice(self, offset: usize, count: usize) -> &'a [u8] {
        let from = self.0.get(offset..).unwrap_or_default();
        &from[..from.len().min(count)]
    }

    /// What lies from `offset` on.
    pub(crate) fn from(self, offset: usize) -> Bytes<'a> {
        Bytes(self.0.get(offset..).unwrap_or_default())
    }

    pub(crate) fn has(self, offset: usize, magic: &[u8]) -> bool {
        self.slice(offset, magic.len()) == magic
    }
}

/// A name in a field of fixed length: up to the first NUL, without blanks at its end.
pub(crate) fn name(field: &[u8]) -> Vec<u8> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    field[..end].trim_ascii_end().to_vec()
}

/// A name in UTF-16, little endian, up to the first NUL.
pub(crate) fn name_utf16(field: &[u8]) -> Vec<u8> {
    let units = field.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units.take_while(|&unit| unit != 0))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.trim_end().as_bytes().to_vec()
}

/// Sixteen bytes as `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
pub fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    text
}

/// The same with its first three numbers little endian, as GPT keeps them.
pub fn guid(mut bytes: [u8; 16]) -> String {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    uuid(bytes)
}
