//! clock — the system's clock, and sleeping.

use std::io;
use std::time::Duration;

/// Seconds since 1970 and nanoseconds of the system's clock.
pub fn now() -> (i64, u32) {
    read(libc::CLOCK_REALTIME)
}

/// Time since the boot, with time asleep.
pub fn since_boot() -> Duration {
    let (seconds, nanos) = read(libc::CLOCK_BOOTTIME);
    Duration::new(seconds as u64, nanos)
}

fn read(clock: libc::clockid_t) -> (i64, u32) {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec; these clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    (time.tv_sec, time.tv_nsec as u32)
}

/// Sets the system's clock.
pub fn set(seconds: i64, nanos: u32) -> io::Result<()> {
    let time = libc::timespec { tv_sec: seconds, tv_nsec: nanos as libc::c_long };
    // SAFETY: the call reads one timespec.
    let result = unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &time) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sleeps; a signal does not shorten it.
pub fn sleep(length: Duration) {
    std::thread::sleep(length);
}
