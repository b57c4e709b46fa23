//! rmdir — remove empty directories.
//!
//! Source: POSIX.1-2024 `rmdir`; BusyBox 1.37 for messages and long options.

use super::common::without_slashes;
use crate::prelude::*;
use sys::at;

pub(crate) const APPLET: Applet = Applet {
    name: "rmdir",
    links: &["/bin/rmdir"],
    usage: "\
rmdir [-pv] DIRECTORY...

Remove DIRECTORYs that are empty.

  -p, --parents                Remove what is then empty above, too
  -v, --verbose                Print what is removed
  --ignore-fail-on-non-empty   Say nothing of directories that are not empty
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let silent = options.has_long("ignore-fail-on-non-empty");
    for operand in options.operands() {
        let mut path = Path::new(operand);
        loop {
            if options.has('v') {
                writeln!(cx.out, "rmdir: removing directory, '{}'", path.display());
            }
            match at::rmdir(at::CWD, path) {
                Ok(()) => {}
                Err(error) if silent && is_full(&error) => break,
                Err(error) => {
                    cx.report(Error::io(format_args!("'{}'", path.display()), error));
                    break;
                }
            }
            match above(path) {
                Some(parent) if options.has('p') => path = parent,
                _ => break,
            }
        }
    }
    Ok(())
}

/// The directory part of a path, if it names one that can be removed.
fn above(path: &Path) -> Option<&Path> {
    let bytes = without_slashes(path).as_os_str().as_bytes();
    let slash = bytes.iter().rposition(|&byte| byte == b'/')?;
    let parent = without_slashes(Path::new(OsStr::from_bytes(&bytes[..slash])));
    (!parent.as_os_str().is_empty() && parent.as_os_str() != "/" && parent.as_os_str() != ".")
        .then_some(parent)
}

/// POSIX lets a system say either for a directory that is not empty.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_up() {
        for (path, parent) in [
            ("a/b", Some("a")),
            ("a/b/", Some("a")),
            ("a//b", Some("a")),
            ("a", None),
            ("/a", None),
            ("./a", None),
            ("/a/b", Some("/a")),
        ] {
            assert_eq!(above(Path::new(path)), parent.map(Path::new), "{path}");
        }
    }
}
