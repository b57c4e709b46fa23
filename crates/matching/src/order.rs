//! order — the orders of texts that sort and others know: numbers, sizes, months, versions.
//!
//! Each order has a `weight`: a number so that a smaller weight means a smaller text, and equal weights mean that the
//! texts must be compared. Sorting compares weights first, which needs no look at the text.
//!
//! Source: POSIX.1-2024 `sort`; GNU coreutils 9 for `-g -h -M -V` (version order as its manual defines it).

use std::cmp::Ordering;

use crate::bytes::same_letters;

/// What a key is compared as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    #[default]
    Text,
    Number,
    /// Floating point.
    General,
    /// `2K`, `1G`
    Human,
    Month,
    Version,
}

/// How text is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fold {
    pub ignore_case: bool,
    /// Only blanks, letters and digits count.
    pub dictionary: bool,
    /// Only printable characters count.
    pub printable: bool,
}

impl Fold {
    fn is_plain(self) -> bool {
        self == Fold::default()
    }

    fn byte(self, byte: u8) -> Option<u8> {
        let counts = (!self.dictionary || byte.is_ascii_alphanumeric() || byte == b' ' || byte == b'\t')
            && (!self.printable || (b' '..=b'~').contains(&byte));
        counts.then(|| if self.ignore_case { byte.to_ascii_uppercase() } else { byte })
    }
}

pub fn compare(order: Order, fold: Fold, one: &[u8], other: &[u8]) -> Ordering {
    match order {
        Order::Text if fold.is_plain() => one.cmp(other),
        Order::Text => {
            let one = one.iter().filter_map(|&byte| fold.byte(byte));
            one.cmp(other.iter().filter_map(|&byte| fold.byte(byte)))
        }
        Order::Number => Number::new(one).0.cmp(&Number::new(other).0),
        Order::General => general_weight(one).cmp(&general_weight(other)),
        Order::Human => {
            let ((one, one_rank), (other, other_rank)) = (human(one), human(other));
            one.sign()
                .cmp(&other.sign())
                .then_with(|| {
                    let ranks = one_rank.cmp(&other_rank);
                    if one.sign() < 0 { ranks.reverse() } else { ranks }
                })
                .then_with(|| one.cmp(&other))
        }
        Order::Month => month(one).cmp(&month(other)),
        Order::Version => version(one, other),
    }
}

/// The weight of a text.
pub fn weight(order: Order, fold: Fold, text: &[u8]) -> u64 {
    match order {
        Order::Text if fold.is_plain() => match text.first_chunk::<8>() {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => padded(text.iter().copied()),
        },
        Order::Text => padded(text.iter().filter_map(|&byte| fold.byte(byte))),
        Order::Number => signed(Number::new(text).0.weight(), Number::new(text).0.negative),
        Order::General => general_weight(text),
        Order::Human => {
            let (number, rank) = human(text);
            signed(u64::from(rank) << 58 | number.weight() >> 4, number.negative)
        }
        Order::Month => u64::from(month(text)),
        Order::Version => 0,
    }
}

fn padded(bytes: impl Iterator<Item = u8>) -> u64 {
    let mut weight = [0; 8];
    weight.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
    u64::from_be_bytes(weight)
}

/// Puts the weights of negative numbers, in reverse, before those of others.
fn signed(weight: u64, negative: bool) -> u64 {
    if negative { (1 << 63) - 1 - weight } else { 1 << 63 | weight }
}

/// A decimal number of any length, without needless zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Number<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Number<'a> {
    /// The number that `text` begins with, and what follows. A text without one counts as 0.
    fn new(text: &'a [u8]) -> (Number<'a>, &'a [u8]) {
        let blanks = text.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
        let text = &text[blanks..];
        let (negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, rest) = text.split_at(digits(text));
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) => rest.split_at(digits(rest)),
            None => (&b""[..], rest),
        };
        let zeros = whole.iter().take_while(|&&byte| byte == b'0').count();
        let kept = fraction.iter().rposition(|&byte| byte != b'0').map_or(0, |last| last + 1);
        let mut number = Number { negative, whole: &whole[zeros..], fraction: &fraction[..kept] };
        number.negative &= !number.is_zero();
        (number, rest)
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn sign(&self) -> i8 {
        if self.is_zero() {
            0
        } else if self.negative {
            -1
        } else {
            1
        }
    }

    /// The number of digits before the point, then the first 16 digits: below 2^62.
    fn weight(&self) -> u64 {
        let length = self.whole.len().min(255) as u64;
        let mut digits = self.whole.iter().chain(self.fraction);
        let first = (0..16)
            .fold(0u64, |value, _| value * 10 + digits.next().map_or(0, |byte| u64::from(byte - b'0')));
        length << 54 | first
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = (self.whole.len().cmp(&other.whole.len()))
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction));
        self.sign().cmp(&other.sign()).then(if self.negative { magnitude.reverse() } else { magnitude })
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number and the rank of the unit letter behind it.
fn human(text: &[u8]) -> (Number<'_>, u8) {
    let (number, rest) = Number::new(text);
    let rank = match rest.first() {
        Some(b'k') => 1,
        Some(letter) => {
            b"KMGTPEZYRQ".iter().position(|known| known == letter).map_or(0, |rank| rank as u8 + 1)
        }
        None => 0,
    };
    (number, if number.is_zero() { 0 } else { rank })
}

/// Floating point in an order of integers: no number, not-a-number, then by value.
fn general_weight(text: &[u8]) -> u64 {
    let Some(value) = float(text) else { return 0 };
    if value.is_nan() {
        return 1;
    }
    let bits = (value + 0.0).to_bits(); // -0 becomes 0
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The longest beginning of `text` that is a floating point number, as strtod(3) takes it.
fn float(text: &[u8]) -> Option<f64> {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let text = &text[blanks..];
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let word = |word: &[u8]| text[sign..].get(..word.len()).is_some_and(|found| same_letters(found, word));
    if word(b"nan") {
        return Some(f64::NAN);
    }
    if word(b"inf") {
        return Some(if text[0] == b'-' { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let digits =
        |at: usize| text[at.min(text.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(sign);
    let mut end = sign + whole;
    if text.get(end) == Some(&b'.') && whole + digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    } else if whole == 0 {
        return None;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let exponent = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        if digits(exponent) > 0 {
            end = exponent + digits(exponent);
        }
    }
    let number = sys::float::parse(&text[sign..end])?;
    Some(if text[0] == b'-' { -number } else { number })
}

/// 1 to 12; 0 for what is no month.
fn month(text: &[u8]) -> u8 {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let Some(name) = text.get(blanks..blanks + 3) else { return 0 };
    let names: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    names.chunks(3).position(|known| same_letters(known, name)).map_or(0, |index| index as u8 + 1)
}

/// Version order: runs of digits compare as numbers, `~` comes before everything, even the end; endings like `.tar.gz`
/// count only where the rest is equal.
pub fn version(one: &[u8], other: &[u8]) -> Ordering {
    // The empty name, ".", ".." and hidden files come first.
    let rank = |text: &[u8]| match text {
        b"" => 0,
        b"." => 1,
        b".." => 2,
        [b'.', ..] => 3,
        _ => 4,
    };
    let ranks = rank(one).cmp(&rank(other));
    if ranks != Ordering::Equal || rank(one) < 3 {
        return ranks;
    }
    compare_versions(&one[..stem(one)], &other[..stem(other)])
        .then_with(|| compare_versions(one, other))
        .then_with(|| one.cmp(other))
}

/// The length without endings: dots, each followed by a letter or `~` and more letters and digits.
fn stem(name: &[u8]) -> usize {
    let mut end = name.len();
    loop {
        let tail = name[..end]
            .iter()
            .rev()
            .take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'~')
            .count();
        let start = end - tail;
        let is_ending = tail > 0
            && start > 1
            && name[start - 1] == b'.'
            && (name[start].is_ascii_alphabetic() || name[start] == b'~');
        if !is_ending {
            return end;
        }
        end = start - 1;
    }
}

fn compare_versions(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while !one.is_empty() || !other.is_empty() {
        let text = |text: &[u8]| text.iter().take_while(|byte| !byte.is_ascii_digit()).count();
        let (one_text, other_text) = (text(one), text(other));
        for index in 0..one_text.max(other_text) {
            let rank = |text: &[u8], length: usize| if index < length { rank(text[index]) } else { 0 };
            let ranks = rank(one, one_text).cmp(&rank(other, other_text));
            if ranks != Ordering::Equal {
                return ranks;
            }
        }
        (one, other) = (&one[one_text..], &other[other_text..]);
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let ((one_number, one_rest), (other_number, other_rest)) =
            (one.split_at(digits(one)), other.split_at(digits(other)));
        let numbers = Number::new(one_number).0.cmp(&Number::new(other_number).0);
        if numbers != Ordering::Equal {
            return numbers;
        }
        (one, other) = (one_rest, other_rest);
    }
    Ordering::Equal
}

/// `~`, the end (0), letters, the rest.
fn rank(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        byte if byte.is_ascii_alphabetic() => i32::from(byte),
        byte => i32::from(byte) + 256,
    }
}

/// Sorts and keeps the order of equal elements.
///
/// The standard library's sorts are built for size in images; this one is for speed with elements that are cheap
/// to copy.
pub fn merge_sort<T: Copy>(elements: &mut Vec<T>, compare: &mut dyn FnMut(&T, &T) -> Ordering) {
    const RUN: usize = 12;
    for run in elements.chunks_mut(RUN) {
        for index in 1..run.len() {
            let element = run[index];
            let mut at = index;
            while at > 0 && compare(&run[at - 1], &element) == Ordering::Greater {
                run[at] = run[at - 1];
                at -= 1;
            }
            run[at] = element;
        }
    }
    let mut length = RUN;
    let mut merged = Vec::with_capacity(elements.len());
    while length < elements.len() {
        merged.clear();
        for pair in elements.chunks(2 * length) {
            let (mut left, mut right) = pair.split_at(length.min(pair.len()));
            // Runs that follow each other already need no merging.
            if let (Some(last), Some(first)) = (left.last(), right.first())
                && compare(last, first) != Ordering::Greater
            {
                merged.extend_from_slice(pair);
                continue;
            }
            while let (Some((one, left_rest)), Some((other, right_rest))) =
                (left.split_first(), right.split_first())
            {
                if compare(one, other) == Ordering::Greater {
                    merged.push(*other);
                    right = right_rest;
                } else {
                    merged.push(*one);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(elements, &mut merged);
        length *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row is in order; equal neighbours are joined by `=`.
    #[test]
    fn orders_rows() {
        for (order, row) in [
            (
                Order::Number,
                "-10 -9.5 -9 -.5 abc=0=-0=+3=.0 .05 0.5=.50 1=01 9 10 10.1 123456789012345678901 123456789012345678902",
            ),
            (Order::General, "x nan -inf -5 -1e-3 0=-0 1e-3 +3 20 1e3=1000 inf"),
            (Order::Human, "-1M -2K -1 0=0G=x 2 1000 1K=1k 1.5K 999K 1M 1G"),
            (Order::Month, "x Jan=january feb DEC"),
            (Order::Version, ". .a a~ a a1 a02 a9 a10 a10b aa b-1 b.1 c-1.2.tar.gz c-1.10.tar.gz"),
        ] {
            let texts: Vec<Vec<&str>> = row.split(' ').map(|equal| equal.split('=').collect()).collect();
            for (index, ones) in texts.iter().enumerate() {
                for (other_index, others) in texts.iter().enumerate() {
                    for (one, other) in
                        ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)))
                    {
                        let (one, other) = (one.as_bytes(), other.as_bytes());
                        let expected = index.cmp(&other_index);
                        let shown = format!("{order:?} {} {}", one.escape_ascii(), other.escape_ascii());
                        assert_eq!(compare(order, Fold::default(), one, other), expected, "{shown}");
                        let weights =
                            weight(order, Fold::default(), one).cmp(&weight(order, Fold::default(), other));
                        assert!(weights == expected || weights == Ordering::Equal, "weights: {shown}");
                    }
                }
            }
        }
    }

    #[test]
    fn folds_text() {
        let fold = Fold { ignore_case: true, dictionary: true, printable: false };
        assert_eq!(compare(Order::Text, fold, b"a-B", b"Ab"), Ordering::Equal);
        assert_eq!(compare(Order::Text, Fold::default(), b"B", b"a"), Ordering::Less);
        assert_eq!(
            weight(Order::Text, fold, b"-a-bcdefghi"),
            weight(Order::Text, Fold::default(), b"ABCDEFGH")
        );
    }

    #[test]
    fn sorts_and_keeps_equal_ones_in_order() {
        for length in [0, 1, 2, 11, 12, 13, 100, 1000] {
            let mut numbers: Vec<(u32, u32)> = (0..length).map(|index| (index * 7919 % 31, index)).collect();
            let mut expected = numbers.clone();
            expected.sort();
            merge_sort(&mut numbers, &mut |one, other| one.0.cmp(&other.0));
            assert_eq!(numbers, expected);
        }
    }
}
