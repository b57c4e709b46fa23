//! spawn — programs started as vfork does, exec with pointers made beforehand, and waiting for any change of a child.

use std::ffi::{CStr, c_int, c_void};
use std::io;

use crate::strings::Strings;

/// What the child does before it executes the program, in order.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    Open { path: &'a CStr, flags: i32, mode: u32, fd: i32 },
    Duplicate { from: i32, to: i32 },
    Close(i32),
}

/// A program to start.
pub struct Program<'a> {
    pub path: &'a CStr,
    /// The arguments, the name first; those before `first` are left out.
    pub arguments: &'a Strings,
    pub first: usize,
    pub environment: &'a Strings,
    pub actions: &'a [Action<'a>],
    /// Some(0): a process group of its own; Some(n): join group n.
    pub group: Option<i32>,
    /// Make the child's group the foreground group of this terminal.
    pub terminal: Option<i32>,
    /// Signals that get their default action back (bit `n - 1` for signal n).
    pub default_signals: u64,
    /// Signals that are ignored in the child.
    pub ignored_signals: u64,
}

/// Why a program did not start.
#[derive(Debug)]
pub enum Failure {
    /// No process could be made.
    Fork(io::Error),
    /// The action of that index failed.
    Action(usize, io::Error),
    Exec(io::Error),
}

struct Child<'a> {
    program: &'a Program<'a>,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    mask: libc::sigset_t,
    /// Index of the failed action plus one, 0 for exec; with `error` != 0.
    failed: usize,
    error: c_int,
}

/// Starts a program in a new process that shares memory with ours until it executes, as vfork does: no page is
/// copied, however large the caller is. Gives its process number; the child is already the program, or has failed.
pub fn spawn(program: &Program<'_>) -> Result<i32, Failure> {
    // Enough for `child`, which calls nothing but system calls.
    const STACK: usize = 32 * 1024;
    let mut stack = Vec::<u8>::with_capacity(STACK);
    let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
    let top = (top as usize & !15) as *mut c_void;
    // SAFETY: a zeroed sigset_t is a valid one to be overwritten.
    let mut mask: libc::sigset_t = unsafe { std::mem::zeroed() };
    block_all(Some(&mut mask));
    let mut child = Child {
        program,
        arguments: program.arguments.pointers(program.first),
        environment: program.environment.pointers(0),
        mask,
        failed: 0,
        error: 0,
    };
    // SAFETY: the stack outlives the child's use of it, because CLONE_VFORK suspends this thread until the child has
    // executed or ended; `child_main` gets a pointer to a Child that lives as long. All signals are blocked, so no
    // handler runs in the shared memory.
    let pid = unsafe {
        libc::clone(
            child_main,
            top,
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw mut child).cast::<c_void>(),
        )
    };
    let fork_error = io::Error::last_os_error();
    // SAFETY: `mask` was filled by sigprocmask.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut()) };
    drop(stack);
    if pid < 0 {
        return Err(Failure::Fork(fork_error));
    }
    // SAFETY: the child has written these through its pointer, before this thread went on.
    let (failed, error) =
        unsafe { ((&raw const child.failed).read_volatile(), (&raw const child.error).read_volatile()) };
    if error == 0 {
        return Ok(pid);
    }
    // It has ended; take it off the process table.
    let _ = wait(pid, 0);
    let error = io::Error::from_raw_os_error(error);
    Err(match failed {
        0 => Failure::Exec(error),
        index => Failure::Action(index - 1, error),
    })
}

fn block_all(old: Option<&mut libc::sigset_t>) {
    let old = old.map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: `all` is filled before it is used; `old` is null or valid for a write.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &all, old);
    }
}

extern "C" fn child_main(argument: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes a pointer to its Child, which nobody else uses until this process is gone.
    let child = unsafe { &mut *argument.cast::<Child<'_>>() };
    let program = child.program;
    // SAFETY: system calls on numbers and on memory that the parent keeps alive.
    unsafe {
        if let Some(group) = program.group {
            libc::setpgid(0, group);
            if let Some(terminal) = program.terminal {
                let group = if group == 0 { libc::getpid() } else { group };
                libc::tcsetpgrp(terminal, group);
            }
        }
        for signal in 1..=64 {
            let bit = 1u64 << (signal - 1);
            if program.ignored_signals & bit != 0 {
                libc::signal(signal, libc::SIG_IGN);
            } else if program.default_signals & bit != 0 {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        libc::sigprocmask(libc::SIG_SETMASK, &child.mask, std::ptr::null_mut());
        for (index, action) in program.actions.iter().enumerate() {
            if act(action) < 0 {
                child.error = *libc::__errno_location();
                child.failed = index + 1;
                libc::_exit(126);
            }
        }
        libc::execve(program.path.as_ptr(), child.arguments.as_ptr(), child.environment.as_ptr());
        child.error = *libc::__errno_location();
        libc::_exit(127)
    }
}

/// One action; -1 with errno.
fn act(action: &Action<'_>) -> c_int {
    // SAFETY: system calls on numbers, and on a path that is a C string.
    unsafe {
        match *action {
            Action::Open { path, flags, mode, fd } => {
                let opened = libc::open(path.as_ptr(), flags, mode);
                if opened < 0 || opened == fd {
                    return opened;
                }
                let result = libc::dup2(opened, fd);
                libc::close(opened);
                result
            }
            // A descriptor onto itself must still outlive exec.
            Action::Duplicate { from, to } if from == to => libc::fcntl(from, libc::F_SETFD, 0),
            Action::Duplicate { from, to } => libc::dup2(from, to),
            Action::Close(fd) => {
                libc::close(fd);
                0
            }
        }
    }
}

/// execve(2). Comes back only with an error.
pub fn exec(path: &CStr, arguments: &Strings, first: usize, environment: &Strings) -> io::Error {
    let arguments = arguments.pointers(first);
    let environment = environment.pointers(0);
    // SAFETY: both lists end with a null and point into memory that lives for the call.
    unsafe {
        libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr());
    }
    io::Error::last_os_error()
}

/// How a child changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Exited(u8),
    /// Killed by a signal; true if it left a core.
    Killed(i32, bool),
    Stopped(i32),
    Continued,
}

/// waitpid(2), once: Ok(None) where WNOHANG finds nothing. An interrupting signal is `ErrorKind::Interrupted`.
pub fn wait(pid: i32, options: i32) -> io::Result<Option<(i32, Change)>> {
    let mut status = 0;
    // SAFETY: `status` is valid for a write.
    let pid = unsafe { libc::waitpid(pid, &mut status, options) };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    if pid == 0 {
        return Ok(None);
    }
    let change = if libc::WIFEXITED(status) {
        Change::Exited(libc::WEXITSTATUS(status) as u8)
    } else if libc::WIFSIGNALED(status) {
        Change::Killed(libc::WTERMSIG(status), libc::WCOREDUMP(status))
    } else if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else {
        Change::Continued
    };
    Ok(Some((pid, change)))
}

pub const NO_HANG: i32 = libc::WNOHANG;
pub const UNTRACED: i32 = libc::WUNTRACED;

/// Whether `error` of an exec says that the file is no program the kernel knows: a script without `#!`.
pub fn is_not_executable_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOEXEC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(list: &[&str]) -> Strings {
        let mut strings = Strings::new();
        for text in list {
            strings.push(text.as_bytes());
        }
        strings
    }

    #[test]
    fn starts_programs_and_says_why_not() {
        let (list, none) = (arguments(&["sh", "-c", "exit 3"]), Strings::new());
        let mut program = Program {
            path: c"/bin/sh",
            arguments: &list,
            first: 0,
            environment: &none,
            actions: &[Action::Open { path: c"/dev/null", flags: libc::O_RDONLY, mode: 0, fd: 0 }],
            group: None,
            terminal: None,
            default_signals: 0,
            ignored_signals: 0,
        };
        let pid = spawn(&program).unwrap();
        assert_eq!(wait(pid, 0).unwrap(), Some((pid, Change::Exited(3))));
        program.path = c"/nonexistent/program";
        assert!(
            matches!(spawn(&program), Err(Failure::Exec(error)) if error.kind() == io::ErrorKind::NotFound)
        );
        let actions = [Action::Open { path: c"/nonexistent/file", flags: libc::O_RDONLY, mode: 0, fd: 0 }];
        program.actions = &actions;
        assert!(matches!(spawn(&program), Err(Failure::Action(0, _))));
    }
}
