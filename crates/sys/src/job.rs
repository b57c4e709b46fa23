//! job — process groups, their terminal, and signals to them.

use std::io;

fn check(result: libc::c_int) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

pub fn own_pid() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getpid() }
}

pub fn parent_pid() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getppid() }
}

pub fn own_group() -> i32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getpgrp() }
}

/// setpgid(2): 0 stands for the caller (pid) and for a group of the same number (group).
pub fn set_group(pid: i32, group: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::setpgid(pid, group) }).map(|_| ())
}

/// The foreground group of a terminal.
pub fn foreground(terminal: i32) -> io::Result<i32> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::tcgetpgrp(terminal) })
}

/// Makes `group` the foreground group of a terminal. The caller must ignore or block SIGTTOU.
pub fn set_foreground(terminal: i32, group: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::tcsetpgrp(terminal, group) }).map(|_| ())
}

/// kill(2): a negative `pid` is a group.
pub fn kill(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::kill(pid, signal) }).map(|_| ())
}

/// Seconds of processor time: own user, own system, children's user, children's system, in ticks of 1/100 s.
pub fn times() -> [i64; 4] {
    // SAFETY: `times` writes one tms.
    unsafe {
        let mut tms: libc::tms = std::mem::zeroed();
        libc::times(&mut tms);
        [tms.tms_utime, tms.tms_stime, tms.tms_cutime, tms.tms_cstime]
    }
}

/// Sets the file mode creation mask and gives the old one.
pub fn set_umask(mask: u32) -> u32 {
    // SAFETY: takes a number and cannot fail.
    unsafe { libc::umask(mask as libc::mode_t) as u32 }
}

/// A resource's soft and hard limit; `u64::MAX` is none.
pub fn limit(resource: u32) -> io::Result<(u64, u64)> {
    // SAFETY: getrlimit writes one rlimit. The type of the resource differs between C libraries.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        check(libc::getrlimit(resource as _, &mut limit))?;
        Ok((limit.rlim_cur, limit.rlim_max))
    }
}

pub fn set_limit(resource: u32, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: setrlimit reads one rlimit.
    check(unsafe { libc::setrlimit(resource as _, &limit) }).map(|_| ())
}

/// The real user, and whether the process runs with more rights than that user started with.
pub fn user() -> (u32, bool) {
    // SAFETY: these take nothing and cannot fail.
    unsafe {
        let (user, group) = (libc::getuid(), libc::getgid());
        (user, user != libc::geteuid() || group != libc::getegid())
    }
}

/// Whether the process may use the file: `mode` is a sum of 4 (read), 2 (write), 1 (execute), by effective ids.
pub fn may_access(path: &std::ffi::CStr, mode: i32) -> bool {
    // SAFETY: `path` is a C string.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), mode, libc::AT_EACCESS) == 0 }
}

/// Makes the environment that the C library and `std::env` see the given one.
///
/// The caller's program must have one thread.
pub fn set_environment(strings: crate::strings::Strings) {
    unsafe extern "C" {
        static mut environ: *const *const libc::c_char;
    }
    // Never freed: somebody may have kept a pointer from getenv.
    let strings: &'static crate::strings::Strings = Box::leak(Box::new(strings));
    let pointers = Box::leak(strings.pointers(0).into_boxed_slice());
    // SAFETY: one thread; the list ends with a null and lives for ever.
    unsafe { environ = pointers.as_ptr() };
}
