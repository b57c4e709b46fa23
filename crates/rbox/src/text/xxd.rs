//! xxd — print bytes in hexadecimal, and make bytes of such a print.
//!
//! Source: BusyBox 1.37; xxd(1) of Vim 9.

use std::io::{Seek, SeekFrom};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "xxd",
    links: &["/usr/bin/xxd"],
    usage: "\
xxd [-pri] [-g N] [-c N] [-l LENGTH] [-s OFFSET] [-o OFFSET] [FILE]

Print FILE (or stdin) in hexadecimal and as characters.

  -c N        Bytes on a line (16; with -p 30, with -i 12)
  -g N        Bytes in a group (2)
  -i          As a C array
  -l LENGTH   Only so many bytes
  -o OFFSET   Add OFFSET to the places that are printed
  -p          Only the digits
  -r          Make bytes of a print (with -p: of digits alone)
  -s OFFSET   Begin there
",
    process: Process::Fork,
    run,
};

#[derive(Clone, Copy)]
enum Style {
    /// Places, groups of so many bytes, characters.
    Lines(usize),
    Plain,
    Array,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let file = options.files().remove(0);
    let Some(mut input) = cx.open(&file) else { return Ok(()) };
    if options.has('r') {
        return match options.has('p') {
            true => from_digits(&mut input, &mut cx.out).at(&file),
            false => from_lines(&mut input, &mut cx.out, &file),
        };
    }
    let (style, usual) = match (options.has('p'), options.has('i')) {
        (true, _) => (Style::Plain, 30),
        (false, true) => (Style::Array, 12),
        (false, false) => {
            let group = number(&options, 'g')?.unwrap_or(2) as usize;
            (Style::Lines(if group == 0 { usize::MAX } else { group }), 16)
        }
    };
    // More than fits in memory is no line.
    let width = match number(&options, 'c')?.unwrap_or(0) {
        0 => usual,
        width => usize::try_from(width).unwrap_or(usize::MAX).min(1 << 20),
    };
    let start = number(&options, 's')?.unwrap_or(0);
    skip(&mut input, start).at(&file)?;
    let mut rest = (&mut input as &mut dyn Read).take(number(&options, 'l')?.unwrap_or(u64::MAX));
    let mut offset = start.wrapping_add(number(&options, 'o')?.unwrap_or(0));

    let name = match (style, options.operands().first()) {
        (Style::Array, Some(file)) => Some(identifier(file.as_bytes())),
        _ => None,
    };
    if let Some(name) = &name {
        writeln!(cx.out, "unsigned char {name}[] = {{");
    }
    let mut line = Vec::new();
    let mut printed = 0u64;
    loop {
        line.clear();
        (&mut rest as &mut dyn Read).take(width as u64).read_to_end(&mut line).at(&file)?;
        if line.is_empty() || cx.out.failed() {
            break;
        }
        print_line(&line, offset, width, style, &mut cx.out);
        offset = offset.wrapping_add(line.len() as u64);
        printed += line.len() as u64;
    }
    if let Some(name) = &name {
        write!(cx.out, "}};\nunsigned int {name}_len = {printed};\n");
    }
    Ok(())
}

/// A number as C writes it: decimal, 0x for hexadecimal, 0 for octal.
fn number(options: &Options, short: char) -> Result<Option<u64>> {
    let Some(value) = options.value(short) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    match u64::from_str_radix(digits, radix) {
        Ok(number) if !digits.starts_with('+') => Ok(Some(number)),
        _ => Err(Error::message(format_args!("invalid number '{}'", value.display()))),
    }
}

/// Passes over `count` bytes: by seeking if that is possible, else by reading them.
fn skip(input: &mut cli::input::Input, count: u64) -> io::Result<()> {
    if let cli::input::Source::File(file) = input.get_mut()
        && file.metadata()?.is_file()
    {
        return file.seek(SeekFrom::Start(count)).map(|_| ());
    }
    let mut left = count;
    while left > 0 {
        let length = input.fill_buf()?.len();
        if length == 0 {
            break;
        }
        let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
        input.consume(length);
        left -= length as u64;
    }
    Ok(())
}

fn print_line(line: &[u8], offset: u64, width: usize, style: Style, out: &mut Output) {
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    let mut text = Vec::with_capacity(4 * width);
    match style {
        Style::Plain => line.iter().for_each(|&byte| text.extend(digits(byte))),
        Style::Array => {
            for (index, &byte) in line.iter().enumerate() {
                text.extend_from_slice(if index == 0 { b"  0x" } else { b" 0x" });
                text.extend(digits(byte));
                text.push(b',');
            }
        }
        Style::Lines(group) => {
            write!(out, "{offset:08x}: ");
            for place in 0..width {
                match line.get(place) {
                    Some(&byte) => text.extend(digits(byte)),
                    None => text.extend_from_slice(b"  "),
                }
                if (place + 1) % group == 0 || place + 1 == width {
                    text.push(b' ');
                }
            }
            text.push(b' ');
            text.extend(line.iter().map(|&byte| if matches!(byte, b' '..=b'~') { byte } else { b'.' }));
        }
    }
    text.push(b'\n');
    out.write(&text);
}

/// The name of a C array for that path.
fn identifier(path: &[u8]) -> String {
    path.iter().map(|&byte| if byte.is_ascii_alphanumeric() { char::from(byte) } else { '_' }).collect()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// The bytes of a row of digits, up to the first that is none; blanks between bytes are passed over, one at a time where
/// two would end the row.
fn bytes_of(mut text: &[u8], blanks: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let skipped = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if skipped > blanks {
            return bytes;
        }
        text = &text[skipped..];
        let (Some(&high), Some(&low)) = (text.first(), text.get(1)) else { return bytes };
        let (Some(high), Some(low)) = (digit(high), digit(low)) else { return bytes };
        bytes.push(high << 4 | low);
        text = &text[2..];
    }
}

fn from_digits(input: &mut dyn BufRead, out: &mut Output) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 || out.failed() {
            return Ok(());
        }
        out.write(&bytes_of(&line, usize::MAX));
    }
}

/// Lines of a place, a colon and digits. What lies between two places is zero.
fn from_lines(input: &mut dyn BufRead, out: &mut Output, file: &Path) -> Result {
    let mut line = Vec::new();
    let mut written = 0u64;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).at(file)? == 0 || out.failed() {
            return Ok(());
        }
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let place = std::str::from_utf8(&line[..colon]).ok();
        let Some(place) = place.and_then(|place| u64::from_str_radix(place.trim(), 16).ok()) else {
            continue;
        };
        let Some(mut gap) = place.checked_sub(written) else {
            return Err(Error::message("cannot seek: Invalid seek"));
        };
        written = place;
        while gap > 0 && !out.failed() {
            let length = gap.min(4096);
            out.write(&[0; 4096][..length as usize]);
            gap -= length;
        }
        let behind = &line[colon + 1..];
        let bytes = bytes_of(behind.strip_prefix(b" ").unwrap_or(behind), 1);
        out.write(&bytes);
        written += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_digits() {
        for (text, blanks, expected) in [
            ("4142 43  zz", 1, &b"ABC"[..]),
            ("4142 43  44", 1, b"ABC"),
            ("4142 43  44", 9, b"ABCD"),
            ("4", 1, b""),
            ("414", 1, b"A"),
            ("zz", 1, b""),
        ] {
            assert_eq!(bytes_of(text.as_bytes(), blanks), expected, "{text}");
        }
        assert_eq!(identifier(b"a.b/1-x"), "a_b_1_x");
    }
}
