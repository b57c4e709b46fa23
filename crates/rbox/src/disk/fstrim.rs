//! fstrim — tell the device which blocks of a mounted file system are free.
//!
//! Source: linux/fs.h (FITRIM) of Linux 6.12; BusyBox 1.37.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "fstrim",
    links: &["/sbin/fstrim"],
    usage: "\
fstrim [OPTIONS] MOUNTPOINT

Discard the unused blocks of a mounted file system.

  -o, --offset=OFFSET  Offset in bytes to discard from
  -l, --length=LEN     Bytes to discard
  -m, --minimum=MIN    Minimum extent length
  -v, --verbose        Print number of discarded bytes
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let path = Path::new(&options.operands()[0]);
    let number = |option: char, default: u64| match options.value(option) {
        Some(text) => size(text),
        None => Ok(default),
    };
    let (start, length, minimum) = (number('o', 0)?, number('l', u64::MAX)?, number('m', 0)?);
    let directory = std::fs::File::open(path)
        .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))?;
    if !directory.metadata().at(path)?.is_dir() {
        return Err(Error::message(format_args!("{}: Not a directory", path.display())));
    }
    let trimmed = sys::block::trim(&directory, start, length, minimum).at(path)?;
    if options.has('v') {
        writeln!(cx.out, "{}: {trimmed} bytes trimmed", path.display());
    }
    Ok(())
}

/// A number with k, m, g, t or p (of 1024) behind it.
fn size(text: &OsStr) -> Result<u64> {
    let bytes = text.as_bytes();
    let shift = match bytes.last().map(u8::to_ascii_lowercase) {
        Some(b'k') => 10,
        Some(b'm') => 20,
        Some(b'g') => 30,
        Some(b't') => 40,
        Some(b'p') => 50,
        _ => return cli::options::number(text),
    };
    let number = cli::options::number(OsStr::from_bytes(&bytes[..bytes.len() - 1]))?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| Error::message(format_args!("number {} is too large", text.display())))
}
