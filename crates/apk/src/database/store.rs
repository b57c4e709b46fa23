//! store — files of the database, written so that a name is either the old file or the new one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

/// The end of the name under which a file is written before it takes its place.
pub const BESIDE: &str = ".new";

/// The whole file; None where there is none.
pub fn read(dir: &File, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut file = match at::open(dir.as_raw_fd(), Path::new(name), at::O_RDONLY, 0) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    if let Ok(stat) = at::stat_fd(&file) {
        // A byte more than the file has: the read that finds the end needs room.
        bytes.reserve_exact((stat.size as usize).min(64 << 20) + 1);
    }
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes `bytes` beside `name` and syncs them; `take_place` makes them the file.
pub fn write_beside(dir: &File, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = format!("{name}{BESIDE}");
    let flags = at::O_WRONLY | at::O_CREAT | at::O_TRUNC | at::O_NOFOLLOW;
    let mut file = at::open(dir.as_raw_fd(), Path::new(&beside), flags, mode)?;
    file.write_all(bytes)?;
    sys::filesystem::sync_data(&file)
}

/// Renames what was written beside over the file. Fine where that was done before.
pub fn take_place(dir: &File, name: &str) -> io::Result<()> {
    let beside = format!("{name}{BESIDE}");
    match at::rename(dir.as_raw_fd(), Path::new(&beside), dir.as_raw_fd(), Path::new(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Removes what was written beside, if it is there.
pub fn forget_beside(dir: &File, name: &str) {
    let _ = at::unlink(dir.as_raw_fd(), Path::new(&format!("{name}{BESIDE}")));
}

/// Replaces a file at once.
pub fn replace(dir: &File, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let written = write_beside(dir, name, bytes, mode).and_then(|()| take_place(dir, name));
    if written.is_err() {
        forget_beside(dir, name);
    }
    written
}

/// Makes a folder and those above it, below `dir`.
pub fn make_folders(dir: &File, path: &str, mode: u32) -> io::Result<()> {
    for (index, _) in path.match_indices('/').chain([(path.len(), "")]) {
        match at::mkdir(dir.as_raw_fd(), Path::new(&path[..index]), mode) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole() {
        let folder = std::env::temp_dir().join(format!("apk-store-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let dir = File::open(&folder).unwrap();
        assert!(read(&dir, "x").unwrap().is_none());
        replace(&dir, "x", b"one", 0o644).unwrap();
        write_beside(&dir, "x", b"two", 0o644).unwrap();
        assert_eq!(read(&dir, "x").unwrap().unwrap(), b"one");
        take_place(&dir, "x").unwrap();
        take_place(&dir, "x").unwrap();
        assert_eq!(read(&dir, "x").unwrap().unwrap(), b"two");
        make_folders(&dir, "a/b/c", 0o755).unwrap();
        make_folders(&dir, "a/b/c", 0o755).unwrap();
        assert!(folder.join("a/b/c").is_dir());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
