//! cmp — compare two files byte by byte.
//!
//! Source: POSIX.1-2024 `cmp`; BusyBox 1.37 for `-n`, offsets and messages; GNU diffutils 3.8 for `-b` and `-i`.

use super::common::size;
use crate::prelude::*;
use cli::input::Input;

pub(crate) const APPLET: Applet = Applet {
    name: "cmp",
    links: &["/usr/bin/cmp"],
    usage: "\
cmp [-bls] [-n N] [-i N] FILE1 [FILE2 [SKIP1 [SKIP2]]]

Compare FILE1 with FILE2 (or stdin).

  -b, --print-bytes          Print the bytes that differ
  -l, --verbose              Print the places and values of all that differ
  -s, --quiet, --silent      Print nothing
  -n, --bytes=N              Compare at most N bytes
  -i, --ignore-initial=SKIP  Skip bytes of both files, or SKIP1:SKIP2
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let options = cx.options()?;
    options.expect_operands(1, 4)?;
    let operands = options.operands();
    let names = [Path::new(&operands[0]), operands.get(1).map_or(Path::new("-"), Path::new)];
    let mut skips = [0; 2];
    if let Some(text) = options.value('i') {
        let mut parts = text.as_bytes().splitn(2, |&byte| byte == b':');
        skips[0] = size(parts.next().unwrap_or_default())?;
        skips[1] = parts.next().map_or(Ok(skips[0]), size)?;
    }
    for (skip, text) in skips.iter_mut().zip(operands.iter().skip(2)) {
        *skip = size(text.as_bytes())?;
    }
    let limit = options.value('n').map_or(Ok(u64::MAX), |text| size(text.as_bytes()))?;
    let silent = options.has('s');
    let mut inputs = Vec::new();
    for (name, skip) in names.iter().zip(skips) {
        let opened = if name.as_os_str() == "-" {
            Ok(cx.stdin())
        } else {
            std::fs::File::open(name).map(cli::input::file)
        };
        match opened.at(name) {
            Ok(mut input) => {
                pass_over(&mut input, skip).at(name)?;
                inputs.push(input);
            }
            Err(_) if silent => return Err(Error::exit(2)),
            Err(error) => return Err(error),
        }
    }
    let [one, other] = &mut inputs[..] else { return Ok(()) };
    compare(cx, &options, (names[0], one), (names[1], other), limit)
}

fn pass_over(input: &mut Input, mut count: u64) -> io::Result<()> {
    while count > 0 {
        let length = input.fill_buf()?.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        if length == 0 {
            break;
        }
        input.consume(length);
        count -= length as u64;
    }
    Ok(())
}

fn compare(
    cx: &mut Cx<'_>,
    options: &Options,
    (one_name, one): (&Path, &mut Input),
    (other_name, other): (&Path, &mut Input),
    limit: u64,
) -> Result {
    let (verbose, silent) = (options.has('l'), options.has('s'));
    let (mut place, mut line) = (0u64, 1u64);
    while place < limit {
        let left = one.fill_buf().at(one_name)?;
        let right = other.fill_buf().at(other_name)?;
        let length = left.len().min(right.len()).min(usize::try_from(limit - place).unwrap_or(usize::MAX));
        if length == 0 {
            if left.is_empty() && right.is_empty() {
                break;
            }
            if !silent {
                let shorter = if left.is_empty() { one_name } else { other_name };
                cx.warn(&format!("EOF on {}", shorter.display()));
            }
            cx.status = 1;
            break;
        }
        if left[..length] != right[..length] {
            cx.status = 1;
            if silent {
                break;
            }
            for (offset, (&one, &other)) in left[..length].iter().zip(right).enumerate() {
                if one == other {
                    line += u64::from(one == b'\n');
                    continue;
                }
                let at = place + offset as u64 + 1;
                let shown = |byte| String::from_utf8_lossy(&shown(byte)).into_owned();
                if verbose && options.has('b') {
                    writeln!(cx.out, "{at} {one:3o} {:4} {other:3o} {}", shown(one), shown(other));
                } else if verbose {
                    writeln!(cx.out, "{at} {one:3o} {other:3o}");
                } else {
                    let (one_name, other_name) = (one_name.display(), other_name.display());
                    write!(cx.out, "{one_name} {other_name} differ: char {at}, line {line}");
                    if options.has('b') {
                        write!(cx.out, " is {one:3o} {} {other:3o} {}", shown(one), shown(other));
                    }
                    cx.out.write(b"\n");
                    return Ok(());
                }
            }
        } else if !verbose && !silent {
            line += posix::bytes::count_byte(&left[..length], b'\n') as u64;
        }
        one.consume(length);
        other.consume(length);
        place += length as u64;
    }
    Ok(())
}

/// A byte as `cat -v` shows it.
fn shown(byte: u8) -> Vec<u8> {
    let mut text = if byte >= 128 { b"M-".to_vec() } else { Vec::new() };
    match byte & 127 {
        127 => text.extend(b"^?"),
        control @ 0..32 => text.extend([b'^', control + 64]),
        plain => text.push(plain),
    }
    text
}
