//! schedule — how the kernel shares its processors and disks among processes.

use std::io;

fn check(result: libc::c_long) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}

/// Whom a priority belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Process,
    Group,
    User,
}

impl Target {
    fn number(self) -> libc::c_long {
        match self {
            Target::Process => 0,
            Target::Group => 1,
            Target::User => 2,
        }
    }
}

/// getpriority(2): the niceness, -20 to 19. An id of 0 is the caller's own.
pub fn niceness(target: Target, id: u32) -> io::Result<i32> {
    // SAFETY: takes numbers only. The raw call gives 20 minus the niceness, so that -1 is an error alone.
    let result = unsafe { libc::syscall(libc::SYS_getpriority, target.number(), id as libc::c_long) };
    check(result).map(|raised| 20 - raised)
}

/// setpriority(2).
pub fn set_niceness(target: Target, id: u32, niceness: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    let result = unsafe {
        libc::syscall(libc::SYS_setpriority, target.number(), id as libc::c_long, niceness as libc::c_long)
    };
    check(result).map(|_| ())
}

/// ioprio_get(2) of a process (0: the caller): class and level.
pub fn io_priority(pid: i32) -> io::Result<(u32, u32)> {
    const PROCESS: libc::c_long = 1;
    // SAFETY: takes numbers only.
    let value =
        check(unsafe { libc::syscall(libc::SYS_ioprio_get, PROCESS, libc::c_long::from(pid)) })? as u32;
    Ok((value >> 13, value & 0xff))
}

/// ioprio_set(2).
pub fn set_io_priority(pid: i32, class: u32, level: u32) -> io::Result<()> {
    const PROCESS: libc::c_long = 1;
    let value = libc::c_long::from(class << 13 | level);
    // SAFETY: takes numbers only.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, PROCESS, libc::c_long::from(pid), value) }).map(|_| ())
}

pub const OTHER: i32 = libc::SCHED_OTHER;
pub const FIFO: i32 = libc::SCHED_FIFO;
pub const ROUND_ROBIN: i32 = libc::SCHED_RR;
pub const BATCH: i32 = libc::SCHED_BATCH;
pub const IDLE: i32 = libc::SCHED_IDLE;

/// sched_getscheduler(2) and sched_getparam(2): policy and priority. musl refuses its own wrappers, so these are raw.
pub fn policy(pid: i32) -> io::Result<(i32, i32)> {
    let pid = libc::c_long::from(pid);
    // SAFETY: takes numbers only.
    let policy = check(unsafe { libc::syscall(libc::SYS_sched_getscheduler, pid) })?;
    let mut priority: libc::c_int = 0;
    // SAFETY: the kernel's sched_param is one int.
    check(unsafe { libc::syscall(libc::SYS_sched_getparam, pid, &mut priority) })?;
    Ok((policy, priority))
}

/// sched_setscheduler(2).
pub fn set_policy(pid: i32, policy: i32, priority: i32) -> io::Result<()> {
    let (pid, policy) = (libc::c_long::from(pid), libc::c_long::from(policy));
    // SAFETY: the kernel's sched_param is one int.
    check(unsafe { libc::syscall(libc::SYS_sched_setscheduler, pid, policy, &priority) }).map(|_| ())
}

/// The lowest and highest priority of a policy.
pub fn priority_range(policy: i32) -> io::Result<(i32, i32)> {
    let policy = libc::c_long::from(policy);
    // SAFETY: takes numbers only.
    let min = check(unsafe { libc::syscall(libc::SYS_sched_get_priority_min, policy) })?;
    // SAFETY: takes numbers only.
    let max = check(unsafe { libc::syscall(libc::SYS_sched_get_priority_max, policy) })?;
    Ok((min, max))
}

/// A set of processors, a bit each, the lowest first.
pub type Processors = [u64; 16];

/// sched_getaffinity(2) of a process (0: the caller).
pub fn affinity(pid: i32) -> io::Result<Processors> {
    let mut set: Processors = [0; 16];
    let size = std::mem::size_of_val(&set);
    // SAFETY: the pointer and size are of one array.
    check(unsafe {
        libc::syscall(libc::SYS_sched_getaffinity, libc::c_long::from(pid), size, set.as_mut_ptr())
    })?;
    Ok(set)
}

/// sched_setaffinity(2).
pub fn set_affinity(pid: i32, set: &Processors) -> io::Result<()> {
    let size = std::mem::size_of_val(set);
    // SAFETY: the pointer and size are of one array.
    check(unsafe { libc::syscall(libc::SYS_sched_setaffinity, libc::c_long::from(pid), size, set.as_ptr()) })
        .map(|_| ())
}

/// personality(2): what the machine looks like to programs. 0xffffffff only asks.
pub fn personality(value: u32) -> io::Result<u32> {
    // SAFETY: takes a number only.
    check(unsafe { libc::syscall(libc::SYS_personality, libc::c_long::from(value)) }).map(|old| old as u32)
}
