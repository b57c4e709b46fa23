//! record — the current record and its fields, split when they are first looked at.

use std::rc::Rc;

use super::value::Value;
use posix::bytes::find_byte;
use posix::regex::Regex;

/// How a text is split.
#[derive(Clone)]
pub(super) enum Separator {
    /// Blanks and newlines, those at the ends aside.
    Blanks,
    Byte(u8),
    /// Every character is a field.
    None,
    Regex(Rc<Regex>),
}

enum Field {
    /// A part of the record.
    Part(usize, usize),
    Value(Value),
}

/// Field 0 is the record.
pub(super) struct Record {
    text: Rc<[u8]>,
    fields: Vec<Field>,
    split: bool,
    /// A field was changed: the record must be put together anew.
    stale: bool,
}

/// More fields than anybody has: a typing error.
pub(super) const FIELDS_MAX: usize = 10_000_000;

impl Record {
    pub(super) fn new() -> Record {
        Record { text: Rc::from(&b""[..]), fields: Vec::new(), split: true, stale: false }
    }

    pub(super) fn set(&mut self, text: Rc<[u8]>) {
        self.text = text;
        self.fields.clear();
        self.split = false;
        self.stale = false;
    }

    fn make_fields(&mut self, separator: &Separator, lines: bool) {
        if self.split {
            return;
        }
        self.split = true;
        let fields = &mut self.fields;
        split(&self.text, separator, lines, &mut |from, to| fields.push(Field::Part(from, to)));
    }

    pub(super) fn count(&mut self, separator: &Separator, lines: bool) -> usize {
        self.make_fields(separator, lines);
        self.fields.len()
    }

    pub(super) fn field(&mut self, index: usize, separator: &Separator, lines: bool) -> Value {
        self.make_fields(separator, lines);
        match self.fields.get(index - 1) {
            None => Value::Nothing,
            Some(Field::Part(from, to)) => Value::input(&self.text[*from..*to]),
            Some(Field::Value(value)) => value.clone(),
        }
    }

    /// To be called when the fields have been made.
    pub(super) fn set_field(&mut self, index: usize, value: Value) {
        while self.fields.len() < index {
            self.fields.push(Field::Value(Value::Nothing));
        }
        self.fields[index - 1] = Field::Value(value);
        self.stale = true;
    }

    pub(super) fn set_count(&mut self, count: usize) {
        self.fields.truncate(count);
        while self.fields.len() < count {
            self.fields.push(Field::Value(Value::Nothing));
        }
        self.stale = true;
    }

    /// The whole record, put together with `between` where fields have changed.
    pub(super) fn text(&mut self, between: &[u8], format: &[u8]) -> Rc<[u8]> {
        if self.stale {
            let mut text = Vec::new();
            let mut parts = Vec::with_capacity(self.fields.len());
            for (index, field) in self.fields.iter().enumerate() {
                if index > 0 {
                    text.extend_from_slice(between);
                }
                let start = text.len();
                match field {
                    Field::Part(from, to) => text.extend_from_slice(&self.text[*from..*to]),
                    Field::Value(value) => value.append(format, &mut text),
                }
                parts.push((start, text.len()));
            }
            for (field, part) in self.fields.iter_mut().zip(parts) {
                if let Field::Part(from, to) = field {
                    (*from, *to) = part;
                }
            }
            self.text = Rc::from(text);
            self.stale = false;
        }
        self.text.clone()
    }
}

/// Calls `with` for every field of `text`. `lines`: newlines separate too.
pub(super) fn split(text: &[u8], separator: &Separator, lines: bool, with: &mut dyn FnMut(usize, usize)) {
    if text.is_empty() {
        return;
    }
    match separator {
        Separator::Blanks => {
            let mut at = 0;
            while at < text.len() {
                let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
                at += text[at..].iter().take_while(|byte| blank(byte)).count();
                let length = text[at..].iter().take_while(|byte| !blank(byte)).count();
                if length > 0 {
                    with(at, at + length);
                }
                at += length;
            }
        }
        Separator::Byte(byte) => {
            let mut at = 0;
            let other = if lines { b'\n' } else { *byte };
            loop {
                let rest = &text[at..];
                let found = if lines {
                    posix::bytes::find_either(rest, *byte, other)
                } else {
                    find_byte(rest, *byte)
                };
                let Some(length) = found else { break };
                with(at, at + length);
                at += length + 1;
            }
            with(at, text.len());
        }
        Separator::None => {
            let mut at = 0;
            while at < text.len() {
                let length = posix::regex::character_length(&text[at..]);
                with(at, at + length);
                at += length;
            }
        }
        Separator::Regex(regex) => {
            let mut search = regex.on(text);
            let (mut at, mut start) = (0, 0);
            while at <= text.len() {
                let newline = if lines {
                    find_byte(&text[at..], b'\n').map(|length| (at + length, at + length + 1))
                } else {
                    None
                };
                let found = match (search.find(at), newline) {
                    (Some(found), Some(newline)) => Some(found.min(newline)),
                    (found, newline) => found.or(newline),
                };
                let Some((from, to)) = found else { break };
                if to == from {
                    // An empty match separates nothing.
                    at = from + posix::regex::character_length(&text[from..]);
                    continue;
                }
                with(start, from);
                (start, at) = (to, to);
            }
            with(start, text.len());
        }
    }
}
