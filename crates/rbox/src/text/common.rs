//! common — what several text commands need: opening files as they report it, lines, sizes.

use crate::prelude::*;
use cli::input::Input;

/// Opens `file` ("-" is standard input), or reports "can't open 'FILE': …".
pub(crate) fn open_or_report(cx: &mut Cx<'_>, file: &Path) -> Option<Input> {
    if file.as_os_str() == "-" {
        return Some(cx.stdin());
    }
    match std::fs::File::open(file) {
        Ok(opened) => Some(cli::input::file(opened)),
        Err(error) => {
            cx.report(cannot_open(file, &error));
            None
        }
    }
}

#[cold]
pub(crate) fn cannot_open(file: &Path, error: &io::Error) -> Error {
    Error::message(format_args!("can't open '{}': {}", file.display(), sys::error::text(error)))
}

/// Reads one line with its end into `line`. False at the end of the input.
pub(crate) fn read_line(input: &mut dyn BufRead, end: u8, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(input.read_until(end, line)? > 0)
}

/// The line without its end.
pub(crate) fn trimmed(line: &[u8], end: u8) -> &[u8] {
    line.strip_suffix(&[end]).unwrap_or(line)
}

/// Copies the rest of `input`.
pub(crate) fn copy(input: &mut Input, out: &mut Output) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() || out.failed() {
            return Ok(());
        }
        out.write(bytes);
        let length = bytes.len();
        input.consume(length);
    }
}

/// A size: decimal digits and a suffix: `b` 512, `k` 1024, `m`, `g` and so on; `kB` and the like are powers of 1000.
///
/// Errors: "invalid number 'x'".
pub(crate) fn size(text: &[u8]) -> Result<u64> {
    parse_size(text)
        .ok_or_else(|| Error::message(format_args!("invalid number '{}'", OsStr::from_bytes(text).display())))
}

fn parse_size(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: u64 = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    let power = |base: u64, letter: u8| {
        let exponent = b"kmgtpe".iter().position(|&known| known == letter.to_ascii_lowercase())?;
        base.checked_pow(exponent as u32 + 1)
    };
    let unit = match &text[digits..] {
        [] => 1,
        b"b" => 512,
        [letter] | [letter, b'i', b'B'] => power(1024, *letter)?,
        [letter, b'B'] => power(1000, *letter)?,
        _ => return None,
    };
    number.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("2b", Some(1024)),
            ("3k", Some(3072)),
            ("3K", Some(3072)),
            ("1m", Some(1 << 20)),
            ("1G", Some(1 << 30)),
            ("2kB", Some(2000)),
            ("2MiB", Some(2 << 20)),
            ("", None),
            ("k", None),
            ("1x", None),
            ("-1", None),
            ("99999999999999999999", None),
            ("9999999999999999e", None),
        ] {
            assert_eq!(parse_size(text.as_bytes()), expected, "{text}");
        }
    }
}
