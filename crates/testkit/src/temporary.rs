//! temporary — directories that go away with their value.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A fresh directory below the system's temporary folder, removed on drop.
pub struct Directory(PathBuf);

impl Directory {
    /// Makes one whose name begins with `prefix`.
    pub fn new(prefix: &str) -> io::Result<Directory> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::temp_dir();
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("{prefix}-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Directory(path.canonicalize()?)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Tests leave unreadable folders behind on purpose; what cannot be removed is the system's to clean.
        let _ = fs::remove_dir_all(&self.0);
    }
}
