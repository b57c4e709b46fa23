//! hexdump and hd — print bytes by format strings.
//!
//! Source: hexdump(1) of the BSDs; BusyBox 1.37 for the formats of the options.

use posix::escape::{self, Octal};
use posix::format::Spec;

use super::blocks::{self, Blocks};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "hexdump",
        links: &["/usr/bin/hexdump"],
        usage: "\
hexdump [-bcdoxCv] [-e FORMAT] [-f FILE] [-n LENGTH] [-s OFFSET] [FILE]...

Print FILEs (or stdin) as hexadecimal numbers of two bytes, or as options say.

  -b         Octal bytes
  -c         Characters
  -C         Hexadecimal bytes, and characters beside
  -d         Decimal numbers of two bytes
  -o         Octal numbers of two bytes
  -x         Hexadecimal numbers of two bytes
  -e FORMAT  Units like 16/1 \"%02x \"
  -f FILE    Take formats from the lines of FILE
  -n LENGTH  Print LENGTH bytes only
  -s OFFSET  Skip OFFSET bytes
  -v         Print lines that are the same as the last
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "hd",
        links: &["/usr/bin/hd"],
        usage: "\
hd [-bcdoxv] [-e FORMAT] [-f FILE] [-n LENGTH] [-s OFFSET] [FILE]...

Same as hexdump -C.

  -b         .
  -c         .
  -C         .
  -d         .
  -o         .
  -x         .
  -e FORMAT  .
  -f FILE    .
  -n LENGTH  Print LENGTH bytes only
  -s OFFSET  Skip OFFSET bytes
  -v         Print lines that are the same as the last
",
        process: Process::Fork,
        run,
    },
];

const OFFSET: &[u8] = b"\"%07.7_Ax\n\"";
const WIDE_OFFSET: &[u8] = b"\"%08.8_Ax\n\"";

/// `COUNT/BYTES "text"`: what is printed of each COUNT times BYTES bytes.
struct Unit {
    count: usize,
    /// The count was given, and is not stretched to the block.
    fixed: bool,
    parts: Vec<Part>,
    bytes: usize,
}

enum Part {
    Text(Vec<u8>),
    Value {
        spec: Spec,
        /// The conversion's letter; `a A c p u` behind an underscore are those with 0x80 added.
        kind: u8,
        /// The letter of the radix of `_a` and `_A`.
        radix: u8,
        size: usize,
    },
}

const UNDERSCORE: u8 = 0x80;

impl Unit {
    /// Whether it is printed once behind all: it has a `%_A`.
    fn is_end(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Value { kind, .. } if *kind == b'A' | UNDERSCORE))
    }
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let formats = formats(cx, &options)?;
    let limit = options.value('n').map(blocks::number).transpose()?;
    let skip = options.value('s').map(blocks::number).transpose()?.unwrap_or(0);
    let mut input = Blocks::new(&options, limit);
    input.skip(cx, skip)?;

    let size = formats.iter().map(|units| block_bytes(units)).max().unwrap_or(0);
    if size == 0 {
        return Ok(());
    }
    let mut dump = Dump { block: vec![0; size], count: 0, offset: skip };
    let mut last: Vec<u8> = Vec::new();
    let mut folded = false;
    loop {
        dump.count = input.read(cx, &mut dump.block)?;
        let count = dump.count;
        dump.block[count..].fill(0);
        if count == size && dump.block == last && !options.has('v') {
            if !folded {
                cx.out.write(b"*\n");
            }
            folded = true;
        } else if count > 0 {
            folded = false;
            for units in &formats {
                dump.line(&mut cx.out, units, size);
            }
        }
        dump.offset += count as u64;
        if count < size || cx.out.failed() {
            break;
        }
        dump.block.clone_into(&mut last);
    }
    if dump.offset > skip {
        let end = formats.iter().flatten().rfind(|unit| unit.is_end());
        if let Some(unit) = end {
            dump.end(&mut cx.out, unit);
        }
    }
    Ok(())
}

fn formats(cx: &mut Cx<'_>, options: &Options) -> Result<Vec<Vec<Unit>>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut add = |offset: &[u8], columns: &[&[u8]]| {
        texts.push(offset.to_vec());
        for column in columns {
            texts.push(column.to_vec());
        }
    };
    let hd = cx.applet.name == "hd";
    if hd {
        add(WIDE_OFFSET, CANONICAL);
    }
    for (letter, _, value) in options.in_order() {
        match (letter, value) {
            (b'C', _) => add(WIDE_OFFSET, CANONICAL),
            (b'b', _) => add(OFFSET, &[b"\"%07.7_ax \" 16/1 \"%03o \" \"\n\""]),
            (b'c', _) => add(OFFSET, &[b"\"%07.7_ax \" 16/1 \"%3_c \" \"\n\""]),
            (b'd', _) => add(OFFSET, &[b"\"%07.7_ax \" 8/2 \"  %05u \" \"\n\""]),
            (b'o', _) => add(OFFSET, &[b"\"%07.7_ax \" 8/2 \" %06o \" \"\n\""]),
            (b'x', _) => add(OFFSET, &[b"\"%07.7_ax \" 8/2 \"   %04x \" \"\n\""]),
            (b'e', Some(format)) => add(format.as_bytes(), &[]),
            (b'f', Some(file)) => {
                for line in blocks::lines(cx, Path::new(file))? {
                    let line = line.trim_ascii();
                    if !line.is_empty() && !line.starts_with(b"#") {
                        add(line, &[]);
                    }
                }
            }
            _ => {}
        }
    }
    if texts.is_empty() {
        texts.push(OFFSET.to_vec());
        texts.push(b"\"%07.7_ax \" 8/2 \"%04x \" \"\n\"".to_vec());
    }
    let mut formats = Vec::new();
    for text in &texts {
        formats.push(parse(text)?);
    }
    let size = formats.iter().map(|units| block_bytes(units)).max().unwrap_or(0);
    for units in &mut formats {
        let own = block_bytes(units);
        // The last unit is repeated as long as other formats go on.
        if let Some(unit) = units.iter_mut().rev().find(|unit| unit.bytes > 0)
            && !unit.fixed
        {
            unit.count += (size - own) / unit.bytes;
        }
    }
    Ok(formats)
}

const CANONICAL: &[&[u8]] =
    &[b"\"%08.8_ax  \" 8/1 \"%02x \" \"  \" 8/1 \"%02x \" ", b"\"  |\" 16/1 \"%_p\" \"|\n\""];

fn block_bytes(units: &[Unit]) -> usize {
    units.iter().map(|unit| unit.count * unit.bytes).sum()
}

#[cold]
fn bad(text: &[u8]) -> Error {
    Error::message(format_args!("bad format {{{}}}", OsStr::from_bytes(text).display()))
}

fn parse(text: &[u8]) -> Result<Vec<Unit>> {
    let mut units = Vec::new();
    let mut rest = text.trim_ascii_start();
    while !rest.is_empty() {
        let mut number = || {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let value = std::str::from_utf8(&rest[..digits]).ok()?.parse::<usize>().ok()?;
            rest = rest[digits..].trim_ascii_start();
            Some(value)
        };
        let count = number();
        let mut size = None;
        if let Some(behind) = rest.strip_prefix(b"/") {
            rest = behind.trim_ascii_start();
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            size = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse().ok());
            if size.is_none() {
                return Err(bad(text));
            }
            rest = rest[digits..].trim_ascii_start();
        }
        rest = rest.strip_prefix(b"\"").ok_or_else(|| bad(text))?;
        let end = rest.iter().position(|&byte| byte == b'"').ok_or_else(|| bad(text))?;
        let mut format = Vec::new();
        escape::expand(&rest[..end], Octal::Three, &mut format);
        rest = rest[end + 1..].trim_ascii_start();

        let parts = parts(&format, size)?;
        let bytes =
            parts.iter().map(|part| if let Part::Value { size, .. } = part { *size } else { 0 }).sum();
        // No file is printed in blocks of a megabyte; what asks for it would only take memory.
        if count.unwrap_or(1).saturating_mul(bytes) > 1 << 20 {
            return Err(bad(text));
        }
        units.push(Unit { count: count.unwrap_or(1), fixed: count.is_some(), parts, bytes });
    }
    Ok(units)
}

/// Takes a format apart; `given` is the number of bytes that stands before it.
fn parts(format: &[u8], given: Option<usize>) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut text = Vec::new();
    let mut rest = format;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' || rest.first() == Some(&b'%') {
            rest = &rest[usize::from(byte == b'%')..];
            text.push(byte);
            continue;
        }
        let mut next = || {
            let first = rest.first().copied().unwrap_or(0);
            rest = rest.get(1..).unwrap_or(&[]);
            first
        };
        let mut spec = Spec::default();
        let mut letter = next();
        while spec.set_flag(letter) {
            letter = next();
        }
        while letter.is_ascii_digit() {
            spec.width = (spec.width * 10 + usize::from(letter - b'0')).min(1000);
            letter = next();
        }
        if letter == b'.' {
            letter = next();
            let mut precision = 0;
            while letter.is_ascii_digit() {
                precision = (precision * 10 + usize::from(letter - b'0')).min(1000);
                letter = next();
            }
            spec.precision = Some(precision);
        }
        let mut radix = 0;
        let (kind, sizes): (u8, &[usize]) = match letter {
            b'_' => match next() {
                kind @ (b'a' | b'A') => {
                    radix = next();
                    (kind | UNDERSCORE, if matches!(radix, b'd' | b'o' | b'x') { &[0] } else { &[] })
                }
                kind @ (b'c' | b'p' | b'u') => (kind | UNDERSCORE, &[1]),
                kind => (kind, &[]),
            },
            b'c' => (letter, &[1]),
            b'd' | b'i' | b'o' | b'u' | b'x' | b'X' => (letter, &[4, 1, 2, 8]),
            b'e' | b'E' | b'f' | b'g' | b'G' => (letter, &[8, 4]),
            b's' => (letter, &[usize::MAX]),
            _ => (letter, &[]),
        };
        let Some(&default) = sizes.first() else {
            return Err(Error::message(format_args!("bad conversion character %{}", kind.escape_ascii())));
        };
        let size = match (kind, given) {
            (b's', _) => match given.or(spec.precision) {
                Some(size) => size,
                None => return Err(Error::message("%s requires a precision or a byte count")),
            },
            (_, Some(size)) if default > 0 && !sizes.contains(&size) => {
                return Err(Error::message(format_args!(
                    "bad byte count for conversion character {}",
                    letter.escape_ascii()
                )));
            }
            (_, Some(size)) if default > 0 => size,
            _ => default,
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(Part::Value { spec, kind, radix, size });
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

struct Dump {
    block: Vec<u8>,
    /// Bytes of the block that were read.
    count: usize,
    offset: u64,
}

impl Dump {
    fn line(&self, out: &mut Output, units: &[Unit], size: usize) {
        let mut text = Vec::new();
        let mut at = 0;
        for unit in units {
            if unit.is_end() {
                continue;
            }
            for repeat in 1..=unit.count {
                for part in &unit.parts {
                    self.part(part, &mut at, size, &mut text);
                }
                if repeat == unit.count && unit.count > 1 && text.last().is_some_and(u8::is_ascii_whitespace)
                {
                    let ends_in_text = matches!(unit.parts.last(), Some(Part::Text(_)));
                    if ends_in_text {
                        text.pop();
                    }
                }
            }
        }
        out.write(&text);
    }

    fn part(&self, part: &Part, at: &mut usize, block_size: usize, text: &mut Vec<u8>) {
        let (spec, kind, radix, size) = match part {
            Part::Text(fixed) => return text.extend_from_slice(fixed),
            Part::Value { spec, kind, radix, size } => (spec, *kind, *radix, *size),
        };
        if kind & UNDERSCORE != 0 && matches!(kind & !UNDERSCORE, b'a' | b'A') {
            return address(spec, radix, self.offset + *at as u64, text);
        }
        let start = *at;
        *at += size;
        if start >= self.count || start + size > block_size {
            // Behind the end there are blanks instead.
            return Spec { left: spec.left, width: spec.width, ..Spec::default() }.string(b"", text);
        }
        let bytes = &self.block[start..start + size];
        let byte = bytes.first().copied().unwrap_or(0);
        match kind {
            b'd' | b'i' => spec.signed(blocks::signed(bytes), text),
            b'o' => spec.unsigned(blocks::unsigned(bytes), 8, false, text),
            b'u' => spec.unsigned(blocks::unsigned(bytes), 10, false, text),
            b'x' | b'X' => spec.unsigned(blocks::unsigned(bytes), 16, kind == b'X', text),
            b'c' => spec.string(&[byte], text),
            b's' => {
                let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
                spec.string(&bytes[..end], text);
            }
            b'e' | b'E' | b'f' | b'g' | b'G' => spec.float(blocks::float(bytes), kind, text),
            _ => {
                let shown = match (kind & !UNDERSCORE, byte) {
                    (b'p', 32..127) => vec![byte],
                    (b'p', _) => vec![b'.'],
                    (b'u', b' ') => vec![b' '],
                    (b'u', 128..) => format!("{byte:02x}").into_bytes(),
                    (b'u', _) => blocks::character_name(byte).unwrap_or(&[byte]).to_vec(),
                    _ => blocks::character_text(byte),
                };
                spec.string(&shown, text);
            }
        }
    }

    /// Prints the unit that stands behind all.
    fn end(&self, out: &mut Output, unit: &Unit) {
        let mut text = Vec::new();
        for part in &unit.parts {
            match part {
                Part::Text(fixed) => text.extend_from_slice(fixed),
                Part::Value { spec, radix, .. } => address(spec, *radix, self.offset, &mut text),
            }
        }
        out.write(&text);
    }
}

fn address(spec: &Spec, radix: u8, offset: u64, text: &mut Vec<u8>) {
    let base = match radix {
        b'd' => 10,
        b'o' => 8,
        _ => 16,
    };
    spec.unsigned(offset, base, false, text);
}
