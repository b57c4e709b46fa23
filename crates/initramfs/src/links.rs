//! links — the symbolic links of the root, which the archive carries as a list.
//!
//! Most names in /bin are links to one program. As entries of the archive each would be an inode that the kernel makes
//! and `root` moves by six calls: a third of the time from here to the login. The list is `PATH NUL TARGET NUL`, over and
//! over, paths without a slash at their beginning.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What `cargo xtask image` calls the list.
const LIST: &str = "/.links";

/// Reads the list and removes it. Empty where the archive has none.
pub(crate) fn take() -> Vec<u8> {
    let list = fs::read(LIST).unwrap_or_default();
    let _ = fs::remove_file(LIST);
    list
}

/// Makes the links of `list` below `root`. What lies in a link's place stays: somebody put it there behind the list.
///
/// Errors: the first that could not be made; the others are.
pub(crate) fn make(list: &[u8], root: &Path) -> Result<(), (PathBuf, io::Error)> {
    let mut words = list.split(|&byte| byte == 0).map(|word| Path::new(OsStr::from_bytes(word)));
    let mut first = Ok(());
    while let (Some(path), Some(target)) = (words.next(), words.next()) {
        let path = root.join(path);
        if let Err(error) = symlink(target, &path)
            && error.kind() != io::ErrorKind::AlreadyExists
            && first.is_ok()
        {
            first = Err((path, error));
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::temporary::Directory;

    #[test]
    fn links_are_made_and_files_stay() {
        let folder = Directory::new("links").unwrap();
        let root = folder.path();
        fs::create_dir(root.join("bin")).unwrap();
        fs::write(root.join("bin/ls"), "own").unwrap();
        let list = b"bin/cat\0rbox\0bin/ls\0rbox\0nowhere/x\0rbox\0bin/sort\0/usr/bin/a b\0";
        let (path, error) = make(list, root).unwrap_err();
        assert_eq!((path, error.kind()), (root.join("nowhere/x"), io::ErrorKind::NotFound));
        assert_eq!(fs::read_link(root.join("bin/cat")).unwrap(), Path::new("rbox"));
        assert_eq!(fs::read_link(root.join("bin/sort")).unwrap(), Path::new("/usr/bin/a b"));
        assert_eq!(fs::read(root.join("bin/ls")).unwrap(), b"own");
        assert!(make(b"", root).is_ok());
    }
}
