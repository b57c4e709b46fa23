//! readlink and realpath — where links lead.
//!
//! Source: POSIX.1-2024 `readlink`, `realpath`; BusyBox 1.37 for messages; GNU for `-e`, `-m`, `-q`, `-s`, `-z`.

use std::collections::VecDeque;

use crate::prelude::*;
use sys::at::{self, Links};

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "readlink",
        links: &["/usr/bin/readlink"],
        usage: "\
readlink [-femnvz] FILE

Print where the symbolic link FILE leads.

  -f, --canonicalize           Follow all links; print a path without any
  -e, --canonicalize-existing  The same, and it must exist
  -m, --canonicalize-missing   The same, and no part of it need exist
  -n, --no-newline             Print no newline
  -v, --verbose                Print errors
  -q, --quiet                  Print none (default)
  -s, --silent                 The same
  -z, --zero                   End in a zero byte
",
        process: Process::Fork,
        run: readlink,
    },
    Applet {
        name: "realpath",
        links: &["/usr/bin/realpath"],
        usage: "\
realpath [-emqsz] FILE...

Print the absolute paths of FILEs, without links.

  -e, --canonicalize-existing  They must exist
  -E, --canonicalize           Their last parts need not exist
  -m, --canonicalize-missing   No part need exist
  -q, --quiet                  Print no errors
  -s, --strip                  Follow no links
  -z, --zero                   End each in a zero byte
",
        process: Process::Fork,
        run: realpath,
    },
];

/// How much of a path must exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    Last,
    All,
}

fn readlink(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let whole = options.last_of("fem");
    options.expect_operands(1, if whole.is_some() { usize::MAX } else { 1 })?;
    let ending: &[u8] = match (options.has('z'), options.has('n') && options.operands().len() == 1) {
        (true, _) => b"\0",
        (false, true) => b"",
        (false, false) => b"\n",
    };
    for operand in options.operands() {
        let path = Path::new(operand);
        let result = match whole {
            Some(letter) => {
                let missing = match letter {
                    'e' => Missing::Nothing,
                    'f' => Missing::Last,
                    _ => Missing::All,
                };
                resolve(path, missing, true).map(PathBuf::into_os_string)
            }
            None => at::read_link(at::CWD, path),
        };
        match result {
            Ok(target) => {
                cx.out.write(target.as_bytes());
                cx.out.write(ending);
            }
            Err(error) => {
                cx.status = 1;
                if options.has('v') && whole.is_none() && at::stat(at::CWD, path, Links::Keep).is_ok() {
                    let path = path.display();
                    cx.report(Error::message(format_args!("{path}: cannot read link: not a symlink")));
                } else if options.has('v') {
                    cx.report(Error::at(path, error));
                }
            }
        }
    }
    Ok(())
}

fn realpath(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let missing = match options.last_of("emE") {
        Some('m') => Missing::All,
        Some('E') => Missing::Last,
        _ => Missing::Nothing,
    };
    for operand in options.operands() {
        match resolve(Path::new(operand), missing, !options.has('s')) {
            Ok(path) => {
                cx.out.write(path.as_os_str().as_bytes());
                cx.out.write(if options.has('z') { b"\0" } else { b"\n" });
            }
            Err(_) if options.has('q') => cx.status = 1,
            Err(error) => cx.report(Error::at(PathBuf::from(operand), error)),
        }
    }
    Ok(())
}

/// The absolute path without `.`, `..`, and (with `follows`) links.
///
/// Source: path_resolution(7), which allows 40 links.
fn resolve(path: &Path, missing: Missing, follows: bool) -> io::Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    let mut resolved = if path.is_absolute() { PathBuf::from("/") } else { std::env::current_dir()? };
    let mut parts: VecDeque<OsString> = parts(path).collect();
    let mut links = 0;
    while let Some(part) = parts.pop_front() {
        if part == "." {
            continue;
        }
        if part == ".." {
            resolved.pop();
            continue;
        }
        resolved.push(&part);
        let stat = match at::stat(at::CWD, &resolved, Links::Keep) {
            Ok(stat) => stat,
            Err(_) if missing == Missing::All => continue,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && missing == Missing::Last
                    && parts.is_empty() =>
            {
                return Ok(resolved);
            }
            Err(error) => return Err(error),
        };
        if stat.kind() == at::Kind::Symlink && follows {
            links += 1;
            if links > 40 {
                return Err(io::Error::from_raw_os_error(40)); // ELOOP
            }
            let target = PathBuf::from(at::read_link(at::CWD, &resolved)?);
            resolved.pop();
            if target.is_absolute() {
                resolved = PathBuf::from("/");
            }
            for part in self::parts(&target).collect::<Vec<_>>().into_iter().rev() {
                parts.push_front(part);
            }
        } else if !parts.is_empty() && !stat.is_directory() && missing != Missing::All {
            return Err(io::Error::from_raw_os_error(20)); // ENOTDIR
        }
    }
    Ok(resolved)
}

/// The names between slashes; a slash at the end is a `.`, so that a file before it is an error.
fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    let bytes = path.as_os_str().as_bytes();
    let names = bytes.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
    let last = bytes.ends_with(b"/").then_some(&b"."[..]);
    names.chain(last).map(|part| OsString::from_vec(part.to_vec())).collect::<Vec<_>>().into_iter()
}
