//! mkfifo and mknod — make special files.
//!
//! Source: POSIX.1-2024 `mkfifo`; BusyBox 1.37 for options and messages.
//!
//! *Differs:* an invalid mode is named as such.

use crate::prelude::*;
use posix::mode::Mode;
use sys::at::{self, Kind};

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "mkfifo",
        links: &["/usr/bin/mkfifo"],
        usage: "\
mkfifo [-m MODE] NAME...

Make named pipes.

  -m, --mode=MODE  The mode (by default rw-rw-rw-, less the mask)
",
        process: Process::Fork,
        run: mkfifo,
    },
    Applet {
        name: "mknod",
        links: &["/bin/mknod"],
        usage: "\
mknod [-m MODE] NAME TYPE [MAJOR MINOR]

Make a special file. TYPE is b (block device), c or u (character device), or
p (named pipe, without MAJOR and MINOR).

  -m, --mode=MODE  The mode (by default rw-rw-rw-, less the mask)
",
        process: Process::Fork,
        run: mknod,
    },
];

/// The permissions, and whether the mask counts.
fn mode(options: &Options) -> Result<Option<u32>> {
    match options.value('m') {
        None => Ok(None),
        Some(text) => match Mode::parse(text.as_bytes()) {
            Some(mode) => Ok(Some(mode.apply(0o666, false, at::umask()))),
            None => Err(Error::message(format_args!("invalid mode {}", cli::error::quoted(text)))),
        },
    }
}

fn make(path: &Path, kind: Kind, mode: Option<u32>, device: u64) -> Result {
    at::mknod(at::CWD, path, kind.bits() | mode.unwrap_or(0o666), device).at(path)?;
    match mode {
        // The mask does not count for a mode that was asked for.
        Some(mode) => at::chmod(at::CWD, path, mode, at::Links::Keep).at(path),
        None => Ok(()),
    }
}

fn mkfifo(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let mode = mode(&options)?;
    for operand in options.operands() {
        if let Err(error) = make(Path::new(operand), Kind::Fifo, mode, 0) {
            cx.report(error);
        }
    }
    Ok(())
}

fn mknod(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mode = mode(&options)?;
    let (name, kind, device) = match options.operands() {
        [name, kind] if kind == "p" => (name, Kind::Fifo, 0),
        [name, kind, major, minor] => {
            let kind = match kind.as_bytes() {
                b"b" => Kind::BlockDevice,
                b"c" | b"u" => Kind::CharDevice,
                _ => return Err(Error::usage("")),
            };
            (name, kind, at::device(number(major)?, number(minor)?))
        }
        _ => return Err(Error::usage("")),
    };
    make(Path::new(name), kind, mode, device)
}

/// A device number: decimal, octal with 0 or hexadecimal with 0x in front.
fn number(text: &OsStr) -> Result<u32> {
    let parsed = text.to_str().and_then(|text| match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => u32::from_str_radix(&text[2..], 16).ok(),
        [b'0', _, ..] => u32::from_str_radix(&text[1..], 8).ok(),
        _ => text.parse().ok(),
    });
    parsed.ok_or_else(|| Error::message(format_args!("invalid number {}", cli::error::quoted(text))))
}
