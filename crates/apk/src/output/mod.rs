//! output — where a command's lines go: data and messages to stdout, warnings and errors to stderr, all but data to the log.

pub mod progress;
pub mod size;
pub mod wrap;

use std::fmt;
use std::fs::File;
use std::io::{self, Write};

use cli::output::Output;

use self::progress::{Progress, Target};
use crate::command::globals::Globals;

/// The streams of one run.
pub struct Messages {
    /// Standard output: data that was asked for is written here and is not logged.
    pub out: Output,
    /// 0 is quiet, 1 the default, 2 and 3 say more.
    pub verbosity: i32,
    log: Option<File>,
    progress: Option<Progress>,
}

impl Messages {
    /// Messages on the process's own streams.
    pub fn to_process(verbosity: i32) -> Messages {
        Messages { out: Output::to_fd(1), verbosity, log: None, progress: None }
    }

    /// Messages whose standard output is kept, for tests.
    pub fn to_memory(verbosity: i32) -> Messages {
        Messages { out: Output::to_memory(), verbosity, log: None, progress: None }
    }

    /// From now on every message is appended to `log` too.
    pub fn log_to(&mut self, log: File) {
        self.log = Some(log);
    }

    /// Adds a line to the log alone.
    pub fn log_only(&mut self, text: &[u8]) {
        if let Some(log) = &mut self.log {
            // The log must not stop what it tells of: a full disk is reported by what needs the space.
            let _ = log.write_all(&[text, b"\n"].concat());
        }
    }

    /// A line of news; not printed when quiet.
    pub fn message(&mut self, text: impl AsRef<[u8]>) {
        self.message_at(1, text);
    }

    /// A line of news for a verbosity of at least `level`.
    pub fn message_at(&mut self, level: i32, text: impl AsRef<[u8]>) {
        if self.verbosity < level {
            return;
        }
        self.without_bar(|messages| {
            messages.out.write(text.as_ref());
            messages.out.write(b"\n");
        });
        self.log_only(text.as_ref());
    }

    /// Writes something where the bar is, and the bar behind it.
    fn without_bar(&mut self, write: impl FnOnce(&mut Messages)) {
        let mut progress = self.progress.take();
        if let Some(progress) = &mut progress {
            progress.erase(&mut self.out);
        }
        write(self);
        if let Some(progress) = &mut progress {
            progress.draw(&mut self.out);
        }
        self.progress = progress;
    }

    /// From now on progress is told of, as the options ask for.
    pub fn begin_progress(&mut self, globals: &Globals, stage: &'static str, total: u64) {
        let columns = || sys::tty::window_size(1).map(|(columns, _)| usize::from(columns));
        let is_terminal = sys::fd::is_terminal(1);
        let target = Target {
            fd: globals.progress_fd,
            bar: globals.progress.or(is_terminal && self.verbosity > 0),
            terminal_columns: if is_terminal { columns().filter(|columns| *columns > 0) } else { None },
        };
        if target.fd.is_some() || target.bar {
            self.progress = Some(Progress::new(target, stage, total));
        }
    }

    /// So much is done.
    pub fn progress(&mut self, done: u64) {
        if let Some(progress) = &mut self.progress {
            progress.set(done, &mut self.out);
        }
    }

    /// The bar stands where so much is done; nobody else is told.
    pub fn move_bar(&mut self, done: u64) {
        if let Some(progress) = &mut self.progress {
            progress.move_bar(done, &mut self.out);
        }
    }

    /// There is no progress any more.
    pub fn end_progress(&mut self) {
        if let Some(mut progress) = self.progress.take() {
            progress.erase(&mut self.out);
        }
    }

    /// A line on stderr that begins with `WARNING: `.
    pub fn warning(&mut self, text: impl AsRef<[u8]>) {
        self.complain(b"WARNING: ", text.as_ref());
    }

    /// A line on stderr that begins with `ERROR: `.
    pub fn error(&mut self, text: impl AsRef<[u8]>) {
        self.complain(b"ERROR: ", text.as_ref());
    }

    /// A line on stderr as it is.
    pub fn error_line(&mut self, text: impl AsRef<[u8]>) {
        self.complain(b"", text.as_ref());
    }

    fn complain(&mut self, lead: &[u8], text: &[u8]) {
        let line = [lead, text].concat();
        let mut bytes = line.clone();
        bytes.push(b'\n');
        self.without_bar(|messages| {
            // What was said before must stand before, where both streams are one file.
            messages.out.flush();
            let _ = sys::fd::write_all(2, &bytes);
        });
        self.log_only(&line);
    }

    /// Sends what is buffered; the first error of all writes to stdout.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.finish()
    }
}

/// Bytes of a message, made by parts of text and of bytes that are not UTF-8.
#[derive(Default)]
pub struct Line(pub Vec<u8>);

impl Line {
    /// Adds bytes as they are.
    pub fn bytes(mut self, bytes: &[u8]) -> Line {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds text made by `format_args!`.
    pub fn text(mut self, text: fmt::Arguments<'_>) -> Line {
        let _ = self.0.write_fmt(text);
        self
    }
}

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
