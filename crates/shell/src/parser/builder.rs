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
    quoted: bool,
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
            self.parts.push(if self.quoted { Part::Quoted(text) } else { Part::Text(text) });
        }
    }

    pub(super) fn part(&mut self, part: Part) {
        self.flush();
        self.special = true;
        self.parts.push(part);
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

    /// The word. It is literal if nothing in it is expanded or makes a pattern.
    pub(super) fn finish(mut self) -> Word {
        if self.parts.is_empty() && (self.quoted || !self.text.iter().any(|byte| b"*?[]".contains(byte))) {
            // The most common: one text.
            let literal = (!self.text.is_empty()).then(|| self.text.as_slice().into());
            return Word { parts: self.parts, literal, assignment: false };
        }
        self.flush();
        let mut word = Word { parts: self.parts, literal: None, assignment: false };
        make_literal(&mut word);
        word
    }
}

/// Joins the parts of a word that are all literal and make no pattern.
pub(super) fn make_literal(word: &mut Word) {
    let mut open = false;
    for part in &word.parts {
        match part {
            Part::Quoted(_) => {}
            Part::Text(text) => {
                for &byte in text {
                    match byte {
                        b'*' | b'?' => return,
                        b'[' => open = true,
                        b']' if open => return,
                        _ => {}
                    }
                }
            }
            _ => return,
        }
    }
    if word.parts.is_empty() {
        return;
    }
    let mut parts = std::mem::take(&mut word.parts).into_iter();
    word.literal = match (parts.next(), parts.next()) {
        (Some(Part::Quoted(text) | Part::Text(text)), None) => Some(text),
        (first, second) => {
            let mut joined = Vec::new();
            for part in first.into_iter().chain(second).chain(parts) {
                if let Part::Quoted(text) | Part::Text(text) = part {
                    joined.extend_from_slice(&text);
                }
            }
            Some(joined.into())
        }
    };
}
