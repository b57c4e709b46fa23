//! spawn — programs started as vfork does, exec with pointers made beforehand, and waiting for any change of a child.

use std::ffi::{CStr, c_int, c_void};
use std::io;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::descriptor;
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
    /// Set by the child when it begins: seen by us, memory is shared.
    began: bool,
    /// Index of the failed action plus one, 0 for exec; with `error` != 0.
    failed: usize,
    error: c_int,
    /// Where the child writes both as well; -1 for nowhere.
    report: c_int,
}

/// Whether children share memory with us until they execute. An emulator of single programs makes them by fork, and what
/// they write to memory is lost.
static MEMORY: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const SHARED: u8 = 1;
const COPIED: u8 = 2;

/// A pipe by which a child tells of its failure where memory may not do it: both ends, the writing one above all
/// descriptors that `actions` make.
fn report_pipe(actions: &[Action<'_>]) -> Option<(i32, i32)> {
    if MEMORY.load(Ordering::Relaxed) == SHARED {
        return None;
    }
    let above = actions.iter().map(|action| match *action {
        Action::Open { fd, .. } | Action::Close(fd) => fd,
        Action::Duplicate { to, .. } => to,
    });
    let (read_end, write_end) = descriptor::pipe().ok()?;
    let moved = descriptor::duplicate_above(write_end, above.max().unwrap_or(0).max(2) + 1);
    descriptor::close(write_end);
    match moved {
        Ok(write_end) => Some((read_end, write_end)),
        Err(_) => {
            descriptor::close(read_end);
            None
        }
    }
}

/// What the child wrote to its pipe; nothing, if it has executed the program.
fn reported(read_end: i32) -> Option<(usize, c_int)> {
    let mut bytes = [0; 8];
    let mut count = 0;
    while count < bytes.len() {
        match crate::fd::read(read_end, &mut bytes[count..]) {
            Ok(0) => return None,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let [a, b, c, d, e, f, g, h] = bytes;
    Some((u32::from_ne_bytes([a, b, c, d]) as usize, c_int::from_ne_bytes([e, f, g, h])))
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
    let report = report_pipe(program.actions);
    let mut child = Child {
        program,
        arguments: program.arguments.pointers(program.first),
        environment: program.environment.pointers(0),
        mask,
        began: false,
        failed: 0,
        error: 0,
        report: report.map_or(-1, |(_, write_end)| write_end),
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
    // SAFETY: the child has written these through its pointer, before this thread went on.
    let (began, mut failed, mut error) = unsafe {
        (
            (&raw const child.began).read_volatile(),
            (&raw const child.failed).read_volatile(),
            (&raw const child.error).read_volatile(),
        )
    };
    if let Some((read_end, write_end)) = report {
        descriptor::close(write_end);
        if pid >= 0 {
            MEMORY.store(if began { SHARED } else { COPIED }, Ordering::Relaxed);
        }
        if pid >= 0
            && !began
            && let Some(told) = reported(read_end)
        {
            (failed, error) = told;
        }
        descriptor::close(read_end);
    }
    if pid < 0 {
        return Err(Failure::Fork(fork_error));
    }
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
    // SAFETY: the field is valid for a write; volatile, as the parent looks at it from another process.
    unsafe { (&raw mut child.began).write_volatile(true) };
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
                fail(child, index + 1);
                libc::_exit(126);
            }
        }
        libc::execve(program.path.as_ptr(), child.arguments.as_ptr(), child.environment.as_ptr());
        fail(child, 0);
        libc::_exit(127)
    }
}

/// Leaves word of a failure whose reason is in errno.
fn fail(child: &mut Child<'_>, failed: usize) {
    // SAFETY: errno is this thread's; both fields are valid for writes, which the parent looks at from another process.
    let error = unsafe {
        let error = *libc::__errno_location();
        (&raw mut child.failed).write_volatile(failed);
        (&raw mut child.error).write_volatile(error);
        error
    };
    if child.report >= 0 {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&(failed as u32).to_ne_bytes());
        bytes[4..].copy_from_slice(&error.to_ne_bytes());
        // SAFETY: a write of memory that is there. Without a reader there is nobody to tell.
        unsafe { libc::write(child.report, bytes.as_ptr().cast(), bytes.len()) };
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
