//! stream — the files and commands that a program reads and writes, by name.

use std::fs::{File, OpenOptions};

use super::tree::Target;
use crate::prelude::*;
use posix::bytes::{find_byte, rfind_byte};
use posix::regex::Regex;
use sys::command::{Child, Command, Status, Stdio};

/// How records end.
pub(super) enum RecordEnd<'a> {
    Byte(u8),
    /// Empty lines.
    Paragraph,
    Regex(&'a Regex),
}

/// Where records come from.
pub(super) struct Reader {
    input: Box<dyn Read>,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
}

impl Reader {
    pub(super) fn new(input: Box<dyn Read>) -> Reader {
        Reader { input, buffer: Vec::new(), start: 0, ended: false }
    }

    /// Reads more. False at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let known = self.buffer.len();
        self.buffer.resize(known + cli::input::CAPACITY, 0);
        let count = loop {
            match self.input.read(&mut self.buffer[known..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(known + *count.as_ref().unwrap_or(&0));
        self.ended = count? == 0;
        Ok(!self.ended)
    }

    /// The next record. None at the end.
    pub(super) fn record(&mut self, end: &RecordEnd<'_>) -> io::Result<Option<&[u8]>> {
        if let RecordEnd::Paragraph = end {
            // Empty lines before a record are skipped.
            loop {
                let skip = self.buffer[self.start..].iter().take_while(|&&byte| byte == b'\n').count();
                self.start += skip;
                if self.start < self.buffer.len() || !self.fill()? {
                    break;
                }
            }
        }
        let mut searched = 0;
        loop {
            let text = &self.buffer[self.start..];
            let found = match end {
                RecordEnd::Byte(byte) => find_byte(&text[searched..], *byte)
                    .map(|length| (searched + length, searched + length + 1)),
                RecordEnd::Paragraph => {
                    let from = searched.saturating_sub(1);
                    text[from..]
                        .windows(2)
                        .position(|pair| pair == b"\n\n")
                        .map(|at| (from + at, from + at + 2))
                }
                // A match that reaches the end of what was read might go on.
                RecordEnd::Regex(regex) => {
                    regex.on(text).find(0).filter(|&(from, to)| to > from && (self.ended || to < text.len()))
                }
            };
            if let Some((length, behind)) = found {
                let start = self.start;
                self.start += behind;
                return Ok(Some(&self.buffer[start..start + length]));
            }
            searched = text.len();
            if !self.fill()? {
                break;
            }
        }
        let start = self.start;
        self.start = self.buffer.len();
        let mut rest = &self.buffer[start..];
        if rest.is_empty() {
            return Ok(None);
        }
        if let RecordEnd::Paragraph = end {
            // The end of the last line is no text.
            if let (Some(last), true) = (rfind_byte(rest, b'\n'), rest.ends_with(b"\n")) {
                rest = &rest[..last];
            }
        }
        Ok(Some(rest))
    }
}

/// Something open.
enum Stream {
    Input(Reader, Option<Child>),
    File(File, Output),
    Pipe(Child, Output),
    Stdout,
    Stderr,
}

/// All that is open, by name.
#[derive(Default)]
pub(super) struct Streams {
    open: Vec<(Vec<u8>, Stream)>,
}

/// Bytes collected for a file before they are written.
const COLLECT: usize = 16 * 1024;

fn shell(command: &[u8]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(OsStr::from_bytes(command));
    shell
}

impl Streams {
    /// Writes `text` where the redirection leads.
    pub(super) fn write(&mut self, cx: &mut Cx<'_>, kind: Target, name: &[u8], text: &[u8]) -> Result {
        let index = match self
            .open
            .iter()
            .position(|(known, stream)| known == name && !matches!(stream, Stream::Input(..)))
        {
            Some(index) => index,
            None => {
                let stream = open_output(cx, kind, name)?;
                self.open.push((name.to_vec(), stream));
                self.open.len() - 1
            }
        };
        match &mut self.open[index].1 {
            Stream::Stdout => cx.out.write(text),
            Stream::Stderr => {
                cx.out.flush();
                // A closed standard error leaves nobody to tell.
                let _ = io::stderr().write_all(text);
            }
            Stream::File(_, collected) | Stream::Pipe(_, collected) => {
                collected.write(text);
                if collected.pending() >= COLLECT {
                    self.open[index].1.flush().at(OsStr::from_bytes(name))?;
                }
            }
            Stream::Input(..) => {}
        }
        Ok(())
    }

    /// What reads the file or the command's output. None: it cannot be opened.
    pub(super) fn reader(&mut self, cx: &mut Cx<'_>, name: &[u8], is_command: bool) -> Option<&mut Reader> {
        let known =
            self.open.iter().position(|(known, stream)| known == name && matches!(stream, Stream::Input(..)));
        let index = match known {
            Some(index) => index,
            None => {
                let stream = if is_command {
                    cx.out.flush();
                    self.flush_all(cx);
                    let mut child = shell(name).stdout(Stdio::Piped).spawn().ok()?;
                    let output = child.stdout.take()?;
                    Stream::Input(Reader::new(Box::new(output)), Some(child))
                } else if name == b"-" || name == b"/dev/stdin" {
                    Stream::Input(Reader::new(Box::new(cx.stdin())), None)
                } else {
                    let file = File::open(OsStr::from_bytes(name)).ok()?;
                    Stream::Input(Reader::new(Box::new(file)), None)
                };
                self.open.push((name.to_vec(), stream));
                self.open.len() - 1
            }
        };
        match &mut self.open[index].1 {
            Stream::Input(reader, _) => Some(reader),
            _ => None,
        }
    }

    pub(super) fn flush_all(&mut self, cx: &mut Cx<'_>) {
        cx.out.flush();
        for (name, stream) in &mut self.open {
            if let Err(error) = stream.flush().at(OsStr::from_bytes(name)) {
                cx.report(error);
            }
        }
    }

    /// Flushes one. False: it is not open.
    pub(super) fn flush(&mut self, cx: &mut Cx<'_>, name: &[u8]) -> bool {
        cx.out.flush();
        let mut found = false;
        for (_, stream) in self.open.iter_mut().filter(|(known, _)| known == name) {
            found = stream.flush().is_ok();
        }
        found
    }

    /// Closes everything of that name: the exit status of a command, 0, or -1 if nothing was open.
    pub(super) fn close(&mut self, cx: &mut Cx<'_>, name: &[u8]) -> f64 {
        cx.out.flush();
        let mut status = -1.0;
        while let Some(index) = self.open.iter().position(|(known, _)| known == name) {
            status = self.open.remove(index).1.close();
        }
        status
    }

    pub(super) fn close_all(&mut self, cx: &mut Cx<'_>) {
        cx.out.flush();
        for (_, stream) in self.open.drain(..) {
            stream.close();
        }
    }

    /// Runs a command and gives its exit status.
    pub(super) fn system(&mut self, cx: &mut Cx<'_>, command: &[u8]) -> f64 {
        self.flush_all(cx);
        shell(command).status().map_or(-1.0, status_of)
    }
}

fn open_output(cx: &mut Cx<'_>, kind: Target, name: &[u8]) -> Result<Stream> {
    let path = Path::new(OsStr::from_bytes(name));
    Ok(match (kind, name) {
        (Target::Command, _) => {
            cx.out.flush();
            let child = shell(name).stdin(Stdio::Piped).spawn().at("/bin/sh")?;
            Stream::Pipe(child, Output::to_memory())
        }
        (_, b"/dev/stdout" | b"-") => Stream::Stdout,
        (_, b"/dev/stderr") => Stream::Stderr,
        _ => {
            let mut options = OpenOptions::new();
            if kind == Target::Append {
                options.append(true)
            } else {
                options.write(true).truncate(true)
            };
            let file = options.create(true).open(path).map_err(|error| {
                Error::message(format_args!("can't open '{}': {}", path.display(), sys::error::text(&error)))
            })?;
            Stream::File(file, Output::to_memory())
        }
    })
}

impl Stream {
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::File(file, collected) => file.write_all(&collected.take()),
            Stream::Pipe(child, collected) => match &mut child.stdin {
                Some(pipe) => pipe.write_all(&collected.take()),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn close(mut self) -> f64 {
        let flushed = self.flush();
        match self {
            Stream::Pipe(mut child, _) => {
                drop(child.stdin.take());
                child.wait().map_or(-1.0, status_of)
            }
            Stream::Input(reader, Some(mut child)) => {
                drop(reader);
                child.wait().map_or(-1.0, status_of)
            }
            _ if flushed.is_err() => -1.0,
            _ => 0.0,
        }
    }
}

/// As gawk gives it: 256 and the signal for what was killed.
fn status_of(status: Status) -> f64 {
    match (status.code(), status.signal()) {
        (Some(code), _) => f64::from(code),
        (None, Some(signal)) => f64::from(256 + signal),
        (None, None) => -1.0,
    }
}
