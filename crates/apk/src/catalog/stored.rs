//! stored — catalogs kept in files, beside the indexes that they were made of.
//!
//! A file is used if it was made of the very index that is there: same size, same time, read with the same keys trusted.
//! Whoever can write the cache folder can write a catalog; what it says is believed as far as an index there would be.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::build::footer_with;
use super::{COUNTS, Catalog, FOOTER_BYTES};

/// What a catalog was made of, and on whose word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Of the index's file: bytes, and when it was changed.
    pub size: u64,
    pub modified_s: i64,
    pub modified_ns: u32,
    /// Which keys were trusted: `Keys::fingerprint`.
    pub keys: u64,
    /// Indexes without a signature were taken, too.
    pub allows_untrusted: bool,
}

impl Made {
    pub(super) const NUMBERS: usize = 8;

    /// Of the index at `path`.
    pub fn of(path: &Path, keys: u64, allows_untrusted: bool) -> io::Result<Made> {
        let metadata = fs::metadata(path)?;
        Ok(Made {
            size: metadata.len(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec() as u32,
            keys,
            allows_untrusted,
        })
    }

    pub(super) fn numbers(&self) -> [u32; Made::NUMBERS] {
        let (size, time, keys) = (self.size, self.modified_s as u64, self.keys);
        let high = |number: u64| (number >> 32) as u32;
        [
            size as u32,
            high(size),
            time as u32,
            high(time),
            self.modified_ns,
            keys as u32,
            high(keys),
            u32::from(self.allows_untrusted),
        ]
    }

    /// Whether what was made so can be used where this is wanted: who allows less does not take what more was allowed for.
    fn serves(made: &[u32], wanted: &Made) -> bool {
        let numbers = wanted.numbers();
        let last = Made::NUMBERS - 1;
        made[..last] == numbers[..last] && made[last] <= numbers[last]
    }
}

/// The bytes of a catalog: in memory, or mapped.
pub enum Stored {
    Memory(Vec<u8>),
    Mapped(sys::map::Map),
}

impl Deref for Stored {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Stored::Memory(bytes) => bytes,
            Stored::Mapped(map) => map,
        }
    }
}

impl Stored {
    /// The catalog in the file at `path`, if there is one that was made of what is wanted.
    pub fn open(path: &Path, wanted: &Made) -> Option<Stored> {
        let file = File::options()
            .read(true)
            .custom_flags(sys::at::O_NOFOLLOW | sys::at::O_NONBLOCK)
            .open(path)
            .ok()?;
        let stored = Stored::Mapped(sys::map::read_only(&file).ok()?);
        let footer = stored.get(stored.len().checked_sub(FOOTER_BYTES)?..)?;
        let numbers: Vec<u32> =
            footer.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let made = numbers.get(COUNTS..COUNTS + Made::NUMBERS)?;
        let fits = Made::serves(made, wanted) && Catalog::new(&stored).is_some();
        fits.then_some(stored)
    }

    /// Writes the catalog to `path`, beside it first.
    pub fn save(bytes: &[u8], path: &Path, made: &Made) -> io::Result<()> {
        let Some((tables, footer)) = bytes.len().checked_sub(FOOTER_BYTES).map(|end| bytes.split_at(end))
        else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut beside = path.as_os_str().to_os_string();
        beside.push(".new");
        let beside = Path::new(&beside);
        // What an interrupted run left, or somebody else put there, is not written through.
        let _ = fs::remove_file(beside);
        let write = || -> io::Result<()> {
            let mut file = File::options().write(true).create_new(true).mode(0o644).open(beside)?;
            file.write_all(tables)?;
            file.write_all(&footer_with(footer, made))?;
            sys::filesystem::sync_data(&file)?;
            fs::rename(beside, path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(beside);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn only_what_was_made_of_the_same_is_opened() {
        let folder = std::env::temp_dir().join(format!("apk-stored-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("catalog");
        let made = Made {
            size: 1 << 33,
            modified_s: -5,
            modified_ns: 7,
            keys: u64::MAX - 1,
            allows_untrusted: false,
        };
        let bytes = catalog::build(b"P:a\nV:1\n\n".to_vec(), b"d").unwrap();
        assert!(Stored::open(&path, &made).is_none());
        Stored::save(&bytes, &path, &made).unwrap();
        let stored = Stored::open(&path, &made).unwrap();
        assert_eq!(Catalog::new(&stored).unwrap().description(), b"d");
        let more = Made { allows_untrusted: true, ..made };
        assert!(Stored::open(&path, &more).is_some());
        for other in [
            Made { size: 1, ..made },
            Made { modified_s: 5, ..made },
            Made { modified_ns: 8, ..made },
            Made { keys: 1, ..made },
        ] {
            assert!(Stored::open(&path, &other).is_none(), "{other:?}");
        }
        Stored::save(&bytes, &path, &more).unwrap();
        assert!(Stored::open(&path, &made).is_none());
        let whole = fs::read(&path).unwrap();
        for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(Stored::open(&path, &more).is_none(), "{cut}");
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(Stored::open(&path, &more).is_none());
        fs::remove_dir_all(&folder).unwrap();
    }
}
