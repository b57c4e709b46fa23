//! run — the cycle: read a line, run the commands, print.

use std::fs::File;

use super::command::{Action, Address, Command, End, Pattern, Script, Substitute, Translation};
use super::input::{Lines, Read as Input};
use super::substitute;
use crate::prelude::*;
use posix::regex::{Regex, Span};
use sys::command::Stdio;

/// What is written before a file that is written anew takes it over.
const IN_PLACE_BLOCK: usize = 1 << 20;

struct Machine<'s> {
    script: &'s Script,
    lines: Lines,
    quiet: bool,
    line_length: u64,
    unbuffered: bool,
    space: Vec<u8>,
    hold: Vec<u8>,
    /// Whether the line in `space` had its line end.
    ended: bool,
    replaced: bool,
    /// The expression used last, for empty ones.
    last_pattern: Option<&'s Regex>,
    /// For each command, whether its range has begun, and the line where it ends if that is known.
    ranges: Vec<Option<u64>>,
    /// What is printed at the end of the cycle.
    appended: Vec<Appended<'s>>,
    written: Vec<Target>,
    read_lines: Vec<Option<cli::input::Input>>,
    /// The result of a substitution; exchanged with `space`.
    result: Vec<u8>,
    spans: Vec<Span>,
    /// Output of files that are written anew.
    new_file: Output,
    /// Whether the last line printed lacked its end.
    open_line: bool,
}

enum Appended<'s> {
    Text(&'s [u8]),
    File(&'s Path),
    Line(Vec<u8>),
}

/// Where a `w` goes.
enum Target {
    File(PathBuf, File),
    Stdout,
    Stderr,
}

/// How to go on after a command.
enum Next {
    Command(usize),
    /// The end of the script: print, read a line.
    Cycle,
    /// The same without printing.
    Deleted,
    /// Begin again without reading a line.
    Restart,
    Quit(u8),
    QuitSilently(u8),
}

/// The end of a range that is not known by its line.
const OPEN: u64 = u64::MAX;

pub(super) fn run(
    cx: &mut Cx<'_>,
    script: &Script,
    lines: Lines,
    quiet: bool,
    line_length: u64,
    unbuffered: bool,
) -> Result {
    let mut written = Vec::new();
    for path in &script.written {
        written.push(match path.as_os_str().as_bytes() {
            b"/dev/stdout" => Target::Stdout,
            b"/dev/stderr" => Target::Stderr,
            _ => {
                let file =
                    File::create(path).map_err(|error| super::super::common::cannot_open(path, &error))?;
                Target::File(path.clone(), file)
            }
        });
    }
    // A file that cannot be read has no lines.
    let read_lines =
        script.read_lines.iter().map(|path| File::open(path).ok().map(cli::input::file)).collect();
    let mut machine = Machine {
        script,
        lines,
        quiet,
        line_length,
        unbuffered,
        space: Vec::new(),
        hold: Vec::new(),
        ended: true,
        replaced: false,
        last_pattern: None,
        ranges: script.commands.iter().map(|_| None).collect(),
        appended: Vec::new(),
        written,
        read_lines,
        result: Vec::new(),
        spans: Vec::new(),
        new_file: Output::to_memory(),
        open_line: false,
    };
    let result = machine.run(cx);
    if result.is_err() {
        machine.lines.abandon();
    }
    result
}

impl<'s> Machine<'s> {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result {
        let mut restart = false;
        loop {
            if !restart && !self.read_line(cx)? {
                return self.lines.finish(&mut self.new_file);
            }
            restart = false;
            let next = self.cycle(cx)?;
            if !self.quiet && matches!(next, Next::Cycle | Next::Quit(_)) {
                self.print_space(cx);
            }
            self.print_appended(cx);
            if self.unbuffered {
                cx.out.flush();
            }
            match next {
                Next::Quit(status) | Next::QuitSilently(status) => {
                    if status > 0 {
                        cx.status = status;
                    }
                    return self.lines.finish(&mut self.new_file);
                }
                Next::Restart => restart = true,
                _ => {}
            }
            if cx.out.failed() {
                return Ok(());
            }
        }
    }

    fn read_line(&mut self, cx: &mut Cx<'_>) -> Result<bool> {
        self.space.clear();
        self.replaced = false;
        self.append_line(cx)
    }

    /// Reads the next line behind the pattern space.
    fn append_line(&mut self, cx: &mut Cx<'_>) -> Result<bool> {
        if self.lines.is_in_place() && self.new_file.pending() > IN_PLACE_BLOCK {
            self.lines.drain(&mut self.new_file)?;
        }
        match self.lines.read(cx, &mut self.space, &mut self.new_file)? {
            Input::End => Ok(false),
            Input::Line { ended, new_file } => {
                if new_file && self.lines.is_in_place() {
                    self.ranges.fill(None);
                    self.open_line = false;
                }
                self.ended = ended;
                Ok(true)
            }
        }
    }

    fn cycle(&mut self, cx: &mut Cx<'_>) -> Result<Next> {
        let script = self.script;
        let mut at = 0;
        while let Some(command) = script.commands.get(at) {
            let next = if self.selects(cx, at, command)? {
                self.execute(cx, at, command)?
            } else {
                match command.action {
                    Action::Block(end) => Next::Command(end),
                    _ => Next::Command(at + 1),
                }
            };
            match next {
                Next::Command(next) => at = next,
                other => return Ok(other),
            }
        }
        Ok(Next::Cycle)
    }

    fn selects(&mut self, cx: &mut Cx<'_>, index: usize, command: &'s Command) -> Result<bool> {
        let Some(first) = &command.first else { return Ok(!command.negated) };
        let selected = match &command.end {
            None => self.is_at(cx, first)?,
            Some(end) => self.is_in_range(cx, index, first, end)?,
        };
        Ok(selected != command.negated)
    }

    fn is_at(&mut self, cx: &mut Cx<'_>, address: &'s Address) -> Result<bool> {
        let line = self.lines.number;
        Ok(match address {
            Address::Line(number) => line == *number,
            Address::Last => self.lines.is_last(cx)?,
            Address::Match(pattern) => self.matches(pattern)?,
            Address::Step(first, 0) => line == *first,
            Address::Step(first, step) => line >= *first && (line - first).is_multiple_of(*step),
            Address::Zero => false,
        })
    }

    fn is_in_range(
        &mut self,
        cx: &mut Cx<'_>,
        index: usize,
        first: &'s Address,
        end: &'s End,
    ) -> Result<bool> {
        let line = self.lines.number;
        let begun = match (self.ranges[index], first) {
            (None, Address::Zero) if line == 1 => Some(OPEN),
            (begun, _) => begun,
        };
        if let Some(last) = begun {
            let over = match end {
                End::Match(pattern) => self.matches(pattern)?,
                End::Last => self.lines.is_last(cx)?,
                _ => line >= last,
            };
            self.ranges[index] = if over { None } else { Some(last) };
            // A range whose last line was passed by other commands has ended before this line.
            if line <= last || matches!(end, End::Match(_) | End::Last) {
                return Ok(true);
            }
            self.ranges[index] = None;
        }
        if !self.is_at(cx, first)? {
            return Ok(false);
        }
        let last = match end {
            End::Line(last) => *last,
            End::After(count) => line.saturating_add(*count),
            End::Multiple(0) => line,
            End::Multiple(multiple) => line.next_multiple_of(*multiple),
            End::Last => {
                if self.lines.is_last(cx)? {
                    line
                } else {
                    OPEN
                }
            }
            End::Match(_) => OPEN,
        };
        if last > line {
            self.ranges[index] = Some(last);
        }
        Ok(true)
    }

    /// The expression, or for the empty one that which was used last.
    fn pattern(&mut self, pattern: &'s Pattern) -> Result<&'s Regex> {
        match pattern.as_deref().or(self.last_pattern) {
            Some(regex) => {
                self.last_pattern = Some(regex);
                Ok(regex)
            }
            None => Err(Error::message("no previous regexp")),
        }
    }

    fn matches(&mut self, pattern: &'s Pattern) -> Result<bool> {
        let regex = self.pattern(pattern)?;
        let found = regex.is_match(&self.space);
        check_steps(regex)?;
        Ok(found)
    }

    fn execute(&mut self, cx: &mut Cx<'_>, index: usize, command: &'s Command) -> Result<Next> {
        match &command.action {
            Action::Block(_) | Action::Nothing => {}
            Action::Append(text) => self.appended.push(Appended::Text(text)),
            Action::Read(path) => self.appended.push(Appended::File(path)),
            Action::ReadLine(file) => self.append_line_of(*file),
            Action::Insert(text) => self.print(cx, text, true),
            Action::Change(text) => {
                let range_goes_on = command.end.is_some() && !command.negated && self.ranges[index].is_some();
                if !range_goes_on {
                    self.print(cx, text, true);
                }
                return Ok(Next::Deleted);
            }
            Action::Branch(target) => return Ok(Next::Command(*target)),
            Action::BranchIfReplaced(target) => {
                if std::mem::take(&mut self.replaced) {
                    return Ok(Next::Command(*target));
                }
            }
            Action::BranchUnlessReplaced(target) => {
                if !std::mem::take(&mut self.replaced) {
                    return Ok(Next::Command(*target));
                }
            }
            Action::Delete => return Ok(Next::Deleted),
            Action::DeleteFirstLine => {
                return Ok(match self.first_line() {
                    Some(length) => {
                        self.space.drain(..=length);
                        Next::Restart
                    }
                    None => Next::Deleted,
                });
            }
            Action::Execute(line) => self.execute_line(cx, line)?,
            Action::FileName => {
                let name = self.lines.name().to_vec();
                self.print(cx, &name, false);
            }
            Action::Get => self.space.clone_from(&self.hold),
            Action::GetAppend => append(&mut self.space, self.lines.separator(), &self.hold),
            Action::Hold => self.hold.clone_from(&self.space),
            Action::HoldAppend => append(&mut self.hold, self.lines.separator(), &self.space),
            Action::Exchange => std::mem::swap(&mut self.space, &mut self.hold),
            Action::List(length) => self.list(cx, length.unwrap_or(self.line_length)),
            Action::Next | Action::NextAppend => return self.next_line(cx, index, &command.action),
            Action::Print => self.print_space(cx),
            Action::PrintFirstLine => {
                let length = self.first_line().unwrap_or(self.space.len());
                let line = self.space[..length].to_vec();
                self.print(cx, &line, false);
            }
            Action::Quit(status) => return Ok(Next::Quit(*status)),
            Action::QuitSilently(status) => return Ok(Next::QuitSilently(*status)),
            Action::Substitute(substitute) => self.substitute(cx, substitute)?,
            Action::Write(target) => self.write(cx, *target, self.space.len())?,
            Action::WriteFirstLine(target) => {
                self.write(cx, *target, self.first_line().unwrap_or(self.space.len()))?;
            }
            Action::Translate(translation) => self.translate(translation),
            Action::Zap => self.space.clear(),
            Action::LineNumber => {
                let number = self.lines.number.to_string();
                self.print_with(cx, number.as_bytes(), b"\n");
            }
        }
        Ok(Next::Command(index + 1))
    }

    /// `n` and `N`. Where there is no next line, the script ends after what is there was printed.
    fn next_line(&mut self, cx: &mut Cx<'_>, index: usize, action: &Action) -> Result<Next> {
        // Files that are written anew stay apart; in others the next file goes on.
        if self.lines.is_last(cx)? && !self.lines.has_more_files() {
            return Ok(Next::Quit(0));
        }
        if matches!(action, Action::Next) {
            if !self.quiet {
                self.print_space(cx);
            }
            self.space.clear();
        } else {
            self.space.push(self.lines.separator());
        }
        self.print_appended(cx);
        if !self.append_line(cx)? {
            if matches!(action, Action::NextAppend) {
                self.space.pop();
            }
            return Ok(Next::Quit(0));
        }
        Ok(Next::Command(index + 1))
    }

    fn first_line(&self) -> Option<usize> {
        posix::bytes::find_byte(&self.space, self.lines.separator())
    }

    fn substitute(&mut self, cx: &mut Cx<'_>, command: &'s Substitute) -> Result {
        let regex = self.pattern(&command.pattern)?;
        if !substitute::apply(command, regex, &self.space, &mut self.result, &mut self.spans) {
            return check_steps(regex);
        }
        std::mem::swap(&mut self.space, &mut self.result);
        self.replaced = true;
        if command.execute {
            let line = std::mem::take(&mut self.space);
            self.space = output_of(cx, &line)?;
            if self.space.last() == Some(&self.lines.separator()) {
                self.space.pop();
            }
        }
        for _ in 0..command.print {
            self.print_space(cx);
        }
        match command.write {
            Some(target) => self.write(cx, target, self.space.len()),
            None => Ok(()),
        }
    }

    fn translate(&mut self, translation: &Translation) {
        match translation {
            Translation::Bytes(table) => {
                self.space.iter_mut().for_each(|byte| *byte = table[usize::from(*byte)]);
            }
            Translation::Characters(pairs) => {
                self.result.clear();
                let mut at = 0;
                while at < self.space.len() {
                    let length = posix::regex::character_length(&self.space[at..]);
                    let character = &self.space[at..at + length];
                    let pair = pairs.iter().find(|pair| pair.0 == character);
                    self.result.extend_from_slice(pair.map_or(character, |pair| &pair.1));
                    at += length;
                }
                std::mem::swap(&mut self.space, &mut self.result);
            }
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>, target: usize, length: usize) -> Result {
        let separator = [self.lines.separator()];
        // The last line is written as it is, like everywhere.
        let end: &[u8] = if self.ended || length < self.space.len() { &separator } else { b"" };
        let line = [&self.space[..length], end].concat();
        match &mut self.written[target] {
            Target::File(path, file) => file.write_all(&line).at(&*path),
            Target::Stdout => {
                cx.out.write(&line);
                Ok(())
            }
            Target::Stderr => {
                cx.out.flush();
                // A closed standard error leaves nobody to tell.
                let _ = io::stderr().write_all(&line);
                Ok(())
            }
        }
    }

    /// `e`: with a command its output is printed, without one the pattern space is run.
    fn execute_line(&mut self, cx: &mut Cx<'_>, line: &[u8]) -> Result {
        if line.is_empty() {
            let line = std::mem::take(&mut self.space);
            self.space = output_of(cx, &line)?;
            if self.space.last() == Some(&self.lines.separator()) {
                self.space.pop();
            }
        } else {
            let text = output_of(cx, line)?;
            self.print(cx, &text, true);
        }
        Ok(())
    }

    fn append_line_of(&mut self, file: usize) {
        let Some(input) = &mut self.read_lines[file] else { return };
        let mut line = Vec::new();
        if input.read_until(self.lines.separator(), &mut line).is_ok_and(|length| length > 0) {
            if line.last() != Some(&self.lines.separator()) {
                line.push(self.lines.separator());
            }
            self.appended.push(Appended::Line(line));
        }
    }

    fn print_appended(&mut self, cx: &mut Cx<'_>) {
        for appended in std::mem::take(&mut self.appended) {
            match appended {
                Appended::Text(text) => self.print(cx, text, true),
                Appended::Line(line) => self.print(cx, &line, true),
                // A file that cannot be read is as good as an empty one.
                Appended::File(path) => {
                    let text = if path == Path::new("/dev/stdin") {
                        let mut text = Vec::new();
                        cx.stdin().read_to_end(&mut text).map(|_| text)
                    } else {
                        std::fs::read(path)
                    };
                    if let Ok(text) = text
                        && !text.is_empty()
                    {
                        self.print(cx, &text, true);
                        self.open_line = text.last() != Some(&self.lines.separator());
                    }
                }
            }
        }
    }

    fn print_space(&mut self, cx: &mut Cx<'_>) {
        let separator = [self.lines.separator()];
        let end: &[u8] = if self.ended { &separator } else { b"" };
        let space = std::mem::take(&mut self.space);
        self.print_with(cx, &space, end);
        self.space = space;
        self.open_line = !self.ended;
    }

    /// Prints a line; `whole`: it has its line end already.
    fn print(&mut self, cx: &mut Cx<'_>, text: &[u8], whole: bool) {
        let separator = [self.lines.separator()];
        self.print_with(cx, text, if whole { b"" } else { &separator });
    }

    fn print_with(&mut self, cx: &mut Cx<'_>, text: &[u8], end: &[u8]) {
        let separator = self.lines.separator();
        let out = if self.lines.is_in_place() { &mut self.new_file } else { &mut cx.out };
        if std::mem::take(&mut self.open_line) {
            out.write(&[separator]);
        }
        out.write(text);
        out.write(end);
    }

    /// `l`: so that every byte can be seen.
    fn list(&mut self, cx: &mut Cx<'_>, length: u64) {
        let width = if length < 2 { usize::MAX } else { length as usize - 1 };
        let mut shown = Vec::new();
        let mut column = 0;
        for &byte in &self.space {
            let piece = match byte {
                b'\\' => b"\\\\".to_vec(),
                7 => b"\\a".to_vec(),
                8 => b"\\b".to_vec(),
                0x0c => b"\\f".to_vec(),
                b'\n' => b"\\n".to_vec(),
                b'\r' => b"\\r".to_vec(),
                b'\t' => b"\\t".to_vec(),
                0x0b => b"\\v".to_vec(),
                b' '..=b'~' => vec![byte],
                _ => format!("\\{byte:03o}").into_bytes(),
            };
            if column + piece.len() > width {
                shown.extend_from_slice(b"\\\n");
                column = 0;
            }
            column += piece.len();
            shown.extend_from_slice(&piece);
        }
        shown.extend_from_slice(b"$\n");
        self.print(cx, &shown, true);
    }
}

fn append(to: &mut Vec<u8>, separator: u8, from: &[u8]) {
    to.push(separator);
    to.extend_from_slice(from);
}

/// What a shell prints for `line`.
fn output_of(cx: &mut Cx<'_>, line: &[u8]) -> Result<Vec<u8>> {
    cx.out.flush();
    let mut command = sys::command::Command::new("/bin/sh");
    command.arg("-c").arg(OsStr::from_bytes(line)).stdin(Stdio::Null);
    command.output().at("/bin/sh")
}

fn check_steps(regex: &Regex) -> Result {
    if regex.is_exhausted() {
        return Err(Error::message("regular expression with back-references: too many steps"));
    }
    Ok(())
}
