//! process — children by fork, and exec with an environment of the caller's.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Forks; the child runs `child` and ends with what it returns. Returns the child's pid.
///
/// For programs with one thread: the child has only the thread that forked.
pub fn fork(child: &mut dyn FnMut() -> i32) -> io::Result<i32> {
    // SAFETY: the programs that call this have one thread, so no lock is held by a thread that the child lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let status = child();
            // SAFETY: _exit takes any status. Nothing of the parent's (buffers, exit handlers) runs in the child.
            unsafe { libc::_exit(status) }
        }
        pid => Ok(pid),
    }
}

/// execve(2). Returns only if it failed.
pub fn exec(program: &Path, arguments: &[OsString], environment: &[(OsString, OsString)]) -> io::Error {
    let strings = || -> Option<(CString, Vec<CString>, Vec<CString>)> {
        let program = CString::new(program.as_os_str().as_bytes()).ok()?;
        let arguments =
            arguments.iter().map(|word| CString::new(word.as_bytes()).ok()).collect::<Option<_>>()?;
        let environment =
            environment.iter().map(|(name, value)| assignment(name, value)).collect::<Option<_>>()?;
        Some((program, arguments, environment))
    };
    let Some((program, arguments, environment)) = strings() else {
        return io::Error::from_raw_os_error(libc::EINVAL);
    };
    let argv = pointers(&arguments);
    let envp = pointers(&environment);
    // SAFETY: both arrays end in a null pointer and point to strings that live until the call returns.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
    io::Error::last_os_error()
}

fn assignment(name: &OsStr, value: &OsStr) -> Option<CString> {
    let mut text = name.to_os_string().into_vec();
    text.push(b'=');
    text.extend_from_slice(value.as_bytes());
    CString::new(text).ok()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// A child that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub pid: i32,
    /// As the shell gives it: the exit status, or 128 and the signal's number.
    pub status: i32,
}

/// waitpid(-1): collects a child that has ended, without waiting. Ok(None): there are children, none has ended.
///
/// Errors: ECHILD, there are no children.
pub fn reap() -> io::Result<Option<Ended>> {
    wait_for_any(libc::WNOHANG)
}

/// The same, waiting for the next child to end.
pub fn reap_waiting() -> io::Result<Ended> {
    wait_for_any(0)?.ok_or_else(|| io::Error::from_raw_os_error(libc::ECHILD))
}

fn wait_for_any(options: i32) -> io::Result<Option<Ended>> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is valid for the write of one int.
        let pid = unsafe { libc::waitpid(-1, &mut status, options) };
        if pid > 0 {
            let status = if libc::WIFSIGNALED(status) {
                128 + libc::WTERMSIG(status)
            } else {
                libc::WEXITSTATUS(status)
            };
            return Ok(Some(Ended { pid, status }));
        }
        if pid == 0 {
            return Ok(None);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Whether a process waits for something, by proc_pid_stat(5). A process that cannot be seen does not.
pub fn is_asleep(pid: i32) -> bool {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything, also parentheses.
    let state = stat.iter().rposition(|&byte| byte == b')').and_then(|end| stat.get(end + 2));
    state == Some(&b'S')
}

/// setsid(2) and TIOCSCTTY: a new session whose controlling terminal is that behind `fd`. Without a terminal, or one
/// that another session holds, only the session is new.
pub fn new_session(fd: i32) {
    // SAFETY: both calls take any value; where they fail the process stays as it was.
    unsafe {
        libc::setsid();
        libc::ioctl(fd, libc::TIOCSCTTY, 0);
    }
}

/// PR_SET_MDWE for this program alone: memory is never writable and executable, nor becomes executable later. Programs
/// that it starts decide for themselves. Nothing happens on kernels before 6.6, which cannot keep it from children.
pub fn refuse_exec_gain() {
    const PR_SET_MDWE: i32 = 65;
    const REFUSE_EXEC_GAIN: libc::c_ulong = 1;
    const NO_INHERIT: libc::c_ulong = 2;
    // SAFETY: the option takes no pointers.
    unsafe {
        libc::prctl(
            PR_SET_MDWE,
            REFUSE_EXEC_GAIN | NO_INHERIT,
            0 as libc::c_ulong,
            0 as libc::c_ulong,
            0 as libc::c_ulong,
        )
    };
}

/// reboot(2) with one of the LINUX_REBOOT_CMD numbers, which libc has as RB_*. Returns only if it failed.
pub fn reboot(command: i32) -> io::Error {
    // SAFETY: reboot(3) takes no pointers.
    unsafe { libc::reboot(command) };
    io::Error::last_os_error()
}

/// Makes the kernel send Ctrl-Alt-Del to PID 1 as SIGINT instead of rebooting at once.
pub fn deliver_ctrl_alt_del() {
    reboot(libc::RB_DISABLE_CAD);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_ends_with_its_status() {
        // The test program has several threads: the child may do nothing but return.
        let pid = fork(&mut || 7).unwrap();
        let mut status = 0;
        // SAFETY: `status` is valid for the write of one int.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(libc::WEXITSTATUS(status), 7);
    }

    #[test]
    fn who_waits_is_asleep() {
        let mut child = std::process::Command::new("sleep").arg("99").spawn().unwrap();
        let pid = child.id() as i32;
        while !is_asleep(pid) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_asleep(pid));
        // This very thread group's leader may wait for its tests; the one that asks runs.
        let own = std::fs::read_link("/proc/thread-self").unwrap();
        let thread = own.file_name().unwrap().to_str().unwrap().parse().unwrap();
        assert!(!is_asleep(thread));
    }

    #[test]
    fn exec_says_why_it_failed() {
        let error = exec(Path::new("/nowhere/x"), &["x".into()], &[]);
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        assert_eq!(exec(Path::new("/a\0b"), &[], &[]).raw_os_error(), Some(libc::EINVAL));
    }
}
