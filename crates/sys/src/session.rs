//! session — sessions, terminals, root folders, signals that are ignored or wake up.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};

fn check(result: libc::c_int) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// setsid(2). Fails for the leader of a process group.
pub fn new_session() -> io::Result<()> {
    // SAFETY: takes nothing.
    check(unsafe { libc::setsid() }).map(|_| ())
}

/// Makes the terminal behind `fd` the controlling one of this session; it may be taken from another.
pub fn take_terminal(fd: i32) -> io::Result<()> {
    // SAFETY: TIOCSCTTY takes a number.
    check(unsafe { libc::ioctl(fd, libc::TIOCSCTTY, 1) }).map(|_| ())
}

/// setpgid(2) for this process: a group of its own.
pub fn new_group() -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::setpgid(0, 0) }).map(|_| ())
}

/// chroot(2). The working directory stays where it is.
pub fn change_root(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `path` is a C string that lives for the whole call.
    check(unsafe { libc::chroot(path.as_ptr()) }).map(|_| ())
}

/// dup2(2) of descriptor numbers.
pub fn duplicate(from: i32, to: i32) -> io::Result<()> {
    // SAFETY: takes numbers only. `to` is a standard stream, which nothing in this program owns.
    check(unsafe { libc::dup2(from, to) }).map(|_| ())
}

/// Ignores a signal, also in what is executed later.
pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Gives a signal its default action.
pub fn default(signal: i32) {
    // SAFETY: SIG_DFL is a valid disposition.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

static CAUGHT: AtomicI32 = AtomicI32::new(0);

extern "C" fn remember(signal: libc::c_int) {
    CAUGHT.store(signal, Ordering::Relaxed);
}

/// Notes that a signal came (`caught`) and interrupts the call that waits.
pub fn catch(signal: i32) {
    // SAFETY: zeros are an empty mask and no flags; the handler only stores to an atomic.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = remember as *const () as usize;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}

/// The last signal that `catch` noted, once; 0 for none.
pub fn caught() -> i32 {
    CAUGHT.swap(0, Ordering::Relaxed)
}

/// The path of the terminal behind a descriptor: ttyname(3) by /proc.
pub fn terminal_path(fd: i32) -> Option<std::path::PathBuf> {
    if !crate::fd::is_terminal(fd) {
        return None;
    }
    std::fs::read_link(format!("/proc/self/fd/{fd}")).ok().filter(|path| path.starts_with("/dev"))
}

/// umask(2).
pub fn set_mask(mask: u32) {
    // SAFETY: takes a number and cannot fail.
    unsafe { libc::umask(mask as libc::mode_t) };
}

/// alarm(2): SIGALRM after so many seconds.
pub fn alarm(seconds: u32) {
    // SAFETY: takes a number and cannot fail.
    unsafe { libc::alarm(seconds) };
}

/// A descriptor of a new pidfd, which becomes readable when the process ends.
pub fn process_descriptor(pid: i32) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: takes numbers only.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor and nobody else has it.
    Ok(unsafe { std::os::fd::OwnedFd::from_raw_fd(fd as i32) })
}

/// poll(2) for input on any of `fds`. Returns which have some (or an end); none if the time is over or a signal came.
pub fn wait_readable(fds: &[i32], limit: Option<std::time::Duration>) -> io::Result<Vec<bool>> {
    let mut polls: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    // Rounded up: a wait that ends before its time would be taken for a signal.
    let millis =
        limit.map_or(-1, |limit| i32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
    // SAFETY: the pointer and length are of one vector.
    let result = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, millis) };
    if result < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted {
            Ok(vec![false; fds.len()])
        } else {
            Err(error)
        };
    }
    Ok(polls.iter().map(|poll| poll.revents != 0).collect())
}

/// Goes on in a child in a session of its own, as daemons do; the standard streams become /dev/null.
///
/// Returns true in the daemon, false in the process that should now end.
pub fn daemonize() -> io::Result<bool> {
    if crate::child::fork()?.is_some() {
        return Ok(false);
    }
    new_session()?;
    std::env::set_current_dir("/")?;
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for fd in 0..3 {
        duplicate(std::os::fd::AsRawFd::as_raw_fd(&null), fd)?;
    }
    Ok(true)
}
