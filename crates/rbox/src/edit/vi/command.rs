//! command — what keys do outside of insert mode.
//!
//! Source: POSIX.1-2024 `vi`.

use std::ops::Range;

use super::Vi;
use super::motion::{self, Kind};
use crate::applets::edit::common::keys::Key;

impl Vi<'_, '_> {
    pub(super) fn command(&mut self, first: Key) {
        let mut key = first;
        let mut count = None;
        loop {
            match key {
                Key::Char('"') => self.register = self.character(),
                Key::Char(digit @ '0'..='9') if digit != '0' || count.is_some() => {
                    count = Some(with_digit(count, digit));
                }
                _ => break,
            }
            let Some(next) = self.key() else { return };
            key = next;
        }
        if let Key::Char(operator @ ('d' | 'c' | 'y' | '<' | '>' | '!' | '~')) = key
            && (self.visual.is_some() || operator != '~')
        {
            return self.operator(operator, count);
        }
        if let Some((target, _)) = self.motion(key, count, false) {
            self.cursor = target;
            let keeps = matches!(key, Key::Up | Key::Down | Key::Char('j' | 'k' | '\x0e' | '\x10' | '\x0a'));
            if !keeps {
                self.column_wanted = None;
            }
            return;
        }
        let was_there = self.column_wanted.take();
        self.other(key, count, was_there);
    }

    fn other(&mut self, key: Key, count: Option<usize>, column: Option<usize>) {
        let times = count.unwrap_or(1);
        let rows = self.rows;
        match key {
            Key::Char('i') | Key::Insert => self.insert(times, false),
            Key::Char('I') => {
                self.cursor = self.buffer.first_word(self.cursor);
                self.insert(times, false);
            }
            Key::Char('a') => {
                if self.buffer.byte(self.cursor) != b'\n' {
                    self.cursor = self.buffer.next(self.cursor);
                }
                self.insert(times, false);
            }
            Key::Char('A') => {
                self.cursor = self.buffer.line_end(self.cursor);
                self.insert(times, false);
            }
            Key::Char('o') => self.open_line(true, times),
            Key::Char('O') => self.open_line(false, times),
            Key::Char('R') => self.insert(times, true),
            Key::Char('x') | Key::Delete if self.visual.is_some() => self.operator('d', None),
            Key::Char('x') | Key::Delete => self.change_letters('d', times),
            Key::Char('X') => {
                let start = self.buffer.line_start(self.cursor);
                let mut from = self.cursor;
                for _ in 0..times.min(self.cursor - start) {
                    from = self.buffer.before(from).max(start);
                }
                self.apply('d', from..self.cursor, false);
            }
            Key::Char('s') => self.change_letters('c', times),
            Key::Char('S') => self.lines_operator('c', times),
            Key::Char('D' | 'C') => {
                let operator = if key == Key::Char('D') { 'd' } else { 'c' };
                let end = self.buffer.line_end(self.cursor);
                self.apply(operator, self.cursor..end, false);
            }
            Key::Char('Y') => self.lines_operator('y', times),
            Key::Char('r') => self.replace_letters(times),
            Key::Char('~') => self.swap_case(times),
            Key::Char('J') => self.join(times.max(2) - 1),
            Key::Char('p') => self.put(true, times),
            Key::Char('P') => self.put(false, times),
            Key::Char('u') => self.undo(false),
            Key::Char('\x12') => self.undo(true),
            Key::Char('.') => {
                let keys = self.repeatable.clone();
                self.repeating = true;
                self.waiting.splice(0..0, keys);
            }
            Key::Char(visual @ ('v' | 'V')) => {
                self.visual = if self.visual.is_some() { None } else { Some((self.cursor, visual == 'V')) };
            }
            Key::Char('\x1b' | '\x03') => self.visual = None,
            Key::Char('m') => {
                if let Some(name) = self.character() {
                    self.set_mark(name, self.cursor);
                }
            }
            Key::Char(':') => {
                // What is selected is what the command is about.
                let range = self.visual.map(|_| self.selection());
                if let Some(line) = self.ask(':') {
                    self.visual = None;
                    self.ex_on(&line, range);
                }
            }
            Key::Char('Z') => match self.character() {
                Some('Z') => self.ex("x"),
                Some('Q') => self.quit = true,
                _ => {}
            },
            Key::Char('\x07') => self.message = self.about(),
            Key::Char('\x0c') => self.cx.out.write(b"\x1b[2J"),
            Key::Char('z') => match self.character() {
                Some('.' | 'z') => self.center(),
                Some('-' | 'b') => {
                    self.top = self.buffer.line_start(self.cursor);
                    for _ in 1..rows {
                        self.top = self.buffer.line_before(self.top).unwrap_or(self.top);
                    }
                }
                Some('\r' | '\n' | 't') => self.top = self.buffer.line_start(self.cursor),
                _ => {}
            },
            Key::Char('\x06') | Key::PageDown => {
                self.scroll_by(times * rows.saturating_sub(2).max(1), true, column)
            }
            Key::Char('\x02') | Key::PageUp => {
                self.scroll_by(times * rows.saturating_sub(2).max(1), false, column)
            }
            Key::Char('\x04') => self.scroll_by(count.unwrap_or(rows / 2).max(1), true, column),
            Key::Char('\x15') => self.scroll_by(count.unwrap_or(rows / 2).max(1), false, column),
            Key::Char('\x05') => self.slide(times, true),
            Key::Char('\x19') => self.slide(times, false),
            Key::Char(other) => self.fail(format!("'{}' is no command", other.escape_default())),
            _ => {}
        }
    }

    /// Moves the text and the cursor by so many lines.
    fn scroll_by(&mut self, lines: usize, down: bool, column: Option<usize>) {
        let column = column.unwrap_or_else(|| self.column(self.cursor));
        for _ in 0..lines {
            let step = |at: usize| if down { self.buffer.next_line(at) } else { self.buffer.line_before(at) };
            let Some(next) = step(self.cursor) else { break };
            self.top = step(self.top).unwrap_or(self.top);
            self.cursor = next;
        }
        self.cursor = self.at_column(self.cursor, column);
    }

    /// Moves the text only, as far as the cursor stays on the screen.
    fn slide(&mut self, lines: usize, down: bool) {
        for _ in 0..lines {
            let next = if down { self.buffer.next_line(self.top) } else { self.buffer.line_before(self.top) };
            let Some(next) = next else { break };
            self.top = next;
        }
        let column = self.column(self.cursor);
        let mut bottom = self.top;
        for _ in 1..self.rows {
            bottom = self.buffer.next_line(bottom).unwrap_or(bottom);
        }
        let line = self.buffer.line_start(self.cursor).clamp(self.top, bottom);
        self.cursor = self.at_column(line, column);
    }

    fn undo(&mut self, redo: bool) {
        match self.buffer.undo(redo) {
            Some(place) => self.cursor = place,
            None => self.fail(if redo { "Nothing to do again" } else { "Already at oldest change" }),
        }
    }

    // Motions.

    /// Where the key leads. None: it is no motion, or leads nowhere. `for_operator`: how it counts then may differ.
    fn motion(&mut self, key: Key, count: Option<usize>, for_operator: bool) -> Option<(usize, Kind)> {
        let times = count.unwrap_or(1);
        let cursor = self.cursor;
        let buffer = &self.buffer;
        let repeat = |step: &dyn Fn(usize) -> usize| (0..times).fold(cursor, |at, _| step(at));
        let place = match key {
            Key::Left | Key::Char('h' | '\x08' | '\x7f') => {
                let start = buffer.line_start(cursor);
                (repeat(&|at| if at > start { buffer.before(at) } else { at }), Kind::Exclusive)
            }
            Key::Right | Key::Char('l' | ' ') => {
                let end = buffer.line_end(cursor);
                (repeat(&|at| if at < end { buffer.next(at) } else { at }), Kind::Exclusive)
            }
            Key::Up | Key::Down | Key::Char('j' | 'k' | '\x0e' | '\x10' | '\n') => {
                let up = matches!(key, Key::Up | Key::Char('k' | '\x10'));
                let column = self.column_wanted.unwrap_or_else(|| self.column(cursor));
                let mut line = cursor;
                for _ in 0..times {
                    let next = if up { self.buffer.line_before(line) } else { self.buffer.next_line(line) };
                    match next {
                        Some(next) => line = next,
                        // An operator that has fewer lines than it was told does nothing.
                        None if for_operator => return None,
                        None => break,
                    }
                }
                self.column_wanted = Some(column);
                (self.at_column(line, column), Kind::Lines)
            }
            Key::Char('+' | '\r') => {
                (buffer.first_word(repeat(&|at| buffer.next_line(at).unwrap_or(at))), Kind::Lines)
            }
            Key::Char('-') => {
                (buffer.first_word(repeat(&|at| buffer.line_before(at).unwrap_or(at))), Kind::Lines)
            }
            Key::Home | Key::Char('0') => (buffer.line_start(cursor), Kind::Exclusive),
            Key::Char('^') => (buffer.first_word(cursor), Kind::Exclusive),
            Key::End | Key::Char('$') => {
                let line = (1..times).fold(cursor, |at, _| buffer.next_line(at).unwrap_or(at));
                self.column_wanted = Some(usize::MAX / 4);
                (self.buffer.last_in_line(line), Kind::Inclusive)
            }
            Key::Char('|') => (self.at_column(cursor, times - 1), Kind::Exclusive),
            Key::Char(word @ ('w' | 'W')) => {
                (repeat(&|at| motion::next_word(buffer, at, word == 'W')), Kind::Exclusive)
            }
            Key::Char(word @ ('e' | 'E')) => {
                (repeat(&|at| motion::end_of_word(buffer, at, word == 'E')), Kind::Inclusive)
            }
            Key::Char(word @ ('b' | 'B')) => {
                (repeat(&|at| motion::word_before(buffer, at, word == 'B')), Kind::Exclusive)
            }
            Key::Char(way @ ('}' | '{' | ')' | '(')) => {
                (repeat(&|at| motion::paragraph(buffer, at, matches!(way, '}' | ')'))), Kind::Exclusive)
            }
            Key::Char('G') => {
                let line =
                    count.map_or_else(|| buffer.line_start(buffer.len() - 1), |line| buffer.line(line));
                (buffer.first_word(line), Kind::Lines)
            }
            Key::Char('g') => {
                if self.character() != Some('g') {
                    return None;
                }
                (self.buffer.first_word(self.buffer.line(times)), Kind::Lines)
            }
            Key::Char('H' | 'M' | 'L') => {
                let shown: Vec<usize> = std::iter::successors(Some(self.top), |&at| buffer.next_line(at))
                    .take(self.rows)
                    .collect();
                let index = match key {
                    Key::Char('H') => times - 1,
                    Key::Char('L') => shown.len().saturating_sub(times),
                    _ => shown.len() / 2,
                };
                (buffer.first_word(shown[index.min(shown.len() - 1)]), Kind::Lines)
            }
            Key::Char('%') => (motion::bracket(buffer, cursor)?, Kind::Inclusive),
            Key::Char(find @ ('f' | 'F' | 't' | 'T')) => {
                let wanted = self.character()?.to_string().into_bytes();
                self.found = Some((find, wanted.clone()));
                self.find(find, &wanted, times)?
            }
            Key::Char(again @ (';' | ',')) => {
                let (find, wanted) = self.found.clone()?;
                let turned = match find {
                    'f' => 'F',
                    'F' => 'f',
                    't' => 'T',
                    _ => 't',
                };
                self.find(if again == ';' { find } else { turned }, &wanted, times)?
            }
            Key::Char(way @ ('/' | '?')) => {
                let text = self.ask(way)?;
                if !self.compile(text.as_bytes()) {
                    return None;
                }
                self.backward = way == '?';
                (self.search_times(self.backward, times)?, Kind::Exclusive)
            }
            Key::Char(again @ ('n' | 'N')) => {
                if !self.compile(b"") {
                    return None;
                }
                (self.search_times(self.backward != (again == 'N'), times)?, Kind::Exclusive)
            }
            Key::Char('*') => {
                let start = (self.buffer.line_start(cursor)..=cursor)
                    .rev()
                    .take_while(|&at| is_letter(self.buffer.byte(at)))
                    .last()?;
                let word: Vec<u8> =
                    self.buffer.text()[start..].iter().copied().take_while(|&byte| is_letter(byte)).collect();
                if !self.compile(&[b"\\<", &word[..], b"\\>"].concat()) {
                    return None;
                }
                self.backward = false;
                (self.search_times(false, times)?, Kind::Exclusive)
            }
            Key::Char(way @ ('\'' | '`')) => {
                let name = self.character()?;
                let Some(place) = self.mark(name) else {
                    self.fail("Mark not set");
                    return None;
                };
                if way == '`' {
                    (place, Kind::Exclusive)
                } else {
                    (self.buffer.first_word(place), Kind::Lines)
                }
            }
            _ => return None,
        };
        let jumps = matches!(key, Key::Char('G' | 'g' | '/' | '?' | 'n' | 'N' | '\'' | '`' | '%' | '*'));
        if jumps && !for_operator {
            self.set_mark('\'', cursor);
        }
        Some(place)
    }

    fn find(&self, command: char, wanted: &[u8], times: usize) -> Option<(usize, Kind)> {
        let place = motion::find(&self.buffer, self.cursor, command, wanted, times)?;
        let forward = matches!(command, 'f' | 't');
        Some((place, if forward { Kind::Inclusive } else { Kind::Exclusive }))
    }

    fn search_times(&mut self, backward: bool, times: usize) -> Option<usize> {
        let mut at = self.cursor;
        for _ in 0..times {
            at = self.search(at, backward)?;
        }
        Some(at)
    }

    // Operators.

    fn operator(&mut self, operator: char, count: Option<usize>) {
        if let Some((_, lines)) = self.visual {
            let range = self.selection();
            self.visual = None;
            return self.apply(operator, range, lines);
        }
        let Some(mut key) = self.key() else { return };
        let mut inner = None;
        while let Key::Char(digit @ '0'..='9') = key
            && (digit != '0' || inner.is_some())
        {
            inner = Some(with_digit(inner, digit));
            let Some(next) = self.key() else { return };
            key = next;
        }
        let count = match (count, inner) {
            (Some(one), Some(other)) => Some(one.saturating_mul(other)),
            (one, other) => one.or(other),
        };
        if key == Key::Char(operator) {
            return self.lines_operator(operator, count.unwrap_or(1));
        }
        // cw changes the word, not the blanks behind it.
        let on_word = !self.buffer.byte(self.cursor).is_ascii_whitespace();
        let key = match key {
            Key::Char('w') if operator == 'c' && on_word => Key::Char('\u{e000}'),
            Key::Char('W') if operator == 'c' && on_word => Key::Char('\u{e001}'),
            key => key,
        };
        let start = self.cursor;
        let moved = match key {
            Key::Char(word @ ('\u{e000}' | '\u{e001}')) => {
                let big = word == '\u{e001}';
                let own = self.own_end(start, big);
                let at =
                    (1..count.unwrap_or(1)).fold(own, |at, _| motion::end_of_word(&self.buffer, at, big));
                Some((at, Kind::Inclusive))
            }
            key => self.motion(key, count, true),
        };
        self.column_wanted = None;
        let Some((target, kind)) = moved else {
            self.register = None;
            return;
        };
        let (from, mut to) = (start.min(target), start.max(target));
        match kind {
            Kind::Lines => {
                let range = self.buffer.line_start(from)..self.buffer.line_end(to) + 1;
                return self.apply(operator, range, true);
            }
            Kind::Inclusive => to = self.buffer.next(to).min(self.buffer.line_end(to).max(to)),
            // A word's end at the end of a line is the line's end.
            Kind::Exclusive if matches!(key, Key::Char('w' | 'W')) && to > self.buffer.line_end(from) => {
                to = self.last_line_end_before(from, to);
            }
            Kind::Exclusive => {}
        }
        self.apply(operator, from..to, false);
    }

    /// The end of the word that the cursor is in.
    fn own_end(&self, at: usize, big: bool) -> usize {
        let next = motion::next_word(&self.buffer, at, big);
        let mut end = next.min(self.buffer.line_end(at));
        while end > at && self.buffer.byte(end - 1).is_ascii_whitespace() {
            end -= 1;
        }
        if end > at { self.buffer.before(end) } else { at }
    }

    fn last_line_end_before(&self, from: usize, to: usize) -> usize {
        let mut end = to;
        while end > from && self.buffer.byte(end - 1).is_ascii_whitespace() {
            end -= 1;
            if self.buffer.byte(end) == b'\n' {
                return self.last_line_end_before(from, end).max(from).min(end);
            }
        }
        if self.buffer.text()[end..to].contains(&b'\n') { end } else { to }
    }

    fn lines_operator(&mut self, operator: char, count: usize) {
        let start = self.buffer.line_start(self.cursor);
        let last = (1..count).fold(start, |at, _| self.buffer.next_line(at).unwrap_or(at));
        self.apply(operator, start..self.buffer.line_end(last) + 1, true);
    }

    fn change_letters(&mut self, operator: char, count: usize) {
        let end = self.buffer.line_end(self.cursor);
        let to = (0..count).fold(self.cursor, |at, _| if at < end { self.buffer.next(at) } else { at });
        self.apply(operator, self.cursor..to, false);
    }

    /// Does what the operator does to a part of the text; with `lines` those are whole lines.
    pub(super) fn apply(&mut self, operator: char, range: Range<usize>, lines: bool) {
        let text = self.buffer.text()[range.clone()].to_vec();
        self.cursor = range.start;
        match operator {
            'y' => return self.store(text, lines),
            'd' => {
                self.store(text, lines);
                self.buffer.replace(range, b"");
                if lines {
                    self.cursor = self.buffer.first_word(self.cursor.min(self.buffer.len() - 1));
                }
            }
            'c' => {
                self.store(text, lines);
                let (mut range, indent) = (range, self.buffer.first_word(self.cursor));
                if lines {
                    // The line stays, with its indentation where that is kept.
                    if self.settings.auto_indent {
                        range.start = indent.min(range.end - 1);
                    }
                    range.end -= 1;
                }
                self.cursor = range.start;
                self.buffer.replace(range, b"");
                return self.insert(1, false);
            }
            '<' | '>' => self.shift(range, operator == '>'),
            '~' => {
                let swapped = swapped_case(&text);
                self.buffer.replace(range, &swapped);
            }
            '!' => {
                let range = self.buffer.line_start(range.start)
                    ..self.buffer.line_end(range.end.max(range.start + 1) - 1) + 1;
                if let Some(command) = self.ask('!')
                    && let Some(output) =
                        self.shell(&command, Some(self.buffer.text()[range.clone()].to_vec()))
                {
                    self.buffer.replace(range, &output);
                }
            }
            _ => {}
        }
        self.note_change();
    }

    /// Moves lines by a tab stop.
    pub(super) fn shift(&mut self, range: Range<usize>, right: bool) {
        let mut at = self.buffer.line_start(range.start);
        let count =
            self.buffer.text()[at..range.end.max(at)].iter().filter(|&&byte| byte == b'\n').count().max(1);
        for _ in 0..count {
            let end = self.buffer.line_end(at);
            if right && end > at {
                let indent =
                    if self.settings.expand_tabs { vec![b' '; self.settings.tab] } else { vec![b'\t'] };
                self.buffer.replace(at..at, &indent);
            } else if !right {
                let line = &self.buffer.text()[at..end];
                let blanks = match line.first() {
                    Some(b'\t') => 1,
                    _ => line.iter().take(self.settings.tab).take_while(|&&byte| byte == b' ').count(),
                };
                self.buffer.replace(at..at + blanks, b"");
            }
            match self.buffer.next_line(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        self.cursor = self.buffer.first_word(range.start);
    }

    fn open_line(&mut self, below: bool, count: usize) {
        let start = self.buffer.line_start(self.cursor);
        let indent = if self.settings.auto_indent {
            self.buffer.text()[start..self.buffer.first_word(start)].to_vec()
        } else {
            Vec::new()
        };
        if below {
            let end = self.buffer.line_end(self.cursor);
            self.buffer.replace(end..end, &[b"\n", &indent[..]].concat());
            self.cursor = end + 1 + indent.len();
        } else {
            self.buffer.replace(start..start, &[&indent[..], b"\n"].concat());
            self.cursor = start + indent.len();
        }
        self.insert(count, false);
    }

    fn replace_letters(&mut self, count: usize) {
        let Some(character) = self.character() else { return };
        let end = self.buffer.line_end(self.cursor);
        let mut to = self.cursor;
        for _ in 0..count {
            if to >= end {
                return self.fail("There are not so many characters");
            }
            to = self.buffer.next(to);
        }
        let text = if matches!(character, '\r' | '\n') {
            b"\n".to_vec()
        } else {
            character.to_string().repeat(count).into_bytes()
        };
        self.buffer.replace(self.cursor..to, &text);
        self.cursor += text.len();
        if text != b"\n" {
            self.cursor = self.buffer.before(self.cursor);
        }
        self.note_change();
    }

    fn swap_case(&mut self, count: usize) {
        let end = self.buffer.line_end(self.cursor);
        let to = (0..count).fold(self.cursor, |at, _| if at < end { self.buffer.next(at) } else { at });
        let swapped = swapped_case(&self.buffer.text()[self.cursor..to]);
        self.buffer.replace(self.cursor..to, &swapped);
        self.cursor += swapped.len();
        self.note_change();
    }

    /// Puts the next lines behind this one, with a blank between.
    pub(super) fn join(&mut self, count: usize) {
        for _ in 0..count {
            let end = self.buffer.line_end(self.cursor);
            let Some(next) = self.buffer.next_line(end) else { break };
            let word = self.buffer.first_word(next);
            let tight = self.buffer.byte(word) == b')'
                || end == self.buffer.line_start(end)
                || matches!(self.buffer.byte(end - 1), b' ' | b'\t')
                || self.buffer.byte(word) == b'\n';
            self.buffer.replace(end..word, if tight { b"" } else { b" " });
            self.cursor = end;
        }
        self.note_change();
    }

    fn put(&mut self, behind: bool, count: usize) {
        let Some(register) = self.stored() else { return self.fail("Nothing in register") };
        self.visual = None;
        let text = register.text.repeat(count);
        let at = match (register.lines, behind) {
            (true, true) => self.buffer.line_end(self.cursor) + 1,
            (true, false) => self.buffer.line_start(self.cursor),
            (false, true) if self.buffer.byte(self.cursor) != b'\n' => self.buffer.next(self.cursor),
            (false, _) => self.cursor,
        };
        self.buffer.replace(at..at, &text);
        self.cursor = if register.lines {
            self.buffer.first_word(at)
        } else if text.contains(&b'\n') {
            at
        } else {
            self.buffer.before(at + text.len())
        };
        self.note_change();
    }
}

fn is_letter(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn with_digit(count: Option<usize>, digit: char) -> usize {
    let value = digit as usize - '0' as usize;
    count.unwrap_or(0).saturating_mul(10).saturating_add(value).min(1 << 20)
}

fn swapped_case(text: &[u8]) -> Vec<u8> {
    text.iter()
        .map(
            |byte| {
                if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() }
            },
        )
        .collect()
}
