//! command — a program started beside this one: its arguments, what its environment has besides ours, and its first
//! three descriptors.
//!
//! The names are those of `std::process`, whose maps and fallbacks are 15 KB of a program.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::spawn::{self, Action, Change, Failure, Program};
use crate::strings::Strings;
use crate::{descriptor, exec};

/// What a descriptor of the program is.
#[derive(Debug)]
pub enum Stdio {
    /// The one of this process.
    Inherit,
    /// `/dev/null`
    Null,
    /// A pipe to or from this process.
    Piped,
    Descriptor(OwnedFd),
}

impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Stdio {
        Stdio::Descriptor(fd)
    }
}

impl From<File> for Stdio {
    fn from(file: File) -> Stdio {
        Stdio::Descriptor(file.into())
    }
}

/// A program to start.
#[derive(Debug)]
pub struct Command {
    program: OsString,
    /// The name that it is told, and what follows.
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    /// It has the environment of this process, too.
    inherits: bool,
    stdio: [Stdio; 3],
}

/// A program that was started.
#[derive(Debug)]
pub struct Child {
    pid: i32,
    /// The pipe to its standard input.
    pub stdin: Option<File>,
    /// The pipe from its standard output.
    pub stdout: Option<File>,
    status: Option<Status>,
}

/// `text` as something to read from: a file in memory, so that nobody has to feed a pipe.
pub fn text_input(text: &[u8]) -> io::Result<Stdio> {
    // SAFETY: the kernel just made the descriptor, and nobody else owns it.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor::memory_file()?) };
    crate::fd::write_all(file.as_raw_fd(), text)?;
    descriptor::rewind(file.as_raw_fd())?;
    Ok(Stdio::Descriptor(file))
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(Change);

impl Status {
    pub fn success(self) -> bool {
        self.code() == Some(0)
    }

    /// What it ended with; None if a signal killed it.
    pub fn code(self) -> Option<i32> {
        if let Change::Exited(code) = self.0 { Some(i32::from(code)) } else { None }
    }

    pub fn signal(self) -> Option<i32> {
        if let Change::Killed(signal, _) = self.0 { Some(signal) } else { None }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            Some(code) => write!(to, "exit status: {code}"),
            None => write!(to, "signal: {}", self.signal().unwrap_or(0)),
        }
    }
}

impl Command {
    /// `program` is looked for in PATH unless it has a slash.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command {
            program: program.as_ref().to_os_string(),
            arguments: vec![program.as_ref().to_os_string()],
            variables: Vec::new(),
            inherits: true,
            stdio: [Stdio::Inherit, Stdio::Inherit, Stdio::Inherit],
        }
    }

    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Command {
        self.arguments.push(argument.as_ref().to_os_string());
        self
    }

    pub fn args(&mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Command {
        for argument in arguments {
            self.arg(argument);
        }
        self
    }

    /// The name by which it is called, where that is not the program's.
    pub fn arg0(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.arguments[0] = name.as_ref().to_os_string();
        self
    }

    /// Its environment is what `env` sets and no more.
    pub fn env_clear(&mut self) -> &mut Command {
        self.inherits = false;
        self
    }

    /// Sets a variable of its environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        let name = name.as_ref();
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_os_string(), value.as_ref().to_os_string()));
        self
    }

    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdio[0] = stdio.into();
        self
    }

    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdio[1] = stdio.into();
        self
    }

    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Command {
        self.stdio[2] = stdio.into();
        self
    }

    /// Entries like `NAME=value`.
    fn environment(&self) -> Vec<OsString> {
        let own = self.variables.iter();
        std::env::vars_os()
            .filter(|(name, _)| self.inherits && own.clone().all(|(changed, _)| changed != name))
            .chain(own.clone().cloned())
            .map(|(mut entry, value)| {
                entry.push("=");
                entry.push(value);
                entry
            })
            .collect()
    }

    /// Starts it.
    ///
    /// Errors: `NotFound` if there is no such program, and what fork, pipe or exec say.
    pub fn spawn(&self) -> io::Result<Child> {
        let environment = self.environment();
        let mut pipes: [Option<File>; 3] = [None, None, None];
        let mut theirs: Vec<OwnedFd> = Vec::new();
        let mut actions = Vec::new();
        for (number, stdio) in (0..).zip(&self.stdio) {
            // A copy is none of the three numbers, which could be overwritten before its turn.
            let from = match stdio {
                Stdio::Inherit => continue,
                Stdio::Null => {
                    actions.push(Action::Open {
                        path: c"/dev/null",
                        flags: descriptor::READ_WRITE,
                        mode: 0,
                        fd: number,
                    });
                    continue;
                }
                Stdio::Piped => {
                    let (read_end, write_end) = descriptor::pipe()?;
                    // SAFETY: the kernel just made both, and nobody else owns them.
                    let (read_end, write_end) =
                        unsafe { (OwnedFd::from_raw_fd(read_end), OwnedFd::from_raw_fd(write_end)) };
                    let (ours, other) =
                        if number == 0 { (write_end, read_end) } else { (read_end, write_end) };
                    pipes[number as usize] = Some(ours.into());
                    other.try_clone()?
                }
                Stdio::Descriptor(fd) => fd.try_clone()?,
            };
            theirs.push(from);
            let from = theirs.last().map_or(-1, AsRawFd::as_raw_fd);
            actions.push(Action::Duplicate { from, to: number });
        }
        let (arguments, variables) = (strings(&self.arguments)?, strings(&environment)?);
        let pid = self.try_files(&environment, &mut |path| {
            let program = Program {
                path,
                arguments: &arguments,
                first: 0,
                environment: &variables,
                actions: &actions,
                group: None,
                terminal: None,
                // A writer into a pipe that nobody reads ends quietly.
                default_signals: 1 << (libc::SIGPIPE - 1),
                ignored_signals: 0,
            };
            spawn::spawn(&program).map_err(|failure| match failure {
                Failure::Exec(error) | Failure::Fork(error) | Failure::Action(_, error) => error,
            })
        })?;
        let [stdin, stdout, _] = pipes;
        Ok(Child { pid, stdin, stdout, status: None })
    }

    /// Calls `start` for the files that the program's name may mean, until one is no longer refused.
    fn try_files(
        &self,
        environment: &[OsString],
        start: &mut dyn FnMut(&CStr) -> io::Result<i32>,
    ) -> io::Result<i32> {
        let mut refused = io::Error::from_raw_os_error(libc::ENOENT);
        for path in exec::candidates(&self.program, exec::search_path(environment)) {
            let path = CString::new(path.into_os_string().into_encoded_bytes())?;
            if !crate::job::may_access(&path, 0) {
                continue;
            }
            match start(&path) {
                // A later folder may have one that may be run.
                Err(error) if error.raw_os_error() == Some(libc::EACCES) => refused = error,
                done => return done,
            }
        }
        Err(refused)
    }

    /// Runs it to its end.
    pub fn status(&self) -> io::Result<Status> {
        self.spawn()?.wait()
    }

    /// Runs it to its end; what it printed to standard output.
    pub fn output(&mut self) -> io::Result<Vec<u8>> {
        let mut child = self.stdout(Stdio::Piped).spawn()?;
        let mut output = Vec::new();
        let read = child.stdout.take().map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut output));
        child.wait()?;
        read.map(|_| output)
    }

    /// This process becomes the program. Comes back only with an error; the descriptors are then moved already.
    pub fn exec(&self) -> io::Error {
        for (number, stdio) in (0..).zip(&self.stdio) {
            if let Stdio::Descriptor(fd) = stdio
                && let Err(error) = descriptor::duplicate_to(fd.as_raw_fd(), number)
            {
                return error;
            }
        }
        let environment = self.environment();
        let replaced = strings(&self.arguments).and_then(|arguments| {
            let variables = strings(&environment)?;
            self.try_files(&environment, &mut |path| Err(spawn::exec(path, &arguments, 0, &variables)))
        });
        replaced.err().unwrap_or_else(|| io::Error::from_raw_os_error(libc::ENOEXEC))
    }
}

impl Child {
    /// Waits for its end, with the pipe to it closed.
    pub fn wait(&mut self) -> io::Result<Status> {
        self.stdin = None;
        loop {
            if let Some(status) = self.status {
                return Ok(status);
            }
            match spawn::wait(self.pid, 0) {
                Ok(ended) => self.status = ended.map(|(_, change)| Status(change)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends SIGKILL unless it was waited for.
    pub fn kill(&mut self) -> io::Result<()> {
        if self.status.is_some() { Ok(()) } else { crate::job::kill(self.pid, libc::SIGKILL) }
    }
}

/// Errors: a text with a NUL.
fn strings(texts: &[OsString]) -> io::Result<Strings> {
    let mut strings = Strings::new();
    for text in texts {
        if text.as_bytes().contains(&0) {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        strings.push(text.as_bytes());
    }
    Ok(strings)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn runs_programs() {
        assert_eq!(shell("exit 3").status().unwrap().code(), Some(3));
        assert_eq!(shell("kill -9 $$").status().unwrap().signal(), Some(9));
        assert_eq!(
            shell("echo \"$ONE$TWO\"").env("ONE", "x").env("TWO", "2").env("ONE", "1").output().unwrap(),
            b"12\n"
        );
        assert_eq!(shell("cat; echo 1 >&2").stdin(Stdio::Null).stderr(Stdio::Null).output().unwrap(), b"");
        assert_eq!(
            Command::new("/nonexistent/program").status().unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert_eq!(Command::new("no-such-program").status().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(Command::new("/etc/passwd").status().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(Command::new("sh").arg("\0").status().unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn talks_through_pipes_and_descriptors() {
        let mut child = shell("cat").stdin(Stdio::Piped).stdout(Stdio::Piped).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"abc").unwrap();
        child.stdin = None;
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), child.wait().unwrap().success()), ("abc", true));
        assert_eq!(
            shell("cat; echo $0").arg0("me").stdin(text_input(b"x\n").unwrap()).output().unwrap(),
            b"x\nme\n"
        );
        assert_eq!(Command::new("/usr/bin/env").env_clear().env("A", "1").output().unwrap(), b"A=1\n");
        let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        assert!(shell("cat").stdin(file).output().unwrap().starts_with(b"[package]"));
        let mut child = shell("sleep 99").spawn().unwrap();
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}
