//! applet — what a command declares about itself, and how it is run.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Outcome, Result};
use crate::input::{self, Input};
use crate::options::{self, Options};
use crate::output::Output;

/// A command, declared as a constant in its own file.
pub struct Applet {
    pub name: &'static str,
    /// Every path under which it is found in an installed system, the first one being the main name.
    pub links: &'static [&'static str],
    /// The help text and, in its lines that begin with two blanks and a dash, the option table (see `options`).
    pub usage: &'static str,
    /// What the shell may do instead of fork and exec.
    pub process: Process,
    pub run: fn(&mut Cx<'_>) -> Result,
}

/// How an applet may be run by a shell that has it linked in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Process {
    /// Only by exec: it changes what a process owns (ids, signals, terminal, memory) or runs for long.
    New,
    /// In a forked child without exec.
    Fork,
    /// Like `Same`, but it reads what may come slowly or never end: in the shell's own process where that makes no
    /// difference, else in a forked child.
    Filter,
    /// In the shell's own process: it leaves no descriptor, directory, mask, handler or child behind.
    Same,
}

/// One run of an applet.
pub struct Cx<'a> {
    pub applet: &'a Applet,
    /// The name it was called by, for messages.
    pub name: &'a str,
    /// The arguments behind the name.
    pub args: &'a [OsString],
    pub out: Output,
    /// The exit status if nothing worse happens; `report` makes it `failure`.
    pub status: u8,
    /// The status of errors: 1, unless the applet's standard says otherwise (grep: 2).
    pub failure: u8,
}

impl<'a> Cx<'a> {
    pub fn new(applet: &'a Applet, name: &'a str, args: &'a [OsString], out: Output) -> Cx<'a> {
        Cx { applet, name, args, out, status: 0, failure: 1 }
    }

    /// Parses the arguments by the usage text; options and operands may be mixed.
    pub fn options(&self) -> Result<Options> {
        options::parse(self.applet.usage, self.args, options::Order::Mixed)
    }

    /// Parses options up to the first operand, for commands whose operands are another command (`nice`, `env`).
    pub fn options_first(&self) -> Result<Options> {
        options::parse(self.applet.usage, self.args, options::Order::OptionsFirst)
    }

    /// Opens `file` for reading ("-" is standard input). None: it could not be opened, which is reported and
    /// makes the exit status a failure.
    pub fn open(&mut self, file: &Path) -> Option<Input> {
        if file.as_os_str() == "-" {
            return Some(input::stdin());
        }
        match File::open(file) {
            Ok(opened) => Some(input::file(opened)),
            Err(error) => {
                self.report(Error::at(file, error));
                None
            }
        }
    }

    pub fn stdin(&self) -> Input {
        input::stdin()
    }

    /// Prints an error behind the applet's name and goes on; the exit status is then `failure`.
    #[cold]
    #[inline(never)]
    pub fn report(&mut self, error: Error) {
        if self.out.is_broken() {
            self.status = Output::BROKEN_STATUS;
            return;
        }
        match error.outcome() {
            Outcome::Exit(status) => self.status = status,
            Outcome::Usage(message) => {
                let usage = usage_text(self.applet);
                if message.is_empty() {
                    self.print_error(&usage);
                } else {
                    self.print_error(&format!("{}: {message}\n{usage}", self.name));
                }
                self.status = self.failure;
            }
            Outcome::Message(message) => {
                self.print_error(&format!("{}: {message}\n", self.name));
                self.status = self.failure;
            }
        }
    }

    /// Prints a warning behind the applet's name; the exit status stays.
    #[cold]
    #[inline(never)]
    pub fn warn(&mut self, message: &str) {
        self.print_error(&format!("{}: {message}\n", self.name));
    }

    /// Writes to standard error, after what was printed so far, as one write.
    fn print_error(&mut self, text: &str) {
        self.out.flush();
        // A closed standard error leaves nobody to tell.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// Runs an applet with its output on standard output, reports its error, and gives the exit status.
pub fn run(applet: &Applet, name: &str, args: &[OsString]) -> u8 {
    run_with(applet, name, args, &mut Output::to_fd(1))
}

/// The same with output of the caller's; `out` is flushed at the end.
pub fn run_with(applet: &Applet, name: &str, args: &[OsString], out: &mut Output) -> u8 {
    if args.len() == 1 && args[0] == OsStr::new("--help") && !applet.usage.is_empty() {
        out.write(usage_text(applet).as_bytes());
        return if out.finish().is_ok() { 0 } else { 1 };
    }
    let mut cx = Cx::new(applet, name, args, std::mem::replace(out, Output::to_memory()));
    if let Err(error) = (applet.run)(&mut cx) {
        cx.report(error);
    }
    if let Err(error) = cx.out.finish() {
        cx.report(Error::io("write error", error));
    }
    *out = cx.out;
    cx.status
}

/// The help text as it is printed.
pub fn usage_text(applet: &Applet) -> String {
    format!("Usage: {}", applet.usage)
}
