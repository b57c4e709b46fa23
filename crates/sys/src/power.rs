//! power — how the machine ends: the numbers of reboot(2), and the signals by which init is asked for the same.

pub const HALT: i32 = libc::RB_HALT_SYSTEM;
pub const POWER_OFF: i32 = libc::RB_POWER_OFF;
pub const REBOOT: i32 = libc::RB_AUTOBOOT;

pub const SIGNAL_HALT: i32 = libc::SIGUSR1;
pub const SIGNAL_POWER_OFF: i32 = libc::SIGUSR2;
pub const SIGNAL_REBOOT: i32 = libc::SIGTERM;

/// sync(2): writes everything back.
pub fn sync() {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::sync() };
}
