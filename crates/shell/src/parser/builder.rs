//! builder — puts a word together from what is read of it.

use crate::ast::{Part, Text, Word};

/// How long the text of most parts is.
const CAPACITY: usize = 48;

/// A word that is being read.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) parts: Vec<Part>,
    pub(super) text: Vec<u8>,
    /// Whether `text` stood in quotes.
    pub(super) quoted: bool,
    /// Something was quoted or expanded.
    pub(super) special: bool,
}

impl Builder {
    pub(super) fn push(&mut self, byte: u8, quoted: bool) {
        self.extend(&[byte], quoted);
    }

    pub(super) fn extend(&mut self, bytes: &[u8], quoted: bool) {
        self.turn(quoted);
        if self.text.capacity() == 0 {
            self.text.reserve_exact(CAPACITY.max(bytes.len()));
        }
        self.text.extend_from_slice(bytes);
    }

    /// What comes now is quoted, or is not.
    pub(super) fn turn(&mut self, quoted: bool) {
        if self.quoted != quoted {
            self.flush();
            self.quoted = quoted;
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.text.is_empty() {
            let text: Text = self.text.as_slice().into();
            self.text.clear();
            self.add(if self.quoted { Part::Quoted(text) } else { Part::Text(text) });
        }
    }

    fn add(&mut self, part: Part) {
        super::push(&mut self.parts, part);
    }

    pub(super) fn part(&mut self, part: Part) {
        self.flush();
        self.special = true;
        self.add(part);
    }

    /// Empty quotes: the word is there even if it is empty.
    pub(super) fn empty_quotes(&mut self) {
        self.part(Part::Quoted(Text::default()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.text.is_empty()
    }

    /// Whether what was read so far is text without quotes.
    pub(super) fn is_bare(&self) -> bool {
        !self.special && !self.quoted
    }

    /// Grows with what is read.
    pub(super) fn length(&self) -> usize {
        self.parts.len() * 1_000_000 + self.text.len()
    }

    /// The word. It is literal if nothing in it is expanded or makes a pattern. The memory of the text becomes `scratch`.
    pub(super) fn finish(mut self, scratch: &mut Vec<u8>) -> Word {
        if self.parts.is_empty() && (self.quoted || !self.text.iter().any(|byte| b"*?[]".contains(byte))) {
            // The most common: one text.
            let word = if self.text.is_empty() { Word::Empty } else { Word::literal(&self.text) };
            self.text.clear();
            *scratch = self.text;
            return word;
        }
        joined(self.into_parts(scratch))
    }

    /// The parts alone; the memory of the text becomes `scratch`.
    pub(super) fn into_parts(mut self, scratch: &mut Vec<u8>) -> Vec<Part> {
        self.flush();
        self.text.clear();
        *scratch = self.text;
        self.parts
    }
}

/// The word of these parts: literal if they all are and make no pattern.
pub(super) fn joined(mut parts: Vec<Part>) -> Word {
    let mut open = false;
    for part in &parts {
        match part {
            Part::Quoted(_) => {}
            Part::Text(text) => {
                for &byte in text {
                    match byte {
                        b'*' | b'?' => return Word::Parts(parts),
                        b'[' => open = true,
                        b']' if open => return Word::Parts(parts),
                        _ => {}
                    }
                }
            }
            _ => return Word::Parts(parts),
        }
    }
    if parts.len() < 2 {
        return match parts.pop() {
            Some(Part::Quoted(text) | Part::Text(text)) => Word::literal(&text),
            _ => Word::Empty,
        };
    }
    let mut whole = Vec::new();
    for part in &parts {
        if let Part::Quoted(text) | Part::Text(text) = part {
            whole.extend_from_slice(text);
        }
    }
    Word::literal(&whole)
}
