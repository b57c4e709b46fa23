//! version — the versions of packages: which are valid, and which is newer.
//!
//! Source: apk-package(5) for the grammar; apk-tools 3.0.6 for the order in its corners.
//!
//! `digits{.digits}[letter]{_suffix[digits]}[~hash][-rdigits]`. A version is read part by part; two versions compare by
//! the first parts that differ. Comparing never fails: an invalid version counts up to where it stops being valid.

use std::cmp::Ordering;

/// What a part is. Where two versions go on with different kinds, the one whose kind stands earlier here is greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    First,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

/// One part of a version.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    kind: Kind,
    text: &'a [u8],
    /// A number's value, a letter's code, a suffix's rank below.
    value: u64,
}

/// The suffixes in their order. Versions with one of the first `PRE_RELEASES` are older than those without.
const SUFFIXES: [&[u8]; 9] = [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const PRE_RELEASES: u64 = 4;

/// Reads a version part by part.
struct Parts<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Parts<'a> {
    fn new(version: &'a [u8]) -> Parts<'a> {
        Parts { rest: version, last: None }
    }

    /// The next part. Behind `End` and `Invalid` come only these again.
    fn next(&mut self) -> Part<'a> {
        let part = self.read();
        self.last = Some(part.kind);
        part
    }

    fn read(&mut self) -> Part<'a> {
        let Some(last) = self.last else { return self.digits(Kind::First, 0) };
        if last == Kind::Invalid {
            return INVALID;
        }
        let Some(&first) = self.rest.first() else { return Part { kind: Kind::End, ..INVALID } };
        match first {
            b'.' if last <= Kind::Number => self.digits(Kind::Number, 1),
            b'a'..=b'z' if last <= Kind::Number => self.take(Kind::Letter, 0, 1, u64::from(first)),
            b'_' if last <= Kind::SuffixNumber => self.suffix(),
            b'0'..=b'9' if last == Kind::Suffix => self.digits(Kind::SuffixNumber, 0),
            b'~' if last < Kind::Hash => {
                let length = count(&self.rest[1..], |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                if length == 0 { INVALID } else { self.take(Kind::Hash, 1, length, 0) }
            }
            b'-' if last < Kind::Revision && self.rest.get(1) == Some(&b'r') => {
                self.digits(Kind::Revision, 2)
            }
            _ => INVALID,
        }
    }

    /// The digits behind `skip` bytes. Their value is taken modulo 2^64, as the reference does.
    fn digits(&mut self, kind: Kind, skip: usize) -> Part<'a> {
        let length = count(&self.rest[skip..], |byte| byte.is_ascii_digit());
        if length == 0 {
            return INVALID;
        }
        let value = self.rest[skip..skip + length]
            .iter()
            .fold(0u64, |value, &digit| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
        self.take(kind, skip, length, value)
    }

    fn suffix(&mut self) -> Part<'a> {
        let length = count(&self.rest[1..], |byte| byte.is_ascii_lowercase());
        let word = &self.rest[1..1 + length];
        match SUFFIXES.iter().position(|&suffix| suffix == word) {
            Some(rank) => self.take(Kind::Suffix, 1, length, rank as u64),
            None => INVALID,
        }
    }

    fn take(&mut self, kind: Kind, skip: usize, length: usize, value: u64) -> Part<'a> {
        let text = &self.rest[skip..skip + length];
        self.rest = &self.rest[skip + length..];
        Part { kind, text, value }
    }
}

const INVALID: Part<'static> = Part { kind: Kind::Invalid, text: b"", value: 0 };

fn count(bytes: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| is_part(byte)).count()
}

impl Part<'_> {
    fn is_pre_release(&self) -> bool {
        self.kind == Kind::Suffix && self.value < PRE_RELEASES
    }

    /// The order of two parts of the same kind.
    fn compare(&self, other: &Part) -> Ordering {
        match self.kind {
            // "1.05" is less than "1.1": behind a point, leading zeros make it a decimal fraction.
            Kind::Number if self.text.first() == Some(&b'0') || other.text.first() == Some(&b'0') => {
                self.text.cmp(other.text)
            }
            Kind::Hash => self.text.cmp(other.text),
            _ => self.value.cmp(&other.value),
        }
    }
}

/// Whether `version` follows the grammar.
pub fn is_valid(version: &[u8]) -> bool {
    let mut parts = Parts::new(version);
    loop {
        match parts.next().kind {
            Kind::End => return true,
            Kind::Invalid => return false,
            _ => {}
        }
    }
}

/// The order of two versions. Invalid ones compare by what of them is valid.
pub fn compare(left: &[u8], right: &[u8]) -> Ordering {
    compare_parts(left, right, false)
}

/// Whether `version` is `prefix` or goes on where `prefix` ends: 3.6.1 and 3.6.0_pre1 are of 3.6, and 3.8 is not of 3.8.1.
pub fn matches_fuzzy(version: &[u8], prefix: &[u8]) -> bool {
    compare_fuzzy(version, prefix) == Ordering::Equal
}

/// The order of two versions, where one that goes on behind `prefix` counts as equal to it.
pub fn compare_fuzzy(version: &[u8], prefix: &[u8]) -> Ordering {
    compare_parts(version, prefix, true)
}

fn compare_parts(left: &[u8], right: &[u8], fuzzy: bool) -> Ordering {
    if left == right {
        return Ordering::Equal;
    }
    let (mut lefts, mut rights) = (Parts::new(left), Parts::new(right));
    loop {
        let (left, right) = (lefts.next(), rights.next());
        if left.kind == right.kind {
            if left.kind >= Kind::End {
                return Ordering::Equal;
            }
            match left.compare(&right) {
                Ordering::Equal => continue,
                order => return order,
            }
        }
        return if fuzzy && right.kind == Kind::End {
            Ordering::Equal
        } else if left.is_pre_release() {
            Ordering::Less
        } else if right.is_pre_release() {
            Ordering::Greater
        } else {
            right.kind.cmp(&left.kind)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERED: [(&str, &str, &str); 26] = [
        ("1.0", "<", "1.0.1"),
        ("1.0a", ">", "1.0"),
        ("1.0_p1", ">", "1.0"),
        ("1.0_alpha", "<", "1.0"),
        ("1.0_alpha", "<", "1.0_beta"),
        ("1.0_pre9", "<", "1.0_rc"),
        ("1.0_cvs", "<", "1.0_svn"),
        ("1.0_git1", "<", "1.0_hg1"),
        ("1.0_hg1", "<", "1.0_p0"),
        ("1.0_rc1", ">", "1.0_rc"),
        ("1.0_rc", "<", "1.0_rc0"),
        ("1.0_rc01", "=", "1.0_rc1"),
        ("1_p_p", ">", "1_p"),
        ("1.0", "<", "1.00"),
        ("1.0", "<", "1.05"),
        ("1.10", ">", "1.05"),
        ("01", "=", "1"),
        ("1-r01", "=", "1-r1"),
        ("1-r0", ">", "1"),
        ("1~a", "<", "1~b"),
        ("1.0~ab", ">", "1.0"),
        ("1.0_p1~ab-r1", ">", "1.0_p1~ab"),
        ("18446744073709551615", ">", "18446744073709551616"),
        ("1_rc18446744073709551617", "=", "1_rc1"),
        ("1.1", ">", "1_rc1"),
        ("1.2.3x", "<", "1.2.3.1"),
    ];

    fn sign(order: Ordering) -> &'static str {
        match order {
            Ordering::Less => "<",
            Ordering::Equal => "=",
            Ordering::Greater => ">",
        }
    }

    #[test]
    fn orders_as_the_reference() {
        for (left, expected, right) in ORDERED {
            let (left, right) = (left.as_bytes(), right.as_bytes());
            assert!(is_valid(left) && is_valid(right), "{left:?} {right:?}");
            assert_eq!(sign(compare(left, right)), expected, "{left:?} {right:?}");
            assert_eq!(compare(right, left), compare(left, right).reverse(), "{left:?} {right:?}");
        }
    }

    #[test]
    fn validity() {
        for valid in ["0", "1.2.3", "1a", "1.0_p", "1_p_p2", "1~0f", "1-r0", "1.0b_rc1~ab-r99"] {
            assert!(is_valid(valid.as_bytes()), "{valid}");
        }
        for invalid in [
            "", "a", ".1", "1.", "1..2", "1ab", "1a.1", "1A", "1_", "1_foo", "1_pp", "1~", "1~A", "1-r",
            "1-1", "1-r1-r1", "1-r1_p", "1 ", "1~a~b", "1~a_p",
        ] {
            assert!(!is_valid(invalid.as_bytes()), "{invalid}");
        }
    }

    #[test]
    fn a_prefix_matches_by_parts() {
        for (version, prefix, expected) in [
            ("3.6.0_pre1", "3.6", true),
            ("3.6", "3.6", true),
            ("3.6-r1", "3.6", true),
            ("3.8", "3.8.1", false),
            ("3.60", "3.6", false),
            ("3.5", "3.6", false),
        ] {
            assert_eq!(matches_fuzzy(version.as_bytes(), prefix.as_bytes()), expected, "{version} {prefix}");
        }
    }
}
