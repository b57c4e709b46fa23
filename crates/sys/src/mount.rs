//! mount — mount(2), umount2(2), pivot_root(2) and the flags they take.

use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Flags of mount(2), by the kernel's names without `MS_`.
pub mod flag {
    pub const RDONLY: u64 = libc::MS_RDONLY;
    pub const NOSUID: u64 = libc::MS_NOSUID;
    pub const NODEV: u64 = libc::MS_NODEV;
    pub const NOEXEC: u64 = libc::MS_NOEXEC;
    pub const SYNCHRONOUS: u64 = libc::MS_SYNCHRONOUS;
    pub const REMOUNT: u64 = libc::MS_REMOUNT;
    pub const MANDLOCK: u64 = libc::MS_MANDLOCK;
    pub const DIRSYNC: u64 = libc::MS_DIRSYNC;
    pub const NOSYMFOLLOW: u64 = 256;
    pub const NOATIME: u64 = libc::MS_NOATIME;
    pub const NODIRATIME: u64 = libc::MS_NODIRATIME;
    pub const BIND: u64 = libc::MS_BIND;
    pub const MOVE: u64 = libc::MS_MOVE;
    pub const REC: u64 = libc::MS_REC;
    pub const SILENT: u64 = libc::MS_SILENT;
    pub const UNBINDABLE: u64 = libc::MS_UNBINDABLE;
    pub const PRIVATE: u64 = libc::MS_PRIVATE;
    pub const SLAVE: u64 = libc::MS_SLAVE;
    pub const SHARED: u64 = libc::MS_SHARED;
    pub const RELATIME: u64 = libc::MS_RELATIME;
    pub const I_VERSION: u64 = libc::MS_I_VERSION;
    pub const STRICTATIME: u64 = libc::MS_STRICTATIME;
    pub const LAZYTIME: u64 = libc::MS_LAZYTIME;
}

/// Flags of umount2(2).
pub mod unmount_flag {
    pub const FORCE: i32 = libc::MNT_FORCE;
    pub const DETACH: i32 = libc::MNT_DETACH;
    pub const NOFOLLOW: i32 = libc::UMOUNT_NOFOLLOW;
}

fn c_string(text: &[u8]) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

fn checked(result: i64) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// mount(2). `kind` and `data` may be empty.
pub fn mount(source: &OsStr, target: &Path, kind: &OsStr, flags: u64, data: &[u8]) -> io::Result<()> {
    let source = c_string(source.as_bytes())?;
    let target = c_string(target.as_os_str().as_bytes())?;
    let kind = c_string(kind.as_bytes())?;
    let data = c_string(data)?;
    // SAFETY: four C strings that live across the call.
    checked(i64::from(unsafe {
        libc::mount(
            source.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            flags as libc::c_ulong,
            data.as_ptr().cast(),
        )
    }))
}

/// umount2(2).
pub fn unmount(target: &Path, flags: i32) -> io::Result<()> {
    let target = c_string(target.as_os_str().as_bytes())?;
    // SAFETY: a C string that lives across the call.
    checked(i64::from(unsafe { libc::umount2(target.as_ptr(), flags) }))
}

/// pivot_root(2).
pub fn pivot_root(new_root: &Path, put_old: &Path) -> io::Result<()> {
    let new_root = c_string(new_root.as_os_str().as_bytes())?;
    let put_old = c_string(put_old.as_os_str().as_bytes())?;
    // SAFETY: two C strings that live across the call.
    checked(unsafe { libc::syscall(libc::SYS_pivot_root, new_root.as_ptr(), put_old.as_ptr()) })
}

/// The magic number of the file system that `path` lies on, as statfs(2) tells it.
pub fn magic(path: &Path) -> io::Result<u32> {
    let path = c_string(path.as_os_str().as_bytes())?;
    let mut buffer = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: a C string and a buffer of the right type, both alive across the call.
    checked(i64::from(unsafe { libc::statfs(path.as_ptr(), buffer.as_mut_ptr()) }))?;
    // SAFETY: statfs succeeded and so filled the buffer.
    Ok(unsafe { buffer.assume_init() }.f_type as u32)
}

/// `statfs` magic numbers of the file systems that an initramfs can be.
pub const RAMFS_MAGIC: u32 = 0x8584_58f6;
pub const TMPFS_MAGIC: u32 = 0x0102_1994;
