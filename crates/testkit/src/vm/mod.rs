//! vm — starts a virtual machine, talks to its serial console, and says what became of it.
//!
//! The serial port is a pipe that a thread reads into a log; the machine's own events (powered off, reset, panicked)
//! come over QMP. Nothing sleeps: every wait is for a text, an event or the end of the process, and has a limit.

mod qmp;
pub mod scenario;
mod serial;

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::temporary::Directory;
use qmp::Qmp;
use serial::Console;

/// What the kernel prints when it is lost. A machine that prints one of these has failed, whatever was waited for.
const FATAL: &[&str] = &["Kernel panic - not syncing", "BUG: ", "Oops: ", "Unable to handle kernel"];

/// Why a machine did not do what was waited for.
#[derive(Debug)]
pub enum Failure {
    /// The kernel died; its line.
    Panic(String),
    /// The text did not come in time although the machine went on printing.
    Late { waiting_for: String, after: Duration },
    /// Nothing at all was printed for so long.
    Silence { waiting_for: String, after: Duration },
    /// The emulator ended before.
    Ended { waiting_for: String, status: String },
    /// The host failed: no emulator, no room for the log.
    Host(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Panic(line) => write!(f, "the kernel died: {line}"),
            Failure::Late { waiting_for, after } => {
                write!(f, "'{waiting_for}' did not come within {:.0} s", after.as_secs_f32())
            }
            Failure::Silence { waiting_for, after } => {
                write!(f, "silence for {:.0} s while waiting for '{waiting_for}'", after.as_secs_f32())
            }
            Failure::Ended { waiting_for, status } => {
                write!(f, "the machine ended ({status}) while waiting for '{waiting_for}'")
            }
            Failure::Host(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

/// How a machine ended by itself.
#[derive(Debug, Clone)]
pub struct End {
    /// QMP's word: `guest-shutdown`, `guest-reset`, `guest-panic`, …; empty where none came.
    pub reason: String,
    /// Seconds from the start of the emulator.
    pub after_s: f64,
}

/// What a running machine is held to.
pub struct Limits {
    /// The hard limit for the whole life of the machine.
    pub total: Duration,
    /// How long the machine may print nothing while something is waited for.
    pub silence: Duration,
}

/// A running machine. Dropping it kills the emulator.
pub struct Vm {
    child: Child,
    input: ChildStdin,
    console: Console,
    qmp: Qmp,
    start: Instant,
    limit: Duration,
    silence: Duration,
    /// Holds the QMP socket.
    _folder: Directory,
}

impl Vm {
    /// Starts `command`, an emulator with its machine (see `machine`), and keeps what its serial port prints in `log`.
    /// A reboot ends it as a power-off does; `End::reason` tells which.
    pub fn start(mut command: Command, log: &Path, limits: Limits) -> Result<Vm, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let host = |error: io::Error| Failure::Host(format!("{program}: {error}"));
        let folder = Directory::new("vm").map_err(host)?;
        let socket = folder.path().join("qmp");
        if let Some(parent) = log.parent() {
            fs::create_dir_all(parent).map_err(host)?;
        }
        let log =
            fs::File::create(log).map_err(|error| Failure::Host(format!("{}: {error}", log.display())))?;
        let start = Instant::now();
        let mut child = command
            .args(["-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"])
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(host)?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Failure::Host("the emulator's pipes are missing".to_string()));
        };
        let console = Console::start(output, errors, log, start);
        let qmp = Qmp::connect(&socket, Duration::from_secs(20), &mut child)
            .map_err(|error| Failure::Host(format!("QMP: {error}\n{}", console.errors())))?;
        Ok(Vm {
            child,
            input,
            console,
            qmp,
            start,
            limit: limits.total,
            silence: limits.silence,
            _folder: folder,
        })
    }

    /// Waits until `text` is printed behind what was waited for before, and gives everything up to its end.
    pub fn wait_for(&mut self, text: &str) -> Result<String, Failure> {
        self.wait_for_any(&[text]).map(|(_, seen)| seen)
    }

    /// Waits for the first of several texts: its index, and everything up to its end.
    pub fn wait_for_any(&mut self, texts: &[&str]) -> Result<(usize, String), Failure> {
        let waiting_for = texts.join("' or '");
        loop {
            if let Some(line) = self.console.first_line_with(FATAL) {
                return Err(Failure::Panic(line));
            }
            if let Some(found) = self.console.take_until(texts) {
                return Ok(found);
            }
            if self.console.ended() {
                // The pipe is closed: nothing more will come.
                let status =
                    self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(Failure::Ended {
                    waiting_for,
                    status: format!("{status} {}", self.console.errors()),
                });
            }
            if self.start.elapsed() > self.limit {
                return Err(Failure::Late { waiting_for, after: self.limit });
            }
            let silent = self.console.silent_for();
            if silent > self.silence {
                return Err(Failure::Silence { waiting_for, after: silent });
            }
            let left = (self.silence - silent).min(self.limit.saturating_sub(self.start.elapsed()));
            self.console.wait(left.max(Duration::from_millis(1)));
        }
    }

    /// Waits for `text`, and gives whether it came before nothing was printed for so long.
    pub fn comes(&mut self, text: &str, silence: Duration) -> Result<bool, Failure> {
        let usual = std::mem::replace(&mut self.silence, silence);
        let result = self.wait_for(text);
        self.silence = usual;
        match result {
            Ok(_) => Ok(true),
            Err(Failure::Silence { .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Types `text` on the console.
    pub fn send(&mut self, text: &str) -> Result<(), Failure> {
        self.input
            .write_all(text.as_bytes())
            .and_then(|()| self.input.flush())
            .map_err(|error| Failure::Host(format!("serial console: {error}")))
    }

    /// Waits for the emulator to end by itself.
    pub fn wait_end(&mut self) -> Result<End, Failure> {
        while !self.console.ended() {
            if let Some(line) = self.console.first_line_with(FATAL) {
                return Err(Failure::Panic(line));
            }
            let Some(left) = self.limit.checked_sub(self.start.elapsed()) else {
                return Err(Failure::Late { waiting_for: "the end".to_string(), after: self.limit });
            };
            self.console.wait(left.min(self.silence));
            let silent = self.console.silent_for();
            if silent > self.silence && !self.console.ended() {
                return Err(Failure::Silence { waiting_for: "the end".to_string(), after: silent });
            }
        }
        let status = self.child.wait().map_err(|error| Failure::Host(error.to_string()))?;
        if !status.success() {
            return Err(Failure::Ended {
                waiting_for: "an orderly end".to_string(),
                status: format!("{status} {}", self.console.errors()),
            });
        }
        if let Some(line) = self.console.first_line_with(FATAL) {
            return Err(Failure::Panic(line));
        }
        Ok(End { reason: self.qmp.shutdown_reason(), after_s: self.start.elapsed().as_secs_f64() })
    }

    /// Seconds from the emulator's start to the moment that the line with `text` was printed, if it was.
    pub fn seconds_to(&self, text: &str) -> Option<f64> {
        self.console.seconds_to(text)
    }

    /// Everything printed so far, without escape sequences.
    pub fn transcript(&self) -> String {
        self.console.transcript()
    }

    /// Presses the power button.
    pub fn power_button(&mut self) -> Result<(), Failure> {
        self.qmp.execute("system_powerdown").map_err(|error| Failure::Host(format!("QMP: {error}")))
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
