//! ts — put the time before each line.
//!
//! Source: ts(1) of moreutils; BusyBox 1.37.

use super::common::read_line;
use crate::prelude::*;
use posix::calendar::strftime;
use posix::zone::Zone;

pub(crate) const APPLET: Applet = Applet {
    name: "ts",
    links: &["/usr/bin/ts"],
    usage: "\
ts [-is] [FORMAT]

Copy stdin to stdout with the time before each line, as FORMAT has it for date.
`%.s`, `%.S` and `%.T` have microseconds.

  -i  Time since the last line
  -s  Time since the start
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let since_start = options.has('s');
    let relative = since_start || options.has('i');
    let default = if relative { "%H:%M:%S" } else { "%b %d %H:%M:%S" };
    let format = options.operands().first().map_or(default.as_bytes(), |format| format.as_bytes());
    let zone = if relative { Zone::utc() } else { Zone::local() };

    let mut base = sys::clock::now();
    let (mut input, mut line) = (cx.stdin(), Vec::new());
    while read_line(&mut input, b'\n', &mut line).doing("read error")? && !cx.out.failed() {
        let now = sys::clock::now();
        let (seconds, nanos) = if relative { difference(now, base) } else { now };
        let mut text = Vec::new();
        strftime(&with_micros(format, nanos), &zone.civil(seconds), nanos, &mut text);
        text.push(b' ');
        cx.out.write(&text);
        cx.out.write(&line);
        // Whoever reads wants the line when its time is.
        cx.out.flush();
        if !since_start {
            base = now;
        }
    }
    Ok(())
}

fn difference(now: (i64, u32), base: (i64, u32)) -> (i64, u32) {
    let borrow = now.1 < base.1;
    (now.0 - base.0 - i64::from(borrow), now.1 + if borrow { 1_000_000_000 } else { 0 } - base.1)
}

/// Replaces `%.s` by `%s.123456`, and so for `S` and `T`.
fn with_micros(format: &[u8], nanos: u32) -> Vec<u8> {
    let mut result = Vec::with_capacity(format.len() + 8);
    let mut rest = format;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        result.push(byte);
        if byte != b'%' {
            continue;
        }
        if let [b'.', letter @ (b's' | b'S' | b'T'), behind @ ..] = rest {
            result.push(*letter);
            result.extend_from_slice(format!(".{:06}", nanos / 1000).as_bytes());
            rest = behind;
        } else if let Some((&letter, behind)) = rest.split_first() {
            result.push(letter);
            rest = behind;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_microseconds() {
        assert_eq!(with_micros(b"%%.s %.S|%H", 5_000), b"%%.s %S.000005|%H");
        assert_eq!(with_micros(b"a%", 0), b"a%");
        assert_eq!(difference((5, 1), (3, 2)), (1, 999_999_999));
    }
}
