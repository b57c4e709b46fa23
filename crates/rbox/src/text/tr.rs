//! tr — translate, squeeze or delete characters.
//!
//! Source: POSIX.1-2024 `tr`, bytes being its characters; BusyBox 1.37, GNU coreutils 9 for `-t`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "tr",
    links: &["/usr/bin/tr"],
    usage: "\
tr [-cCdst] STRING1 [STRING2]

Translate, squeeze or delete bytes of stdin.

  -c, --complement       Take what is not in STRING1
  -C                     The same
  -d, --delete           Delete what is in STRING1
  -s, --squeeze-repeats  Print one of several equal bytes of the last STRING
  -t, --truncate-set1    Cut STRING1 to the length of STRING2

a-z, \\n, \\NNN, [:alpha:], [=c=], [c*N] (STRING2) are understood.
",
    process: Process::Filter,
    run,
};

/// What becomes of every byte.
struct Tables {
    map: [u8; 256],
    delete: [bool; 256],
    squeeze: [bool; 256],
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let (delete, squeeze) = (options.has('d'), options.has('s'));
    let (first, second) = match options.operands() {
        [first] if delete || squeeze => (first, None),
        [first, second] if !delete || squeeze => (first, Some(second)),
        [_, extra, ..] if options.operands().len() > 2 || delete => {
            return Err(Error::usage(format_args!("extra operand '{}'", extra.display())));
        }
        _ => return Err(Error::usage("")),
    };
    let mut from = expand(first.as_bytes(), None)?;
    if options.has('c') || options.has('C') {
        from = (0..=255).filter(|byte| !from.contains(byte)).collect();
    }
    let tables = Tables::new(&options, from, second.map(|second| second.as_bytes()))?;
    tables.copy(&mut cx.stdin(), &mut cx.out).doing("read error")
}

impl Tables {
    fn new(options: &Options, mut from: Vec<u8>, second: Option<&[u8]>) -> Result<Tables> {
        let mut tables = Tables { map: [0; 256], delete: [false; 256], squeeze: [false; 256] };
        for byte in 0..=255u8 {
            tables.map[usize::from(byte)] = byte;
        }
        let to = second.map(|second| expand(second, Some(from.len()))).transpose()?;
        if options.has('d') {
            from.iter().for_each(|&byte| tables.delete[usize::from(byte)] = true);
        } else if let Some(to) = &to {
            if options.has('t') {
                from.truncate(to.len());
            }
            let Some(last) = to.last() else {
                return Err(Error::message("STRING2 cannot be empty"));
            };
            for (index, &byte) in from.iter().enumerate() {
                tables.map[usize::from(byte)] = *to.get(index).unwrap_or(last);
            }
        }
        if options.has('s') {
            to.as_ref().unwrap_or(&from).iter().for_each(|&byte| tables.squeeze[usize::from(byte)] = true);
        }
        Ok(tables)
    }

    fn copy(&self, input: &mut dyn BufRead, out: &mut Output) -> io::Result<()> {
        let simple = !self.delete.contains(&true) && !self.squeeze.contains(&true);
        let mut translated = Vec::new();
        let mut before = None;
        loop {
            let bytes = input.fill_buf()?;
            if bytes.is_empty() || out.failed() {
                return Ok(());
            }
            translated.clear();
            if simple {
                translated.extend(bytes.iter().map(|&byte| self.map[usize::from(byte)]));
            } else {
                for &byte in bytes.iter().filter(|&&byte| !self.delete[usize::from(byte)]) {
                    let byte = self.map[usize::from(byte)];
                    if before != Some(byte) || !self.squeeze[usize::from(byte)] {
                        translated.push(byte);
                    }
                    before = Some(byte);
                }
            }
            let length = bytes.len();
            input.consume(length);
            out.write(&translated);
        }
    }
}

/// The bytes that a STRING stands for. `length`: it is the second, and `[c*]` fills it up so far.
fn expand(text: &[u8], length: Option<usize>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut fill = None;
    let mut at = 0;
    while at < text.len() {
        if let Some((members, end)) = class(&text[at..])? {
            bytes.extend(members);
            at += end;
            continue;
        }
        if length.is_some()
            && let Some((byte, count, end)) = repeated(&text[at..])
        {
            match count {
                0 => fill = fill.or(Some((bytes.len(), byte))),
                count => bytes.resize(bytes.len() + count, byte),
            }
            at += end;
            continue;
        }
        let (first, used) = escaped(&text[at..]);
        at += used;
        if at + 1 < text.len() && text[at] == b'-' {
            let (last, used) = escaped(&text[at + 1..]);
            if last < first {
                return Err(Error::message(format_args!(
                    "range-endpoints of '{}-{}' are in reverse collating sequence order",
                    first.escape_ascii(),
                    last.escape_ascii()
                )));
            }
            bytes.extend(first..=last);
            at += 1 + used;
        } else {
            bytes.push(first);
        }
    }
    if let (Some((place, byte)), Some(length)) = (fill, length) {
        let missing = length.saturating_sub(bytes.len());
        bytes.splice(place..place, std::iter::repeat_n(byte, missing));
    }
    Ok(bytes)
}

/// `[:name:]` or `[=c=]` at the beginning of `text`: its bytes and its length.
fn class(text: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let [b'[', kind @ (b':' | b'='), rest @ ..] = text else { return Ok(None) };
    let Some(length) = rest.windows(2).position(|pair| pair == [*kind, b']']) else { return Ok(None) };
    let (name, end) = (&rest[..length], length + 4);
    if *kind == b'=' {
        let (byte, used) = if name.is_empty() { (0, 1) } else { escaped(name) };
        return Ok((used == length).then(|| (vec![byte], end)));
    }
    let member: fn(u8) -> bool = match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| byte == b' ' || byte == b'\t',
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"space" => |byte| byte == b' ' || (9..=13).contains(&byte),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => {
            let name = String::from_utf8_lossy(name);
            return Err(Error::message(format_args!("invalid character class '{name}'")));
        }
    };
    Ok(Some(((0..=255).filter(|&byte| member(byte)).collect(), end)))
}

/// `[c*N]` or `[c*]`: the byte, the count (0: as many as needed) and the length. A count with a leading 0 is octal.
fn repeated(text: &[u8]) -> Option<(u8, usize, usize)> {
    let rest = text.strip_prefix(b"[").filter(|rest| !rest.is_empty())?;
    let (byte, used) = escaped(rest);
    let count = rest[used..].strip_prefix(b"*")?;
    let length = count.iter().position(|&byte| byte == b']')?;
    let digits = std::str::from_utf8(&count[..length]).ok()?;
    let radix = if digits.starts_with('0') { 8 } else { 10 };
    let number = if digits.is_empty() { 0 } else { usize::from_str_radix(digits, radix).ok()? };
    // More than a whole input could need would only use up memory.
    Some((byte, number.min(1 << 16), 1 + used + 1 + length + 1))
}

/// The byte that `text`, which is not empty, begins with, and how many bytes stand for it.
fn escaped(text: &[u8]) -> (u8, usize) {
    let [b'\\', letter, ..] = *text else { return (text[0], 1) };
    let byte = match letter {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'0'..=b'7' => {
            let mut value = 0u32;
            let mut used = 1;
            while used < 4
                && let Some(digit @ b'0'..=b'7') = text.get(used)
                && value * 8 + u32::from(digit - b'0') < 256
            {
                value = value * 8 + u32::from(digit - b'0');
                used += 1;
            }
            return (value as u8, used);
        }
        other => other,
    };
    (byte, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_strings() {
        for (text, length, expected) in [
            ("abc", None, Some("abc")),
            ("a-e", None, Some("abcde")),
            ("a-", None, Some("a-")),
            ("-a", None, Some("-a")),
            ("\\n\\101\\\\", None, Some("\nA\\")),
            ("[:digit:]x", None, Some("0123456789x")),
            ("[=a=]", None, Some("a")),
            ("[a-c]", None, Some("[abc]")),
            ("x[y*3]", Some(9), Some("xyyy")),
            ("x[y*]z", Some(5), Some("xyyyz")),
            ("[y*010]", Some(9), Some("yyyyyyyy")),
            ("z-a", None, None),
            ("[:foo:]", None, None),
            ("\\4011", None, Some(" 11")),
        ] {
            let bytes = expand(text.as_bytes(), length).ok();
            assert_eq!(bytes.as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }
}
