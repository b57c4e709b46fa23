//! An init that only prints and powers off: what the kernel alone needs, for `cargo xtask bench boot`.
#![no_main]

use std::io::Write;

unsafe extern "C" {
    fn reboot(command: i32) -> i32;
}

#[unsafe(no_mangle)]
extern "C" fn main(_count: i32, _arguments: *const *const u8) -> i32 {
    // The line that the driver waits for; a lost console loses the measurement and nothing else.
    let _ = std::io::stdout().write_all(b"bare init\n");
    // SAFETY: RB_POWER_OFF takes no pointer and does not return.
    unsafe { reboot(0x4321_fedc) };
    loop {}
}
