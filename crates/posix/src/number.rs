//! number — numbers with suffixes, and lengths of time.
//!
//! Source: BusyBox 1.37 for the suffixes of sizes; coreutils `sleep` for fractions and units of time.

use std::time::Duration;

/// The suffixes that sizes take: 512 byte blocks, and powers of 1024 and (with a B behind) of 1000.
pub const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 512),
    ("k", 1 << 10),
    ("K", 1 << 10),
    ("kB", 1000),
    ("KB", 1000),
    ("m", 1 << 20),
    ("M", 1 << 20),
    ("MB", 1_000_000),
    ("g", 1 << 30),
    ("G", 1 << 30),
    ("GB", 1_000_000_000),
    ("t", 1 << 40),
    ("T", 1 << 40),
    ("TB", 1_000_000_000_000),
];

/// Digits and one of `suffixes`. None: neither, or it is over 64 bits.
pub fn with_suffix(text: &[u8], suffixes: &[(&str, u64)]) -> Option<u64> {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, suffix) = text.split_at(end);
    let value: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (_, factor) = suffixes.iter().find(|(known, _)| known.as_bytes() == suffix)?;
    value.checked_mul(*factor)
}

/// A decimal number of seconds, or with a suffix `s`, `m`, `h` or `d`; fractions may be given.
pub fn duration(text: &[u8]) -> Option<Duration> {
    let (digits, unit) = match text.split_last()? {
        (b's', digits) => (digits, 1),
        (b'm', digits) => (digits, 60),
        (b'h', digits) => (digits, 3600),
        (b'd', digits) => (digits, 86_400),
        _ => (text, 1),
    };
    let text = std::str::from_utf8(digits).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let only_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !only_digits(whole) || !only_digits(fraction) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos: u64 = format!("{fraction:0<9}")[..9].parse().ok()?;
    let rest = nanos * unit;
    Duration::from_secs(whole.checked_mul(unit)?).checked_add(Duration::from_nanos(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("3b", Some(1536)),
            ("2k", Some(2048)),
            ("2KB", Some(2000)),
            ("1G", Some(1 << 30)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551615k", None),
            ("", None),
            ("k", None),
            ("1x", None),
            ("-1", None),
            ("+1", None),
        ] {
            assert_eq!(with_suffix(text.as_bytes(), SIZES), expected, "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("1", Some(1000)),
            ("1.5", Some(1500)),
            (".25s", Some(250)),
            ("1.", Some(1000)),
            ("0.1m", Some(6000)),
            ("2h", Some(7_200_000)),
            ("1d", Some(86_400_000)),
            ("", None),
            (".", None),
            ("s", None),
            ("-1", None),
            ("1.2.3", None),
            ("1e3", None),
            ("99999999999999999999", None),
            ("9999999999999999999d", None),
        ] {
            assert_eq!(duration(text.as_bytes()), expected.map(Duration::from_millis), "{text}");
        }
    }
}
