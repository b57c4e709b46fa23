//! truncate — set the size of files.
//!
//! Source: BusyBox 1.37 for `-c`, `-s`; GNU for sizes relative to the present one, `-o` and `-r`.

use super::common::{cant, size};
use crate::prelude::*;
use sys::at::{self, Links};

pub(crate) const APPLET: Applet = Applet {
    name: "truncate",
    links: &["/usr/bin/truncate"],
    usage: "\
truncate [-co] [-s SIZE | -r FILE] FILE...

Cut or extend FILEs to SIZE. In front of SIZE, + and - mean more or less than
now, < and > at most or at least, / and % down or up to a multiple.

  -c, --no-create       Make no file
  -o, --io-blocks       SIZE counts blocks of the file system
  -r, --reference=FILE  The size of FILE
  -s, --size=SIZE       The size in bytes; k, M, G and so on multiply
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let (sign, size) = match options.value('s') {
        None => (0, 0),
        Some(text) => split(text)?,
    };
    let base = match options.value('r') {
        None => None,
        Some(file) => {
            let file = Path::new(file);
            let stat = at::stat(at::CWD, file, Links::Follow).map_err(|error| cant("stat", file, error))?;
            Some(stat.size)
        }
    };
    if options.value('s').is_none() && base.is_none() {
        return Err(Error::usage(""));
    }
    for operand in options.operands() {
        let path = Path::new(operand);
        let create = if options.has('c') { 0 } else { at::O_CREAT };
        let flags = at::O_WRONLY | at::O_NONBLOCK | at::O_NOCTTY | create;
        let file = match at::open(at::CWD, path, flags, 0o666) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && options.has('c') => continue,
            Err(error) => {
                cx.report(Error::io(format_args!("{}: open", path.display()), error));
                continue;
            }
        };
        let done = at::stat_fd(&file).and_then(|stat| {
            let unit = if options.has('o') { stat.block_size } else { 1 };
            let wanted = size.checked_mul(unit).and_then(|size| {
                if options.value('s').is_none() {
                    base
                } else {
                    target(sign, size, base.unwrap_or(stat.size))
                }
            });
            match wanted {
                Some(wanted) => sys::contents::set_size(&file, wanted),
                None => Err(io::Error::from_raw_os_error(27)), // EFBIG
            }
        });
        if let Err(error) = done {
            cx.report(Error::io(format_args!("{}: truncate", path.display()), error));
        }
    }
    Ok(())
}

/// The sign in front (or 0), and the size.
fn split(text: &OsStr) -> Result<(u8, u64)> {
    let bytes = text.as_bytes();
    let sign = bytes.first().copied().filter(|byte| b"+-<>/%".contains(byte));
    let digits = &bytes[usize::from(sign.is_some())..];
    let size = size::parse(OsStr::from_bytes(digits))
        .map_err(|_| Error::message(format_args!("invalid number {}", cli::error::quoted(text))))?;
    if size == 0 && matches!(sign, Some(b'/' | b'%')) {
        return Err(Error::message("division by zero"));
    }
    Ok((sign.unwrap_or(0), size))
}

/// None where it does not fit.
fn target(sign: u8, size: u64, now: u64) -> Option<u64> {
    match sign {
        b'+' => now.checked_add(size),
        b'-' => Some(now.saturating_sub(size)),
        b'<' => Some(now.min(size)),
        b'>' => Some(now.max(size)),
        b'/' => Some(now / size * size),
        b'%' => now.div_ceil(size).checked_mul(size),
        _ => Some(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relates_sizes() {
        for (text, now, expected) in [
            ("10", 5, Some(10)),
            ("+10", 5, Some(15)),
            ("-3", 5, Some(2)),
            ("-10", 5, Some(0)),
            ("<4", 5, Some(4)),
            (">4", 5, Some(5)),
            ("/4", 5, Some(4)),
            ("%4", 5, Some(8)),
            ("+1", u64::MAX, None),
        ] {
            let (sign, size) = split(OsStr::new(text)).unwrap();
            assert_eq!(target(sign, size, now), expected, "{text}");
        }
        for text in ["", "x", "+", "/0", "--1", "1 "] {
            assert!(split(OsStr::new(text)).is_err(), "{text}");
        }
    }
}
