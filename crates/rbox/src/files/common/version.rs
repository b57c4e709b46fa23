//! version — the order of names in which 1.9 comes before 1.10.
//!
//! Source: strverscmp(3), for numbers without leading zeros; a number with leading zeros is the smaller of two equal ones.

use std::cmp::Ordering;

/// Compares runs of digits as numbers and all else as bytes.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(&x), Some(&y)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, behind) = take_number(left);
            let (other, behind_other) = take_number(right);
            // Without leading zeros the longer one is the larger.
            let order = number.len().cmp(&other.len()).then_with(|| number.cmp(other));
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (behind, behind_other);
        } else if x != y {
            return x.cmp(&y);
        } else {
            (left, right) = (&left[1..], &right[1..]);
        }
    }
}

/// The digits at the start without leading zeros, and what follows.
fn take_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let start = text[..end].iter().position(|&byte| byte != b'0').unwrap_or(end);
    (&text[start..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_numbers() {
        let sorted = ["", "a", "a0", "a1", "a2", "a10", "a10b", "ab", "v1.9", "v1.10", "v2"];
        for (index, pair) in sorted.windows(2).enumerate() {
            assert_eq!(compare(pair[0].as_bytes(), pair[1].as_bytes()), Ordering::Less, "{index}");
        }
        assert_eq!(compare(b"a01", b"a1"), Ordering::Less);
        assert_eq!(compare(b"a1", b"a1"), Ordering::Equal);
    }
}
