//! mkdir — make directories.
//!
//! Source: POSIX.1-2024 `mkdir`; BusyBox 1.37 for messages and `-v`.

use super::common::{cant, is_directory};
use crate::prelude::*;
use posix::mode::Mode;
use sys::at;

pub(crate) const APPLET: Applet = Applet {
    name: "mkdir",
    links: &["/bin/mkdir"],
    usage: "\
mkdir [-pv] [-m MODE] DIRECTORY...

Make DIRECTORYs.

  -m, --mode=MODE  Set the mode, regardless of the mask
  -p, --parents    Make what is missing above; no error if it exists
  -v, --verbose    Print what is made
",
    process: Process::Fork,
    run,
};

struct Making {
    mode: Option<Mode>,
    parents: bool,
    verbose: bool,
    mask: u32,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let mode = match options.value('m') {
        None => None,
        Some(text) => Some(
            Mode::parse(text.as_bytes())
                .ok_or_else(|| Error::message(format_args!("invalid mode {}", cli::error::quoted(text))))?,
        ),
    };
    let making = Making { mode, parents: options.has('p'), verbose: options.has('v'), mask: at::umask() };
    for operand in options.operands() {
        if let Err(error) = make(cx, &making, Path::new(operand)) {
            cx.report(error);
        }
    }
    Ok(())
}

fn make(cx: &mut Cx<'_>, making: &Making, path: &Path) -> Result {
    if making.parents {
        make_parents(cx, making, path)?;
        if is_directory(path) {
            return Ok(());
        }
    }
    // The mask keeps others out until the wanted mode is set.
    match at::mkdir(at::CWD, path, 0o777) {
        Ok(()) => {}
        Err(error)
            if making.parents && error.kind() == io::ErrorKind::AlreadyExists && is_directory(path) =>
        {
            return Ok(()); // made by somebody else in between
        }
        Err(error) => return Err(cant("create directory", path, error)),
    }
    if let Some(mode) = &making.mode {
        let mode = mode.apply(0o777, true, making.mask);
        at::chmod(at::CWD, path, mode, at::Links::Keep).map_err(|error| cant("set mode of", path, error))?;
    }
    told(cx, making, path);
    Ok(())
}

/// Makes what is missing above `path`, so that its owner can get in whatever the mask is.
fn make_parents(cx: &mut Cx<'_>, making: &Making, path: &Path) -> Result {
    let bytes = path.as_os_str().as_bytes();
    let slashes = bytes.iter().enumerate().filter(|&(index, &byte)| byte == b'/' && index > 0);
    for (end, _) in slashes {
        let above = Path::new(OsStr::from_bytes(&bytes[..end]));
        if bytes[end..].iter().all(|&byte| byte == b'/') || is_directory(above) {
            continue;
        }
        match at::mkdir(at::CWD, above, 0o777) {
            Ok(()) if making.mask & 0o300 != 0 => {
                let mode = 0o777 & !making.mask | 0o300;
                at::chmod(at::CWD, above, mode, at::Links::Keep)
                    .map_err(|error| cant("set mode of", above, error))?;
            }
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_directory(above) {
                    continue;
                }
                let error = io::Error::from_raw_os_error(20); // ENOTDIR: a file is in the way
                return Err(cant("create directory", above, error));
            }
            Err(error) => return Err(cant("create directory", above, error)),
        }
        told(cx, making, above);
    }
    Ok(())
}

fn told(cx: &mut Cx<'_>, making: &Making, path: &Path) {
    if making.verbose {
        cx.out.write(b"created directory: '");
        cx.out.write(path.as_os_str().as_bytes());
        cx.out.write(b"'\n");
    }
}
