//! module — finit_module(2), init_module(2) and delete_module(2).

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// The kernel unpacks the file itself (MODULE_INIT_COMPRESSED_FILE, since Linux 5.17).
pub const COMPRESSED: u32 = 4;
/// MODULE_INIT_IGNORE_MODVERSIONS and MODULE_INIT_IGNORE_VERMAGIC.
pub const FORCE: u32 = 1 | 2;

/// Unload even if in use, if the kernel was built to allow that.
pub const REMOVE_FORCE: u32 = libc::O_TRUNC as u32;
/// Fail at once instead of waiting until nobody uses the module.
pub const REMOVE_NOW: u32 = libc::O_NONBLOCK as u32;

fn checked(result: i64) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Loads the module in `file`.
pub fn load(file: &File, parameters: &CStr, flags: u32) -> io::Result<()> {
    // SAFETY: an open descriptor and a C string that live across the call.
    checked(unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), parameters.as_ptr(), flags) })
}

/// Loads a module from memory, for files that the kernel cannot unpack.
pub fn load_image(image: &[u8], parameters: &CStr) -> io::Result<()> {
    // SAFETY: `image` is readable for its length and the string ends in NUL; both live across the call.
    checked(unsafe { libc::syscall(libc::SYS_init_module, image.as_ptr(), image.len(), parameters.as_ptr()) })
}

/// Removes the module of that name.
pub fn remove(name: &str, flags: u32) -> io::Result<()> {
    let name = CString::new(name).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: a C string that lives across the call.
    checked(unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), flags) })
}
