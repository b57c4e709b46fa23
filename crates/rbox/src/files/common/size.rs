//! size — sizes as people write and read them.

use crate::prelude::*;

/// "1.5K": powers of 1024 with one digit behind the point; below 1024 plain digits.
///
/// Rounds to the nearest tenth and does not change the unit for it, as BusyBox does: 1048575 is "1024.0K".
pub(crate) fn human(size: u64) -> String {
    if size < 1024 {
        return size.to_string();
    }
    let mut unit = 0;
    let mut whole = size;
    let mut rest = 0;
    while whole >= 1024 && unit < 6 {
        rest = whole % 1024;
        whole /= 1024;
        unit += 1;
    }
    let mut tenths = (rest * 10 + 512) / 1024;
    if tenths == 10 {
        whole += 1;
        tenths = 0;
    }
    format!("{whole}.{tenths}{}", b"BKMGTPE"[unit] as char)
}

/// A size with a suffix: c (1), w (2), b (512), k or K (1024), kB or KB (1000), and so on to E.
///
/// Errors: "invalid number 'x'", also where it does not fit.
pub(crate) fn parse(text: &OsStr) -> Result<u64> {
    match parse_bytes(text.as_bytes()) {
        Some(size) => Ok(size),
        None => Err(Error::message(format_args!("invalid number {}", cli::error::quoted(text)))),
    }
}

fn parse_bytes(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: u64 = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    let (letter, behind) = match text[digits..].split_first() {
        None => return Some(number),
        Some((letter, behind)) => (letter.to_ascii_uppercase(), behind),
    };
    let base: u64 = match behind {
        b"" | b"iB" => 1024,
        b"B" | b"D" => 1000,
        _ => return None,
    };
    let unit = match (letter, behind) {
        (b'C', b"") => 1,
        (b'W', b"") => 2,
        (b'B', b"") => 512,
        _ => base.checked_pow(1 + b"KMGTPE".iter().position(|&unit| unit == letter)? as u32)?,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_suffixes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("3c", Some(3)),
            ("3w", Some(6)),
            ("2b", Some(1024)),
            ("1k", Some(1024)),
            ("1K", Some(1024)),
            ("1KiB", Some(1024)),
            ("1kB", Some(1000)),
            ("1M", Some(1 << 20)),
            ("2MB", Some(2_000_000)),
            ("1G", Some(1 << 30)),
            ("15E", Some(15 << 60)),
            ("16E", None),
            ("", None),
            ("k", None),
            ("-1", None),
            ("+1", None),
            ("1x", None),
            ("1kk", None),
            ("1 ", None),
        ] {
            assert_eq!(parse_bytes(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn rounds_as_busybox_does() {
        for (size, expected) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1536, "1.5K"),
            (10188, "9.9K"),
            (10239, "10.0K"),
            (102_400, "100.0K"),
            (1_048_524, "1023.9K"),
            (1_048_525, "1024.0K"),
            (1_048_576, "1.0M"),
            (1_073_741_823, "1024.0M"),
            (1 << 40, "1.0T"),
            (u64::MAX, "16.0E"),
        ] {
            assert_eq!(human(size), expected, "{size}");
        }
    }
}
