//! od — print bytes as numbers and characters.
//!
//! Source: POSIX.1-2024 `od`; BusyBox 1.37 for columns and the older options; GNU coreutils for `z`.

use posix::format::Spec;

use super::blocks::{self, Blocks};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "od",
    links: &["/usr/bin/od"],
    usage: "\
od [-abcdfhilosxv] [-A RADIX] [-j SKIP] [-N SIZE] [-t TYPE] [-w[WIDTH]] [FILE]...

Print FILEs (or stdin) as octal numbers of two bytes, or as TYPE says.

  -A, --address-radix=RADIX  Offsets in d, o, x, or n for none
  -j, --skip-bytes=SKIP      Skip SKIP bytes
  -N, --read-bytes=SIZE      Stop after SIZE bytes
  -S, --strings=MIN          Print texts of MIN characters and more that end in NUL
  -t, --format=TYPE          a, c, d, f, o, u or x with a size, and z for the text behind
  -v, --output-duplicates    Print lines that are the same as the last
  -w, --width[=BYTES]        Bytes a line (32 without a number)
  -a                         Same as -t a
  -b                         Same as -t o1
  -c                         Same as -t c
  -d                         Same as -t u2
  -D                         Same as -t u4
  -f, -F, -e                 Same as -t f4
  -h, -x                     Same as -t x2
  -H, -X                     Same as -t x4
  -i                         Same as -t d4
  -l, -I, -L                 Same as -t d8
  -O                         Same as -t o4
  -o, -B                     Same as -t o2
  -s                         Same as -t d2
",
    process: Process::Fork,
    run,
};

/// How one line of a block is printed.
struct Format {
    kind: u8,
    size: usize,
    text_behind: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let formats = formats(&options)?;
    let radix = match options.value('A').map(OsStr::as_bytes) {
        None | Some(b"o") => b'o',
        Some([radix @ (b'd' | b'x' | b'n')]) => *radix,
        Some(other) => {
            let other = OsStr::from_bytes(other).display();
            return Err(Error::message(format_args!("bad output address radix '{other}' (must be [doxn])")));
        }
    };
    let limit = options.value('N').map(blocks::number).transpose()?;
    let mut offset = options.value('j').map(blocks::number).transpose()?.unwrap_or(0);
    let mut input = Blocks::new(&options, limit);
    if !input.skip(cx, offset)? {
        return Err(Error::message("can't skip past end of combined input"));
    }
    if let Some(least) = options.value('S') {
        return strings(cx, &mut input, offset, blocks::number(least)?, radix);
    }

    let unit = formats.iter().fold(1, |largest, format| largest.max(format.size));
    let width = width(cx, &options, unit)?;
    let (mut block, mut last) = (vec![0; width], Vec::new());
    let mut folded = false;
    loop {
        let count = input.read(cx, &mut block)?;
        if count < width {
            block[count..].fill(0);
        }
        if count == width && block == last && !options.has('v') {
            if !folded {
                cx.out.write(b"*\n");
            }
            folded = true;
        } else if count > 0 {
            folded = false;
            for (index, format) in formats.iter().enumerate() {
                let start = if index == 0 { address(offset, radix) } else { Vec::new() };
                line(&mut cx.out, format, &block, count, &start, radix);
            }
        }
        offset += count as u64;
        if count < width || cx.out.failed() {
            break;
        }
        block.clone_into(&mut last);
    }
    if radix != b'n' && input.opened {
        cx.out.write(&address(offset, radix));
        cx.out.write(b"\n");
    }
    Ok(())
}

fn width(cx: &mut Cx<'_>, options: &Options, unit: usize) -> Result<usize> {
    // All sizes are powers of two: the largest is a multiple of the others.
    let default = 16.max(unit);
    let Some(given) = options.value_long("width") else { return Ok(default) };
    let width = match given {
        None => 32,
        Some(text) => usize::try_from(blocks::number(text)?).unwrap_or(0),
    };
    if width > 0 && width.is_multiple_of(unit) && width <= 1 << 20 {
        return Ok(width);
    }
    cx.warn(&format!("invalid width {width}; using {unit} instead"));
    Ok(unit)
}

fn formats(options: &Options) -> Result<Vec<Format>> {
    let mut formats = Vec::new();
    for (letter, _, value) in options.in_order() {
        let text: &[u8] = match (letter, value) {
            (b't', Some(text)) => text.as_bytes(),
            (b'a', _) => b"a",
            (b'c', _) => b"c",
            (b'b', _) => b"o1",
            (b'd', _) => b"u2",
            (b'D', _) => b"u4",
            (b'f', _) => b"f4",
            (b'h', _) => b"x2",
            (b'H', _) => b"x4",
            (b'i', _) => b"d4",
            (b'l', _) => b"d8",
            (b'O', _) => b"o4",
            (b'o', _) => b"o2",
            (b's', _) => b"d2",
            _ => continue,
        };
        parse(text, &mut formats)?;
    }
    if formats.is_empty() {
        formats.push(Format { kind: b'o', size: 2, text_behind: false });
    }
    Ok(formats)
}

/// One or several types: a letter, then a size in bytes or as a letter of C's types.
fn parse(text: &[u8], formats: &mut Vec<Format>) -> Result {
    let mut rest = text;
    while let Some((&kind, behind)) = rest.split_first() {
        rest = behind;
        let mut size = match kind {
            b'a' | b'c' => 1,
            b'f' => 8,
            b'd' | b'o' | b'u' | b'x' => 4,
            _ => {
                return Err(Error::message(format_args!(
                    "invalid character '{}' in type string '{}'",
                    kind.escape_ascii(),
                    OsStr::from_bytes(text).display()
                )));
            }
        };
        if !matches!(kind, b'a' | b'c') {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let named = match (kind, rest.first()) {
                (b'f', Some(b'F')) => Some(4),
                (b'f', Some(b'D' | b'L')) => Some(8),
                (b'f', _) => None,
                (_, Some(b'C')) => Some(1),
                (_, Some(b'S')) => Some(2),
                (_, Some(b'I')) => Some(4),
                (_, Some(b'L')) => Some(8),
                _ => None,
            };
            if let Some(named) = named {
                size = named;
                rest = &rest[1..];
            } else if digits > 0 {
                let number = cli::options::number(OsStr::from_bytes(&rest[..digits]))?;
                let known: &[u64] = if kind == b'f' { &[4, 8] } else { &[1, 2, 4, 8] };
                if !known.contains(&number) {
                    return Err(Error::message(format_args!(
                        "invalid type string '{}'; {number}-byte {} type is not supported",
                        OsStr::from_bytes(text).display(),
                        if kind == b'f' { "floating point" } else { "integral" }
                    )));
                }
                size = number as usize;
                rest = &rest[digits..];
            }
        }
        let text_behind = rest.first() == Some(&b'z');
        rest = &rest[usize::from(text_behind)..];
        formats.push(Format { kind, size, text_behind });
    }
    Ok(())
}

fn address(offset: u64, radix: u8) -> Vec<u8> {
    let (base, width) = match radix {
        b'n' => return Vec::new(),
        b'd' => (10, 7),
        b'x' => (16, 6),
        _ => (8, 7),
    };
    let mut text = Vec::new();
    Spec { width, zero: true, ..Spec::default() }.unsigned(offset, base, false, &mut text);
    text
}

fn line(out: &mut Output, format: &Format, block: &[u8], count: usize, start: &[u8], radix: u8) {
    let mut text = start.to_vec();
    if start.is_empty() {
        text.resize(address(0, radix).len(), b' ');
    }
    let mut width = 0;
    for (index, bytes) in block.chunks(format.size).enumerate() {
        if index * format.size >= count {
            // What is missing of the last line, so that the text behind stands in its column.
            if format.text_behind {
                text.resize(text.len() + width, b' ');
            }
            continue;
        }
        let before = text.len();
        text.push(b' ');
        value(format, bytes, &mut text);
        width = text.len() - before;
    }
    if format.text_behind {
        text.extend_from_slice(b"  >");
        text.extend(block[..count].iter().map(|&byte| if (32..127).contains(&byte) { byte } else { b'.' }));
        text.push(b'<');
    }
    text.push(b'\n');
    out.write(&text);
}

fn value(format: &Format, bytes: &[u8], text: &mut Vec<u8>) {
    let spec = |width| Spec { width, ..Spec::default() };
    let step = format.size.trailing_zeros() as usize;
    let number = blocks::unsigned(bytes);
    match format.kind {
        b'a' => {
            let byte = bytes[0] & 0x7f;
            let name = if byte == b'\n' { Some(&b"nl"[..]) } else { blocks::character_name(byte) };
            spec(3).string(name.unwrap_or(&[byte]), text);
        }
        b'c' => spec(3).string(&blocks::character_text(bytes[0]), text),
        b'f' if format.size == 4 => {
            Spec { precision: Some(7), ..spec(15) }.float(blocks::float(bytes), b'e', text);
        }
        b'f' => Spec { precision: Some(15), ..spec(23) }.float(blocks::float(bytes), b'e', text),
        b'd' => spec([4, 6, 11, 20][step]).signed(blocks::signed(bytes), text),
        b'u' => spec([3, 5, 10, 20][step]).unsigned(number, 10, false, text),
        kind => {
            let (widths, base) = if kind == b'x' { ([2, 4, 8, 16], 16) } else { ([3, 6, 11, 22], 8) };
            Spec { zero: true, ..spec(widths[step]) }.unsigned(number, base, false, text);
        }
    }
}

/// Prints every run of at least `least` printable characters that ends in NUL.
fn strings(cx: &mut Cx<'_>, input: &mut Blocks, mut offset: u64, least: u64, radix: u8) -> Result {
    let mut found = Vec::new();
    let mut block = vec![0; 4096];
    loop {
        let count = input.read(cx, &mut block)?;
        for &byte in &block[..count] {
            offset += 1;
            if byte == 0 && found.len() as u64 >= least {
                let start = offset - 1 - found.len() as u64;
                if radix != b'n' {
                    cx.out.write(&address(start, radix));
                    cx.out.write(b" ");
                }
                cx.out.write(&found);
                cx.out.write(b"\n");
            }
            if (32..127).contains(&byte) || (7..14).contains(&byte) {
                found.push(byte);
            } else {
                found.clear();
            }
        }
        if count < block.len() {
            return Ok(());
        }
    }
}
