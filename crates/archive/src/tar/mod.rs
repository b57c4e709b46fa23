//! tar — archives of tar, read and written.
//!
//! Read are the formats of V7, POSIX.1-1988 (ustar), GNU (long names, large numbers) and POSIX.1-2001 (pax headers).
//! Written is ustar with GNU's long names and large numbers, which everything reads.
//!
//! Source: POSIX.1-2024 `pax`, "ustar Interchange Format" and "pax Header Block"; the manual of GNU tar, "Basic Tar
//! Format".

mod header;
mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

/// Archives consist of blocks of so many bytes.
pub const BLOCK: usize = 512;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    File,
    /// Another name of the file at `link`, which came before.
    HardLink,
    Symlink,
    CharDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// One entry's header. Names are as they stand in the archive: what is safe to write is for the caller to decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub name: Vec<u8>,
    pub link: Vec<u8>,
    pub kind: Kind,
    /// The lower twelve bits.
    pub permissions: u32,
    pub uid: u32,
    pub gid: u32,
    /// Empty where the archive has none.
    pub user: Vec<u8>,
    pub group: Vec<u8>,
    /// Seconds since 1970.
    pub mtime: i64,
    pub size: u64,
    /// Major and minor number of a device.
    pub device: (u32, u32),
}
