//! value — what variables hold: numbers, texts, and texts from input that count as numbers if they look like one.

use std::cmp::Ordering;
use std::rc::Rc;

use posix::format::Spec;

#[derive(Clone, Debug, Default)]
pub(super) enum Value {
    #[default]
    Nothing,
    Number(f64),
    Text(Rc<[u8]>),
    /// From input: a number if it looks like one.
    Input(Rc<[u8]>),
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::Number(f64::from(u8::from(truth)))
    }
}

impl From<Vec<u8>> for Value {
    fn from(text: Vec<u8>) -> Value {
        Value::Text(Rc::from(text))
    }
}

impl Value {
    pub(super) fn input(text: &[u8]) -> Value {
        Value::Input(Rc::from(text))
    }

    pub(super) fn number(&self) -> f64 {
        match self {
            Value::Nothing => 0.0,
            Value::Number(number) => *number,
            Value::Text(text) | Value::Input(text) => parse_number(text).0,
        }
    }

    pub(super) fn truth(&self) -> bool {
        match self {
            Value::Nothing => false,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Input(text) => looks_like_number(text).map_or(!text.is_empty(), |number| number != 0.0),
        }
    }

    /// As text; numbers that are not whole by `format` (CONVFMT or OFMT).
    pub(super) fn text(&self, format: &[u8]) -> Rc<[u8]> {
        match self {
            Value::Nothing => Rc::from(&b""[..]),
            Value::Number(number) => {
                let mut text = Vec::new();
                append_number(*number, format, &mut text);
                Rc::from(text)
            }
            Value::Text(text) | Value::Input(text) => text.clone(),
        }
    }

    /// The same behind what `out` holds.
    pub(super) fn append(&self, format: &[u8], out: &mut Vec<u8>) {
        match self {
            Value::Nothing => {}
            Value::Number(number) => append_number(*number, format, out),
            Value::Text(text) | Value::Input(text) => out.extend_from_slice(text),
        }
    }

    /// The number that the value is, not only could be taken for.
    fn as_number(&self) -> Option<f64> {
        match self {
            Value::Nothing => Some(0.0),
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
            Value::Input(text) => looks_like_number(text),
        }
    }
}

/// Numbers compare as numbers, everything else as text. None: one is not a number (NaN).
pub(super) fn compare(one: &Value, other: &Value, format: &[u8]) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (one.as_number(), other.as_number()) {
        return one.partial_cmp(&other);
    }
    Some(one.text(format).cmp(&other.text(format)))
}

fn append_number(number: f64, format: &[u8], out: &mut Vec<u8>) {
    if number == number.trunc() && number.abs() < 9.2e18 {
        append_integer(number as i64, out);
    } else {
        let (spec, conversion) = float_format(format);
        spec.float(number, conversion, out);
    }
}

pub(super) fn append_integer(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// The one conversion of CONVFMT or OFMT; `%.6g` for what is none.
fn float_format(format: &[u8]) -> (Spec, u8) {
    let default = (Spec { precision: Some(6), ..Spec::default() }, b'g');
    let Some(rest) = format.strip_prefix(b"%") else { return default };
    let mut spec = Spec::default();
    let mut at = 0;
    while at < rest.len() && spec.set_flag(rest[at]) {
        at += 1;
    }
    let number = |at: &mut usize| {
        let start = *at;
        while rest.get(*at).is_some_and(u8::is_ascii_digit) {
            *at += 1;
        }
        std::str::from_utf8(&rest[start..*at])
            .ok()
            .and_then(|digits| digits.parse::<usize>().ok())
            .unwrap_or(0)
    };
    spec.width = number(&mut at).min(1000);
    if rest.get(at) == Some(&b'.') {
        at += 1;
        spec.precision = Some(number(&mut at).min(1000));
    }
    match rest.get(at) {
        Some(&conversion @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A')) => (spec, conversion),
        Some(b'd' | b'i') => (Spec { precision: Some(0), ..spec }, b'f'),
        _ => default,
    }
}

/// The number that `text` begins with (0 if none) and how many bytes it takes, blanks before it included.
pub(super) fn parse_number(text: &[u8]) -> (f64, usize) {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let sign = usize::from(matches!(text.get(blanks), Some(b'+' | b'-')));
    let start = blanks + sign;
    let negative = text.get(blanks) == Some(&b'-');
    let signed = |value: f64| if negative { -value } else { value };
    let digits = |at: usize| {
        text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let whole = digits(start);
    let mut end = start + whole;
    // Most numbers are short and whole.
    if (1..=15).contains(&whole) && !matches!(text.get(end), Some(b'.' | b'e' | b'E' | b'x' | b'X')) {
        let value = text[start..end].iter().fold(0u64, |value, byte| value * 10 + u64::from(byte - b'0'));
        return (signed(value as f64), end);
    }
    if text.get(start) == Some(&b'0') && matches!(text.get(start + 1), Some(b'x' | b'X')) {
        let digits = text[start + 2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits > 0 {
            let value = text[start + 2..start + 2 + digits]
                .iter()
                .fold(0.0, |value, &byte| value * 16.0 + f64::from((byte as char).to_digit(16).unwrap_or(0)));
            return (signed(value), start + 2 + digits);
        }
    }
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        let word = |word: &[u8]| {
            text.get(start..start + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
        };
        // Only with a sign, so that words are no numbers.
        return match sign {
            1 if word(b"inf") => (signed(f64::INFINITY), start + 3),
            1 if word(b"nan") => (f64::NAN, start + 3),
            _ => (0.0, 0),
        };
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let exponent = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        if digits(exponent) > 0 {
            end = exponent + digits(exponent);
        }
    }
    (signed(sys::float::parse(&text[start..end]).unwrap_or(0.0)), end)
}

/// The number that all of `text` is, blanks around it left aside.
fn looks_like_number(text: &[u8]) -> Option<f64> {
    let (number, length) = parse_number(text);
    (length > 0 && text[length..].iter().all(u8::is_ascii_whitespace)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers() {
        for (text, number, length) in [
            ("12x", 12.0, 2),
            (" -3.5e2 ", -350.0, 7),
            (".5", 0.5, 2),
            ("1e", 1.0, 1),
            ("x", 0.0, 0),
            ("0x1fg", 31.0, 4),
            ("+", 0.0, 0),
            ("100000000000000000000", 1e20, 21),
            ("nan", 0.0, 0),
            ("1.", 1.0, 2),
        ] {
            assert_eq!(parse_number(text.as_bytes()), (number, length), "{text}");
        }
        assert_eq!(looks_like_number(b" 10 "), Some(10.0));
        assert_eq!(looks_like_number(b"10a"), None);
        assert_eq!(looks_like_number(b""), None);
    }

    #[test]
    fn writes_numbers() {
        for (number, expected) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (1e17, "100000000000000000"),
            (123456.789, "123457"),
            (1e-6, "1e-06"),
        ] {
            let mut text = Vec::new();
            append_number(number, b"%.6g", &mut text);
            assert_eq!(text, expected.as_bytes());
        }
    }
}
