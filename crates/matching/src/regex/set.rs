//! set — a set of characters: a bracket expression, `.`, `\w`.
//!
//! A character is a code point, or one byte that is not part of well-formed UTF-8, which has the number
//! `RAW + byte`.

use super::fold;

/// The number of the byte 0 as a stray byte; above every code point.
pub(super) const RAW: u32 = 0x11_0000;

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// ASCII or not well-formed UTF-8: each byte is a character, but for those that a set names.
    Bytes,
    /// Well-formed UTF-8.
    Utf8,
}

/// The named classes, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Class(u16);

const NAMES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
    "xdigit",
];

impl Class {
    pub(super) const ALNUM: Class = Class(1);
    pub(super) const DIGIT: Class = Class(1 << 4);
    pub(super) const SPACE: Class = Class(1 << 9);

    pub(super) fn named(name: &[u8]) -> Option<Class> {
        NAMES.iter().position(|known| known.as_bytes() == name).map(|index| Class(1 << index))
    }

    fn has(self, name: &str) -> bool {
        NAMES.iter().position(|known| *known == name).is_some_and(|index| self.0 & (1 << index) != 0)
    }

    fn has_ascii(self, byte: u8) -> bool {
        let members: [bool; 12] = [
            byte.is_ascii_alphanumeric(),
            byte.is_ascii_alphabetic(),
            byte == b' ' || byte == b'\t',
            byte.is_ascii_control(),
            byte.is_ascii_digit(),
            byte.is_ascii_graphic(),
            byte.is_ascii_lowercase(),
            byte.is_ascii_graphic() || byte == b' ',
            byte.is_ascii_punctuation(),
            byte.is_ascii_whitespace() || byte == 0x0b,
            byte.is_ascii_uppercase(),
            byte.is_ascii_hexdigit(),
        ];
        members.iter().enumerate().any(|(index, &member)| member && self.0 & (1 << index) != 0)
    }

    /// Classes of characters beyond ASCII, after Unicode's properties.
    fn has_wide(self, c: char) -> bool {
        let control = c.is_control();
        // No-break spaces do not separate words.
        let space = c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}');
        (self.has("alnum") || self.has("alpha")) && c.is_alphanumeric()
            || self.has("lower") && c.is_lowercase()
            || self.has("upper") && c.is_uppercase()
            || (self.has("space") || self.has("blank")) && space
            || self.has("cntrl") && control
            || self.has("print") && !control
            || self.has("graph") && !control && !space
            || self.has("punct") && !control && !space && !c.is_alphanumeric()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Set {
    ascii: u128,
    /// Characters beyond ASCII, and stray bytes.
    ranges: Vec<(u32, u32)>,
    classes: Class,
    negated: bool,
}

impl Set {
    pub(super) fn new() -> Set {
        Set { ascii: 0, ranges: Vec::new(), classes: Class(0), negated: false }
    }

    /// Every character.
    pub(super) fn any() -> Set {
        Set { negated: true, ..Set::new() }
    }

    pub(super) fn add(&mut self, first: u32, last: u32) {
        for code in first..=last.min(127) {
            self.ascii |= 1 << code;
        }
        if last > 127 {
            self.ranges.push((first.max(128), last));
        }
    }

    pub(super) fn add_class(&mut self, class: Class) {
        self.classes.0 |= class.0;
        for byte in 0..128u8 {
            if class.has_ascii(byte) {
                self.ascii |= 1 << byte;
            }
        }
    }

    pub(super) fn negate(&mut self) {
        self.negated = !self.negated;
    }

    pub(super) fn is_negated(&self) -> bool {
        self.negated
    }

    /// Takes a byte out of what the set matches.
    pub(super) fn exclude(&mut self, byte: u8) {
        if byte < 128 {
            self.ascii = if self.negated { self.ascii | 1 << byte } else { self.ascii & !(1 << byte) };
        }
    }

    /// Adds the other case of every member. To be called before `negate`.
    pub(super) fn ignore_case(&mut self) {
        for lower in b'a'..=b'z' {
            let both = 1u128 << lower | 1u128 << (lower - 32);
            if self.ascii & both != 0 {
                self.ascii |= both;
            }
        }
        if self.classes.has("lower") || self.classes.has("upper") {
            self.classes.0 |= Class::named(b"lower").map_or(0, |class| class.0);
            self.classes.0 |= Class::named(b"upper").map_or(0, |class| class.0);
        }
        // The other cases of a range wider than any alphabet are in it, but for a few at its ends.
        let mut others = Vec::new();
        for &(first, last) in &self.ranges {
            for code in first..=last.min(first + 0x600) {
                fold::other_cases(code, &mut |other| others.push(other));
            }
        }
        for other in others {
            self.add(other, other);
        }
    }

    /// Whether it matters how a text is read.
    pub(super) fn depends_on_mode(&self) -> bool {
        self.negated || self.classes.0 != 0
    }

    pub(super) fn has_ascii(&self, byte: u8) -> bool {
        (self.ascii >> byte & 1 != 0) != self.negated
    }

    fn has_wide(&self, code: u32) -> bool {
        self.ranges.iter().any(|&(first, last)| first <= code && code <= last)
            || self.classes.0 != 0
                && char::from_u32(code).is_some_and(|character| self.classes.has_wide(character))
    }

    /// The length of the character at `at` if it is a member.
    pub(super) fn step(&self, text: &[u8], at: usize, mode: Mode) -> Option<usize> {
        let first = *text.get(at)?;
        if first < 128 {
            return self.has_ascii(first).then_some(1);
        }
        if mode == Mode::Bytes && self.negated {
            let stray = RAW + u32::from(first);
            return (!self.ranges.iter().any(|&(low, high)| low <= stray && stray <= high)).then_some(1);
        }
        let (code, length) = decode(&text[at..]);
        let member = match mode {
            Mode::Utf8 => self.has_wide(code),
            Mode::Bytes => self.ranges.iter().any(|&(low, high)| low <= code && code <= high),
        };
        (member != self.negated).then_some(length)
    }

    /// The byte sequences of all members, each a row of byte ranges.
    pub(super) fn sequences(&self, mode: Mode) -> Vec<Vec<(u8, u8)>> {
        let mut sequences = Vec::new();
        let mut first = 0;
        while first < 128u8 {
            if !self.has_ascii(first) {
                first += 1;
                continue;
            }
            let mut last = first;
            while last < 127 && self.has_ascii(last + 1) {
                last += 1;
            }
            sequences.push(vec![(first, last)]);
            first = last + 1;
        }
        if mode == Mode::Bytes && self.negated {
            for byte in 128..=255u8 {
                let stray = RAW + u32::from(byte);
                if !self.ranges.iter().any(|&(low, high)| low <= stray && stray <= high) {
                    sequences.push(vec![(byte, byte)]);
                }
            }
            return sequences;
        }
        for (first, last) in self.wide_ranges(mode) {
            if first >= RAW {
                sequences.push(vec![((first - RAW) as u8, (last - RAW) as u8)]);
            } else {
                encode_range(first, last, &mut sequences);
            }
        }
        sequences
    }

    /// The members beyond ASCII as sorted ranges that do not touch.
    fn wide_ranges(&self, mode: Mode) -> Vec<(u32, u32)> {
        let mut ranges = self.ranges.clone();
        if mode == Mode::Utf8 && self.classes.0 != 0 {
            // Beyond here lie no letters, only what is printable and some marks.
            const LAST: u32 = 0x3_23ff;
            let mut start = None;
            for code in 128..=LAST + 1 {
                let member = code <= LAST
                    && char::from_u32(code).is_some_and(|character| self.classes.has_wide(character));
                match (member, start) {
                    (true, None) => start = Some(code),
                    (false, Some(first)) => {
                        ranges.push((first, code - 1));
                        start = None;
                    }
                    _ => {}
                }
            }
            if self.classes.has("print") || self.classes.has("graph") {
                ranges.push((LAST + 1, RAW - 1));
            }
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 + 1 && (first < RAW) == (before.0 < RAW) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        if !self.negated {
            return merged;
        }
        let mut gaps = Vec::new();
        let mut next = 128;
        for (first, last) in merged.into_iter().filter(|range| range.0 < RAW) {
            if first > next {
                gaps.push((next, first - 1));
            }
            next = last + 1;
        }
        if next < RAW {
            gaps.push((next, RAW - 1));
        }
        gaps
    }
}

/// The character that `text`, which is not empty, begins with, and its length.
pub(super) fn decode(text: &[u8]) -> (u32, usize) {
    let stray = (RAW + u32::from(text[0]), 1);
    let (length, low, bits) = match text[0] {
        byte @ 0..=0x7f => return (u32::from(byte), 1),
        byte @ 0xc2..=0xdf => (2, 0x80, byte & 0x1f),
        byte @ 0xe0..=0xef => (3, 0x800, byte & 0x0f),
        byte @ 0xf0..=0xf4 => (4, 0x1_0000, byte & 0x07),
        _ => return stray,
    };
    let Some(tail) = text.get(1..length) else { return stray };
    let mut code = u32::from(bits);
    for &byte in tail {
        if byte & 0xc0 != 0x80 {
            return stray;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    if code < low || char::from_u32(code).is_none() { stray } else { (code, length) }
}

/// Splits a range of code points until the bytes of each part vary independently.
fn encode_range(first: u32, last: u32, sequences: &mut Vec<Vec<(u8, u8)>>) {
    // Surrogates have no encoding.
    if first < 0xd800 && last > 0xdfff {
        encode_range(first, 0xd7ff, sequences);
        return encode_range(0xe000, last, sequences);
    }
    if first > last || first >= 0xd800 && last <= 0xdfff {
        return;
    }
    for limit in [0x7ff, 0xffff] {
        if first <= limit && limit < last {
            encode_range(first, limit, sequences);
            return encode_range(limit + 1, last, sequences);
        }
    }
    for bits in [6, 12, 18] {
        let mask = (1u32 << bits) - 1;
        if first & !mask != last & !mask {
            if first & mask != 0 {
                encode_range(first, first | mask, sequences);
                return encode_range((first | mask) + 1, last, sequences);
            }
            if last & mask != mask {
                encode_range(first, (last & !mask) - 1, sequences);
                return encode_range(last & !mask, last, sequences);
            }
        }
    }
    let (Some(low), Some(high)) = (char::from_u32(first), char::from_u32(last)) else { return };
    let (mut low_bytes, mut high_bytes) = ([0; 4], [0; 4]);
    let low = low.encode_utf8(&mut low_bytes).bytes();
    let high = high.encode_utf8(&mut high_bytes).bytes();
    sequences.push(low.zip(high).collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_only_what_is_well_formed() {
        for (text, code, length) in [
            (&b"a"[..], 97, 1),
            ("é".as_bytes(), 0xe9, 2),
            ("€x".as_bytes(), 0x20ac, 3),
            ("😀".as_bytes(), 0x1f600, 4),
            (b"\xff", RAW + 0xff, 1),
            (b"\xc3", RAW + 0xc3, 1),
            (b"\xc0\x80", RAW + 0xc0, 1),
            (b"\xed\xa0\x80", RAW + 0xed, 1),
            (b"\xe0\x80\x80", RAW + 0xe0, 1),
        ] {
            assert_eq!(decode(text), (code, length), "{text:?}");
        }
    }

    #[test]
    fn sequences_cover_exactly_the_range() {
        for (first, last) in
            [(0x80, 0x10ffff), (0xe9, 0xe9), (0x7f0, 0x810), (0xd000, 0xe001), (0xfff0, 0x1000f)]
        {
            let mut sequences = Vec::new();
            encode_range(first, last, &mut sequences);
            for code in (0x80..0x11_0000).step_by(7).chain([first, last, first - 1, last + 1]) {
                let Some(character) = char::from_u32(code) else { continue };
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).as_bytes();
                let covered = sequences.iter().any(|sequence| {
                    sequence.len() == bytes.len()
                        && sequence
                            .iter()
                            .zip(bytes)
                            .all(|(range, byte)| range.0 <= *byte && *byte <= range.1)
                });
                assert_eq!(
                    covered,
                    first <= code && code <= last && code >= 128,
                    "{code:x} in {first:x}-{last:x}"
                );
            }
        }
    }
}
