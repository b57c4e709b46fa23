//! loop_device — files as block devices.
//!
//! Source: loop(4), linux/loop.h of Linux 6.12.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use crate::ioctl::{by_pointer, by_value};

const LOOP_SET_FD: u32 = 0x4c00;
const LOOP_CLR_FD: u32 = 0x4c01;
const LOOP_SET_STATUS64: u32 = 0x4c04;
const LOOP_GET_STATUS64: u32 = 0x4c05;
const LOOP_SET_CAPACITY: u32 = 0x4c07;
const LOOP_CONFIGURE: u32 = 0x4c0a;
const LOOP_CTL_GET_FREE: u32 = 0x4c82;

const LO_FLAGS_READ_ONLY: u32 = 1;
const LO_FLAGS_AUTOCLEAR: u32 = 4;
const LO_FLAGS_PARTSCAN: u32 = 8;

#[repr(C)]
#[derive(Clone, Copy)]
struct RawStatus {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

const EMPTY: RawStatus = RawStatus {
    device: 0,
    inode: 0,
    rdevice: 0,
    offset: 0,
    size_limit: 0,
    number: 0,
    encrypt_type: 0,
    encrypt_key_size: 0,
    flags: 0,
    file_name: [0; 64],
    crypt_name: [0; 64],
    encrypt_key: [0; 32],
    init: [0; 2],
};

#[repr(C)]
struct RawConfig {
    fd: u32,
    block_size: u32,
    info: RawStatus,
    reserved: [u64; 8],
}

/// How a file is made a device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setup {
    pub offset: u64,
    /// 0: to the end of the file.
    pub size_limit: u64,
    pub read_only: bool,
    /// The device goes away when its last user does.
    pub autoclear: bool,
    pub scan_partitions: bool,
}

/// What a loop device shows.
#[derive(Debug, Clone)]
pub struct Status {
    /// Device number and inode of the file behind it.
    pub device: u64,
    pub inode: u64,
    pub offset: u64,
    pub size_limit: u64,
    /// The name that it was given, cut to 63 bytes.
    pub file_name: Vec<u8>,
    pub autoclear: bool,
    pub read_only: bool,
}

/// Number of a free device, made if need be.
pub fn free_number() -> io::Result<u32> {
    let control = OpenOptions::new().read(true).write(true).open("/dev/loop-control")?;
    by_value(control.as_raw_fd(), LOOP_CTL_GET_FREE, 0).map(|number| number as u32)
}

/// `/dev/loopN`.
pub fn path(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/loop{number}"))
}

/// Makes `file` the contents of `device`. EBUSY: it has some already.
pub fn attach(device: &File, file: &File, name: &Path, setup: Setup) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let mut info = EMPTY;
    info.offset = setup.offset;
    info.size_limit = setup.size_limit;
    for (wanted, flag) in [
        (setup.read_only, LO_FLAGS_READ_ONLY),
        (setup.autoclear, LO_FLAGS_AUTOCLEAR),
        (setup.scan_partitions, LO_FLAGS_PARTSCAN),
    ] {
        if wanted {
            info.flags |= flag;
        }
    }
    let name = name.as_os_str().as_bytes();
    let count = name.len().min(63);
    info.file_name[..count].copy_from_slice(&name[..count]);
    let mut config = RawConfig { fd: file.as_raw_fd() as u32, block_size: 0, info, reserved: [0; 8] };
    match by_pointer(device.as_raw_fd(), LOOP_CONFIGURE, &mut config) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOTTY | libc::ENOSYS)) => {}
        result => return result.map(drop),
    }
    // Before Linux 5.8: two steps, undone when the second fails.
    by_value(device.as_raw_fd(), LOOP_SET_FD, file.as_raw_fd() as usize)?;
    if let Err(error) = by_pointer(device.as_raw_fd(), LOOP_SET_STATUS64, &mut info) {
        let _ = detach(device);
        return Err(error);
    }
    Ok(())
}

/// Takes the file off the device.
pub fn detach(device: &File) -> io::Result<()> {
    by_value(device.as_raw_fd(), LOOP_CLR_FD, 0).map(drop)
}

/// Makes the device see that its file has grown.
pub fn set_capacity(device: &File) -> io::Result<()> {
    by_value(device.as_raw_fd(), LOOP_SET_CAPACITY, 0).map(drop)
}

/// What the device shows; ENXIO: nothing.
pub fn status(device: &File) -> io::Result<Status> {
    let mut raw = EMPTY;
    by_pointer(device.as_raw_fd(), LOOP_GET_STATUS64, &mut raw)?;
    let end = raw.file_name.iter().position(|&byte| byte == 0).unwrap_or(raw.file_name.len());
    Ok(Status {
        device: raw.device,
        inode: raw.inode,
        offset: raw.offset,
        size_limit: raw.size_limit,
        file_name: raw.file_name[..end].to_vec(),
        autoclear: raw.flags & LO_FLAGS_AUTOCLEAR != 0,
        read_only: raw.flags & LO_FLAGS_READ_ONLY != 0,
    })
}
