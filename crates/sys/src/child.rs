//! child — children that run a function or a command, and what they used.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use crate::exec;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exited(u8),
    Killed(i32),
    /// Stopped by this signal; it is still there.
    Stopped(i32),
}

impl End {
    fn of(status: libc::c_int) -> End {
        if libc::WIFEXITED(status) {
            End::Exited(libc::WEXITSTATUS(status) as u8)
        } else if libc::WIFSTOPPED(status) {
            End::Stopped(libc::WSTOPSIG(status))
        } else {
            End::Killed(libc::WTERMSIG(status))
        }
    }

    /// The status as a shell gives it: 128 and the signal's number for a killed child.
    pub fn status(self) -> u8 {
        match self {
            End::Exited(status) => status,
            End::Killed(signal) | End::Stopped(signal) => 128_u8.wrapping_add(signal as u8),
        }
    }
}

/// What a child used, as the kernel counted it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub user: Duration,
    pub system: Duration,
    pub resident_max_kib: i64,
    pub minor_faults: i64,
    pub major_faults: i64,
    pub blocks_in: i64,
    pub blocks_out: i64,
    pub voluntary_switches: i64,
    pub involuntary_switches: i64,
    pub signals: i64,
    pub swaps: i64,
    pub messages_sent: i64,
    pub messages_received: i64,
}

/// fork(2). None in the child, the child's pid in the parent.
///
/// For programs with one thread: the child has only the thread that forked.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the programs that call this have one thread, so no lock is held by a thread that the child lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// Ends this process at once: no buffers are written, no exit handlers run. For forked children.
pub fn exit_now(status: u8) -> ! {
    // SAFETY: takes a number and does not return.
    unsafe { libc::_exit(i32::from(status)) }
}

/// Starts a command in a child; `prepare` runs in the child before it. `failed` is told why the command could not be
/// run, and its answer is then the child's exit status.
pub fn start(
    command: &[OsString],
    prepare: &mut dyn FnMut(),
    failed: &mut dyn FnMut(io::Error) -> u8,
) -> io::Result<i32> {
    match fork()? {
        Some(pid) => Ok(pid),
        None => {
            prepare();
            exit_now(failed(exec::replace(command)))
        }
    }
}

/// Waits for a child (-1: for any), repeated when a signal interrupts.
pub fn wait(pid: i32) -> io::Result<(i32, End)> {
    wait_usage(pid).map(|(pid, end, _)| (pid, end))
}

/// The same, with what the child used.
pub fn wait_usage(pid: i32) -> io::Result<(i32, End, Usage)> {
    loop {
        match wait4(pid, 0) {
            Ok(Some(ended)) => return Ok(ended),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Looks whether a child (-1: any) has ended, without waiting.
pub fn poll(pid: i32) -> io::Result<Option<(i32, End)>> {
    Ok(wait4(pid, libc::WNOHANG)?.map(|(pid, end, _)| (pid, end)))
}

fn wait4(pid: i32, flags: i32) -> io::Result<Option<(i32, End, Usage)>> {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to locals of the right types.
    let result = unsafe { libc::wait4(pid, &mut status, flags, &mut usage) };
    match result {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some((pid, End::of(status), usage_of(&usage)))),
    }
}

fn usage_of(usage: &libc::rusage) -> Usage {
    let duration = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    Usage {
        user: duration(usage.ru_utime),
        system: duration(usage.ru_stime),
        resident_max_kib: usage.ru_maxrss,
        minor_faults: usage.ru_minflt,
        major_faults: usage.ru_majflt,
        blocks_in: usage.ru_inblock,
        blocks_out: usage.ru_oublock,
        voluntary_switches: usage.ru_nvcsw,
        involuntary_switches: usage.ru_nivcsw,
        signals: usage.ru_nsignals,
        swaps: usage.ru_nswap,
        messages_sent: usage.ru_msgsnd,
        messages_received: usage.ru_msgrcv,
    }
}
