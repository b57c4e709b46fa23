//! filesystem — what a mounted file system holds and has left, and how it is made to write.
//!
//! Source: statfs(2), sync(2), syncfs(2), fsync(2), fdatasync(2), ioctl_iflags(2).

use std::io;
use std::path::Path;

use crate::at::{AsRawFdDyn, c_path, check};

/// The numbers of statfs(2). Blocks are counted in `fragment_size`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub magic: u64,
    pub id: u64,
    pub block_size: u64,
    pub fragment_size: u64,
    pub blocks: u64,
    pub free: u64,
    /// Free for users without privileges.
    pub available: u64,
    pub inodes: u64,
    pub inodes_free: u64,
    pub name_max: u64,
}

/// The usage of the file system that holds `path`.
pub fn usage(path: &Path) -> io::Result<Usage> {
    let path = c_path(path)?;
    // SAFETY: statfs is made of integers only, for which zero bytes are a value.
    let mut raw: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: `path` ends in a zero byte, and statfs writes one statfs, which `raw` is.
    check(unsafe { libc::statfs(path.as_ptr(), &mut raw) })?;
    Ok(Usage::of(&raw))
}

/// The usage of the file system of an open file.
pub fn usage_of(file: &dyn AsRawFdDyn) -> io::Result<Usage> {
    // SAFETY: statfs is made of integers only, for which zero bytes are a value.
    let mut raw: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: fstatfs takes a number, and writes one statfs, which `raw` is.
    check(unsafe { libc::fstatfs(file.number(), &mut raw) })?;
    Ok(Usage::of(&raw))
}

impl Usage {
    fn of(raw: &libc::statfs) -> Usage {
        // SAFETY: fsid_t is two ints without padding, and has the same size and no other fields.
        let id: [u32; 2] = unsafe { std::mem::transmute(raw.f_fsid) };
        let fragment_size = if raw.f_frsize > 0 { raw.f_frsize as u64 } else { raw.f_bsize as u64 };
        Usage {
            magic: raw.f_type as u64 & 0xffff_ffff,
            id: u64::from(id[0]) << 32 | u64::from(id[1]),
            block_size: raw.f_bsize as u64,
            fragment_size,
            blocks: raw.f_blocks,
            free: raw.f_bfree,
            available: raw.f_bavail,
            inodes: raw.f_files,
            inodes_free: raw.f_ffree,
            name_max: raw.f_namelen as u64,
        }
    }
}

/// sync(2): starts writing all file systems, and on Linux waits for it.
pub fn sync_all() {
    // SAFETY: sync takes nothing and cannot fail.
    unsafe { libc::sync() }
}

/// syncfs(2): the file system that holds an open file.
pub fn sync_of(file: &dyn AsRawFdDyn) -> io::Result<()> {
    // SAFETY: syncfs takes a number only.
    check(unsafe { libc::syncfs(file.number()) })
}

/// fsync(2).
pub fn sync_file(file: &dyn AsRawFdDyn) -> io::Result<()> {
    // SAFETY: fsync takes a number only.
    check(unsafe { libc::fsync(file.number()) })
}

/// fdatasync(2).
pub fn sync_data(file: &dyn AsRawFdDyn) -> io::Result<()> {
    // SAFETY: fdatasync takes a number only.
    check(unsafe { libc::fdatasync(file.number()) })
}
