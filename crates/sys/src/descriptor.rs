//! descriptor — descriptors as the numbers that a shell deals in: it names them, moves them, and hands them on.

use std::ffi::CStr;
use std::io;

fn check(result: libc::c_int) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

pub const READ: i32 = libc::O_RDONLY;
pub const WRITE: i32 = libc::O_WRONLY;
pub const READ_WRITE: i32 = libc::O_RDWR;
pub const CREATE: i32 = libc::O_CREAT;
pub const TRUNCATE: i32 = libc::O_TRUNC;
pub const APPEND: i32 = libc::O_APPEND;
pub const EXCLUSIVE: i32 = libc::O_EXCL;
pub const CLOSE_ON_EXEC: i32 = libc::O_CLOEXEC;
/// Nothing but a directory is opened.
pub const DIRECTORY: i32 = libc::O_DIRECTORY;
pub const NO_TERMINAL: i32 = libc::O_NOCTTY;

/// open(2), repeated when a signal interrupts it.
pub fn open(path: &CStr, flags: i32, mode: u32) -> io::Result<i32> {
    loop {
        // SAFETY: `path` is a C string.
        match check(unsafe { libc::open(path.as_ptr(), flags, mode) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// dup2(2): `to` becomes a copy of `from`, which outlives exec.
pub fn duplicate_to(from: i32, to: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::dup2(from, to) }).map(|_| ())
}

/// A copy of `fd` with a number of at least `lowest` that exec closes.
pub fn duplicate_above(fd: i32, lowest: i32) -> io::Result<i32> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) })
}

/// close(2). Errors are of no use: the number is free in any case.
pub fn close(fd: i32) {
    // SAFETY: takes a number only. Callers close what they opened.
    unsafe { libc::close(fd) };
}

pub fn is_open(fd: i32) -> bool {
    // SAFETY: takes numbers only.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

/// A pipe's reading and writing end; exec closes both.
pub fn pipe() -> io::Result<(i32, i32)> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two numbers.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((ends[0], ends[1]))
}

/// Moves the file offset by `distance`; None where the file has none (a pipe, a terminal).
pub fn seek_by(fd: i32, distance: i64) -> Option<u64> {
    // SAFETY: takes numbers only.
    let offset = unsafe { libc::lseek(fd, distance, libc::SEEK_CUR) };
    u64::try_from(offset).ok()
}

/// A file in memory, open for both, that exec closes.
pub fn memory_file() -> io::Result<i32> {
    // SAFETY: the name is a C string.
    check(unsafe { libc::memfd_create(c"here".as_ptr(), libc::MFD_CLOEXEC) })
}

/// Sets the offset to the beginning.
pub fn rewind(fd: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    if unsafe { libc::lseek(fd, 0, libc::SEEK_SET) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets exec pass the descriptor on.
pub fn keep_on_exec(fd: i32) {
    // SAFETY: takes numbers only; it fails only for a closed one.
    unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
}

/// Whether the descriptor is a regular file.
pub fn is_regular(fd: i32) -> bool {
    mode_of(fd).is_some_and(|mode| mode & libc::S_IFMT == libc::S_IFREG)
}

/// Whether the descriptor is a pipe or a socket: writing to it fails once nobody reads.
pub fn is_pipe(fd: i32) -> bool {
    mode_of(fd).is_some_and(|mode| matches!(mode & libc::S_IFMT, libc::S_IFIFO | libc::S_IFSOCK))
}

fn mode_of(fd: i32) -> Option<libc::mode_t> {
    // SAFETY: a zeroed stat is valid to be overwritten, and fstat writes one.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        (libc::fstat(fd, &mut stat) == 0).then_some(stat.st_mode)
    }
}

/// read(2), once: a signal that interrupts is `ErrorKind::Interrupted`.
pub fn read_once(fd: i32, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `buffer` is valid for writes of its own length.
    let count = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
    if count < 0 { Err(io::Error::last_os_error()) } else { Ok(count as usize) }
}

/// Whether `fd` can be read within `timeout_ms` (-1: without end). An interrupting signal is an error.
pub fn wait_readable(fd: i32, timeout_ms: i32) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, as the count says.
    Ok(check(unsafe { libc::poll(&mut poll, 1, timeout_ms) })? > 0)
}
