//! escape — backslash escapes in text, as echo, printf and `%b` read them.
//!
//! Source: POSIX.1-2024 XBD 5 and `printf`; BusyBox 1.37 for `\x` and octal escapes without a leading 0.

/// How many digits an octal escape may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Octal {
    /// `\NNN`, as in the format of printf.
    Three,
    /// `\NNN` or `\0NNN`, as in `%b` and echo.
    ThreeBehindZero,
}

/// What stands behind a backslash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    Byte(u8),
    /// `\c`: no more output.
    Stop,
    /// Not an escape: the backslash stands for itself and nothing is consumed.
    None,
}

/// Reads the escape behind a backslash, and how many bytes it took.
pub fn read(text: &[u8], octal: Octal) -> (Escape, usize) {
    let byte = match text.first() {
        Some(b'a') => 7,
        Some(b'b') => 8,
        Some(b'c') => return (Escape::Stop, 1),
        Some(b'e') => 27,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 11,
        Some(b'\\') => b'\\',
        Some(b'x') => match digits(&text[1..], 16, 2) {
            (_, 0) => return (Escape::None, 0),
            (value, count) => return (Escape::Byte(value), count + 1),
        },
        Some(b'0'..=b'7') => {
            let skipped = usize::from(octal == Octal::ThreeBehindZero && text[0] == b'0');
            let (value, count) = digits(&text[skipped..], 8, 3);
            return (Escape::Byte(value), count + skipped);
        }
        _ => return (Escape::None, 0),
    };
    (Escape::Byte(byte), 1)
}

/// The value (modulo 256) and number of at most `max` digits.
fn digits(text: &[u8], base: u32, max: usize) -> (u8, usize) {
    let mut value = 0_u32;
    let mut count = 0;
    for digit in text.iter().take(max).map_while(|&byte| char::from(byte).to_digit(base)) {
        value = value * base + digit;
        count += 1;
    }
    (value as u8, count)
}

/// Appends `text` with its escapes resolved. False: `\c` stopped it.
pub fn expand(text: &[u8], octal: Octal, out: &mut Vec<u8>) -> bool {
    let mut index = 0;
    while let Some(&byte) = text.get(index) {
        index += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (escape, length) = read(&text[index..], octal);
        index += length;
        match escape {
            Escape::Byte(byte) => out.push(byte),
            Escape::Stop => return false,
            Escape::None => out.push(b'\\'),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands() {
        for (text, octal, expected, whole) in [
            (r"a\101b\0101c", Octal::ThreeBehindZero, &b"aAbAc"[..], true),
            (r"\0101\1234", Octal::Three, b"\x081S4", true),
            (r"\x41\x4g\xg\x", Octal::Three, b"A\x04g\\xg\\x", true),
            (r"\0\08", Octal::ThreeBehindZero, b"\0\08", true),
            (r"\a\b\e\f\n\r\t\v\\", Octal::Three, b"\x07\x08\x1b\x0c\n\r\t\x0b\\", true),
            (r"a\zb\", Octal::Three, b"a\\zb\\", true),
            (r"a\cb", Octal::Three, b"a", false),
        ] {
            let mut out = Vec::new();
            assert_eq!(expand(text.as_bytes(), octal, &mut out), whole, "{text}");
            assert_eq!(out, expected, "{text}");
        }
    }
}
