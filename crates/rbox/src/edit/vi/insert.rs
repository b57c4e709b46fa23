//! insert — typing text: i, a, o, R and what c leaves to be typed.

use super::Vi;
use crate::applets::edit::common::keys::Key;

impl Vi<'_, '_> {
    /// Reads keys into the text until ESC; what was typed is then there `count` times. With `over` it replaces.
    pub(super) fn insert(&mut self, count: usize, over: bool) {
        self.visual = None;
        let mut start = self.cursor;
        // What R has typed over, for the key that takes it back.
        let mut replaced: Vec<Option<Vec<u8>>> = Vec::new();
        loop {
            if self.waiting.is_empty() {
                self.message = if over { "- Replace -" } else { "- Insert -" }.to_string();
                self.draw();
            }
            let Some(key) = self.key() else { break };
            match key {
                Key::Char('\x1b' | '\x03') => break,
                Key::Char('\x08' | '\x7f') => self.erase(over, &mut replaced, &mut start),
                Key::Char('\x17') => {
                    let line = self.buffer.line_start(self.cursor);
                    let word =
                        super::motion::word_before(&self.buffer, self.cursor, false).max(line).max(start);
                    self.buffer.replace(word..self.cursor, b"");
                    self.cursor = word;
                }
                Key::Char('\x15') => {
                    let line = self.buffer.line_start(self.cursor).max(start.min(self.cursor));
                    self.buffer.replace(line..self.cursor, b"");
                    self.cursor = line;
                }
                Key::Char('\r' | '\n') => self.new_line(),
                Key::Char('\t') if self.settings.expand_tabs => {
                    let width = self.settings.tab - self.column(self.cursor) % self.settings.tab;
                    self.type_text(&vec![b' '; width], over, &mut replaced);
                }
                Key::Char('\x16') => {
                    if let Some(Key::Char(next)) = self.key() {
                        self.type_text(next.to_string().as_bytes(), over, &mut replaced);
                    }
                }
                Key::Char('\x04') if self.settings.auto_indent => {
                    // One step less of indentation.
                    let line = self.buffer.line_start(self.cursor);
                    if self.cursor > line && matches!(self.buffer.byte(self.cursor - 1), b'\t' | b' ') {
                        self.buffer.replace(self.cursor - 1..self.cursor, b"");
                        self.cursor -= 1;
                    }
                }
                Key::Char(next) => {
                    self.type_text(next.to_string().as_bytes(), over, &mut replaced);
                    if self.settings.show_match && matches!(next, ')' | ']' | '}') {
                        self.show_match();
                    }
                }
                Key::Delete => {
                    let next = self.buffer.next(self.cursor);
                    if self.buffer.byte(self.cursor) != b'\n' {
                        self.buffer.replace(self.cursor..next, b"");
                    }
                }
                other => {
                    self.arrow(other);
                    start = self.cursor;
                    replaced.clear();
                }
            }
        }
        let typed = self.buffer.text()[start.min(self.cursor)..self.cursor].to_vec();
        for _ in 1..count {
            if over {
                for _ in 0..typed.len() {
                    if self.buffer.byte(self.cursor) == b'\n' {
                        break;
                    }
                    self.buffer.replace(self.cursor..self.buffer.next(self.cursor), b"");
                }
            }
            self.buffer.replace(self.cursor..self.cursor, &typed);
            self.cursor += typed.len();
        }
        if self.cursor > self.buffer.line_start(self.cursor) {
            self.cursor = self.buffer.before(self.cursor);
        }
        self.message.clear();
        self.note_change();
    }

    fn type_text(&mut self, text: &[u8], over: bool, replaced: &mut Vec<Option<Vec<u8>>>) {
        let mut end = self.cursor;
        if over {
            let is_end = self.buffer.byte(end) == b'\n';
            if !is_end {
                end = self.buffer.next(end);
            }
            replaced.push((!is_end).then(|| self.buffer.text()[self.cursor..end].to_vec()));
        }
        self.buffer.replace(self.cursor..end, text);
        self.cursor += text.len();
    }

    fn new_line(&mut self) {
        let mut text = vec![b'\n'];
        if self.settings.auto_indent {
            let start = self.buffer.line_start(self.cursor);
            let end = self.buffer.first_word(self.cursor).min(self.cursor);
            text.extend_from_slice(&self.buffer.text()[start..end]);
        }
        self.buffer.replace(self.cursor..self.cursor, &text);
        self.cursor += text.len();
    }

    fn erase(&mut self, over: bool, replaced: &mut Vec<Option<Vec<u8>>>, start: &mut usize) {
        if self.cursor == 0 {
            return;
        }
        let before = self.buffer.before(self.cursor);
        if over {
            match replaced.pop() {
                Some(old) => self.buffer.replace(before..self.cursor, &old.unwrap_or_default()),
                None if before >= self.buffer.line_start(self.cursor) => {}
                None => return,
            }
        } else {
            self.buffer.replace(before..self.cursor, b"");
        }
        self.cursor = before;
        *start = (*start).min(before);
    }

    fn arrow(&mut self, key: Key) {
        let line_start = self.buffer.line_start(self.cursor);
        let line_end = self.buffer.line_end(self.cursor);
        match key {
            Key::Left if self.cursor > line_start => self.cursor = self.buffer.before(self.cursor),
            Key::Right if self.cursor < line_end => self.cursor = self.buffer.next(self.cursor),
            Key::Home => self.cursor = line_start,
            Key::End => self.cursor = line_end,
            Key::Up | Key::Down => {
                let column = self.column(self.cursor);
                let line = if key == Key::Up {
                    self.buffer.line_before(self.cursor)
                } else {
                    self.buffer.next_line(self.cursor)
                };
                if let Some(line) = line {
                    self.cursor = self.at_column(line, column);
                    // Behind the last character one may type, too.
                    if self.column(self.cursor) < column && self.cursor < self.buffer.line_end(line) {
                        self.cursor = self.buffer.next(self.cursor);
                    }
                }
            }
            _ => {}
        }
    }

    /// Shows for a moment the bracket that the one just typed closes.
    fn show_match(&mut self) {
        const PAUSE_MS: u64 = 500;
        let back = self.cursor;
        if self.waiting.is_empty()
            && let Some(other) = super::motion::bracket(&self.buffer, back - 1)
        {
            self.cursor = other;
            self.draw();
            self.keys.wait(PAUSE_MS);
            self.cursor = back;
        }
    }
}
