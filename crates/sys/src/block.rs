//! block — ioctls on block devices: size, sectors, read-only flag, partition table.
//!
//! Source: linux/fs.h, linux/hdreg.h of Linux 6.12.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileTypeExt;

use crate::ioctl::{by_pointer, by_value};

const BLKROSET: u32 = 0x125d;
const BLKROGET: u32 = 0x125e;
const BLKRRPART: u32 = 0x125f;
const BLKFLSBUF: u32 = 0x1261;
const BLKRASET: u32 = 0x1262;
const BLKRAGET: u32 = 0x1263;
const BLKSSZGET: u32 = 0x1268;
const BLKBSZGET: u32 = 0x8008_1270;
const BLKBSZSET: u32 = 0x4008_1271;
const BLKGETSIZE64: u32 = 0x8008_1272;
const HDIO_GETGEO: u32 = 0x0301;
const FITRIM: u32 = 0xc018_5879;
const BLKDISCARD: u32 = 0x1277;
const BLKSECDISCARD: u32 = 0x127d;
const FIFREEZE: u32 = 0xc004_5877;
const FITHAW: u32 = 0xc004_5878;
const FDFLUSH: u32 = 0x024b;
const RAID_AUTORUN: u32 = 0x0914;
const CDROMEJECT: u32 = 0x5309;
const CDROMCLOSETRAY: u32 = 0x5319;
const CDROM_DRIVE_STATUS: u32 = 0x5326;

/// Bytes of a block device, or of a file that stands for one.
pub fn size_bytes(file: &File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    if !metadata.file_type().is_block_device() {
        return Ok(metadata.len());
    }
    let mut size = 0u64;
    match by_pointer(file.as_raw_fd(), BLKGETSIZE64, &mut size) {
        Ok(_) => Ok(size),
        Err(_) => {
            let mut file = file;
            file.seek(SeekFrom::End(0))
        }
    }
}

/// Bytes of a block device, and an error for everything else.
pub fn device_bytes(device: &File) -> io::Result<u64> {
    let mut size = 0u64;
    by_pointer(device.as_raw_fd(), BLKGETSIZE64, &mut size)?;
    Ok(size)
}

/// Bytes of a logical sector.
pub fn sector_size(file: &File) -> io::Result<u32> {
    let mut size = 0i32;
    by_pointer(file.as_raw_fd(), BLKSSZGET, &mut size)?;
    Ok(size as u32)
}

/// The block size that the kernel's cache uses for the device.
pub fn block_size(file: &File) -> io::Result<u32> {
    let mut size = 0i32;
    by_pointer(file.as_raw_fd(), BLKBSZGET, &mut size)?;
    Ok(size as u32)
}

pub fn set_block_size(file: &File, bytes: u32) -> io::Result<()> {
    let mut size = bytes as i32;
    by_pointer(file.as_raw_fd(), BLKBSZSET, &mut size).map(drop)
}

pub fn is_read_only(file: &File) -> io::Result<bool> {
    let mut flag = 0i32;
    by_pointer(file.as_raw_fd(), BLKROGET, &mut flag)?;
    Ok(flag != 0)
}

pub fn set_read_only(file: &File, read_only: bool) -> io::Result<()> {
    let mut flag = i32::from(read_only);
    by_pointer(file.as_raw_fd(), BLKROSET, &mut flag).map(drop)
}

/// Sectors of 512 bytes that are read ahead.
pub fn read_ahead(file: &File) -> io::Result<u64> {
    let mut sectors = 0u64;
    by_pointer(file.as_raw_fd(), BLKRAGET, &mut sectors)?;
    Ok(sectors)
}

pub fn set_read_ahead(file: &File, sectors: u64) -> io::Result<()> {
    by_value(file.as_raw_fd(), BLKRASET, sectors as usize).map(drop)
}

/// Writes out and forgets what is cached of the device.
pub fn flush(file: &File) -> io::Result<()> {
    by_value(file.as_raw_fd(), BLKFLSBUF, 0).map(drop)
}

/// Makes the kernel read the partition table again. EBUSY while a partition is in use.
pub fn reread_table(file: &File) -> io::Result<()> {
    by_value(file.as_raw_fd(), BLKRRPART, 0).map(drop)
}

/// Heads and sectors per track, as the firmware is told.
pub fn geometry(file: &File) -> io::Result<(u8, u8)> {
    #[repr(C)]
    #[derive(Default)]
    struct Geometry {
        heads: u8,
        sectors: u8,
        cylinders: u16,
        start: libc::c_ulong,
    }
    let mut geometry = Geometry::default();
    by_pointer(file.as_raw_fd(), HDIO_GETGEO, &mut geometry)?;
    Ok((geometry.heads, geometry.sectors))
}

/// FITRIM on a mounted file system: tells its device which blocks are free. Returns the bytes discarded.
pub fn trim(directory: &File, start: u64, length: u64, extent_min: u64) -> io::Result<u64> {
    let mut range = [start, length, extent_min];
    by_pointer(directory.as_raw_fd(), FITRIM, &mut range)?;
    Ok(range[1])
}

/// Tells the device that the bytes are not needed any more; `secure`: and that they must be gone.
pub fn discard(device: &File, start: u64, length: u64, secure: bool) -> io::Result<()> {
    let request = if secure { BLKSECDISCARD } else { BLKDISCARD };
    by_pointer(device.as_raw_fd(), request, &mut [start, length]).map(drop)
}

/// Writes out a mounted file system and holds back what would change it (`freeze`), or lets go again.
pub fn freeze(directory: &File, freeze: bool) -> io::Result<()> {
    let request = if freeze { FIFREEZE } else { FITHAW };
    by_pointer(directory.as_raw_fd(), request, &mut 0i32).map(drop)
}

/// Forgets what is known of the medium in a floppy drive.
pub fn flush_floppy(device: &File) -> io::Result<()> {
    by_value(device.as_raw_fd(), FDFLUSH, 0).map(drop)
}

/// Makes the kernel look for RAID arrays of the old kind and start them.
pub fn start_raids(device: &File) -> io::Result<()> {
    by_value(device.as_raw_fd(), RAID_AUTORUN, 0).map(drop)
}

/// Opens the tray of a drive.
pub fn eject(device: &File) -> io::Result<()> {
    by_value(device.as_raw_fd(), CDROMEJECT, 0).map(drop)
}

pub fn close_tray(device: &File) -> io::Result<()> {
    by_value(device.as_raw_fd(), CDROMCLOSETRAY, 0).map(drop)
}

/// Whether the tray is open.
pub fn is_tray_open(device: &File) -> io::Result<bool> {
    const OPEN: i32 = 2;
    by_value(device.as_raw_fd(), CDROM_DRIVE_STATUS, 0).map(|status| status == OPEN)
}
