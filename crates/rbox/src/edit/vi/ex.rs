//! ex — commands behind a colon.
//!
//! Source: POSIX.1-2024 `ex`.

use std::ops::Range;

use posix::regex;

use super::{Settings, Vi};
use crate::prelude::*;

/// What is left of a command, byte by byte.
struct Line<'a> {
    rest: &'a [u8],
}

impl<'a> Line<'a> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b':', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        self.rest = &self.rest[usize::from(found)..];
        found
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&self.rest[..digits]).ok()?.parse().ok()?;
        self.rest = &self.rest[digits..];
        Some(number)
    }

    fn word(&mut self) -> &'a str {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at(letters);
        self.rest = rest;
        std::str::from_utf8(word).unwrap_or("")
    }

    /// Up to `end`, which is passed over; `\` before it takes its meaning.
    fn until(&mut self, end: u8) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            if byte == end {
                break;
            }
            if byte == b'\\'
                && let Some((&next, rest)) = rest.split_first()
            {
                self.rest = rest;
                if next != end {
                    text.push(b'\\');
                }
                text.push(next);
                continue;
            }
            text.push(byte);
        }
        text
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.rest).trim().to_string()
    }
}

impl Vi<'_, '_> {
    pub(super) fn ex(&mut self, command: &str) {
        self.ex_on(command, None);
    }

    /// Runs a command; `selected` is what it is about if it does not say itself.
    pub(super) fn ex_on(&mut self, command: &str, selected: Option<Range<usize>>) {
        let mut line = Line { rest: command.as_bytes() };
        line.skip_blanks();
        if matches!(line.rest.first(), None | Some(b'"')) {
            return;
        }
        let lines = match self.range(&mut line) {
            Ok(lines) => lines,
            Err(message) => return self.fail(message),
        };
        line.skip_blanks();
        let here = self.buffer.line_number(self.cursor);
        let (range, given) = match lines {
            Some((first, last)) => (self.bytes(first, last), Some((first, last))),
            None => match selected {
                Some(range) => {
                    let last = self.buffer.line_number(range.end.max(1) - 1);
                    let first = self.buffer.line_number(range.start);
                    (self.bytes(first, last), Some((first, last)))
                }
                None => (self.bytes(here, here), None),
            },
        };
        if line.take(b'!') {
            return self.bang(&line.text(), given.map(|_| range));
        }
        for sign in [b'<', b'>'] {
            if line.take(sign) {
                self.shift(range, sign == b'>');
                return;
            }
        }
        if line.take(b'=') {
            let number = given.map_or(self.buffer.line_count(), |(_, last)| last);
            return self.say(number.to_string());
        }
        if line.take(b'&') {
            return self.substitute_again(range);
        }
        let word = line.word();
        let force = !matches!(word, "s" | "r" | "read") && line.take(b'!');
        if word != "s" {
            line.skip_blanks();
        }
        self.named(word, force, &mut line, range, given);
    }

    fn named(
        &mut self,
        word: &str,
        force: bool,
        line: &mut Line<'_>,
        range: Range<usize>,
        given: Option<(usize, usize)>,
    ) {
        let argument = line.text();
        let whole = if given.is_some() { range.clone() } else { 0..self.buffer.len() };
        match word {
            "" => match given {
                Some((_, last)) => {
                    self.set_mark('\'', self.cursor);
                    self.cursor = self.buffer.first_word(self.buffer.line(last));
                }
                None => self.fail(format!("'{}' is no command", argument)),
            },
            "d" | "delete" => self.apply('d', range, true),
            "y" | "yank" => self.apply('y', range, true),
            "j" | "join" => {
                let count = given.map_or(1, |(first, last)| last.saturating_sub(first).max(1));
                self.cursor = range.start;
                self.join(count);
            }
            "k" | "ma" | "mark" => {
                if let Some(name) = argument.chars().next() {
                    self.set_mark(name, range.start);
                }
            }
            "s" | "substitute" => self.substitute(line, range),
            "u" | "undo" => {
                if let Some(place) = self.buffer.undo(false) {
                    self.cursor = place;
                }
            }
            "redo" => {
                if let Some(place) = self.buffer.undo(true) {
                    self.cursor = place;
                }
            }
            "f" | "file" => {
                if !argument.is_empty() {
                    self.path = Some(PathBuf::from(argument));
                }
                self.message = self.about();
            }
            "w" | "write" | "wq" | "x" | "xit" | "wn" => {
                let path = (!argument.is_empty()).then(|| PathBuf::from(&argument));
                let needed = word != "x" && word != "xit" || self.buffer.modified || path.is_some();
                if let Some(command) = argument.strip_prefix('!') {
                    let text = self.buffer.text()[whole].to_vec();
                    if let Some(output) = self.shell(command, Some(text)) {
                        self.say(String::from_utf8_lossy(&output).lines().next().unwrap_or("").to_string());
                    }
                    return;
                }
                if needed && !self.write(path.as_deref(), whole, force) {
                    return;
                }
                match word {
                    "wq" | "x" | "xit" => self.leave(force),
                    "wn" => self.next_file(true, force),
                    _ => {}
                }
            }
            "q" | "quit" => {
                if self.buffer.modified && !force {
                    self.fail("No write since last change (:quit! overrides)");
                } else {
                    self.leave(force);
                }
            }
            "qa" | "qall" if force || !self.buffer.modified => self.quit = true,
            "qa" | "qall" => self.fail("No write since last change (:qa! overrides)"),
            "e" | "edit" => {
                if self.buffer.modified && !force {
                    return self.fail("No write since last change (:edit! overrides)");
                }
                let path =
                    if argument.is_empty() { self.path.clone() } else { Some(PathBuf::from(argument)) };
                match path {
                    Some(path) => self.open(&path),
                    None => self.fail("No current filename"),
                }
            }
            "n" | "next" => self.next_file(true, force),
            "p" | "prev" | "previous" => self.next_file(false, force),
            "rew" | "rewind" => {
                if self.buffer.modified && !force {
                    return self.fail("No write since last change (:rewind! overrides)");
                }
                self.current = 0;
                self.open_current();
            }
            "r" | "read" => self.read(&argument, range.end),
            "set" | "se" => self.set(&argument),
            "version" | "ve" => self.say("vi of Tarn Linux"),
            _ => self.fail(format!("'{word}' is no command")),
        }
    }

    fn leave(&mut self, force: bool) {
        let left = self.files.len().saturating_sub(self.current + 1);
        if left > 0 && !force && self.files.len() > 1 {
            // The next one leaves.
            self.fail(format!("{left} more file(s) to edit (:n, or :q! to quit)"));
            return;
        }
        self.quit = true;
    }

    fn next_file(&mut self, forward: bool, force: bool) {
        if self.buffer.modified && !force {
            return self.fail("No write since last change (:next! overrides)");
        }
        let wanted = if forward { self.current + 1 } else { self.current.wrapping_sub(1) };
        if wanted >= self.files.len() {
            return self.fail(if forward { "No more files to edit" } else { "No previous file" });
        }
        self.current = wanted;
        self.open_current();
    }

    /// Puts a file, or what a command prints, behind a line.
    fn read(&mut self, argument: &str, at: usize) {
        let text = match argument.strip_prefix('!') {
            Some(command) => match self.shell(command, Some(Vec::new())) {
                Some(text) => text,
                None => return,
            },
            None => {
                let path =
                    if argument.is_empty() { self.path.clone() } else { Some(PathBuf::from(argument)) };
                let Some(path) = path else { return self.fail("No filename given") };
                match std::fs::read(&path) {
                    Ok(text) => text,
                    Err(error) => {
                        return self.fail(format!("'{}' {}", path.display(), sys::error::text(&error)));
                    }
                }
            }
        };
        let mut text = text;
        if text.last().is_some_and(|&byte| byte != b'\n') {
            text.push(b'\n');
        }
        self.buffer.replace(at..at, &text);
        self.cursor = at;
        let lines = text.iter().filter(|&&byte| byte == b'\n').count();
        self.say(format!("{lines}L, {}C", text.len()));
    }

    fn bang(&mut self, command: &str, range: Option<Range<usize>>) {
        match range {
            None => {
                self.shell(command, None);
            }
            Some(range) => {
                let text = self.buffer.text()[range.clone()].to_vec();
                if let Some(output) = self.shell(command, Some(text)) {
                    self.cursor = range.start;
                    self.buffer.replace(range, &output);
                }
            }
        }
    }

    fn set(&mut self, argument: &str) {
        let settings = &mut self.settings;
        let mut unknown = None;
        for word in argument.split_ascii_whitespace() {
            let (name, on) = match word.strip_prefix("no") {
                Some(name) => (name, false),
                None => (word, true),
            };
            let flag = match name {
                "ai" | "autoindent" => &mut settings.auto_indent,
                "et" | "expandtab" => &mut settings.expand_tabs,
                "ic" | "ignorecase" => &mut settings.ignore_case,
                "nu" | "number" => &mut settings.numbers,
                "sm" | "showmatch" => &mut settings.show_match,
                // There is nothing to flash.
                "fl" | "flash" => continue,
                _ => {
                    let tab = name.strip_prefix("ts=").or(name.strip_prefix("tabstop="));
                    match tab.and_then(|tab| tab.parse().ok()).filter(|tab| (1..=32).contains(tab)) {
                        Some(tab) => settings.tab = tab,
                        None => unknown = Some(word.to_string()),
                    }
                    continue;
                }
            };
            *flag = on;
        }
        if let Some(word) = unknown {
            return self.fail(format!("bad option: {word}"));
        }
        if argument.is_empty() {
            let name = |on: bool, name: &str| if on { name.to_string() } else { format!("no{name}") };
            let Settings { auto_indent, expand_tabs, ignore_case, numbers, show_match, tab } = self.settings;
            self.message = [
                name(auto_indent, "autoindent"),
                name(expand_tabs, "expandtab"),
                name(ignore_case, "ignorecase"),
                name(numbers, "number"),
                name(show_match, "showmatch"),
                format!("tabstop={tab}"),
            ]
            .join(" ");
        }
    }

    // Lines.

    /// The bytes from line `first` to line `last`.
    fn bytes(&self, first: usize, last: usize) -> Range<usize> {
        let start = self.buffer.line(first);
        start..self.buffer.line_end(self.buffer.line(last.max(first))) + 1
    }

    /// The lines that stand before a command.
    fn range(&mut self, line: &mut Line<'_>) -> std::result::Result<Option<(usize, usize)>, String> {
        if line.take(b'%') {
            return Ok(Some((1, self.buffer.line_count())));
        }
        let mut first = self.address(line)?;
        let mut last = first;
        while matches!(line.rest.first(), Some(b',' | b';')) {
            line.rest = &line.rest[1..];
            let here = self.buffer.line_number(self.cursor);
            first = Some(last.unwrap_or(here));
            last = Some(self.address(line)?.unwrap_or(here));
        }
        let count = self.buffer.line_count();
        match first.zip(last) {
            Some((first, last)) if last < first => Err("First line is behind the last".to_string()),
            Some((_, last)) if last > count => Err(format!("There are {count} lines")),
            lines => Ok(lines),
        }
    }

    fn address(&mut self, line: &mut Line<'_>) -> std::result::Result<Option<usize>, String> {
        line.skip_blanks();
        let here = self.buffer.line_number(self.cursor);
        let mut found = match line.rest.first() {
            Some(b'.') => {
                line.rest = &line.rest[1..];
                Some(here)
            }
            Some(b'$') => {
                line.rest = &line.rest[1..];
                Some(self.buffer.line_count())
            }
            Some(b'\'') => {
                let name = line.rest.get(1).map(|&byte| char::from(byte));
                line.rest = line.rest.get(2..).unwrap_or(&[]);
                let place = name.and_then(|name| match name {
                    '<' | '>' => None,
                    name => self.mark(name),
                });
                Some(self.buffer.line_number(place.ok_or("Mark not set")?))
            }
            Some(&way @ (b'/' | b'?')) => {
                line.rest = &line.rest[1..];
                let pattern = line.until(way);
                if !self.compile(&pattern) {
                    return Err(self.message.clone());
                }
                let from = if way == b'/' {
                    self.buffer.line_end(self.cursor)
                } else {
                    self.buffer.line_start(self.cursor)
                };
                let place = self.search(from, way == b'?').ok_or("Pattern not found")?;
                Some(self.buffer.line_number(place))
            }
            _ => line.number(),
        };
        loop {
            line.skip_blanks();
            let Some(&sign @ (b'+' | b'-')) = line.rest.first() else { return Ok(found) };
            line.rest = &line.rest[1..];
            let step = line.number().unwrap_or(1);
            let from = found.unwrap_or(here);
            found = Some(if sign == b'+' { from.saturating_add(step) } else { from.saturating_sub(step) });
        }
    }

    // Substitution.

    /// `/PATTERN/REPLACEMENT/FLAGS` in the lines of `range`.
    fn substitute(&mut self, line: &mut Line<'_>, range: Range<usize>) {
        let Some((&separator, rest)) = line.rest.split_first() else { return self.substitute_again(range) };
        if separator.is_ascii_alphanumeric() || separator == b' ' {
            return self.fail("No separator behind s");
        }
        line.rest = rest;
        let pattern = line.until(separator);
        let replacement = line.until(separator);
        let flags = line.text();
        if flags.contains('i') {
            let before = std::mem::replace(&mut self.settings.ignore_case, true);
            let compiled = self.compile(&pattern);
            self.settings.ignore_case = before;
            if !compiled {
                return;
            }
        } else if !self.compile(&pattern) {
            return;
        }
        self.substitute_by(&replacement, flags.contains('g'), range);
    }

    /// `&` and `s` alone: the last one again.
    fn substitute_again(&mut self, range: Range<usize>) {
        match self.registers.iter().find(|(name, _)| *name == '&') {
            Some((_, register)) if self.pattern.is_some() => {
                let (text, all) = (register.text.clone(), register.lines);
                self.substitute_by(&text, all, range);
            }
            _ => self.fail("No previous substitution"),
        }
    }

    fn substitute_by(&mut self, replacement: &[u8], all: bool, range: Range<usize>) {
        let kept = super::Register { text: replacement.to_vec(), lines: all };
        self.registers.retain(|(name, _)| *name != '&');
        self.registers.push(('&', kept));
        let Some((_, regex)) = self.pattern.as_ref() else { return };
        let mut result = Vec::new();
        let (mut changes, mut last_line) = (0_usize, 0);
        for line in self.buffer.text()[range.clone()].split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let mut search = regex.on(text);
            let mut spans = Vec::new();
            let (mut copied, mut at) = (0, 0);
            while at <= text.len() && search.captures(at, &mut spans) {
                let Some((from, to)) = spans[0] else { break };
                if changes == 0 || last_line <= result.len() {
                    last_line = result.len();
                }
                changes += 1;
                result.extend_from_slice(&text[copied..from]);
                fill(replacement, text, &spans, &mut result);
                copied = to;
                at = to;
                if from == to {
                    at += regex::character_length(&text[to..]);
                }
                if !all {
                    break;
                }
            }
            result.extend_from_slice(&text[copied..]);
            result.push(b'\n');
        }
        if changes == 0 {
            return self.fail("Pattern not found");
        }
        let start = range.start;
        self.buffer.replace(range, &result);
        self.cursor = self.buffer.first_word(start + last_line.min(result.len()));
        if changes > 1 {
            self.say(format!("{changes} substitutions"));
        }
    }
}

/// Appends a replacement: `&` and `\N` are what was matched, a carriage return and `\n` end lines.
fn fill(replacement: &[u8], text: &[u8], spans: &[regex::Span], result: &mut Vec<u8>) {
    let mut rest = replacement.iter();
    let group = |index: usize, result: &mut Vec<u8>| {
        if let Some(Some((from, to))) = spans.get(index) {
            result.extend_from_slice(&text[*from..*to]);
        }
    };
    while let Some(&byte) = rest.next() {
        match byte {
            b'&' => group(0, result),
            b'\r' => result.push(b'\n'),
            b'\\' => match rest.next() {
                Some(digit @ b'0'..=b'9') => group(usize::from(digit - b'0'), result),
                Some(b'n' | b'r') => result.push(b'\n'),
                Some(b't') => result.push(b'\t'),
                Some(&other) => result.push(other),
                None => result.push(b'\\'),
            },
            byte => result.push(byte),
        }
    }
}
