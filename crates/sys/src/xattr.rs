//! xattr — extended attributes of open files; access control lists and file capabilities are among them.
//!
//! Source: xattr(7), flistxattr(2), fgetxattr(2), fsetxattr(2).

use std::ffi::{CStr, CString};
use std::io;
use std::path::Path;

use crate::at::{AsRawFdDyn, c_path, check};

/// The names of all attributes.
pub fn list(file: &dyn AsRawFdDyn) -> io::Result<Vec<CString>> {
    let fd = file.number();
    // SAFETY: a null buffer of no length asks for the size.
    let bytes = read(|buffer, size| unsafe { libc::flistxattr(fd, buffer.cast(), size) })?;
    Ok(names(&bytes))
}

/// The value of one attribute.
pub fn get(file: &dyn AsRawFdDyn, name: &CStr) -> io::Result<Vec<u8>> {
    let fd = file.number();
    // SAFETY: `name` ends in a zero byte; a null buffer of no length asks for the size.
    read(|buffer, size| unsafe { libc::fgetxattr(fd, name.as_ptr(), buffer.cast(), size) })
}

/// Sets one attribute, whether it was there or not.
pub fn set(file: &dyn AsRawFdDyn, name: &CStr, value: &[u8]) -> io::Result<()> {
    // SAFETY: `name` ends in a zero byte, and `value` is valid for reads of its length.
    check(unsafe { libc::fsetxattr(file.number(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) })
}

/// Extended attributes by the name of a file: of what a link leads to, or (`follow` false) of the link itself.
pub fn list_of(path: &Path, follow: bool) -> io::Result<Vec<CString>> {
    let path = c_path(path)?;
    let list = if follow { libc::listxattr } else { libc::llistxattr };
    // SAFETY: `path` ends in a zero byte; a null buffer of no length asks for the size.
    let bytes = read(|buffer, size| unsafe { list(path.as_ptr(), buffer.cast(), size) })?;
    Ok(names(&bytes))
}

pub fn get_of(path: &Path, name: &CStr, follow: bool) -> io::Result<Vec<u8>> {
    let path = c_path(path)?;
    let get = if follow { libc::getxattr } else { libc::lgetxattr };
    // SAFETY: `path` and `name` end in zero bytes; a null buffer of no length asks for the size.
    read(|buffer, size| unsafe { get(path.as_ptr(), name.as_ptr(), buffer.cast(), size) })
}

pub fn set_of(path: &Path, name: &CStr, value: &[u8], follow: bool) -> io::Result<()> {
    let path = c_path(path)?;
    let set = if follow { libc::setxattr } else { libc::lsetxattr };
    // SAFETY: `path` and `name` end in zero bytes, and `value` is valid for reads of its length.
    check(unsafe { set(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) })
}

pub fn remove_of(path: &Path, name: &CStr, follow: bool) -> io::Result<()> {
    let path = c_path(path)?;
    let remove = if follow { libc::removexattr } else { libc::lremovexattr };
    // SAFETY: `path` and `name` end in zero bytes.
    check(unsafe { remove(path.as_ptr(), name.as_ptr()) })
}

fn names(bytes: &[u8]) -> Vec<CString> {
    bytes
        .split_inclusive(|&byte| byte == 0)
        .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
        .map(CStr::to_owned)
        .collect()
}

/// Asks for a size, then for so many bytes, until both agree: another process may change the attribute in between.
fn read(call: impl Fn(*mut u8, usize) -> isize) -> io::Result<Vec<u8>> {
    loop {
        let size = usize::try_from(call(std::ptr::null_mut(), 0)).map_err(|_| io::Error::last_os_error())?;
        if size == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = vec![0; size];
        match usize::try_from(call(bytes.as_mut_ptr(), size)) {
            Ok(count) => {
                bytes.truncate(count);
                return Ok(bytes);
            }
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.raw_os_error() != Some(libc::ERANGE) {
                    return Err(error);
                }
            }
        }
    }
}
