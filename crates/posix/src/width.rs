//! width — how many columns of a terminal characters take.
//!
//! Source: Unicode 14 (East Asian Width W and F take two columns; general categories Mn, Me and Cf and the joining
//! Hangul take none), UAX #11.

/// Characters of two columns.
#[rustfmt::skip]
const WIDE: &[u8] = &[
    128, 34, 95, 187, 35, 1, 14, 1, 191, 1, 3, 4, 0, 3, 0, 138, 4, 1, 22, 1, 51, 11,
    44, 0, 20, 0, 14, 0, 9, 1, 18, 1, 6, 1, 9, 0, 6, 0, 22, 0, 8, 1, 2, 0,
    5, 0, 3, 0, 8, 0, 5, 1, 29, 0, 36, 0, 2, 0, 5, 2, 2, 0, 62, 2, 25, 0,
    15, 0, 220, 6, 1, 52, 0, 5, 0, 171, 6, 169, 3, 5, 16, 3, 85, 5, 172, 3, 9, 239,
    54, 65, 198, 173, 1, 154, 9, 28, 132, 5, 163, 87, 221, 66, 255, 3, 145, 6, 9, 23, 59, 150,
    1, 95, 128, 1, 6, 250, 223, 1, 3, 13, 139, 134, 1, 137, 122, 0, 203, 1, 0, 191, 1, 0,
    3, 9, 102, 160, 2, 13, 8, 2, 69, 2, 21, 13, 42, 5, 4, 13, 16, 4, 0, 4, 70, 2,
    0, 2, 186, 1, 3, 62, 14, 3, 2, 23, 19, 0, 27, 1, 14, 0, 87, 84, 49, 69, 7, 0,
    4, 2, 3, 10, 12, 1, 8, 8, 228, 1, 16, 156, 2, 46, 2, 9, 2, 184, 1, 113, 134, 1,
    138, 10, 253, 255, 7,
];

/// Characters of no column: they combine with the one before, or are not shown.
#[rustfmt::skip]
const ZERO: &[u8] = &[
    128, 6, 111, 148, 2, 6, 136, 2, 44, 2, 0, 2, 1, 2, 1, 2, 0, 57, 5, 11, 10, 2,
    0, 47, 20, 17, 0, 102, 7, 2, 5, 3, 1, 2, 3, 34, 0, 2, 0, 31, 26, 92, 10, 59,
    8, 10, 0, 25, 3, 2, 8, 2, 2, 2, 4, 44, 2, 53, 15, 43, 56, 56, 0, 2, 0, 5,
    7, 5, 0, 4, 6, 11, 1, 30, 0, 59, 0, 5, 3, 9, 0, 21, 1, 27, 4, 58, 0, 5,
    16, 31, 1, 4, 0, 12, 1, 58, 0, 5, 7, 5, 0, 21, 1, 23, 7, 59, 0, 3, 0, 2,
    3, 9, 9, 12, 1, 31, 0, 62, 0, 13, 0, 51, 0, 4, 0, 56, 0, 2, 2, 6, 16, 12,
    1, 30, 0, 59, 0, 3, 0, 7, 0, 6, 1, 21, 1, 29, 1, 58, 1, 5, 3, 9, 0, 21,
    1, 30, 0, 73, 0, 8, 4, 91, 0, 3, 6, 13, 7, 99, 0, 3, 8, 12, 5, 75, 1, 28,
    0, 2, 0, 2, 0, 56, 13, 2, 4, 2, 1, 6, 47, 10, 0, 103, 3, 2, 5, 2, 1, 3,
    1, 26, 1, 5, 2, 17, 3, 14, 0, 3, 1, 7, 0, 16, 0, 195, 1, 159, 1, 222, 2, 2,
    179, 7, 2, 30, 1, 31, 1, 31, 1, 65, 1, 2, 6, 9, 0, 3, 10, 10, 0, 46, 4, 118,
    1, 35, 0, 119, 2, 5, 1, 10, 0, 7, 2, 220, 1, 1, 3, 0, 59, 0, 2, 8, 2, 0,
    3, 7, 7, 12, 49, 83, 49, 0, 2, 4, 2, 0, 6, 0, 41, 8, 13, 1, 33, 3, 3, 1,
    2, 2, 57, 0, 2, 1, 4, 0, 2, 2, 59, 7, 3, 1, 153, 1, 2, 2, 12, 2, 6, 5,
    0, 7, 0, 4, 1, 199, 1, 63, 140, 4, 4, 27, 4, 50, 15, 97, 32, 255, 23, 2, 142, 1,
    0, 97, 31, 171, 4, 3, 108, 1, 213, 235, 1, 3, 2, 9, 33, 1, 81, 1, 145, 2, 0, 4,
    0, 5, 0, 26, 1, 6, 0, 152, 1, 1, 27, 17, 14, 0, 39, 7, 26, 10, 47, 2, 49, 0,
    3, 3, 3, 1, 40, 0, 68, 5, 3, 1, 3, 1, 13, 0, 9, 0, 48, 0, 52, 0, 2, 2,
    3, 1, 6, 1, 2, 0, 43, 1, 9, 0, 239, 1, 0, 3, 0, 5, 0, 177, 158, 1, 0, 226,
    5, 15, 17, 15, 208, 1, 0, 250, 1, 2, 130, 4, 0, 227, 1, 0, 150, 1, 4, 135, 13, 14,
    41, 7, 166, 1, 1, 190, 4, 3, 132, 3, 1, 154, 1, 10, 50, 3, 124, 0, 55, 14, 42, 0,
    3, 1, 11, 2, 50, 3, 3, 1, 3, 0, 5, 11, 51, 2, 37, 4, 2, 7, 63, 0, 13, 1,
    53, 8, 11, 3, 3, 0, 96, 2, 3, 0, 2, 1, 7, 0, 161, 1, 0, 4, 7, 22, 1, 58,
    1, 4, 0, 38, 14, 196, 1, 7, 3, 2, 2, 0, 24, 0, 85, 5, 2, 0, 5, 1, 2, 1,
    239, 1, 3, 7, 1, 2, 1, 28, 1, 86, 7, 3, 0, 2, 1, 107, 0, 2, 0, 3, 5, 2,
    0, 102, 2, 3, 3, 2, 4, 132, 2, 8, 2, 1, 129, 2, 1, 2, 0, 5, 0, 145, 1, 7,
    5, 0, 33, 9, 41, 5, 3, 3, 9, 0, 10, 5, 3, 2, 47, 12, 2, 1, 151, 3, 13, 2,
    0, 83, 21, 3, 6, 2, 1, 2, 1, 123, 20, 2, 0, 73, 1, 4, 0, 2, 0, 220, 2, 1,
    188, 42, 8, 184, 109, 4, 60, 6, 153, 8, 0, 64, 3, 82, 0, 185, 153, 1, 1, 2, 166, 37,
    161, 4, 2, 10, 15, 3, 6, 31, 3, 149, 1, 2, 188, 15, 54, 5, 49, 9, 0, 15, 0, 23,
    20, 209, 10, 42, 134, 2, 6, 248, 2, 0, 62, 3, 225, 11, 6, 110, 6, 183, 173, 48, 238, 3,
];

/// The columns of a character; 0 for control characters, which move the cursor or do nothing.
pub fn of_char(character: char) -> usize {
    let code = character as u32;
    match code {
        0..0x20 | 0x7f..0xa0 => 0,
        0..0x300 => 1,
        _ if contains(ZERO, code) => 0,
        _ if contains(WIDE, code) => 2,
        _ => 1,
    }
}

/// The columns of a text; a byte that is not UTF-8 counts one, as the sign shown for it.
pub fn of_bytes(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.iter().filter(|byte| !byte.is_ascii_control()).count();
    }
    text.utf8_chunks()
        .map(|chunk| {
            chunk.valid().chars().map(of_char).sum::<usize>() + usize::from(!chunk.invalid().is_empty())
        })
        .sum()
}

/// Whether a table has the code: it holds ranges as the gap to the one before and the length less one, seven bits a
/// byte, low ones first.
fn contains(table: &[u8], code: u32) -> bool {
    let mut bytes = table.iter();
    let mut next = || {
        let mut value = 0u32;
        for shift in (0..32).step_by(7) {
            let byte = *bytes.next()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    };
    let mut end = 0;
    while let (Some(gap), Some(length)) = (next(), next()) {
        let start = end + gap;
        end = start + length;
        if code < start {
            return false;
        }
        if code <= end {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_columns() {
        for (text, columns) in [
            (&b"abc"[..], 3),
            ("\u{fc}".as_bytes(), 1),
            ("\u{65e5}\u{672c}".as_bytes(), 4),
            ("e\u{301}".as_bytes(), 1),
            ("\u{1f600}".as_bytes(), 2),
            ("\u{ac00}".as_bytes(), 2),
            ("\u{200d}\u{feff}".as_bytes(), 0),
            ("\u{20000}\u{2fffd}".as_bytes(), 4),
            ("\u{2500}\u{20ac}".as_bytes(), 2),
            (b"a\xffb", 3),
            (b"a\tb\x1b", 2),
            (b"", 0),
        ] {
            assert_eq!(of_bytes(text), columns, "{}", text.escape_ascii());
        }
    }
}
