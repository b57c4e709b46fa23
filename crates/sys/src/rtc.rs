//! rtc — the clock that runs while the machine is off, and the kernel's adjustment of its own.
//!
//! Source: rtc(4), linux/rtc.h of Linux 6.12, settimeofday(2), adjtimex(2).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::ioctl::{by_pointer, by_value};

const RTC_AIE_ON: u32 = 0x7001;
const RTC_AIE_OFF: u32 = 0x7002;
const RTC_RD_TIME: u32 = 0x8024_7009;
const RTC_SET_TIME: u32 = 0x4024_700a;
const RTC_WKALM_SET: u32 = 0x4028_700f;
const RTC_WKALM_RD: u32 = 0x8028_7010;
const RTC_PARAM_GET: u32 = 0x4018_7013;
const RTC_PARAM_SET: u32 = 0x4018_7014;

/// A date without a zone: year, month from 1, day, hour, minute, second.
pub type Date = [i32; 6];

/// `struct rtc_time`, whose months count from 0 and years from 1900.
fn raw([year, month, day, hour, minute, second]: Date) -> [i32; 9] {
    [second, minute, hour, day, month - 1, year - 1900, 0, 0, -1]
}

pub fn read(clock: &File) -> io::Result<Date> {
    let mut time = [0i32; 9];
    by_pointer(clock.as_raw_fd(), RTC_RD_TIME, &mut time)?;
    Ok([time[5] + 1900, time[4] + 1, time[3], time[2], time[1], time[0]])
}

pub fn set(clock: &File, date: Date) -> io::Result<()> {
    by_pointer(clock.as_raw_fd(), RTC_SET_TIME, &mut raw(date)).map(drop)
}

/// `struct rtc_wkalrm`: enabled and pending as bytes, then the time.
#[repr(C)]
#[derive(Default)]
struct Alarm {
    enabled: u8,
    pending: u8,
    time: [i32; 9],
}

/// Whether an alarm is set that will wake the machine.
pub fn has_alarm(clock: &File) -> io::Result<bool> {
    let mut alarm = Alarm::default();
    by_pointer(clock.as_raw_fd(), RTC_WKALM_RD, &mut alarm)?;
    Ok(alarm.enabled != 0)
}

/// Wakes the machine at that date.
pub fn set_alarm(clock: &File, date: Date) -> io::Result<()> {
    let mut alarm = Alarm { enabled: 1, pending: 0, time: raw(date) };
    by_pointer(clock.as_raw_fd(), RTC_WKALM_SET, &mut alarm).map(drop)
}

pub fn enable_alarm(clock: &File, on: bool) -> io::Result<()> {
    by_value(clock.as_raw_fd(), if on { RTC_AIE_ON } else { RTC_AIE_OFF }, 0).map(drop)
}

/// A parameter of the clock (`RTC_PARAM_*`).
pub fn parameter(clock: &File, parameter: u64) -> io::Result<u64> {
    // `struct rtc_param`: number, value, index and padding.
    let mut raw = [parameter, 0, 0];
    by_pointer(clock.as_raw_fd(), RTC_PARAM_GET, &mut raw)?;
    Ok(raw[1])
}

pub fn set_parameter(clock: &File, parameter: u64, value: u64) -> io::Result<()> {
    by_pointer(clock.as_raw_fd(), RTC_PARAM_SET, &mut [parameter, value, 0]).map(drop)
}

/// settimeofday(2) with a zone only: minutes west of Greenwich. The first call after the boot also corrects a clock that
/// the kernel took from an RTC in local time.
pub fn set_zone(minutes_west: i32) -> io::Result<()> {
    let zone = [minutes_west, 0i32];
    // SAFETY: the kernel reads two ints for the zone, and a null pointer means that the time stays. The system call
    // itself, as musl's wrapper drops the zone.
    let result = unsafe { libc::syscall(libc::SYS_settimeofday, std::ptr::null::<u8>(), zone.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
