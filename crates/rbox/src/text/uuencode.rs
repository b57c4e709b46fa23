//! uuencode and uudecode — files as lines of printable characters, and back.
//!
//! Source: POSIX.1-2024 `uuencode`, `uudecode`; BusyBox 1.37.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use super::common::read_line;
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "uuencode",
        links: &["/usr/bin/uuencode"],
        usage: "\
uuencode [-m] [FILE] NAME

Write FILE (or stdin) as text that uudecode makes NAME of.

  -m  In base64
",
        process: Process::Fork,
        run: encode,
    },
    Applet {
        name: "uudecode",
        links: &["/usr/bin/uudecode"],
        usage: "\
uudecode [-o OUTFILE] [FILE]

Write the file that uuencode made text of.

  -o OUTFILE  Under this name instead of its own
",
        process: Process::Fork,
        run: decode,
    },
];

/// Bytes on a line.
const LINE: usize = 45;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    let base64 = options.has('m');
    let operands = options.operands();
    let (file, mode) = if operands.len() == 2 {
        let file = Path::new(&operands[0]);
        let mode = fs::metadata(file).map_or(0o666, |data| data.permissions().mode() & 0o777);
        (file, mode)
    } else {
        (Path::new("-"), 0o666 & !sys::at::umask())
    };
    let Some(mut input) = super::common::open_or_report(cx, file) else { return Ok(()) };
    let name = &operands[operands.len() - 1];
    write!(cx.out, "begin{} {mode:o} ", if base64 { "-base64" } else { "" });
    cx.out.write(name.as_bytes());
    cx.out.write(b"\n");
    let mut block = [0; LINE];
    loop {
        let mut count = 0;
        while count < LINE {
            match input.read(&mut block[count..]).at(file)? {
                0 => break,
                more => count += more,
            }
        }
        if count == 0 {
            break;
        }
        write_line(&mut cx.out, &block[..count], base64);
    }
    cx.out.write(if base64 { b"====\n" } else { b"`\nend\n" });
    Ok(())
}

fn write_line(out: &mut Output, bytes: &[u8], base64: bool) {
    let letter = |sextet: u32| match (base64, sextet as u8 & 63) {
        (true, sextet) => BASE64[usize::from(sextet)],
        (false, 0) => b'`',
        (false, sextet) => b' ' + sextet,
    };
    let mut line = Vec::with_capacity(64);
    if !base64 {
        line.push(b' ' + bytes.len() as u8);
    }
    for three in bytes.chunks(3) {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        line.extend([18, 12, 6, 0].map(|shift| letter(group >> shift)));
        if base64 {
            let end = line.len();
            line[end - (3 - three.len())..].fill(b'=');
        }
    }
    line.push(b'\n');
    out.write(&line);
}

fn decode(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let file = &options.files()[0];
    let Some(mut input) = cx.open(file) else { return Ok(()) };
    let mut line = Vec::new();
    let (base64, mode, name) = loop {
        if !read_line(&mut input, b'\n', &mut line).at(file)? {
            return Err(Error::message("no 'begin' line"));
        }
        if let Some(header) = header(line.trim_ascii_end()) {
            break header;
        }
    };
    let name = options.value('o').map_or(name, OsStr::to_os_string);
    if name == "-" || name == "/dev/stdout" {
        return decode_lines(&mut input, file, base64, &mut cx.out);
    }
    let path = Path::new(&name);
    let output = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    let output = output.map_err(|error| super::common::cannot_open(path, &error))?;
    decode_lines(&mut input, file, base64, &mut io::BufWriter::new(&output))?;
    sys::at::chmod_fd(&output, mode).at(path)
}

/// `begin MODE NAME` or `begin-base64 MODE NAME`.
fn header(line: &[u8]) -> Option<(bool, u32, OsString)> {
    let rest = line.strip_prefix(b"begin")?;
    let (base64, rest) = match rest.strip_prefix(b"-base64") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
    let end = rest.iter().position(|&byte| byte == b' ')?;
    let mode = u32::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 8).ok()?;
    let name = rest[end + 1..].trim_ascii_start();
    (!name.is_empty()).then(|| (base64, mode & 0o777, OsString::from_vec(name.to_vec())))
}

fn decode_lines(input: &mut dyn BufRead, file: &Path, base64: bool, out: &mut dyn Write) -> Result {
    let (mut line, mut bytes) = (Vec::new(), Vec::new());
    while read_line(input, b'\n', &mut line).at(file)? {
        let text = line.trim_ascii_end();
        if text == if base64 { &b"===="[..] } else { b"end" } {
            return out.flush().doing("write error");
        }
        bytes.clear();
        // A line whose blanks at the end were lost is shorter than it says: they were zeros.
        let (length, text) = match text.split_first() {
            _ if base64 => (usize::MAX, text),
            Some((&length, text)) => (usize::from(length.wrapping_sub(b' ') & 63), text),
            None => continue,
        };
        let (mut group, mut sextets, mut fill) = (0_u32, 0, 0);
        for &letter in text {
            let value = match (base64, letter) {
                (true, b'=') => {
                    fill += 1;
                    Some(0)
                }
                (true, _) => BASE64.iter().position(|&known| known == letter),
                (false, b' '..=b'`') => Some(usize::from(letter - b' ') & 63),
                _ => None,
            };
            let Some(value) = value else { return Err(Error::message("illegal character in the file")) };
            group = group << 6 | value as u32;
            sextets += 1;
            if sextets == 4 {
                bytes.extend_from_slice(&group.to_be_bytes()[1..]);
                (group, sextets) = (0, 0);
            }
        }
        if sextets > 0 {
            bytes.extend_from_slice(&(group << (6 * (4 - sextets))).to_be_bytes()[1..]);
        }
        if base64 {
            bytes.truncate(bytes.len().saturating_sub(fill));
        } else {
            bytes.resize(length, 0);
        }
        out.write_all(&bytes).doing("write error")?;
    }
    Err(Error::message("short file"))
}
