//! directory — the names in an open directory.
//!
//! `std::fs::read_dir` wants a path; these work on a descriptor, and read all names before the caller changes any.
//!
//! Source: getdents64(2).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::at::{AsRawFdDyn, Kind};

/// The names of a directory, without `.` and `..`, in one piece of memory.
#[derive(Debug, Default)]
pub struct Names {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    length: u16,
    kind: Kind,
}

impl Names {
    /// Reads all names of `directory`, from its start on.
    pub fn read(directory: &dyn AsRawFdDyn) -> io::Result<Names> {
        let fd = directory.number();
        let mut names = Names::default();
        let mut buffer = vec![0u8; 32 * 1024];
        loop {
            // SAFETY: `buffer` is valid for writes of its length for the whole call.
            let count = unsafe { libc::syscall(libc::SYS_getdents64, fd, buffer.as_mut_ptr(), buffer.len()) };
            match usize::try_from(count) {
                Ok(0) => return Ok(names),
                Ok(count) => names.add(&buffer[..count]),
                Err(_) => return Err(io::Error::last_os_error()),
            }
        }
    }

    /// Takes the records of one buffer: inode (8), offset (8), length (2), type (1), name and zero bytes.
    fn add(&mut self, mut records: &[u8]) {
        while let Some(header) = records.get(..19) {
            let length = usize::from(u16::from_ne_bytes([header[16], header[17]]));
            let Some(record) = records.get(..length).filter(|record| record.len() > 19) else { return };
            records = &records[length..];
            let name = &record[19..];
            let name = &name[..name.iter().position(|&byte| byte == 0).unwrap_or(name.len())];
            if name == b"." || name == b".." {
                continue;
            }
            self.entries.push(Entry {
                start: self.bytes.len() as u32,
                length: name.len() as u16,
                kind: kind(record[18]),
            });
            self.bytes.extend_from_slice(name);
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name and, where the file system says so, the kind of an entry.
    pub fn get(&self, index: usize) -> Option<(&OsStr, Kind)> {
        let entry = self.entries.get(index)?;
        Some((OsStr::from_bytes(self.name(entry)), entry.kind))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, Kind)> {
        self.entries.iter().map(|entry| (OsStr::from_bytes(self.name(entry)), entry.kind))
    }

    /// Sorts by the bytes of the names.
    pub fn sort(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let name =
            |entry: &Entry| &bytes[entry.start as usize..entry.start as usize + usize::from(entry.length)];
        self.entries.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        self.bytes = bytes;
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.start as usize..entry.start as usize + usize::from(entry.length)]
    }
}

fn kind(number: u8) -> Kind {
    match number {
        libc::DT_REG => Kind::File,
        libc::DT_DIR => Kind::Directory,
        libc::DT_LNK => Kind::Symlink,
        libc::DT_FIFO => Kind::Fifo,
        libc::DT_SOCK => Kind::Socket,
        libc::DT_CHR => Kind::CharDevice,
        libc::DT_BLK => Kind::BlockDevice,
        _ => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_this_crate() {
        let directory = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap();
        let mut names = Names::read(&directory).unwrap();
        names.sort();
        let found: Vec<_> =
            names.iter().filter(|(name, _)| *name == "Cargo.toml" || *name == "src").collect();
        assert_eq!(found.len(), 2);
        assert!(matches!(found[1].1, Kind::Directory | Kind::Unknown));
    }
}
