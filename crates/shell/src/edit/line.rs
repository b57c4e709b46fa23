//! line — the text that is being edited, and what keys do to it.

use super::width;

/// A line, the place of the cursor, and what was cut last.
#[derive(Default)]
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    pub(super) cursor: usize,
    cut: Vec<u8>,
}

impl Line {
    pub(super) fn set(&mut self, text: &[u8]) {
        self.text = text.to_vec();
        self.cursor = self.text.len();
    }

    pub(super) fn insert(&mut self, bytes: &[u8]) {
        self.text.splice(self.cursor..self.cursor, bytes.iter().copied());
        self.cursor += bytes.len();
    }

    pub(super) fn left(&mut self) {
        self.cursor = width::previous(&self.text, self.cursor);
    }

    pub(super) fn right(&mut self) {
        self.cursor = width::next(&self.text, self.cursor);
    }

    pub(super) fn erase_before(&mut self) {
        let start = width::previous(&self.text, self.cursor);
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    pub(super) fn erase_at(&mut self) {
        let end = width::next(&self.text, self.cursor);
        self.text.drain(self.cursor..end);
    }

    /// Cuts out what lies between the cursor and `other`.
    pub(super) fn cut_to(&mut self, other: usize) {
        let (start, end) = (self.cursor.min(other), self.cursor.max(other));
        if start < end {
            self.cut = self.text.drain(start..end).collect();
            self.cursor = start;
        }
    }

    /// Keeps what lies between the cursor and `other`, as if it had been cut.
    pub(super) fn copy_to(&mut self, other: usize) {
        self.cut = self.text[self.cursor.min(other)..self.cursor.max(other)].to_vec();
    }

    pub(super) fn paste(&mut self) {
        let cut = std::mem::take(&mut self.cut);
        self.insert(&cut);
        self.cut = cut;
    }

    /// Exchanges the characters around the cursor.
    pub(super) fn exchange(&mut self) {
        if self.cursor == self.text.len() {
            self.left();
        }
        let start = width::previous(&self.text, self.cursor);
        let end = width::next(&self.text, self.cursor);
        if start == self.cursor || end == self.cursor {
            return;
        }
        self.text[start..end].rotate_left(self.cursor - start);
        self.cursor = end;
    }

    /// Where the word before the cursor begins. `blank`: only blanks separate.
    pub(super) fn word_start(&self, blank: bool) -> usize {
        let is_word = |at: usize| is_word(self.text[at], blank);
        let mut at = self.cursor;
        while at > 0 && !is_word(at - 1) {
            at -= 1;
        }
        while at > 0 && is_word(at - 1) {
            at -= 1;
        }
        at
    }

    /// Where the word behind the cursor ends.
    pub(super) fn word_end(&self) -> usize {
        let is_word = |at: usize| is_word(self.text[at], false);
        let mut at = self.cursor;
        while at < self.text.len() && !is_word(at) {
            at += 1;
        }
        while at < self.text.len() && is_word(at) {
            at += 1;
        }
        at
    }
}

fn is_word(byte: u8, blank: bool) -> bool {
    if blank {
        !byte.is_ascii_whitespace()
    } else {
        byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits() {
        let mut line = Line::default();
        line.insert("aé b".as_bytes());
        line.left();
        line.left();
        line.erase_before();
        assert_eq!(line.text, b"a b");
        line.cut_to(0);
        line.cursor = line.text.len();
        line.paste();
        assert_eq!(line.text, b" ba");
        line.exchange();
        assert_eq!(line.text, b" ab");
        line.cursor = 0;
        line.exchange();
        assert_eq!(line.text, b" ab");
        line.set(b"one two/three");
        assert_eq!((line.word_start(false), line.word_start(true)), (8, 4));
        line.cursor = 0;
        assert_eq!(line.word_end(), 3);
    }
}
