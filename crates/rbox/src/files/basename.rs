//! basename and dirname — the parts of paths, by their text alone.
//!
//! Source: POSIX.1-2024 `basename`, `dirname`; BusyBox 1.37 for `-a` and `-s`; GNU for `-z` and several operands of
//! dirname.

use super::common::{last_component, without_slashes};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "basename",
        links: &["/usr/bin/basename"],
        usage: "\
basename FILE [SUFFIX]
   or: basename [-az] [-s SUFFIX] FILE...

Print FILE without its directory, and without SUFFIX.

  -a, --multiple       All operands are FILEs
  -s, --suffix=SUFFIX  Remove SUFFIX (implies -a)
  -z, --zero           End lines in zero bytes
",
        process: Process::Same,
        run: basename,
    },
    Applet {
        name: "dirname",
        links: &["/usr/bin/dirname"],
        usage: "\
dirname [-z] FILE...

Print FILEs without their last part.

  -z, --zero  End lines in zero bytes
",
        process: Process::Same,
        run: dirname,
    },
];

fn basename(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let many = options.has('a') || options.has('s');
    options.expect_operands(1, if many { usize::MAX } else { 2 })?;
    let (files, suffix) = match options.operands() {
        [file, suffix] if !many => (std::slice::from_ref(file), Some(suffix.as_os_str())),
        files => (files, options.value('s')),
    };
    for file in files {
        let name = last_component(Path::new(file)).as_bytes();
        let name = match suffix {
            Some(suffix) if name != suffix.as_bytes() => name.strip_suffix(suffix.as_bytes()).unwrap_or(name),
            _ => name,
        };
        cx.out.write(name);
        cx.out.write(if options.has('z') { b"\0" } else { b"\n" });
    }
    Ok(())
}

fn dirname(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    for file in options.operands() {
        cx.out.write(directory(Path::new(file)).as_os_str().as_bytes());
        cx.out.write(if options.has('z') { b"\0" } else { b"\n" });
    }
    Ok(())
}

/// What stands before the last component; "." or "/" where nothing does.
fn directory(path: &Path) -> &Path {
    let bytes = without_slashes(path).as_os_str().as_bytes();
    match bytes.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => without_slashes(Path::new(OsStr::from_bytes(&bytes[..slash.max(1)]))),
        None => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_posix_says() {
        for (path, parent) in [
            ("a/b", "a"),
            ("a", "."),
            ("/", "/"),
            ("a//b", "a"),
            ("", "."),
            ("a/b/", "a"),
            ("//a", "/"),
            ("/a", "/"),
            ("a/b//c//", "a/b"),
        ] {
            assert_eq!(directory(Path::new(path)).as_os_str(), parent, "{path}");
        }
    }
}
