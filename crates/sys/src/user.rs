//! user — who runs this process.

/// The user who started it.
pub fn real_id() -> u32 {
    // SAFETY: getuid has no arguments and cannot fail.
    unsafe { libc::getuid() }
}

/// The user whose rights it has: another one in a setuid program.
pub fn effective_id() -> u32 {
    // SAFETY: geteuid has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}
