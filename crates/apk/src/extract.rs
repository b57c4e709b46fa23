//! extract — a package's entries into a folder, and nowhere else.
//!
//! Every name is checked part by part, and every folder on the way is opened below the last one without following links:
//! what a package says, and what lies in the destination, cannot lead outside of it. Content is compared with its digest;
//! what is wrong is removed again.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sys::at::{self, Links};

use crate::entry::{Entry, Kind as EntryKind, is_safe_path};
use crate::error::{Error, Kind, Place, Result};
use crate::reader::PackageReader;
use crate::transaction::names::Names;

/// How entries are made.
pub struct Options<'a> {
    /// The numbers of owners; None leaves all to whom the process is.
    pub owners: Option<&'a Names>,
    /// A file that is there already is replaced, rather than an error.
    pub overwrite: bool,
}

/// Where entries go.
struct Destination<'a> {
    root: &'a File,
    options: &'a Options<'a>,
    /// The folder that was used last: most entries are its neighbours.
    folder: Option<(Vec<u8>, File)>,
    /// Folders and their modes, which are set at the end: a folder that may not be written must be filled first.
    modes: Vec<(File, u32)>,
}

/// Folders whose modes wait for the end are open; beyond so many, the first ones are set at once.
const OPEN_MAX: usize = 256;

/// Unpacks all entries that are left in `reader` below the open folder `root`.
///
/// Errors: a path leads outside or through a link, a file is there already, content is wrong, or the system refused. What
/// was unpacked before stays.
pub fn unpack(reader: &mut PackageReader, root: &File, options: &Options) -> Result {
    let mut destination = Destination { root, options, folder: None, modes: Vec::new() };
    while let Some(entry) = reader.next_entry()? {
        destination.make(&entry, reader)?;
    }
    destination.set_modes(0)
}

fn os(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

const FOLDER: i32 = at::O_RDONLY | at::O_DIRECTORY | at::O_NOFOLLOW;

impl Destination<'_> {
    fn make(&mut self, entry: &Entry, content: &mut PackageReader) -> Result {
        if entry.path.is_empty() && entry.kind == EntryKind::Directory {
            return Ok(());
        }
        let (folder, name) = self.place_of(&entry.path)?;
        let fd = folder.as_raw_fd();
        let name = os(&name).to_path_buf();
        if entry.kind == EntryKind::Directory {
            match at::mkdir(fd, &name, 0o755) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => result?,
            }
            let file =
                at::open(fd, &name, FOLDER, 0).map_err(|error| no_folder(error, fd, &name, &entry.path))?;
            self.chown(&file, entry)?;
            set_xattrs(&file, entry)?;
            self.modes.push((file, entry.mode));
            return if self.modes.len() > OPEN_MAX { self.set_modes(OPEN_MAX / 2) } else { Ok(()) };
        }
        if self.options.overwrite {
            match at::unlink(fd, &name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        }
        match &entry.kind {
            EntryKind::File => {
                let flags = at::O_WRONLY | at::O_CREAT | at::O_EXCL | at::O_NOFOLLOW;
                let file = at::open(fd, &name, flags, 0o600)?;
                let result = self.fill(file, entry, content);
                if result.is_err() {
                    // It was made above, and is not what it should be.
                    let _ = at::unlink(fd, &name);
                }
                return result;
            }
            EntryKind::HardLink(target) => {
                let (other, other_name) = self.place_of(target)?;
                at::link(other.as_raw_fd(), os(&other_name), fd, &name, Links::Keep)?;
                return Ok(());
            }
            EntryKind::Symlink(text) => at::symlink(os(text), fd, &name)?,
            EntryKind::CharDevice(device) => at::mknod(fd, &name, 0o020_000 | entry.mode, *device)?,
            EntryKind::BlockDevice(device) => at::mknod(fd, &name, 0o060_000 | entry.mode, *device)?,
            EntryKind::Fifo => at::mknod(fd, &name, 0o010_000 | entry.mode, 0)?,
            EntryKind::Socket => at::mknod(fd, &name, 0o140_000 | entry.mode, 0)?,
            EntryKind::Directory => {}
        }
        if let Some(owners) = self.options.owners {
            let (uid, gid) = (owners.uid(&entry.user), owners.gid(&entry.group));
            at::chown(fd, &name, Some(uid), Some(gid), Links::Keep)?;
        }
        if !matches!(entry.kind, EntryKind::Symlink(_)) {
            // The process's mask has taken bits away.
            at::chmod(fd, &name, entry.mode, Links::Keep)?;
        }
        Ok(())
    }

    fn fill(&self, mut file: File, entry: &Entry, content: &mut PackageReader) -> Result {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match content.read(&mut buffer)? {
                0 => break,
                count => file.write_all(&buffer[..count])?,
            }
        }
        self.chown(&file, entry)?;
        // Behind the owner: a change of owner takes set-user-id away.
        at::chmod_fd(&file, entry.mode)?;
        set_xattrs(&file, entry)?;
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(entry.mtime.max(0) as u64);
        file.set_modified(time)?;
        Ok(())
    }

    fn chown(&self, file: &File, entry: &Entry) -> Result {
        if let Some(owners) = self.options.owners {
            at::chown_fd(file, Some(owners.uid(&entry.user)), Some(owners.gid(&entry.group)))?;
        }
        Ok(())
    }

    /// The folder that an entry belongs into, opened, and the entry's name in it. Folders that are missing are made.
    fn place_of(&mut self, path: &[u8]) -> Result<(File, Vec<u8>)> {
        if !is_safe_path(path) {
            return Err(unsafe_path(path));
        }
        let (parent, name) = match path.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&b""[..], path),
        };
        if let Some((known, file)) = &self.folder
            && known == parent
        {
            return Ok((file.try_clone()?, name.to_vec()));
        }
        let mut folder = self.root.try_clone()?;
        for part in parent.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            let above = folder;
            folder = open_folder(&above, part)
                .map_err(|error| no_folder(error, above.as_raw_fd(), os(part), path))?;
        }
        self.folder = Some((parent.to_vec(), folder.try_clone()?));
        Ok((folder, name.to_vec()))
    }

    /// Sets modes that wait, the oldest first, until so many are left.
    fn set_modes(&mut self, left: usize) -> Result {
        let count = self.modes.len().saturating_sub(left);
        for (folder, mode) in self.modes.drain(..count) {
            at::chmod_fd(&folder, mode)?;
        }
        Ok(())
    }
}

fn open_folder(folder: &File, name: &[u8]) -> io::Result<File> {
    let fd = folder.as_raw_fd();
    match at::open(fd, os(name), FOLDER, 0) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            at::mkdir(fd, os(name), 0o755)?;
            at::open(fd, os(name), FOLDER, 0)
        }
        result => result,
    }
}

fn set_xattrs(file: &File, entry: &Entry) -> Result {
    for (name, value) in &entry.xattrs {
        let c_name = CString::new(name.as_slice()).map_err(|_| Kind::FormatInvalid)?;
        sys::xattr::set(file, &c_name, value).place(&entry.path)?;
    }
    Ok(())
}

/// What it means that `name` is no folder: a link stands there, or the system's own reason.
fn no_folder(error: io::Error, folder: i32, name: &Path, path: &[u8]) -> Error {
    match at::stat(folder, name, Links::Keep) {
        Ok(found) if found.kind() == at::Kind::Symlink => unsafe_path(path),
        _ => error.into(),
    }
}

#[cold]
fn unsafe_path(path: &[u8]) -> Error {
    Error::detailed(Kind::UnsafePath, path.escape_ascii().to_string())
}
