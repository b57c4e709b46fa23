//! folders — folders below the root, opened so that no link on the way leads outside of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sys::at;

/// How many folders stay open.
const OPEN_MOST: usize = 24;

/// Folders of a root. Those that were opened last stay open, as the files of a package lie in a few.
pub struct Folders<'a> {
    root: &'a File,
    /// The one used last is the last.
    open: Vec<(Vec<u8>, File)>,
}

impl<'a> Folders<'a> {
    pub fn new(root: &'a File) -> Folders<'a> {
        Folders { root, open: Vec::new() }
    }

    /// The open folder at `path`; the root where it is empty.
    pub fn open(&mut self, path: &[u8]) -> io::Result<&File> {
        if let Some(at) = self.open.iter().rposition(|(open, _)| open == path) {
            if at + 1 < self.open.len() {
                self.open[at..].rotate_left(1);
            }
        } else {
            let file = if path.is_empty() {
                at::open(self.root.as_raw_fd(), Path::new("."), at::O_RDONLY | at::O_DIRECTORY, 0)?
            } else {
                at::open_in_root(self.root, as_path(path))?
            };
            if self.open.len() >= OPEN_MOST {
                self.open.remove(0);
            }
            self.open.push((path.to_vec(), file));
        }
        match self.open.last() {
            Some((_, file)) => Ok(file),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Closes all: somebody else may have put other folders in their places.
    pub fn forget(&mut self) {
        self.open.clear();
    }

    /// The open folder and the name in it of the file at `path`.
    pub fn parent<'p>(&mut self, path: &'p [u8]) -> io::Result<(&File, &'p Path)> {
        let (folder, name) = split(path);
        Ok((self.open(folder)?, as_path(name)))
    }

    /// What lies at `path`, links not followed; None where there is nothing.
    pub fn stat(&mut self, path: &[u8]) -> io::Result<Option<at::Stat>> {
        let found =
            self.parent(path).and_then(|(folder, name)| at::stat(folder.as_raw_fd(), name, at::Links::Keep));
        match found {
            Ok(stat) => Ok(Some(stat)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a file. True if it was there.
    pub fn unlink(&mut self, path: &[u8]) -> io::Result<bool> {
        let removed = self.parent(path).and_then(|(folder, name)| at::unlink(folder.as_raw_fd(), name));
        match removed {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a folder, if it is empty.
    pub fn rmdir(&mut self, path: &[u8]) {
        self.open.retain(|(open, _)| open != path);
        if let Ok((folder, name)) = self.parent(path) {
            let _ = at::rmdir(folder.as_raw_fd(), name);
        }
    }
}

/// Whether an error says that nothing is there.
pub fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Folder and name of a path.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// The path of a name in a folder.
pub fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// Bytes as the name of a file.
pub fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}
