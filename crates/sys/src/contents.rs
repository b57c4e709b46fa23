//! contents — copying bytes inside the kernel, and the holes of sparse files.
//!
//! Source: copy_file_range(2), lseek(2) SEEK_DATA and SEEK_HOLE, ioctl_ficlone(2), ftruncate(2), fallocate(2).

use std::io;

use crate::at::{AsRawFdDyn, check};

/// Lets the kernel copy up to `length` bytes between the files' positions. Returns the bytes copied, 0 at the end.
///
/// Errors: also where the two cannot be copied so (EXDEV, EINVAL, ENOSYS, EOPNOTSUPP): then read and write.
pub fn copy_range(from: &dyn AsRawFdDyn, to: &dyn AsRawFdDyn, length: usize) -> io::Result<usize> {
    // The system call itself: musl's wrapper is as thin, and glibc's of some versions emulates it.
    // SAFETY: null offsets mean the files' own positions; the other arguments are numbers.
    let count = unsafe {
        libc::syscall(
            libc::SYS_copy_file_range,
            from.number(),
            std::ptr::null::<u8>(),
            to.number(),
            std::ptr::null::<u8>(),
            length,
            0,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Makes `to` share all of `from`'s blocks, where the file system can.
pub fn share_blocks(from: &dyn AsRawFdDyn, to: &dyn AsRawFdDyn) -> io::Result<()> {
    const FICLONE: u64 = 0x4004_9409;
    // SAFETY: FICLONE takes the number of a descriptor.
    check(unsafe { libc::ioctl(to.number(), FICLONE as _, from.number()) })
}

/// The next range of data at or behind `offset`, or None where only a hole is left.
///
/// Errors: EINVAL where the file system does not know its holes.
pub fn next_data(file: &dyn AsRawFdDyn, offset: u64) -> io::Result<Option<(u64, u64)>> {
    // SAFETY: lseek takes numbers only.
    let start = unsafe { libc::lseek(file.number(), offset as libc::off_t, libc::SEEK_DATA) };
    if start < 0 {
        let error = io::Error::last_os_error();
        return if error.raw_os_error() == Some(libc::ENXIO) { Ok(None) } else { Err(error) };
    }
    // SAFETY: lseek takes numbers only.
    let end = unsafe { libc::lseek(file.number(), start, libc::SEEK_HOLE) };
    if end < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Some((start as u64, end as u64)))
}

/// ftruncate(2).
pub fn set_size(file: &dyn AsRawFdDyn, size: u64) -> io::Result<()> {
    let size = libc::off_t::try_from(size).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    // SAFETY: ftruncate takes numbers only.
    check(unsafe { libc::ftruncate(file.number(), size) })
}

/// fallocate(2) with the flags given (`FALLOC_*`).
pub fn allocate(file: &dyn AsRawFdDyn, flags: i32, offset: u64, length: u64) -> io::Result<()> {
    let too_large = || io::Error::from_raw_os_error(libc::EFBIG);
    let offset = libc::off_t::try_from(offset).map_err(|_| too_large())?;
    let length = libc::off_t::try_from(length).map_err(|_| too_large())?;
    // SAFETY: fallocate takes numbers only.
    check(unsafe { libc::fallocate(file.number(), flags, offset, length) })
}

pub use libc::{FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_KEEP_SIZE};
pub use libc::{FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE};

/// Asks the kernel to read ahead in order.
pub fn will_read_in_order(file: &dyn AsRawFdDyn) {
    // SAFETY: posix_fadvise takes numbers only. It is advice: a refusal changes nothing.
    let _ = unsafe { libc::posix_fadvise(file.number(), 0, 0, libc::POSIX_FADV_SEQUENTIAL) };
}
