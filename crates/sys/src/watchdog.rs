//! watchdog — the timer that resets the machine unless somebody writes to it.
//!
//! Source: linux/watchdog.h of Linux 6.12.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::ioctl::by_pointer;

const WDIOC_SETOPTIONS: u32 = 0x8004_5704;
const WDIOC_SETTIMEOUT: u32 = 0xc004_5706;
const WDIOC_GETTIMEOUT: u32 = 0x8004_5707;

/// Starts the timer, on drivers that need to be told.
pub fn enable(device: &File) -> io::Result<()> {
    const ENABLE: i32 = 2;
    by_pointer(device.as_raw_fd(), WDIOC_SETOPTIONS, &mut { ENABLE }).map(drop)
}

/// Sets after how many seconds it resets; returns what the driver made of it.
pub fn set_timeout(device: &File, seconds: i32) -> io::Result<i32> {
    let mut seconds = seconds;
    by_pointer(device.as_raw_fd(), WDIOC_SETTIMEOUT, &mut seconds)?;
    Ok(seconds)
}

pub fn timeout(device: &File) -> io::Result<i32> {
    let mut seconds = 0;
    by_pointer(device.as_raw_fd(), WDIOC_GETTIMEOUT, &mut seconds)?;
    Ok(seconds)
}
