//! buffer — the text that vi changes, and how changes are taken back.

use std::ops::Range;

use crate::applets::edit::common::screen::character_length;

/// What one command has changed: where, what was there, what is there now.
#[derive(Debug)]
struct Change {
    command: u64,
    at: usize,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// A text whose last line ends in a newline, too.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    text: Vec<u8>,
    done: Vec<Change>,
    undone: Vec<Change>,
    /// Changes of one command are taken back together.
    command: u64,
    pub(super) modified: bool,
}

impl Buffer {
    pub(super) fn new(mut text: Vec<u8>) -> Buffer {
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
        Buffer { text, ..Buffer::default() }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn begin_command(&mut self) {
        self.command += 1;
    }

    /// Puts `new` in the place of `range`.
    pub(super) fn replace(&mut self, range: Range<usize>, new: &[u8]) {
        if range.is_empty() && new.is_empty() {
            return;
        }
        // A text without its last newline could not be walked in by lines.
        let mut new = new.to_vec();
        let before = if new.is_empty() { self.text[..range.start].last() } else { new.last() };
        if range.end == self.text.len() && before != Some(&b'\n') {
            new.push(b'\n');
        }
        let old = self.text.splice(range.clone(), new.iter().copied()).collect();
        self.undone.clear();
        self.done.push(Change { command: self.command, at: range.start, old, new });
        self.modified = true;
    }

    /// Takes the last command back, or does it again. Gives where the first change was. None: there is none.
    pub(super) fn undo(&mut self, redo: bool) -> Option<usize> {
        let command = if redo { self.undone.last() } else { self.done.last() }?.command;
        let mut place = None;
        loop {
            let stack = if redo { &mut self.undone } else { &mut self.done };
            let Some(change) = stack.pop_if(|change| change.command == command) else { break };
            let end = change.at + if redo { change.old.len() } else { change.new.len() };
            let new = if redo { &change.new } else { &change.old };
            let end = end.min(self.text.len());
            self.text.splice(change.at.min(end)..end, new.iter().copied());
            place = Some(place.map_or(change.at, |place: usize| place.min(change.at)));
            if redo { &mut self.done } else { &mut self.undone }.push(change);
        }
        self.modified = true;
        place.map(|place| place.min(self.text.len() - 1))
    }

    // Lines and characters.

    pub(super) fn line_start(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        self.text[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line's newline is.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let at = at.min(self.text.len() - 1);
        self.text[at..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(self.text.len() - 1, |offset| at + offset)
    }

    /// The start of the next line. None: this is the last one.
    pub(super) fn next_line(&self, at: usize) -> Option<usize> {
        Some(self.line_end(at) + 1).filter(|&next| next < self.text.len())
    }

    pub(super) fn line_before(&self, at: usize) -> Option<usize> {
        self.line_start(at).checked_sub(1).map(|newline| self.line_start(newline))
    }

    pub(super) fn next(&self, at: usize) -> usize {
        (at + character_length(&self.text[at.min(self.text.len())..])).min(self.text.len())
    }

    pub(super) fn before(&self, at: usize) -> usize {
        let low = at.saturating_sub(4);
        (low..at)
            .find(|&start| start + character_length(&self.text[start..]) == at)
            .unwrap_or(at.saturating_sub(1))
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(b'\n')
    }

    /// The first character of the line that is no blank.
    pub(super) fn first_word(&self, at: usize) -> usize {
        let start = self.line_start(at);
        let end = self.line_end(at);
        start + self.text[start..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// Where line `number` (from 1) starts; the last line if there are not so many.
    pub(super) fn line(&self, number: usize) -> usize {
        let mut at = 0;
        for _ in 1..number {
            match self.next_line(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    pub(super) fn line_number(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        self.text[..at].iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    pub(super) fn line_count(&self) -> usize {
        self.text.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// The last place in the line where a cursor may be outside of insert mode.
    pub(super) fn last_in_line(&self, at: usize) -> usize {
        let (start, end) = (self.line_start(at), self.line_end(at));
        if end > start { self.before(end) } else { start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_takes_back() {
        let mut buffer = Buffer::new(b"one\ntwo".to_vec());
        buffer.begin_command();
        buffer.replace(0..3, b"1");
        buffer.replace(2..2, b"and ");
        buffer.begin_command();
        buffer.replace(0..buffer.len(), b"");
        assert_eq!(buffer.text(), b"\n");
        assert_eq!(buffer.undo(false), Some(0));
        assert_eq!(buffer.text(), b"1\nand two\n");
        buffer.undo(false);
        assert_eq!(buffer.text(), b"one\ntwo\n");
        assert_eq!(buffer.undo(false), None);
        buffer.undo(true);
        assert_eq!(buffer.text(), b"1\nand two\n");
        buffer.undo(true);
        assert_eq!(buffer.text(), b"\n");
    }

    #[test]
    fn walks() {
        let buffer = Buffer::new("a\u{e9}b\n\n  x\n".as_bytes().to_vec());
        assert_eq!((buffer.next(1), buffer.before(3), buffer.line_end(0)), (3, 1, 4));
        assert_eq!((buffer.line(2), buffer.line(9), buffer.first_word(7)), (5, 6, 8));
        assert_eq!(
            (buffer.line_before(6), buffer.line_before(0), buffer.next_line(6)),
            (Some(5), None, None)
        );
        assert_eq!((buffer.last_in_line(0), buffer.last_in_line(5), buffer.line_number(6)), (3, 5, 3));
    }
}
