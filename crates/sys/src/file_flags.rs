//! file_flags — the attributes that file systems keep beside the mode: immutable, append-only and so on.
//!
//! Source: ioctl_iflags(2), linux/fs.h, linux/msdos_fs.h of Linux 6.12.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::ioctl::by_pointer;

const FS_IOC_GETFLAGS: u32 = 0x8008_6601;
const FS_IOC_SETFLAGS: u32 = 0x4008_6602;
const FS_IOC_GETVERSION: u32 = 0x8008_7601;
const FS_IOC_SETVERSION: u32 = 0x4008_7602;
const FS_IOC_FSGETXATTR: u32 = 0x801c_581f;
const FS_IOC_FSSETXATTR: u32 = 0x401c_5820;
const FAT_IOCTL_GET_ATTRIBUTES: u32 = 0x8004_7210;
const FAT_IOCTL_SET_ATTRIBUTES: u32 = 0x4004_7211;

/// The kernel moves 32 bits whatever the requests' numbers say; room for a long is left anyway.
fn get(file: &File, request: u32) -> io::Result<u32> {
    let mut value = [0u32; 2];
    by_pointer(file.as_raw_fd(), request, &mut value)?;
    Ok(value[0])
}

fn set(file: &File, request: u32, value: u32) -> io::Result<()> {
    by_pointer(file.as_raw_fd(), request, &mut [value, 0]).map(drop)
}

/// The flags of `FS_*_FL`.
pub fn flags(file: &File) -> io::Result<u32> {
    get(file, FS_IOC_GETFLAGS)
}

pub fn set_flags(file: &File, flags: u32) -> io::Result<()> {
    set(file, FS_IOC_SETFLAGS, flags)
}

/// The inode's generation.
pub fn version(file: &File) -> io::Result<u32> {
    get(file, FS_IOC_GETVERSION)
}

pub fn set_version(file: &File, version: u32) -> io::Result<()> {
    set(file, FS_IOC_SETVERSION, version)
}

/// The project that the file counts for in quotas.
pub fn project(file: &File) -> io::Result<u32> {
    let mut attributes = [0u32; 7];
    by_pointer(file.as_raw_fd(), FS_IOC_FSGETXATTR, &mut attributes)?;
    Ok(attributes[3])
}

pub fn set_project(file: &File, project: u32) -> io::Result<()> {
    let mut attributes = [0u32; 7];
    by_pointer(file.as_raw_fd(), FS_IOC_FSGETXATTR, &mut attributes)?;
    attributes[3] = project;
    by_pointer(file.as_raw_fd(), FS_IOC_FSSETXATTR, &mut attributes).map(drop)
}

/// The attributes of a file on FAT: read-only 1, hidden 2, system 4, label 8, folder 16, archive 32.
pub fn fat_attributes(file: &File) -> io::Result<u32> {
    get(file, FAT_IOCTL_GET_ATTRIBUTES)
}

pub fn set_fat_attributes(file: &File, attributes: u32) -> io::Result<()> {
    set(file, FAT_IOCTL_SET_ATTRIBUTES, attributes)
}
