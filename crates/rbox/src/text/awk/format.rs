//! format — `printf` and `sprintf`.

use super::value::Value;
use posix::format::Spec;

/// Appends what `format` makes of `values`; those that are missing count as nothing. `convert` is CONVFMT.
pub(super) fn format(format: &[u8], values: &[Value], convert: &[u8], out: &mut Vec<u8>) {
    let mut values = values.iter();
    let mut at = 0;
    while at < format.len() {
        if format[at] != b'%' {
            let length = posix::bytes::find_byte(&format[at..], b'%').unwrap_or(format.len() - at);
            out.extend_from_slice(&format[at..at + length]);
            at += length;
            continue;
        }
        let start = at;
        at += 1;
        let mut spec = Spec::default();
        while at < format.len() && spec.set_flag(format[at]) {
            at += 1;
        }
        if let Some(width) = number(format, &mut at, &mut values) {
            spec.left |= width < 0;
            spec.width = width.unsigned_abs().min(1 << 20) as usize;
        }
        if format.get(at) == Some(&b'.') {
            at += 1;
            let precision = number(format, &mut at, &mut values).unwrap_or(0);
            spec.precision = usize::try_from(precision).ok().map(|precision| precision.min(1 << 20));
        }
        while matches!(format.get(at), Some(b'h' | b'l' | b'L' | b'q' | b'j' | b'z')) {
            at += 1;
        }
        let Some(&conversion) = format.get(at) else {
            out.extend_from_slice(&format[start..]);
            return;
        };
        at += 1;
        let nothing = Value::Nothing;
        match conversion {
            b'%' => out.push(b'%'),
            b'd' | b'i' => {
                let value = values.next().unwrap_or(&nothing).number();
                // Beyond what an integer holds the digits of the float are as good.
                if value.abs() < 9.2e18 {
                    spec.signed(value as i64, out);
                } else {
                    Spec { precision: Some(0), ..spec }.float(value, b'f', out);
                }
            }
            b'o' | b'x' | b'X' | b'u' => {
                let value = values.next().unwrap_or(&nothing).number();
                let value = if value < 0.0 { value as i64 as u64 } else { value as u64 };
                let base = match conversion {
                    b'o' => 8,
                    b'u' => 10,
                    _ => 16,
                };
                spec.unsigned(value, base, conversion == b'X', out);
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
                spec.float(values.next().unwrap_or(&nothing).number(), conversion, out);
            }
            b'c' => character(&spec, values.next().unwrap_or(&nothing), out),
            b's' => {
                let text = values.next().unwrap_or(&nothing).text(convert);
                string(&spec, &text, out);
            }
            _ => out.extend_from_slice(&format[start..at]),
        }
    }
}

/// Digits, or the next value for `*`.
fn number(format: &[u8], at: &mut usize, values: &mut dyn Iterator<Item = &Value>) -> Option<i64> {
    if format.get(*at) == Some(&b'*') {
        *at += 1;
        return Some(values.next().map_or(0, |value| value.number() as i64));
    }
    let start = *at;
    while format.get(*at).is_some_and(u8::is_ascii_digit) {
        *at += 1;
    }
    std::str::from_utf8(&format[start..*at]).ok()?.parse().ok()
}

/// `%s`: width and precision count characters.
fn string(spec: &Spec, text: &[u8], out: &mut Vec<u8>) {
    if text.is_ascii() {
        return spec.string(text, out);
    }
    let (mut length, mut count) = (0, 0);
    while length < text.len() && spec.precision.is_none_or(|most| count < most) {
        length += posix::regex::character_length(&text[length..]);
        count += 1;
    }
    let width = if spec.width > count { spec.width + length - count } else { 0 };
    Spec { width, precision: None, ..*spec }.string(&text[..length], out);
}

/// `%c`: the character of a number, bytes up to 255, or the first of a text.
fn character(spec: &Spec, value: &Value, out: &mut Vec<u8>) {
    let spec = Spec { precision: None, ..*spec };
    match value {
        Value::Number(number) => {
            let code = *number as i64 as u32;
            match char::from_u32(code).filter(|_| code > 255) {
                Some(character) => string(&spec, character.encode_utf8(&mut [0; 4]).as_bytes(), out),
                None => spec.string(&[code as u8], out),
            }
        }
        other => {
            let text = other.text(b"");
            let length = if text.is_empty() { 0 } else { posix::regex::character_length(&text) };
            string(&spec, &text[..length], out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_values() {
        let number = |number: f64| Value::Number(number);
        let text = |text: &str| Value::from(text.as_bytes().to_vec());
        for (pattern, values, expected) in [
            (
                "%d|%5d|%-5d|%05d",
                vec![number(3.9), number(-2.0), number(7.0), number(42.0)],
                "3|   -2|7    |00042",
            ),
            ("%s %5s %-5s| %.2s", vec![text("a"), text("b"), text("é"), text("xyz")], "a     b é    | xy"),
            ("%c%c%c", vec![number(65.0), text("hello"), number(8364.0)], "Ah€"),
            ("%x %o %X %u", vec![number(255.0), number(8.0), number(255.0), number(3.0)], "ff 10 FF 3"),
            ("%.2f %e %g", vec![number(2.5), number(1.0), number(0.5)], "2.50 1.000000e+00 0.5"),
            ("%*d|%-*d|", vec![number(4.0), number(1.0), number(3.0), number(2.0)], "   1|2  |"),
            ("%%%z", vec![], "%%z"),
            ("%d %s", vec![], "0 "),
        ] {
            let mut out = Vec::new();
            format(pattern.as_bytes(), &values, b"%.6g", &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{pattern}");
        }
    }
}
