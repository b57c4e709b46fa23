//! input — the characters that the parser reads: text that may come piece by piece, and aliases put in front of it.

use std::io;

use crate::name::Name;

/// Where more text comes from.
pub trait Source {
    /// Adds text, up to the end of a line at least, to `buffer`; false at the end. `continued`: a command is half read.
    fn more(&mut self, buffer: &mut Vec<u8>, continued: bool) -> io::Result<bool>;
}

/// Text that is all there.
pub struct Nothing;

impl Source for Nothing {
    fn more(&mut self, _buffer: &mut Vec<u8>, _continued: bool) -> io::Result<bool> {
        Ok(false)
    }
}

/// An alias's value, being read instead of the text behind it.
struct Frame {
    buffer: Vec<u8>,
    at: usize,
    alias: Option<Name>,
    ends_blank: bool,
}

pub struct Input {
    source: Box<dyn Source>,
    /// What is being read now: the text itself, or an alias's value.
    buffer: Vec<u8>,
    at: usize,
    /// Which alias `buffer` is, and whether its value ends in a blank.
    alias: Option<Name>,
    ends_blank: bool,
    below: Vec<Frame>,
    pub(crate) line: u32,
    ended: bool,
    /// Up to where `take_read` has given the text.
    shown: usize,
    /// A command has begun: for the prompt.
    pub(crate) continued: bool,
    /// An alias ended whose value ends in a blank: the next word may be one too.
    pub(crate) next_word_too: bool,
    /// The reason why the text broke off.
    pub(crate) error: Option<io::Error>,
}

impl Input {
    pub fn new(source: Box<dyn Source>) -> Input {
        Input {
            source,
            buffer: Vec::new(),
            at: 0,
            alias: None,
            ends_blank: false,
            below: Vec::new(),
            line: 1,
            ended: false,
            shown: 0,
            continued: false,
            next_word_too: false,
            error: None,
        }
    }

    /// Reads `text`, whose first line has the number `line`.
    pub fn from_text(text: Vec<u8>, line: u32) -> Input {
        let mut input = Input::new(Box::new(Nothing));
        input.buffer = text;
        input.line = line;
        input.ended = true;
        input
    }

    /// The character at `ahead` from here, as it stands.
    pub(crate) fn raw(&mut self, ahead: usize) -> Option<u8> {
        match self.buffer.get(self.at + ahead) {
            Some(&byte) => Some(byte),
            None => self.raw_slowly(ahead),
        }
    }

    #[cold]
    #[inline(never)]
    fn raw_slowly(&mut self, ahead: usize) -> Option<u8> {
        loop {
            if let Some(&byte) = self.buffer.get(self.at + ahead) {
                return Some(byte);
            }
            if self.alias.is_some() {
                // Looking past the end of an alias: what is left of it and then the text below.
                if self.at < self.buffer.len() {
                    let missing = ahead - (self.buffer.len() - self.at);
                    let frame = self.below.last()?;
                    return frame.buffer.get(frame.at + missing).copied();
                }
                self.leave_alias();
                continue;
            }
            if self.ended {
                return None;
            }
            match self.source.more(&mut self.buffer, self.continued) {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.error = Some(error);
                    self.ended = true;
                }
            }
        }
    }

    /// The next character; a backslash and newline count as nothing.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        match self.buffer.get(self.at) {
            Some(&byte) if byte != b'\\' => Some(byte),
            _ => self.peek_behind_continuation(),
        }
    }

    #[cold]
    #[inline(never)]
    fn peek_behind_continuation(&mut self) -> Option<u8> {
        while self.raw(0) == Some(b'\\') && self.raw(1) == Some(b'\n') {
            self.bump();
            self.bump();
        }
        self.raw(0)
    }

    /// Passes one character.
    #[inline]
    pub(crate) fn bump(&mut self) {
        if self.buffer.get(self.at) == Some(&b'\n') && self.alias.is_none() {
            self.line += 1;
        }
        self.at += 1;
    }

    /// Passes one character if it is `byte`.
    pub(crate) fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.bump();
        }
        found
    }

    /// What is there already, without asking for more.
    #[inline(always)]
    pub(crate) fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Passes `count` characters of `rest` that are no newlines.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Passes `count` characters of `rest`, whatever they are.
    pub(crate) fn pass(&mut self, count: usize) {
        if self.alias.is_none() {
            let passed = self.buffer.get(self.at..self.at + count).unwrap_or_default();
            self.line += passed.iter().filter(|&&byte| byte == b'\n').count() as u32;
        }
        self.at += count;
    }

    /// Reads `text` next, as the value of an alias.
    pub(crate) fn enter_alias(&mut self, alias: Name, text: &[u8]) {
        // The blank behind it keeps the alias open until its last word has been looked at. A quoted word goes on behind it.
        let mut value = text.to_vec();
        if !ends_quoted(text) {
            value.push(b' ');
        }
        let ends_blank = matches!(text.last(), Some(b' ' | b'\t'));
        let frame = Frame {
            buffer: std::mem::replace(&mut self.buffer, value),
            at: std::mem::replace(&mut self.at, 0),
            alias: self.alias.replace(alias),
            ends_blank: std::mem::replace(&mut self.ends_blank, ends_blank),
        };
        self.below.push(frame);
    }

    fn leave_alias(&mut self) {
        self.next_word_too |= self.ends_blank;
        if let Some(frame) = self.below.pop() {
            self.ends_blank = frame.ends_blank;
            self.buffer = frame.buffer;
            self.at = frame.at;
            self.alias = frame.alias;
        }
    }

    /// Whether that alias is being read: it is not expanded inside itself.
    pub(crate) fn is_inside(&self, alias: Name) -> bool {
        self.alias == Some(alias) || self.below.iter().any(|frame| frame.alias == Some(alias))
    }

    /// A place to come back to, and to cut text from; None inside an alias.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.alias.is_none().then_some(Mark { at: self.at })
    }

    /// The text since the mark; None inside an alias.
    pub(crate) fn since(&self, mark: Mark) -> Option<&[u8]> {
        if self.alias.is_some() { None } else { self.buffer.get(mark.at..self.at.min(self.buffer.len())) }
    }

    /// The text between two marks.
    pub(crate) fn between(&self, from: Mark, to: Mark) -> &[u8] {
        let text = self.below.first().map_or(&self.buffer, |frame| &frame.buffer);
        text.get(from.at..to.at).unwrap_or(b"")
    }

    /// What was read since the last time, for `set -v`.
    pub(crate) fn take_read(&mut self) -> Vec<u8> {
        let text = self.buffer.get(self.shown..self.at.min(self.buffer.len())).unwrap_or_default().to_vec();
        self.shown = self.at;
        text
    }

    /// Leaves out what was read so far when `take_read` is asked next.
    pub(crate) fn pass_read(&mut self) {
        self.shown = self.at;
    }

    /// Whether nothing but blanks and newlines is left.
    pub(crate) fn is_finished(&self) -> bool {
        self.ended && self.alias.is_none() && self.rest().trim_ascii().is_empty()
    }

    /// Between two commands: forgets what was read.
    pub(crate) fn begin_command(&mut self) {
        self.continued = false;
        if self.alias.is_none() {
            if self.at >= self.buffer.len() {
                self.buffer.clear();
                self.at = 0;
                self.shown = 0;
            } else if self.at > 64 * 1024 && !self.ended {
                self.buffer.drain(..self.at);
                self.at = 0;
                self.shown = 0;
            }
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Mark {
    at: usize,
}

/// Whether a quote is open at the end of `text`.
fn ends_quoted(text: &[u8]) -> bool {
    let (mut quote, mut cut) = (0, false);
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' if quote != b'\'' => cut = bytes.next().is_none(),
            b'\'' | b'"' if quote == 0 => quote = byte,
            _ if byte == quote => quote = 0,
            _ => {}
        }
    }
    cut || quote != 0
}
