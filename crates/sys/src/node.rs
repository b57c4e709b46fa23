//! node — device numbers and device files.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What mknod(2) can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Block,
    Character,
}

/// Major and minor number.
pub fn split(device: u64) -> (u32, u32) {
    (libc::major(device), libc::minor(device))
}

pub fn join(major: u32, minor: u32) -> u64 {
    libc::makedev(major, minor)
}

/// mknod(2). The mask of the process applies to `mode`.
pub fn make(path: &Path, kind: Kind, mode: u32, device: u64) -> io::Result<()> {
    let path =
        CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let kind = match kind {
        Kind::Block => libc::S_IFBLK,
        Kind::Character => libc::S_IFCHR,
    };
    // SAFETY: a C string that lives across the call.
    let result = unsafe { libc::mknod(path.as_ptr(), kind | mode & 0o7777, device) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
