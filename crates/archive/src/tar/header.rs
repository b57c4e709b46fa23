//! header — the fields of a header block.

use super::BLOCK;

pub(super) type Block = [u8; BLOCK];

/// Where the fields lie, and how long they are.
pub(super) const NAME: (usize, usize) = (0, 100);
pub(super) const MODE: (usize, usize) = (100, 8);
pub(super) const UID: (usize, usize) = (108, 8);
pub(super) const GID: (usize, usize) = (116, 8);
pub(super) const SIZE: (usize, usize) = (124, 12);
pub(super) const MTIME: (usize, usize) = (136, 12);
pub(super) const SUM: (usize, usize) = (148, 8);
pub(super) const KIND: usize = 156;
pub(super) const LINK: (usize, usize) = (157, 100);
pub(super) const MAGIC: (usize, usize) = (257, 8);
pub(super) const USER: (usize, usize) = (265, 32);
pub(super) const GROUP: (usize, usize) = (297, 32);
pub(super) const MAJOR: (usize, usize) = (329, 8);
pub(super) const MINOR: (usize, usize) = (337, 8);
pub(super) const PREFIX: (usize, usize) = (345, 155);

pub(super) fn field(block: &Block, (start, length): (usize, usize)) -> &[u8] {
    &block[start..start + length]
}

/// The bytes up to the first zero.
pub(super) fn text(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|&byte| byte == 0).unwrap_or(field.len())]
}

/// A number in octal digits, or with the highest bit set in bytes, the first the highest.
///
/// None where it is neither, or does not fit.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(&first) if first & 0x80 != 0 => {
            // Two's complement; the highest bit is the mark, the next one the sign.
            let mut value: i64 = if first & 0x40 != 0 { -1 } else { 0 };
            let digits = std::iter::once(first & 0x7f | if first & 0x40 != 0 { 0x80 } else { 0 });
            for byte in digits.chain(field[1..].iter().copied()) {
                if !(i64::MIN >> 8..=i64::MAX >> 8).contains(&value) {
                    return None;
                }
                value = value << 8 | i64::from(byte);
            }
            Some(value)
        }
        _ => {
            let mut value = 0i64;
            for &byte in field.iter().skip_while(|&&byte| byte == b' ') {
                match byte {
                    b'0'..=b'7' => value = value.checked_mul(8)?.checked_add(i64::from(byte - b'0'))?,
                    b' ' | 0 => break,
                    _ => return None,
                }
            }
            Some(value)
        }
    }
}

/// Writes a number: in octal where it fits, else in bytes.
pub(super) fn put_number(block: &mut Block, (start, length): (usize, usize), value: i64) {
    let field = &mut block[start..start + length];
    let digits = format!("{value:0width$o}", width = length - 1);
    if value >= 0 && digits.len() < length {
        field[..digits.len()].copy_from_slice(digits.as_bytes());
        return;
    }
    let bytes = value.to_be_bytes();
    field.fill(if value < 0 { 0xff } else { 0 });
    let count = bytes.len().min(length);
    field[length - count..].copy_from_slice(&bytes[bytes.len() - count..]);
    field[0] |= 0x80;
}

/// The sum of all bytes, those of the sum itself taken as blanks: as unsigned ones, and as signed ones, which old
/// programs wrote.
pub(super) fn sums(block: &Block) -> (i64, i64) {
    let mut sums = (0, 0);
    for (index, &byte) in block.iter().enumerate() {
        let byte = if (SUM.0..SUM.0 + SUM.1).contains(&index) { b' ' } else { byte };
        sums.0 += i64::from(byte);
        sums.1 += i64::from(byte as i8);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0, 1, 0o7777777, 0o10000000, i64::from(u32::MAX), -1, -1000] {
            let mut block = [0; BLOCK];
            put_number(&mut block, UID, value);
            assert_eq!(number(field(&block, UID)), Some(value), "{value}");
        }
        let mut block = [0; BLOCK];
        put_number(&mut block, SIZE, i64::MAX);
        assert_eq!(number(field(&block, SIZE)), Some(i64::MAX));
        for (text, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"99999999", None),
            (b"0x00000\0", None),
            (b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ] {
            assert_eq!(number(text), expected, "{}", text.escape_ascii());
        }
    }
}
