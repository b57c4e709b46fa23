//! map — files that are read as memory.
//!
//! Source: mmap(2), fstat(2).

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

use crate::at;

/// The bytes of a file. They stay readable after the file was closed, removed or replaced.
pub struct Map {
    address: *const u8,
    length: usize,
}

/// Maps a whole regular file that nobody but root and this user can write.
///
/// Whoever may write it must replace it by rename, never in place: that is why others' files are not taken.
///
/// Errors: EACCES for a file that others may write or that belongs to another user; EINVAL for what is empty or no file.
pub fn read_only(file: &File) -> io::Result<Map> {
    let stat = at::stat_fd(file)?;
    if stat.kind() != at::Kind::File || stat.size == 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: geteuid has no conditions.
    let own = unsafe { libc::geteuid() };
    if (stat.uid != 0 && stat.uid != own) || stat.mode & 0o022 != 0 {
        return Err(io::Error::from_raw_os_error(libc::EACCES));
    }
    let length = usize::try_from(stat.size).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    // SAFETY: a new private mapping of a file, at an address that the kernel chooses, touches nothing that exists.
    let address = unsafe {
        libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0)
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(Map { address: address.cast(), length })
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the mapping has this length and lasts as long as `self`; its file is written by nobody in place.
        unsafe { std::slice::from_raw_parts(self.address, self.length) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no slice of it outlives the value.
        unsafe { libc::munmap(self.address.cast_mut().cast(), self.length) };
    }
}

// SAFETY: the memory is only read, and belongs to the value alone.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_own_files_are_mapped() {
        let path = std::env::temp_dir().join(format!("sys-map-{}", std::process::id()));
        std::fs::write(&path, b"text").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let map = read_only(&File::open(&path).unwrap()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let refused = read_only(&File::open(&path).unwrap()).map(|_| ()).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(refused.raw_os_error(), Some(libc::EACCES));
        assert_eq!(&*map, b"text");
        assert!(read_only(&File::open("/").unwrap()).is_err());
    }
}
