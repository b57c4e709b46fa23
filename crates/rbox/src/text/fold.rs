//! fold — break long lines.
//!
//! Source: POSIX.1-2024 `fold`. Columns are those of UTF-8 characters.

use super::common::{read_line, trimmed};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "fold",
    links: &["/usr/bin/fold"],
    usage: "\
fold [-bs] [-w WIDTH] [FILE]...

Break the lines of FILEs (or stdin) that are longer than WIDTH.

  -b, --bytes        Count bytes, not columns
  -s, --spaces       Break behind blanks
  -w, --width=WIDTH  Columns of a line (80)
",
    process: Process::Filter,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let mut args = cx.args.to_vec();
    // The old form `-72`.
    for arg in args.iter_mut().take_while(|arg| *arg != "--") {
        if let [b'-', digits @ ..] = arg.as_bytes()
            && !digits.is_empty()
            && digits.iter().all(u8::is_ascii_digit)
        {
            *arg = OsString::from_vec([b"-w", digits].concat());
        }
    }
    let options = cli::options::parse(APPLET.usage, &args, cli::options::Order::Mixed)?;
    let width = options.number('w')?.unwrap_or(80);
    if width == 0 {
        return Err(Error::message("number 0 is not in 1..10000 range"));
    }
    let (bytes, spaces) = (options.has('b'), options.has('s'));
    let mut line = Vec::new();
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        let mut reading = || -> io::Result<()> {
            while read_line(&mut input, b'\n', &mut line)? && !cx.out.failed() {
                let mut rest = trimmed(&line, b'\n');
                loop {
                    let length = piece(rest, width, bytes, spaces);
                    cx.out.write(&rest[..length]);
                    rest = &rest[length..];
                    if rest.is_empty() {
                        break;
                    }
                    cx.out.write(b"\n");
                }
                cx.out.write(&line[trimmed(&line, b'\n').len()..]);
            }
            Ok(())
        };
        if let Err(error) = reading().at(&file) {
            cx.report(error);
        }
    }
    Ok(())
}

/// The length in bytes of what goes on one line; at least one character.
fn piece(text: &[u8], width: u64, bytes: bool, spaces: bool) -> usize {
    let (mut at, mut column) = (0, 0u64);
    let mut behind_blank = 0;
    while at < text.len() {
        let length = if bytes { 1 } else { posix::regex::character_length(&text[at..]) };
        let next = match text[at] {
            _ if bytes => column + 1,
            b'\t' => column - column % 8 + 8,
            0x08 => column.saturating_sub(1),
            b'\r' => 0,
            _ => column + 1,
        };
        if next > width && at > 0 {
            return if spaces && behind_blank > 0 { behind_blank } else { at };
        }
        if text[at] == b' ' || text[at] == b'\t' {
            behind_blank = at + length;
        }
        column = next;
        at += length;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_lines() {
        for (text, width, bytes, spaces, expected) in [
            ("abcdef", 3, false, false, 3),
            ("ab cdef", 4, false, true, 3),
            ("abcdef", 4, false, true, 4),
            ("\tx", 4, false, false, 1),
            ("éé", 1, false, false, 2),
            ("éé", 1, true, false, 1),
            ("", 3, false, false, 0),
        ] {
            assert_eq!(piece(text.as_bytes(), width, bytes, spaces), expected, "{text}");
        }
    }
}
