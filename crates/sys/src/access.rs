//! access — whether this process may use a file, by its effective ids.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub const READ: i32 = libc::R_OK;
pub const WRITE: i32 = libc::W_OK;
pub const EXECUTE: i32 = libc::X_OK;

/// faccessat(2) with AT_EACCESS, following symbolic links.
pub fn effective(path: &Path, mode: i32) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: `path` is a C string that lives for the whole call.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) == 0 }
}

/// The effective user and group of this process.
pub fn effective_ids() -> (u32, u32) {
    // SAFETY: neither call takes or touches memory, and neither can fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}
