//! printf — the engines of echo and printf, for the applets and the shell's builtins.
//!
//! Source: POSIX.1-2024 `printf`, `echo`; BusyBox 1.37 for the options of echo and the messages.

use crate::escape::{self, Escape, Octal};
use crate::format::{self, Spec};

/// What `echo ARGS` prints. Options are `-n`, `-e`, `-E` and their clusters; any other word is text.
pub fn echo(args: &[&[u8]], out: &mut Vec<u8>) {
    let mut newline = true;
    let mut escapes = false;
    let options = args.iter().take_while(|arg| {
        arg.len() > 1 && arg[0] == b'-' && arg[1..].iter().all(|byte| b"neE".contains(byte))
    });
    let mut first = 0;
    for option in options {
        first += 1;
        for letter in &option[1..] {
            match letter {
                b'n' => newline = false,
                b'e' => escapes = true,
                _ => escapes = false,
            }
        }
    }
    for (index, arg) in args[first..].iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        if !escapes {
            out.extend_from_slice(arg);
        } else if !escape::expand(arg, Octal::ThreeBehindZero, out) {
            return;
        }
    }
    if newline {
        out.push(b'\n');
    }
}

/// Appends what `printf FORMAT ARGS` prints. False: `complain` was told of something ("invalid number 'x'").
pub fn printf(format: &[u8], args: &[&[u8]], out: &mut Vec<u8>, complain: &mut dyn FnMut(&str)) -> bool {
    let mut run = Run { args, next: 0, out, complain, good: true };
    loop {
        let before = run.next;
        if !run.once(format) || run.next == before || run.next >= args.len() {
            return run.good;
        }
    }
}

/// A field that is wider is refused if there is no memory for it.
const BIG: usize = 1 << 20;

struct Run<'a> {
    args: &'a [&'a [u8]],
    next: usize,
    out: &'a mut Vec<u8>,
    complain: &'a mut dyn FnMut(&str),
    good: bool,
}

impl<'a> Run<'a> {
    /// Goes through the format once. False: stop, by `\c` or a bad conversion.
    fn once(&mut self, format: &[u8]) -> bool {
        let mut index = 0;
        while let Some(&byte) = format.get(index) {
            index += 1;
            match byte {
                b'\\' => {
                    let (escape, length) = escape::read(&format[index..], Octal::Three);
                    index += length;
                    match escape {
                        Escape::Byte(byte) => self.out.push(byte),
                        Escape::Stop => return false,
                        // `\"` is in the standard's table for formats; other characters keep the backslash.
                        Escape::None => match format.get(index) {
                            Some(b'"') => {}
                            _ => self.out.push(b'\\'),
                        },
                    }
                }
                b'%' if format.get(index) == Some(&b'%') => {
                    self.out.push(b'%');
                    index += 1;
                }
                b'%' => match self.conversion(&format[index..]) {
                    Some(length) => index += length,
                    None => {
                        if self.good {
                            self.invalid_format(&format[index - 1..]);
                        }
                        return false;
                    }
                },
                byte => self.out.push(byte),
            }
        }
        true
    }

    fn invalid_format(&mut self, rest: &[u8]) {
        self.problem(&format!("{}: invalid format", String::from_utf8_lossy(rest)));
    }

    fn problem(&mut self, message: &str) {
        self.good = false;
        (self.complain)(message);
    }

    /// Prints by the conversion behind a `%`. Returns its length, or None to stop.
    fn conversion(&mut self, text: &[u8]) -> Option<usize> {
        let mut spec = Spec::default();
        let mut index = 0;
        while text.get(index).is_some_and(|&flag| spec.set_flag(flag)) {
            index += 1;
        }
        let width = self.size(text, &mut index)?;
        spec.left |= width.is_some_and(|width| width < 0);
        spec.width = width.unwrap_or(0).unsigned_abs() as usize;
        if text.get(index) == Some(&b'.') {
            index += 1;
            // A negative precision counts as none.
            spec.precision = usize::try_from(self.size(text, &mut index)?.unwrap_or(0)).ok();
        }
        while text.get(index).is_some_and(|letter| b"hlLjzt".contains(letter)) {
            index += 1;
        }
        let conversion = *text.get(index)?;
        let least = spec.width.max(spec.precision.unwrap_or(0));
        if least > BIG && !sys::allocator::has_room(self.out.len() + least) {
            self.problem("out of memory");
            return None;
        }
        match conversion {
            b'd' | b'i' => {
                let value = self.integer(i128::from(i64::MIN), i128::from(i64::MAX));
                spec.signed(value as i64, self.out);
            }
            b'o' | b'u' | b'x' | b'X' => {
                let value = self.integer(-i128::from(u64::MAX), i128::from(u64::MAX));
                let base = match conversion {
                    b'o' => 8,
                    b'u' => 10,
                    _ => 16,
                };
                spec.unsigned(value as u64, base, conversion == b'X', self.out);
            }
            b'a' | b'A' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let value = self.float();
                spec.float(value, conversion, self.out);
            }
            b'c' => {
                let arg = self.arg().unwrap_or_default();
                let byte = arg.first().copied().unwrap_or(0);
                spec.precision = None;
                spec.string(&[byte], self.out);
            }
            b's' => spec.string(self.arg().unwrap_or_default(), self.out),
            b'q' => {
                let mut quoted = Vec::new();
                quote(self.arg().unwrap_or_default(), &mut quoted);
                spec.string(&quoted, self.out);
            }
            b'b' => {
                let mut expanded = Vec::new();
                let whole =
                    escape::expand(self.arg().unwrap_or_default(), Octal::ThreeBehindZero, &mut expanded);
                spec.string(&expanded, self.out);
                if !whole {
                    // Stops without a complaint: the caller sees that nothing is left to print.
                    self.next = self.args.len();
                    return Some(text.len());
                }
            }
            _ => return None,
        }
        Some(index + 1)
    }

    /// A width or precision: digits, or `*` for the next argument. Outer None: it cannot be used.
    fn size(&mut self, text: &[u8], index: &mut usize) -> Option<Option<i64>> {
        if text.get(*index) == Some(&b'*') {
            *index += 1;
            let value = self.integer(-i128::from(i32::MAX), i128::from(i32::MAX));
            return Some(Some(value as i64));
        }
        let digits = text[*index..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Some(None);
        }
        let number = std::str::from_utf8(&text[*index..*index + digits]).ok()?.parse::<i32>().ok()?;
        *index += digits;
        Some(Some(i64::from(number)))
    }

    fn arg(&mut self) -> Option<&'a [u8]> {
        let arg = self.args.get(self.next).copied();
        self.next += 1;
        arg
    }

    /// The next argument as a number; a missing one is 0, and so is a bad one, which is reported.
    fn integer(&mut self, min: i128, max: i128) -> i128 {
        let Some(arg) = self.arg() else { return 0 };
        match integer(arg).filter(|value| (min..=max).contains(value)) {
            Some(value) => value,
            None => {
                self.invalid_number(arg);
                0
            }
        }
    }

    fn float(&mut self) -> f64 {
        let Some(arg) = self.arg() else { return 0.0 };
        match character(arg).map(f64::from).or_else(|| format::parse_float(arg)) {
            Some(value) => value,
            None => {
                self.invalid_number(arg);
                0.0
            }
        }
    }

    fn invalid_number(&mut self, arg: &[u8]) {
        self.problem(&format!("invalid number '{}'", String::from_utf8_lossy(arg)));
    }
}

/// The code of the character behind a leading quote.
fn character(arg: &[u8]) -> Option<u32> {
    let (b'\'' | b'"', rest) = arg.split_first()? else { return None };
    let first = rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    Some(match first {
        Some(character) => u32::from(character),
        None => u32::from(rest.first().copied().unwrap_or(0)),
    })
}

/// A C constant (decimal, 0 octal, 0x hexadecimal) with blanks and a sign before it, or a quoted character.
fn integer(arg: &[u8]) -> Option<i128> {
    if let Some(code) = character(arg) {
        return Some(i128::from(code));
    }
    let text = std::str::from_utf8(arg.trim_ascii_start()).ok()?;
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, base) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    let value = u64::from_str_radix(digits, base).ok().filter(|_| !digits.starts_with('+'))?;
    Some(if negative { -i128::from(value) } else { i128::from(value) })
}

/// `%q`: the text as a shell would have to read it to get it back. Source: bash(1), with its forms.
fn quote(text: &[u8], out: &mut Vec<u8>) {
    if text.is_empty() {
        out.extend_from_slice(b"''");
    } else if text.iter().any(u8::is_ascii_control) {
        out.extend_from_slice(b"$'");
        for &byte in text {
            match byte {
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\t' => out.extend_from_slice(b"\\t"),
                b'\'' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0..=0x1f | 0x7f => out.extend_from_slice(format!("\\{byte:03o}").as_bytes()),
                _ => out.push(byte),
            }
        }
        out.push(b'\'');
    } else {
        for (index, &byte) in text.iter().enumerate() {
            let plain = byte.is_ascii_alphanumeric() || b"_-./:=@%+".contains(&byte) || byte >= 0x80;
            let first = index == 0 && matches!(byte, b'~' | b'#');
            if first || !plain && !matches!(byte, b'~' | b'#') {
                out.push(b'\\');
            }
            out.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: &str, args: &[&str]) -> (String, Vec<String>) {
        let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
        let (mut out, mut messages) = (Vec::new(), Vec::new());
        let good = printf(format.as_bytes(), &args, &mut out, &mut |text| messages.push(text.to_string()));
        assert_eq!(good, messages.is_empty());
        (String::from_utf8_lossy(&out).into_owned(), messages)
    }

    #[test]
    fn prints_what_the_standard_says() {
        for (format, args, expected) in [
            ("%d|%i|%x|%o|%u", &["10", "0x1f", "255", "8", "-1"][..], "10|31|ff|10|18446744073709551615"),
            ("%s %s\n", &["a", "b", "c"], "a b\nc \n"),
            ("%d %d", &["'a", "\"é"], "97 233"),
            ("%5s|%-5s|%.2s|", &["ab", "cd", "efg"], "   ab|cd   |ef|"),
            ("%*d|%-*d|%.*d", &["5", "1", "5", "2", "3", "3"], "    1|2    |003"),
            ("%*d|", &["-5", "3"], "3    |"),
            ("%.*f", &["-1", "2.5"], "2.500000"),
            ("%c|%c|", &["abc", ""], "a|\0|"),
            ("a\\cb", &[], "a"),
            ("%b|", &["a\\0101\\cb", "x"], "aA"),
            ("%s%d", &[], "0"),
            ("%%%ld%hhx", &["1", "2"], "%12"),
            ("%g", &["0x10"], "16"),
            ("no conversion", &["a", "b"], "no conversion"),
            ("\\\"", &[], "\""),
        ] {
            assert_eq!(printed(format, args), (expected.to_string(), Vec::new()), "{format}");
        }
    }

    #[test]
    fn complains_and_goes_on_where_it_can() {
        for (format, args, expected, message) in [
            ("%d\n", &["abc"][..], "0\n", "invalid number 'abc'"),
            ("%d\n", &["12x"], "0\n", "invalid number '12x'"),
            ("%d\n", &["08"], "0\n", "invalid number '08'"),
            ("%d\n", &["9223372036854775808"], "0\n", "invalid number '9223372036854775808'"),
            ("%f", &["x"], "0.000000", "invalid number 'x'"),
            ("a%z", &[], "a", "%z: invalid format"),
            ("%", &[], "", "%: invalid format"),
            ("%99999999999d", &["1"], "", "%99999999999d: invalid format"),
        ] {
            assert_eq!(printed(format, args), (expected.to_string(), vec![message.to_string()]), "{format}");
        }
    }

    #[test]
    fn echo_takes_only_its_options() {
        for (args, expected) in [
            (&["a", "b"][..], "a b\n"),
            (&["-n", "a"], "a"),
            (&["-nx", "a"], "-nx a\n"),
            (&["-", "a"], "- a\n"),
            (&["-ne", "-E", "-e", "a\\tb"], "a\tb"),
            (&["-e", "a\\c", "b"], "a"),
            (&["a\\tb"], "a\\tb\n"),
            (&[], "\n"),
        ] {
            let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
            let mut out = Vec::new();
            echo(&args, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }
}
