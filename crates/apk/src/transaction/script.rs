//! script — programs that packages bring, run in the root with an environment of their own.
//!
//! The program is a file in memory, executed as `/proc/self/fd/N`; where that cannot be, it is `lib/apk/exec/NAME` in the
//! root. Lines of its output go out behind `* `. Its standard input is empty.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::sched::{CloneFlags, unshare};
use sys::{at, child, descriptor, mount};

/// How programs are run in a root.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Whether the root becomes the program's root; not for the running system, nor with `--force-no-chroot`.
    pub changes_root: bool,
    pub usermode: bool,
    /// Give the caller's environment, without `APK_*`.
    pub keeps_environment: bool,
}

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// `NAME-VERSION.SCRIPT`, or the path of a hook.
    pub name: &'a [u8],
    /// `APK_SCRIPT`.
    pub script: &'a str,
    /// `APK_PACKAGE`; empty for hooks.
    pub package: &'a [u8],
    /// The program's text; None where `name` is a file in the root.
    pub text: Option<&'a [u8]>,
    pub arguments: &'a [Vec<u8>],
}

/// Which of the program's streams a line came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    Out,
    Error,
}

/// Where the program lies, for the root.
enum Place {
    Memory(OwnedFd),
    Path(Vec<u8>),
}

impl Runner {
    /// Runs a program; its lines, without the line feed, are given to `line` as they come.
    ///
    /// Errors: the text of what happened: it could not be run, exited with an error, or was killed.
    pub fn run(
        &self,
        root: &File,
        program: &Program<'_>,
        line: &mut dyn FnMut(Stream, &[u8]),
    ) -> Result<(), String> {
        let mut written = false;
        let place =
            match program.text {
                None => Place::Path([b"/", program.name].concat()),
                Some(text) => match self.in_memory(root, text) {
                    Some(file) => Place::Memory(file),
                    None => {
                        written = true;
                        Place::Path(write_program(root, program.name, text).map_err(|error| {
                            format!("failed to write script: {}", sys::error::text(&error))
                        })?)
                    }
                },
            };
        let result = self.start(root, program, &place, line);
        if written && let Place::Path(path) = &place {
            let _ = at::unlink(root.as_raw_fd(), Path::new(OsStr::from_bytes(&path[1..])));
        }
        match result.map_err(|error| format!("failed to execute: {}", sys::error::text(&error)))? {
            child::End::Exited(0) => Ok(()),
            child::End::Exited(status) => Err(format!("exited with error {status}")),
            child::End::Killed(signal) | child::End::Stopped(signal) => {
                Err(format!("killed by signal {signal}"))
            }
        }
    }

    /// The program as a file in memory; None where it could not be executed so.
    fn in_memory(&self, root: &File, text: &[u8]) -> Option<OwnedFd> {
        let noexec = std::fs::read_to_string("/proc/sys/vm/memfd_noexec").unwrap_or_default();
        if noexec.trim_end() == "2" || !Path::new("/proc/self/fd").exists() {
            return None;
        }
        // In the root, /proc must be there or be brought there.
        let has_proc = at::stat(root.as_raw_fd(), Path::new("proc/self"), at::Links::Keep).is_ok();
        if self.changes_root && !has_proc && !self.can_mount() {
            return None;
        }
        let fd = descriptor::memory_file().ok()?;
        sys::fd::write_all(fd, text).ok()?;
        // Not owned before: `memory_file` gives a number.
        let own = at::duplicate(fd).ok().map(OwnedFd::from);
        sys::fd::close(fd);
        own
    }

    fn can_mount(&self) -> bool {
        self.usermode || sys::user::effective_id() == 0
    }

    fn start(
        &self,
        root: &File,
        program: &Program<'_>,
        place: &Place,
        line: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<child::End> {
        let (out_read, out_write) = pipe()?;
        let (error_read, error_write) = pipe()?;
        let (empty_read, empty_write) = pipe()?;
        drop(empty_write);
        let path = match place {
            Place::Memory(file) => format!("/proc/self/fd/{}", file.as_raw_fd()).into_bytes(),
            Place::Path(path) => path.clone(),
        };
        let mut command = vec![OsString::from_vec(path)];
        command.extend(program.arguments.iter().map(|argument| OsString::from_vec(argument.clone())));
        let environment = self.environment(program);
        let Some(pid) = child::fork()? else {
            let _ = sys::fd::duplicate_to(empty_read.as_raw_fd(), 0);
            let _ = sys::fd::duplicate_to(out_write.as_raw_fd(), 1);
            let _ = sys::fd::duplicate_to(error_write.as_raw_fd(), 2);
            at::set_umask(0o022);
            sys::signal::default_sigpipe();
            if let Place::Memory(file) = place {
                descriptor::keep_on_exec(file.as_raw_fd());
            }
            let error = match self.enter(root) {
                Ok(()) => sys::exec::replace_with(&command, Some(&environment)),
                Err(error) => error,
            };
            let text = format!("{}\n", sys::error::text(&error));
            let _ = sys::fd::write_all(2, text.as_bytes());
            child::exit_now(127)
        };
        drop((empty_read, out_write, error_write));
        let mut ended = None;
        let mut lines = [Lines::new(out_read, Stream::Out), Lines::new(error_read, Stream::Error)];
        while lines.iter().any(Lines::is_open) {
            let fds: Vec<RawFd> =
                lines.iter().map(|lines| lines.file.as_ref().map_or(-1, AsRawFd::as_raw_fd)).collect();
            let ready = match sys::socket::wait_readable(&fds, POLL_MS) {
                // The program got the signal, too, or is to go on.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                ready => ready?,
            };
            // A daemon that the script started may keep the streams open for ever.
            if !ready.contains(&true) {
                if ended.is_none() {
                    ended = child::poll(pid)?.map(|(_, end)| end);
                } else {
                    break;
                }
            }
            for (lines, ready) in lines.iter_mut().zip(ready) {
                if ready {
                    lines.read(line);
                }
            }
        }
        match ended {
            Some(end) => Ok(end),
            None => child::wait(pid).map(|(_, end)| end),
        }
    }

    fn environment(&self, program: &Program<'_>) -> Vec<OsString> {
        let mut variables = Vec::new();
        if self.keeps_environment {
            variables.extend(
                std::env::vars_os()
                    .filter(|(name, _)| !name.as_bytes().starts_with(b"APK_") && name != "PATH")
                    .map(|(mut name, value)| {
                        name.push("=");
                        name.push(value);
                        name
                    }),
            );
        }
        variables.push(OsString::from("PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
        variables.push(OsString::from(format!("APK_SCRIPT={}", program.script)));
        if !program.package.is_empty() {
            let mut variable = OsString::from("APK_PACKAGE=");
            variable.push(OsStr::from_bytes(program.package));
            variables.push(variable);
        }
        variables
    }

    /// Makes the root the place to be. In the child.
    fn enter(&self, root: &File) -> io::Result<()> {
        at::change_directory(root)?;
        if !self.changes_root {
            return Ok(());
        }
        let is_there = |name: &str| Path::new(name).exists();
        if self.usermode && sys::user::effective_id() != 0 {
            unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
            bring_folders();
        } else if !(is_there("proc/self") && is_there("dev/null")) && unshare(CloneFlags::CLONE_NEWNS).is_ok()
        {
            bring_folders();
        }
        sys::session::change_root(Path::new("."))?;
        std::env::set_current_dir("/")
    }
}

/// Binds /proc and /dev of the system into the root, which is the working directory. The mounts are this process's own.
fn bring_folders() {
    let private = mount::flag::REC | mount::flag::PRIVATE;
    let _ = mount::mount(OsStr::new("none"), Path::new("/"), OsStr::new(""), private, b"");
    for (name, probe) in [("proc", "proc/self"), ("dev", "dev/null")] {
        if !Path::new(probe).exists() {
            let _ = std::fs::create_dir(name);
            let from = format!("/{name}");
            let flags = mount::flag::BIND | mount::flag::REC;
            let _ = mount::mount(OsStr::new(&from), Path::new(name), OsStr::new(""), flags, b"");
        }
    }
}

fn pipe() -> io::Result<(File, File)> {
    let (read, write) = descriptor::pipe()?;
    let own = |fd: i32| {
        let copy = at::duplicate(fd);
        sys::fd::close(fd);
        copy
    };
    Ok((own(read)?, own(write)?))
}

/// Writes the program below the root.
fn write_program(root: &File, name: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
    crate::database::store::make_folders(root, "lib/apk/exec", 0o755)?;
    let path = [b"lib/apk/exec/", name].concat();
    let _ = at::unlink(root.as_raw_fd(), Path::new(OsStr::from_bytes(&path)));
    let flags = at::O_WRONLY | at::O_CREAT | at::O_EXCL | at::O_NOFOLLOW;
    let mut file = at::open(root.as_raw_fd(), Path::new(OsStr::from_bytes(&path)), flags, 0o755)?;
    file.write_all(text)?;
    Ok([b"/", &path[..]].concat())
}

/// One stream, cut into lines.
struct Lines {
    file: Option<File>,
    stream: Stream,
    rest: Vec<u8>,
}

/// How long to wait for output before looking whether the program has ended.
const POLL_MS: i32 = 200;

/// A line that gets longer is cut.
const LINE_MAX: usize = 4096;

impl Lines {
    fn new(file: File, stream: Stream) -> Lines {
        Lines { file: Some(file), stream, rest: Vec::new() }
    }

    fn is_open(&self) -> bool {
        self.file.is_some()
    }

    fn read(&mut self, line: &mut dyn FnMut(Stream, &[u8])) {
        let Some(file) = &mut self.file else { return };
        let mut buffer = [0; 4096];
        match io::Read::read(file, &mut buffer) {
            Ok(count) if count > 0 => self.rest.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return,
            _ => self.file = None,
        }
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            line(self.stream, &self.rest[..end]);
            self.rest.drain(..=end);
        }
        if !self.rest.is_empty() && (self.file.is_none() || self.rest.len() >= LINE_MAX) {
            line(self.stream, &std::mem::take(&mut self.rest));
        }
    }
}
