//! float — numbers with a fraction from text, by the C library.
//!
//! The standard library brings 14 KB of tables and code for the same; strtod(3) is there for printf's sake already.

use std::ffi::{CString, c_char};
use std::ptr;

/// Powers of ten that, like the digits of a short number, are exact: one division then rounds as it must.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The value of `text`, all of which must be a decimal number without sign: digits with at most one point among or
/// beside them, and an exponent (`e-5`); or `inf`, `infinity`, `nan` in any case.
pub fn parse(text: &[u8]) -> Option<f64> {
    short(text).or_else(|| any(text))
}

/// Numbers of up to 15 digits without exponent: most of those that people write.
fn short(text: &[u8]) -> Option<f64> {
    let (mut digits, mut count, mut point) = (0u64, 0, None);
    for &byte in text {
        match byte {
            b'0'..=b'9' if count < 15 => {
                digits = digits * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    let power = POWERS.get(count - point.unwrap_or(count))?;
    (count > 0).then(|| digits as f64 / power)
}

fn any(text: &[u8]) -> Option<f64> {
    // strtod takes blanks, signs, hexadecimal numbers and nan(…), too.
    let first = text.first()?.to_ascii_lowercase();
    if !matches!(first, b'0'..=b'9' | b'.' | b'i' | b'n') || text.iter().any(|byte| b"xX(".contains(byte)) {
        return None;
    }
    let text = CString::new(text).ok()?;
    let start = text.as_ptr();
    let mut end: *mut c_char = ptr::null_mut();
    // SAFETY: `start` is a C string, and strtod sets `end` to a place in it.
    let value = unsafe { libc::strtod(start, &mut end) };
    (end.addr() == start.addr() + text.count_bytes()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_as_the_standard_library_does() {
        for text in [
            "0",
            "1",
            "1.",
            ".5",
            "12.75",
            "0.1",
            "3.14159",
            "123456789012345",
            "1234567890123456",
            "99999999999999999999",
            "0.000000000000001",
            "1e5",
            "1E-5",
            "2.5e+3",
            "1e400",
            "1e-400",
            "4.9e-324",
            "1.7976931348623157e308",
            "9007199254740993",
            "0.30000000000000004",
            "inf",
            "Infinity",
            "123456.789012345",
        ] {
            assert_eq!(parse(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for text in ["", ".", "e5", "1e", "1.2.3", "0x10", "-1", "+1", " 1", "1 ", "nan(1)", "infinit", "1\0"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert!(parse(b"NaN").is_some_and(f64::is_nan));
    }
}
