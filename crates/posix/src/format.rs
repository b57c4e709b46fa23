//! format — one conversion of printf(3): padding, integers, floating-point numbers.
//!
//! Source: POSIX.1-2024 fprintf(); the C standard for `%a` and `%g`.

/// What stands between `%` and the conversion's letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// `-`
    pub left: bool,
    /// `+`
    pub plus: bool,
    /// A blank.
    pub space: bool,
    /// `#`
    pub alternate: bool,
    /// `0`
    pub zero: bool,
    pub width: usize,
    pub precision: Option<usize>,
}

/// More fractional digits than any f64 has, and fewer than core::fmt takes: what is asked beyond is zeros.
const PRECISION_MAX: usize = 1100;

impl Spec {
    /// Sets the flag of that character. False: it is none.
    pub fn set_flag(&mut self, flag: u8) -> bool {
        match flag {
            b'-' => self.left = true,
            b'+' => self.plus = true,
            b' ' => self.space = true,
            b'#' => self.alternate = true,
            b'0' => self.zero = true,
            _ => return false,
        }
        true
    }

    /// `%s`: at most `precision` bytes, padded to `width`.
    pub fn string(&self, text: &[u8], out: &mut Vec<u8>) {
        let text = &text[..self.precision.unwrap_or(text.len()).min(text.len())];
        self.pad(b"", 0, text, false, out);
    }

    /// `%d`
    pub fn signed(&self, value: i64, out: &mut Vec<u8>) {
        let sign = self.sign(value < 0);
        self.digits(sign, value.unsigned_abs(), 10, false, out);
    }

    /// `%o %u %x %X`, by base. `%#x` puts "0x" before all but zero.
    pub fn unsigned(&self, value: u64, base: u64, upper: bool, out: &mut Vec<u8>) {
        let prefix: &[u8] = match (base, self.alternate && value != 0, upper) {
            (16, true, false) => b"0x",
            (16, true, true) => b"0X",
            _ => b"",
        };
        self.digits(prefix, value, base, upper, out);
    }

    /// `%e %f %g %a` and their capitals; other letters are taken as `%g`.
    pub fn float(&self, value: f64, conversion: u8, out: &mut Vec<u8>) {
        let sign = self.sign(value.is_sign_negative() && !value.is_nan());
        let mut prefix = sign.to_vec();
        let magnitude = value.abs();
        let mut body = if magnitude.is_nan() {
            "nan".to_string()
        } else if magnitude.is_infinite() {
            "inf".to_string()
        } else {
            match conversion.to_ascii_lowercase() {
                b'e' => self.exponential(magnitude, self.precision.unwrap_or(6)),
                b'f' => self.fixed(magnitude, self.precision.unwrap_or(6)),
                b'a' => {
                    prefix.extend_from_slice(b"0x");
                    self.hexadecimal(magnitude)
                }
                _ => self.general(magnitude),
            }
        };
        if conversion.is_ascii_uppercase() {
            body.make_ascii_uppercase();
            prefix.make_ascii_uppercase();
        }
        self.pad(&prefix, 0, body.as_bytes(), self.zero && value.is_finite(), out);
    }

    fn sign(&self, negative: bool) -> &'static [u8] {
        match (negative, self.plus, self.space) {
            (true, _, _) => b"-",
            (_, true, _) => b"+",
            (_, _, true) => b" ",
            _ => b"",
        }
    }

    fn digits(&self, prefix: &[u8], mut value: u64, base: u64, upper: bool, out: &mut Vec<u8>) {
        let table = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let mut digits = [0_u8; 22];
        let mut start = digits.len();
        while value > 0 {
            start -= 1;
            digits[start] = table[(value % base) as usize];
            value /= base;
        }
        let count = digits.len() - start;
        let mut zeros = self.precision.unwrap_or(1).saturating_sub(count);
        if base == 8 && self.alternate && zeros == 0 {
            zeros = 1;
        }
        self.pad(prefix, zeros, &digits[start..], self.zero && self.precision.is_none(), out);
    }

    /// Prefix, zeros and body, filled up to the width.
    fn pad(&self, prefix: &[u8], mut zeros: usize, body: &[u8], zero_fill: bool, out: &mut Vec<u8>) {
        let mut blanks = self.width.saturating_sub(prefix.len() + zeros + body.len());
        if zero_fill && !self.left {
            zeros += blanks;
            blanks = 0;
        }
        if !self.left {
            out.resize(out.len() + blanks, b' ');
        }
        out.extend_from_slice(prefix);
        out.resize(out.len() + zeros, b'0');
        out.extend_from_slice(body);
        if self.left {
            out.resize(out.len() + blanks, b' ');
        }
    }

    fn fixed(&self, value: f64, precision: usize) -> String {
        let shown = precision.min(PRECISION_MAX);
        let mut text = format!("{value:.shown$}");
        text.extend(std::iter::repeat_n('0', precision - shown));
        if precision == 0 && self.alternate {
            text.push('.');
        }
        text
    }

    fn exponential(&self, value: f64, precision: usize) -> String {
        let shown = precision.min(PRECISION_MAX);
        let text = format!("{value:.shown$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        let zeros = "0".repeat(precision - shown);
        let point = if precision == 0 && self.alternate { "." } else { "" };
        format!("{mantissa}{zeros}{point}e{sign}{exponent:0>2}")
    }

    fn general(&self, value: f64) -> String {
        let precision = self.precision.unwrap_or(6).max(1);
        let text = self.exponential(value, precision - 1);
        let exponent: i64 = text.rsplit('e').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let fixed = exponent >= -4 && exponent < precision as i64;
        let text = if fixed { self.fixed(value, (precision as i64 - 1 - exponent) as usize) } else { text };
        if self.alternate {
            return text;
        }
        let (mantissa, exponent) = text.split_at(text.find('e').unwrap_or(text.len()));
        if !mantissa.contains('.') {
            return text;
        }
        format!("{}{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
    }

    /// `%a` without its "0x": one leading digit, the fraction's 13 hexadecimal digits, a binary exponent.
    fn hexadecimal(&self, value: f64) -> String {
        let bits = value.to_bits();
        let raw_exponent = (bits >> 52) as i64 & 0x7ff;
        let mut mantissa = bits & ((1 << 52) - 1);
        let exponent = match (raw_exponent, mantissa) {
            (0, 0) => 0,
            (0, _) => -1022,
            _ => raw_exponent - 1023,
        };
        if raw_exponent != 0 {
            mantissa |= 1 << 52;
        }
        if let Some(precision) = self.precision.filter(|&precision| precision < 13) {
            let dropped = 4 * (13 - precision) as u32;
            let half = 1_u64 << (dropped - 1);
            let rest = mantissa & ((1 << dropped) - 1);
            mantissa >>= dropped;
            if rest > half || rest == half && mantissa & 1 == 1 {
                mantissa += 1;
            }
            mantissa <<= dropped;
        }
        let fraction = format!("{:013x}", mantissa & ((1 << 52) - 1));
        let fraction = match self.precision {
            Some(precision) if precision < 13 => fraction[..precision].to_string(),
            Some(precision) => format!("{fraction:0<precision$}", precision = precision.min(PRECISION_MAX)),
            None => fraction.trim_end_matches('0').to_string(),
        };
        let point = if fraction.is_empty() && !self.alternate { "" } else { "." };
        format!("{:x}{point}{fraction}p{exponent:+}", mantissa >> 52)
    }
}

/// strtod(3) of the whole text: decimal, hexadecimal, "inf" and "nan", with blanks before it.
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text.trim_ascii_start()).ok()?;
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if unsigned.starts_with(['+', '-']) {
        return None;
    }
    let hexadecimal = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let magnitude = match hexadecimal {
        Some(digits) => parse_hexadecimal(digits)?,
        None => sys::float::parse(unsigned.as_bytes())?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['p', 'P']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let scale = exponent.saturating_sub(4 * fraction.len() as i32);
    // In two steps, so that a scale below the smallest power does not become 0 too early.
    Some(value * 2_f64.powi(scale / 2) * 2_f64.powi(scale - scale / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Spec {
        let mut spec = Spec::default();
        let rest = text.trim_start_matches(|flag: char| spec.set_flag(flag as u8));
        let (width, precision) = rest.split_once('.').unwrap_or((rest, "x"));
        spec.width = width.parse().unwrap_or(0);
        spec.precision = precision.parse().ok();
        spec
    }

    #[test]
    fn floats_as_c_prints_them() {
        for (flags, conversion, value, expected) in [
            ("", b'f', 1.5, "1.500000"),
            (".0", b'f', 0.5, "0"),
            ("#.0", b'f', 2.5, "2."),
            ("08.2", b'f', -1.005, "-0001.00"),
            ("", b'e', 0.0, "0.000000e+00"),
            (".0", b'e', 15.0, "2e+01"),
            (".2", b'E', 1.23456e-120, "1.23E-120"),
            ("", b'g', 1e-5, "1e-05"),
            ("", b'g', 100000.0, "100000"),
            ("", b'G', 1e10, "1E+10"),
            ("", b'g', 999999.5, "1e+06"),
            (".3", b'g', 0.00012345, "0.000123"),
            ("#", b'g', 1.0, "1.00000"),
            ("+8", b'g', 0.0, "      +0"),
            ("", b'a', 1.5, "0x1.8p+0"),
            (".1", b'a', 1.96875, "0x2.0p+0"),
            ("", b'A', 0.0, "0X0P+0"),
            ("010", b'f', f64::NEG_INFINITY, "      -inf"),
            ("-6", b'F', f64::NAN, "NAN   "),
        ] {
            let mut out = Vec::new();
            spec(flags).float(value, conversion, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected, "%{flags}{} of {value}", conversion as char);
        }
    }

    #[test]
    fn integers_as_c_prints_them() {
        for (flags, base, value, expected) in [
            ("", 10, -5, "-5"),
            ("05", 10, -42, "-0042"),
            ("+.3", 10, 7, "+007"),
            ("05.3", 10, 7, "  007"),
            ("-4", 10, 7, "7   "),
            (".0", 10, 0, ""),
            ("#", 8, 8, "010"),
            ("#", 8, 0, "0"),
            ("#8", 16, 255, "    0xff"),
            ("#08", 16, 255, "0x0000ff"),
        ] {
            let mut out = Vec::new();
            match base {
                10 => spec(flags).signed(value, &mut out),
                _ => spec(flags).unsigned(value as u64, base, false, &mut out),
            }
            assert_eq!(String::from_utf8_lossy(&out), expected, "%{flags} of {value}");
        }
    }

    #[test]
    fn reads_floats() {
        for (text, expected) in [
            ("1.5", Some(1.5)),
            (" -2e3", Some(-2000.0)),
            ("0x10", Some(16.0)),
            ("0x1.8p1", Some(3.0)),
            ("-inf", Some(f64::NEG_INFINITY)),
            (".5", Some(0.5)),
            ("", None),
            ("1x", None),
            ("+-1", None),
            ("0x", None),
        ] {
            assert_eq!(parse_float(text.as_bytes()), expected, "{text}");
        }
    }
}
