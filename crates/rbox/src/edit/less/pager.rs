//! pager — the screen of less and what its keys do.

use std::ops::Range;

use posix::regex::{self, Regex};

use super::text::Text;
use super::{layout, window};
use crate::applets::edit::common::keys::{Key, Keys};
use crate::prelude::*;
use sys::command::Command;

const HELP: &[u8] = b"\
h                  This help                 q Q :q ZZ   Quit
j Enter e Down     A line forward            k y Up      A line back
f Space PageDown   A screen forward          b PageUp    A screen back
d                  Half a screen forward     u           Half a screen back
g < Home           The first line, or line N G > End     The last line, or line N
p %                N percent                 Left Right  Half a screen sideways
/PATTERN           Search forward            ?PATTERN    Search back
n                  The next match            N           The match before
&PATTERN           Only lines that match     ESC u       Forget the pattern
mX                 Mark a place              'X          Go to a mark
F                  Follow what is added      R r         Draw again
:n                 The next file             :p          The file before
:e FILE            Another file              = :f        About this file
-X                 Turn option X on or off   !COMMAND    Run a shell command
A number before a key is how often, how many lines, or which line.
";

/// A row on the screen: a line, and which of its rows.
type Place = (usize, usize);

pub(super) struct Pager<'a, 'b> {
    cx: &'a mut Cx<'b>,
    files: Vec<PathBuf>,
    current: usize,
    text: Text,
    top: Place,
    /// Columns that are left out on the left.
    shift: usize,
    rows: usize,
    columns: usize,
    keys: Keys,
    /// The terminal that they come from.
    terminal: i32,
    /// Keys that are taken for pressed.
    waiting: std::collections::VecDeque<u8>,
    pattern: Option<Regex>,
    backward: bool,
    filter: Option<Regex>,
    marks: Vec<(char, Place)>,
    message: String,
    /// The letters of options that are on.
    flags: Vec<char>,
    is_more: bool,
    at_end_before: bool,
}

impl<'a, 'b> Pager<'a, 'b> {
    pub(super) fn new(
        cx: &'a mut Cx<'b>,
        options: &Options,
        files: Vec<PathBuf>,
        terminal: i32,
        start: Vec<u8>,
        is_more: bool,
    ) -> Pager<'a, 'b> {
        let mut flags: Vec<char> =
            "FNSR~".chars().filter(|&letter| !is_more && options.has(letter)).collect();
        for (letter, same) in [('E', 'e'), ('I', 'i'), ('M', 'm'), ('R', 'r')] {
            if !is_more && (options.has(letter) || options.has(same)) {
                flags.push(letter);
            }
        }
        if is_more {
            flags.extend(['E', '~', 'F']);
        }
        Pager {
            cx,
            files,
            current: 0,
            text: Text::default(),
            top: (0, 0),
            shift: 0,
            rows: 0,
            columns: 0,
            keys: Keys::new(terminal),
            terminal,
            waiting: start.into(),
            pattern: None,
            backward: false,
            filter: None,
            marks: Vec::new(),
            message: String::new(),
            flags,
            is_more,
            at_end_before: false,
        }
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(&flag)
    }

    pub(super) fn run(&mut self) -> Result {
        (self.rows, self.columns) = window();
        while !self.open(self.current) {
            self.files.remove(self.current);
            if self.current >= self.files.len() {
                return Err(Error::exit(1));
            }
        }
        if self.has('F') && self.files.len() == 1 && self.fits() {
            self.print_all();
            return Ok(());
        }
        loop {
            (self.rows, self.columns) = window();
            self.draw();
            let Some(key) = self.key() else { break };
            self.message.clear();
            if !self.command(key) || self.cx.out.failed() {
                break;
            }
        }
        self.cx.out.write(b"\r\x1b[K");
        Ok(())
    }

    /// Opens file `index`. False: it cannot be, which is reported.
    fn open(&mut self, index: usize) -> bool {
        let file = self.files[index].clone();
        let Some(input) = super::open(self.cx, &file) else { return false };
        self.text = Text::new(input);
        self.current = index;
        self.top = (0, 0);
        self.marks.clear();
        self.at_end_before = false;
        self.message = if self.is_more { String::new() } else { self.name() };
        true
    }

    fn name(&self) -> String {
        let name = self.files[self.current].display().to_string();
        match self.files.len() {
            1 => name,
            count => format!("{name} (file {} of {count})", self.current + 1),
        }
    }

    fn key(&mut self) -> Option<Key> {
        match self.waiting.pop_front() {
            Some(byte) => Some(Key::Char(byte.into())),
            None => self.keys.read(),
        }
    }

    // What is on the screen.

    /// Whether the filter, if there is one, lets the line through.
    fn is_shown(&mut self, line: usize) -> bool {
        let Some(text) = self.text.line(line) else { return true };
        self.filter.as_ref().is_none_or(|filter| filter.is_match(text))
    }

    /// The rows of a line; None behind the last one.
    fn line_rows(&mut self, line: usize) -> Option<Vec<Vec<u8>>> {
        let cut = self.has('S').then_some(self.shift);
        let margin = if self.has('N') { 8 } else { 0 };
        let layout = layout(self.columns.saturating_sub(margin).max(1), cut, self.has('R'));
        let text = self.text.line(line)?;
        let marked = self.pattern.as_ref().map_or_else(Vec::new, |pattern| matches(pattern, text));
        let mut rows = layout.rows(text, &marked);
        if margin > 0 {
            for (index, row) in rows.iter_mut().enumerate() {
                let number = if index == 0 { format!("{:7} ", line + 1) } else { " ".repeat(margin) };
                row.splice(0..0, number.into_bytes());
            }
        }
        Some(rows)
    }

    fn next_line(&mut self, mut line: usize) -> Option<usize> {
        loop {
            line += 1;
            self.text.line(line)?;
            if self.is_shown(line) {
                return Some(line);
            }
        }
    }

    fn line_before(&mut self, line: usize) -> Option<usize> {
        (0..line).rev().find(|&before| self.is_shown(before))
    }

    /// The place `count` rows further on, or as far as there are rows.
    fn forward(&mut self, mut place: Place, count: usize) -> Place {
        for _ in 0..count {
            let rows = self.line_rows(place.0).map_or(0, |rows| rows.len());
            if place.1 + 1 < rows {
                place.1 += 1;
            } else if let Some(next) = self.next_line(place.0) {
                place = (next, 0);
            } else {
                break;
            }
        }
        place
    }

    fn back(&mut self, mut place: Place, count: usize) -> Place {
        for _ in 0..count {
            if place.1 > 0 {
                place.1 -= 1;
            } else if let Some(before) = self.line_before(place.0) {
                let rows = self.line_rows(before).map_or(1, |rows| rows.len());
                place = (before, rows - 1);
            } else {
                break;
            }
        }
        place
    }

    /// The place from which the last row is the last on the screen.
    fn last_top(&mut self) -> Place {
        let count = self.text.count();
        let Some(last) = count.checked_sub(1) else { return (0, 0) };
        let last = if self.is_shown(last) { Some(last) } else { self.line_before(last) };
        let Some(last) = last else { return (0, 0) };
        let rows = self.line_rows(last).map_or(1, |rows| rows.len());
        self.back((last, rows - 1), self.rows - 1)
    }

    /// Whether the last row is on the screen.
    fn is_at_end(&mut self) -> bool {
        let bottom = self.forward(self.top, self.rows - 1);
        let rows = self.line_rows(bottom.0).map_or(0, |rows| rows.len());
        bottom.1 + 1 >= rows && self.next_line(bottom.0).is_none()
    }

    fn fits(&mut self) -> bool {
        self.top == (0, 0) && self.forward((0, 0), self.rows) == self.forward((0, 0), self.rows - 1)
    }

    fn print_all(&mut self) {
        let mut line = 0;
        while let Some(rows) = self.line_rows(line) {
            for row in rows {
                self.cx.out.write(&row);
                self.cx.out.write(b"\n");
            }
            line += 1;
        }
    }

    fn draw(&mut self) {
        let mut screen = b"\x1b[H".to_vec();
        let mut place = self.top;
        if !self.is_shown(place.0) {
            place = (self.next_line(place.0).unwrap_or(place.0), 0);
        }
        let mut rows = self.line_rows(place.0);
        for _ in 0..self.rows {
            match rows.as_ref().and_then(|rows| rows.get(place.1)) {
                Some(row) => screen.extend_from_slice(row),
                None if self.has('~') => {}
                None => screen.push(b'~'),
            }
            screen.extend_from_slice(b"\x1b[K\n");
            let count = rows.as_ref().map_or(0, |rows| rows.len());
            if place.1 + 1 < count {
                place.1 += 1;
            } else if rows.is_some() {
                let next = self.next_line(place.0);
                place = (next.unwrap_or(usize::MAX - 1), 0);
                rows = next.and_then(|next| self.line_rows(next));
            }
        }
        let status = self.status();
        if status == ":" {
            screen.push(b':');
        } else {
            screen.extend_from_slice(b"\x1b[7m");
            screen.extend(status.chars().take(self.columns - 1).collect::<String>().into_bytes());
            screen.extend_from_slice(b"\x1b[0m");
        }
        screen.extend_from_slice(b"\x1b[K");
        self.cx.out.write(&screen);
        self.cx.out.flush();
    }

    fn status(&mut self) -> String {
        if let Some(error) = self.text.error.take() {
            return error;
        }
        if !self.message.is_empty() && !self.has('M') {
            return self.message.clone();
        }
        let at_end = self.is_at_end();
        if self.is_more {
            return format!("--More--({}%)", self.text.percent(self.top.0 + self.rows));
        }
        if self.has('M') {
            let about = self.about();
            return if self.message.is_empty() { about } else { format!("{} {about}", self.message) };
        }
        match at_end {
            true if self.current + 1 < self.files.len() => "(END) - next: :n".to_string(),
            true => "(END)".to_string(),
            false => ":".to_string(),
        }
    }

    fn about(&mut self) -> String {
        let bottom = self.forward(self.top, self.rows - 1).0;
        let mut text = format!("{} lines {}-{}", self.name(), self.top.0 + 1, bottom + 1);
        if self.text.is_read() {
            let count = self.text.count();
            text += &format!(
                "/{count} {}%",
                if bottom + 1 >= count { 100 } else { self.text.percent(bottom + 1) }
            );
        }
        text
    }

    // What keys do.

    /// False: quit.
    fn command(&mut self, mut key: Key) -> bool {
        let mut number: Option<usize> = None;
        while let Key::Char(digit @ '0'..='9') = key {
            let value = digit as usize - '0' as usize;
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(value).min(1 << 40));
            let Some(next) = self.key() else { return false };
            key = next;
        }
        let screen = self.rows;
        let half = (screen / 2).max(1);
        let count = |default: usize| number.unwrap_or(default);
        match key {
            Key::Char('q' | 'Q' | '\x03') => return false,
            Key::Char('Z') => return self.key() != Some(Key::Char('Z')),
            Key::Down | Key::Char('j' | 'e' | '\r' | '\n' | '\x0e' | '\x05') => return self.down(count(1)),
            Key::Up | Key::Char('k' | 'y' | '\x10' | '\x19' | '\x0b') => self.up(count(1)),
            Key::PageDown | Key::Char(' ' | 'f' | 'z' | '\x06' | '\x16') => return self.down(count(screen)),
            Key::PageUp | Key::Char('b' | 'w' | '\x02') => self.up(count(screen)),
            Key::Char('d' | '\x04') => return self.down(count(half)),
            Key::Char('u' | '\x15') => self.up(count(half)),
            Key::Home | Key::Char('g' | '<') => self.go_to_line(count(1)),
            Key::End | Key::Char('G' | '>') => match number {
                Some(line) => self.go_to_line(line),
                None => self.top = self.last_top(),
            },
            Key::Char('p' | '%') => {
                let line = self.text.line_at(count(0));
                self.go_to_line(line + 1);
            }
            Key::Left => self.shift = self.shift.saturating_sub(count(self.columns / 2)),
            Key::Right => {
                self.shift += count(self.columns / 2);
                if !self.has('S') {
                    self.flags.push('S');
                }
            }
            Key::Char(mark @ ('/' | '?')) => self.search_for(mark == '?', count(1)),
            Key::Char('n') => self.search(self.backward, count(1)),
            Key::Char('N') => self.search(!self.backward, count(1)),
            Key::Char('&') => self.set_filter(),
            Key::Char('\x1b') if self.key() == Some(Key::Char('u')) => self.pattern = None,
            Key::Char('m') => {
                if let Some(Key::Char(name)) = self.key() {
                    self.marks.retain(|(known, _)| *known != name);
                    self.marks.push((name, self.top));
                }
            }
            Key::Char('\'') => {
                if let Some(Key::Char(name)) = self.key() {
                    match self.marks.iter().find(|(known, _)| *known == name) {
                        Some(&(_, place)) => self.top = place,
                        None => self.message = "Mark not set".to_string(),
                    }
                }
            }
            Key::Char('F') => self.follow(),
            Key::Char('=' | '\x07') => self.message = self.about(),
            Key::Char(':') => return self.colon(),
            Key::Char('-') => self.toggle(),
            Key::Char('!') => self.shell(),
            Key::Char('h' | 'H') => self.help(),
            _ => {}
        }
        true
    }

    /// False: the end was there before, and one wants to quit then.
    fn down(&mut self, count: usize) -> bool {
        if self.is_at_end() {
            if self.is_more && self.current + 1 < self.files.len() {
                return self.step_file(true);
            }
            return !(self.has('E'));
        }
        self.top = self.forward(self.top, count);
        let last = if self.is_at_end() { self.last_top() } else { self.top };
        self.top = self.top.min(last);
        // more ends with the last screen: there is nothing to wait for.
        !(self.is_more && self.is_at_end() && self.current + 1 == self.files.len())
    }

    fn up(&mut self, count: usize) {
        self.top = self.back(self.top, count);
    }

    fn go_to_line(&mut self, line: usize) {
        let wanted = line.saturating_sub(1);
        if self.text.line(wanted).is_none() {
            self.top = self.last_top();
            return;
        }
        let last = self.last_top_if_read();
        self.top = last.map_or((wanted, 0), |last| last.min((wanted, 0)));
    }

    /// Where the end is known one does not go further; what is not read yet is not read for that.
    fn last_top_if_read(&mut self) -> Option<Place> {
        if self.text.is_read() { Some(self.last_top()) } else { None }
    }

    /// Reads a line behind `prompt` on the last row. None: it was taken back.
    fn ask(&mut self, prompt: &str) -> Option<String> {
        let mut line = String::new();
        loop {
            self.cx.out.write(format!("\r{prompt}{line}\x1b[K").as_bytes());
            self.cx.out.flush();
            match self.key()? {
                Key::Char('\r' | '\n') => return Some(line),
                Key::Char('\x1b' | '\x03') => return None,
                Key::Char('\x08' | '\x7f') => {
                    line.pop()?;
                }
                Key::Char('\x15') => line.clear(),
                Key::Char(next) if !next.is_control() => line.push(next),
                _ => {}
            }
        }
    }

    fn compile(&mut self, text: &str) -> Option<Regex> {
        let options =
            regex::Options { extended: true, ignore_case: self.has('I'), ..regex::Options::default() };
        match Regex::new(text.as_bytes(), &options) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.message = error.to_string();
                None
            }
        }
    }

    fn search_for(&mut self, backward: bool, count: usize) {
        let Some(text) = self.ask(if backward { "?" } else { "/" }) else { return };
        self.backward = backward;
        if !text.is_empty() {
            let Some(pattern) = self.compile(&text) else { return };
            self.pattern = Some(pattern);
        }
        self.search(backward, count);
    }

    fn search(&mut self, backward: bool, count: usize) {
        let Some(pattern) = self.pattern.take() else {
            self.message = "No previous search pattern".to_string();
            return;
        };
        let mut line = self.top.0;
        let mut left = count;
        let found = loop {
            let next = if backward { self.line_before(line) } else { self.next_line(line) };
            let Some(next) = next else { break None };
            line = next;
            if self.text.line(line).is_some_and(|text| pattern.is_match(text)) {
                left -= 1;
                if left == 0 {
                    break Some(line);
                }
            }
        };
        self.pattern = Some(pattern);
        match found {
            Some(line) => self.go_to_line(line + 1),
            None => self.message = "Pattern not found".to_string(),
        }
    }

    fn set_filter(&mut self) {
        let Some(text) = self.ask("&/") else { return };
        self.filter = if text.is_empty() { None } else { self.compile(&text) };
        if !self.is_shown(self.top.0) {
            let place = self.next_line(self.top.0).or_else(|| self.line_before(self.top.0));
            self.top = (place.unwrap_or(0), 0);
        }
    }

    /// Shows what is added to the file, until a key is pressed.
    fn follow(&mut self) {
        const PAUSE_MS: u64 = 500;
        loop {
            self.text.read_more();
            self.top = self.last_top();
            self.message = "Waiting for data... (press a key to stop)".to_string();
            self.draw();
            if self.keys.wait(PAUSE_MS) {
                self.key();
                self.message.clear();
                return;
            }
        }
    }

    fn colon(&mut self) -> bool {
        let Some(text) = self.ask(":") else { return true };
        match text.trim() {
            "q" => return false,
            "n" => {
                self.step_file(true);
            }
            "p" => {
                self.step_file(false);
            }
            "f" => self.message = self.about(),
            other => match other.strip_prefix("e ") {
                Some(file) => {
                    self.files.insert(self.current + 1, PathBuf::from(file.trim()));
                    if !self.open(self.current + 1) {
                        self.files.remove(self.current + 1);
                        self.message = format!("Can't open {file}");
                    }
                }
                None => match other.parse() {
                    Ok(line) => self.go_to_line(line),
                    Err(_) => self.message = "Unknown command".to_string(),
                },
            },
        }
        true
    }

    /// Always true, for more, which goes on.
    fn step_file(&mut self, next: bool) -> bool {
        let wanted = if next { self.current + 1 } else { self.current.wrapping_sub(1) };
        if wanted >= self.files.len() {
            self.message = if next { "No next file" } else { "No previous file" }.to_string();
        } else if !self.open(wanted) {
            self.message = format!("Can't open {}", self.files[wanted].display());
        }
        true
    }

    fn toggle(&mut self) {
        let Some(Key::Char(letter)) = self.key() else { return };
        let letter = match letter {
            'e' | 'i' | 'm' | 'r' => letter.to_ascii_uppercase(),
            'E' | 'F' | 'I' | 'M' | 'N' | 'R' | 'S' | '~' => letter,
            _ => {
                self.message = "There is no such option".to_string();
                return;
            }
        };
        let on = !self.has(letter);
        self.flags.retain(|&flag| flag != letter);
        if on {
            self.flags.push(letter);
        }
        self.top.1 = 0;
        self.message = format!("-{letter} is {}", if on { "on" } else { "off" });
    }

    fn shell(&mut self) {
        let Some(command) = self.ask("!") else { return };
        let Ok(modes) = sys::terminal::modes(self.terminal) else { return };
        self.cx.out.write(b"\n");
        self.cx.out.flush();
        modes.set_cooked();
        let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
        let shell = shell.unwrap_or_else(|| OsString::from("/bin/sh"));
        let status = Command::new(&shell).arg0("sh").arg("-c").arg(&command).status();
        modes.restore();
        if let Err(error) = status {
            self.message = format!("{}: {}", shell.display(), sys::error::text(&error));
            return;
        }
        self.cx.out.write(b"\n(press a key)");
        self.cx.out.flush();
        self.key();
    }

    fn help(&mut self) {
        self.cx.out.write(b"\x1b[H\x1b[J");
        for line in HELP.split(|&byte| byte == b'\n') {
            self.cx.out.write(line);
            self.cx.out.write(b"\n");
        }
        self.cx.out.write(b"(press a key)");
        self.cx.out.flush();
        self.key();
    }
}

/// What is to be shown in reverse; empty matches are nothing to see.
fn matches(pattern: &Regex, text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut search = pattern.on(text);
    let mut at = 0;
    while let Some((from, to)) = search.find(at) {
        if to > from {
            found.push(from..to);
        }
        at = to + if to == from { regex::character_length(&text[to..]) } else { 0 };
        if at > text.len() {
            break;
        }
    }
    found
}
