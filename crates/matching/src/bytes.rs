//! bytes — finding bytes and short texts in long ones, eight bytes at a time.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks the zero bytes of `word`; above the first one marks may be wrong.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

fn word(chunk: &[u8]) -> u64 {
    chunk.try_into().map_or(0, u64::from_le_bytes)
}

/// Whether two texts are the same but for the case of ASCII letters. (The standard library's way is unrolled for long
/// texts, to 2.5 KB; these are words.)
pub(crate) fn same_letters(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// The first place of `byte`.
pub fn find_byte(text: &[u8], byte: u8) -> Option<usize> {
    find_either(text, byte, byte)
}

/// The first place of one of two bytes.
pub fn find_either(text: &[u8], one: u8, other: u8) -> Option<usize> {
    let (ones, others) = (LOW * u64::from(one), LOW * u64::from(other));
    let marks = |word: u64| zeros(word ^ ones) | zeros(word ^ others);
    let mut chunks = text.chunks_exact(16);
    let mut at = 0;
    for chunk in &mut chunks {
        let (left, right) = (marks(word(&chunk[..8])), marks(word(&chunk[8..])));
        if left | right != 0 {
            return Some(match left {
                0 => at + 8 + right.trailing_zeros() as usize / 8,
                _ => at + left.trailing_zeros() as usize / 8,
            });
        }
        at += 16;
    }
    chunks.remainder().iter().position(|&found| found == one || found == other).map(|rest| at + rest)
}

/// The last place of `byte`.
pub fn rfind_byte(text: &[u8], byte: u8) -> Option<usize> {
    let pattern = LOW * u64::from(byte);
    let mut chunks = text.rchunks_exact(8);
    let mut end = text.len();
    for chunk in &mut chunks {
        if zeros(word(chunk) ^ pattern) != 0 {
            break;
        }
        end -= 8;
    }
    text[..end].iter().rposition(|&found| found == byte)
}

/// How often `byte` occurs.
pub fn count_byte(text: &[u8], byte: u8) -> usize {
    let pattern = LOW * u64::from(byte);
    let mut chunks = text.chunks_exact(8);
    let mut count = 0;
    for chunk in &mut chunks {
        let different = word(chunk) ^ pattern;
        // Exact for every byte: bit 7 of each byte says that it is not zero.
        let nonzero = (((different & !HIGH) + !HIGH) | different) & HIGH;
        count += 8 - nonzero.count_ones() as usize;
    }
    count + chunks.remainder().iter().filter(|&&found| found == byte).count()
}

/// The sum of all bytes.
pub fn sum(text: &[u8]) -> u64 {
    // Sums of 128 bytes fit 16 bits, which many of are added at once.
    text.chunks(128).map(|chunk| u64::from(chunk.iter().map(|&byte| u16::from(byte)).sum::<u16>())).sum()
}

/// A text that is looked for again and again.
#[derive(Debug)]
pub struct Finder {
    needle: Box<[u8]>,
    /// The place of its rarest byte.
    rare: usize,
    ignore_case: bool,
}

impl Finder {
    /// With `ignore_case` ASCII letters match in both cases.
    pub fn new(needle: &[u8], ignore_case: bool) -> Finder {
        let needle: Box<[u8]> =
            if ignore_case { needle.to_ascii_lowercase() } else { needle.to_vec() }.into();
        let rare = (0..needle.len()).min_by_key(|&index| commonness(needle[index], ignore_case)).unwrap_or(0);
        Finder { needle, rare, ignore_case }
    }

    pub fn needle(&self) -> &[u8] {
        &self.needle
    }

    /// The first place at or behind `start`.
    pub fn find(&self, text: &[u8], start: usize) -> Option<usize> {
        let length = self.needle.len();
        let last = text.len().checked_sub(length)?;
        let Some(&rare) = self.needle.get(self.rare) else { return (start <= last).then_some(start) };
        let other = if self.ignore_case { rare.to_ascii_uppercase() } else { rare };
        let mut at = start;
        while at <= last {
            // The rare byte of a needle that ends within the text.
            at += find_either(&text[at + self.rare..last + self.rare + 1], rare, other)?;
            let found = &text[at..at + length];
            let same =
                if self.ignore_case { same_letters(found, &self.needle) } else { *found == *self.needle };
            if same {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

/// How common a byte is in texts and programs, roughly.
fn commonness(byte: u8, ignore_case: bool) -> u8 {
    match byte {
        b' ' | b'\n' | 0 => 10,
        b'e' | b't' | b'a' | b'i' | b'n' | b'o' | b's' | b'r' => 9,
        b'l' | b'd' | b'h' | b'c' | b'u' | b'm' | b'p' | b'f' | b'0' | b'1' => 8,
        b'a'..=b'z' if ignore_case => 7,
        b'a'..=b'z' | b'.' | b',' | b'-' | b'/' | b'_' | b'2'..=b'9' => 6,
        b'A'..=b'Z' | b'(' | b')' | b'=' | b'"' => 5,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_simple_way() {
        let text: Vec<u8> = (0..400u32).map(|index| (index * index % 7 + index / 50) as u8 + b'a').collect();
        for start in 0..40 {
            for end in [start, start + 5, start + 16, start + 100, 400] {
                let part = &text[start..end];
                for byte in b'a'..=b'z' {
                    assert_eq!(find_byte(part, byte), part.iter().position(|&found| found == byte));
                    assert_eq!(rfind_byte(part, byte), part.iter().rposition(|&found| found == byte));
                    assert_eq!(count_byte(part, byte), part.iter().filter(|&&found| found == byte).count());
                }
            }
        }
        assert_eq!(count_byte(&[0x80, 0x81, 0, 1, 0xff, 0, 0x80, 1, 0], 0), 3);
        for length in [0, 1, 127, 128, 129, 512] {
            assert_eq!(sum(&vec![0xff; length]), 0xff * length as u64);
        }
    }

    #[test]
    fn finds_texts() {
        for (needle, text, ignore_case, start, expected) in [
            ("ab", "xxabab", false, 0, Some(2)),
            ("ab", "xxabab", false, 3, Some(4)),
            ("ab", "xxAbaB", true, 3, Some(4)),
            ("abc", "ab", false, 0, None),
            ("", "ab", false, 2, Some(2)),
            ("aab", "aaaaaaaaaaaaaaaaaaaaaab", false, 0, Some(20)),
            ("x", "", false, 0, None),
        ] {
            assert_eq!(
                Finder::new(needle.as_bytes(), ignore_case).find(text.as_bytes(), start),
                expected,
                "{needle} {text}"
            );
        }
    }
}
