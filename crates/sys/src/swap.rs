//! swap — swapon(2) and swapoff(2).

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub const PREFER: i32 = 0x8000;
pub const PRIORITY_MAX: i32 = 0x7fff;
pub const DISCARD: i32 = 0x10000;
pub const DISCARD_ONCE: i32 = 0x20000;
pub const DISCARD_PAGES: i32 = 0x40000;

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// Swaps to `device` from now on.
pub fn on(device: &Path, flags: i32) -> io::Result<()> {
    let device = c_path(device)?;
    // SAFETY: a C string that lives across the call.
    let result = unsafe { libc::swapon(device.as_ptr(), flags) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Stops swapping to `device`, after reading back what lies there.
pub fn off(device: &Path) -> io::Result<()> {
    let device = c_path(device)?;
    // SAFETY: a C string that lives across the call.
    let result = unsafe { libc::swapoff(device.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
