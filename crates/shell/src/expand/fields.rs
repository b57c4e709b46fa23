//! fields — the results of expansion: split into fields, with what was quoted remembered for patterns.
//!
//! Source: POSIX.1-2024 XCU 2.6.5.

use sys::strings::Strings;

/// How `IFS` splits: a class for each byte.
pub(crate) struct Ifs {
    class: [u8; 256],
    /// What joins `"$*"`.
    pub(crate) first: Option<u8>,
}

pub(crate) const ORDINARY: u8 = 0;
pub(crate) const BLANK: u8 = 1;
pub(crate) const DELIMITER: u8 = 2;

impl Default for Ifs {
    fn default() -> Ifs {
        Ifs::new(Some(b" \t\n"))
    }
}

impl Ifs {
    /// None: `IFS` is unset, which splits like its default.
    pub(crate) fn new(value: Option<&[u8]>) -> Ifs {
        let value = value.unwrap_or(b" \t\n");
        let mut ifs = Ifs { class: [ORDINARY; 256], first: value.first().copied() };
        for &byte in value {
            let blank = matches!(byte, b' ' | b'\t' | b'\n');
            ifs.class[usize::from(byte)] = if blank { BLANK } else { DELIMITER };
        }
        ifs
    }

    #[inline]
    pub(crate) fn class(&self, byte: u8) -> u8 {
        self.class[usize::from(byte)]
    }
}

/// What becomes of the words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Arguments: split, and patterns replaced by the files that they match.
    Fields,
    /// One text.
    Single,
    /// One pattern: what was quoted is escaped in it.
    Pattern,
    /// One regular expression, the same way.
    Regex,
}

/// What was seen last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seen {
    /// Text of the field that is being built, or nothing yet.
    Text,
    /// Blanks that ended a field.
    Blank,
    /// A delimiter that ended a field.
    Delimiter,
}

pub(crate) struct Expansion {
    /// The finished fields, and the one that is being built.
    pub(crate) fields: Strings,
    pub(crate) purpose: Purpose,
    /// The field exists even if it is empty.
    started: bool,
    seen: Seen,
    /// Parts of the current field that were quoted and hold characters that are special in patterns.
    quoted: Vec<(usize, usize)>,
    /// The current field has unquoted characters that make a pattern.
    globs: bool,
    /// Literal text is split, too: it stands in `${x-…}` outside quotes.
    pub(crate) splits_text: bool,
    /// File name patterns are taken as text: `set -f`.
    pub(crate) keeps_patterns: bool,
}

impl Expansion {
    pub(crate) fn new() -> Expansion {
        Expansion {
            fields: Strings::new(),
            purpose: Purpose::Fields,
            started: false,
            seen: Seen::Text,
            quoted: Vec::new(),
            globs: false,
            splits_text: false,
            keeps_patterns: false,
        }
    }

    /// Makes it empty, for another use.
    pub(crate) fn reset(&mut self, purpose: Purpose) {
        self.fields.clear();
        self.purpose = purpose;
        self.start_field();
        self.splits_text = false;
        self.keeps_patterns = false;
    }

    fn start_field(&mut self) {
        self.started = false;
        self.seen = Seen::Text;
        self.quoted.clear();
        self.globs = false;
    }

    /// Text that is taken as it is.
    #[inline]
    pub(crate) fn push_quoted(&mut self, text: &[u8]) {
        match self.purpose {
            Purpose::Fields => {
                self.started = true;
                self.seen = Seen::Text;
                if text.iter().any(|&byte| is_special(byte)) {
                    let start = self.fields.unfinished().len();
                    self.quoted.push((start, start + text.len()));
                }
                self.fields.extend(text);
            }
            Purpose::Single => self.fields.extend(text),
            Purpose::Regex => {
                for &byte in text {
                    if b"\\^$.[]|()*+?{}".contains(&byte) {
                        self.fields.extend_byte(b'\\');
                    }
                    self.fields.extend_byte(byte);
                }
            }
            Purpose::Pattern => {
                for &byte in text {
                    if is_special(byte) || matches!(byte, b'!' | b'^' | b'-') {
                        self.fields.extend_byte(b'\\');
                    }
                    self.fields.extend_byte(byte);
                }
            }
        }
    }

    /// Literal text outside quotes.
    pub(crate) fn push_text(&mut self, text: &[u8], ifs: &Ifs) {
        if self.splits_text {
            return self.push_split(text, ifs);
        }
        if self.purpose == Purpose::Fields && !text.is_empty() {
            self.started = true;
            self.seen = Seen::Text;
            self.globs |= text.iter().any(|&byte| matches!(byte, b'*' | b'?' | b'['));
        }
        self.fields.extend(text);
    }

    /// The result of an expansion outside quotes.
    pub(crate) fn push_split(&mut self, text: &[u8], ifs: &Ifs) {
        if self.purpose != Purpose::Fields {
            self.fields.extend(text);
            return;
        }
        let mut rest = text;
        while let Some(&byte) = rest.first() {
            match ifs.class(byte) {
                ORDINARY => {
                    let length =
                        rest.iter().position(|&byte| ifs.class(byte) != ORDINARY).unwrap_or(rest.len());
                    let run = &rest[..length];
                    self.globs |= run.iter().any(|&byte| matches!(byte, b'*' | b'?' | b'['));
                    self.fields.extend(run);
                    self.started = true;
                    self.seen = Seen::Text;
                    rest = &rest[length..];
                    continue;
                }
                BLANK => {
                    if self.started {
                        self.end_field();
                        self.seen = Seen::Blank;
                    }
                }
                _ => {
                    if self.started || self.seen != Seen::Blank {
                        self.end_field();
                    }
                    self.seen = Seen::Delimiter;
                }
            }
            rest = &rest[1..];
        }
    }

    /// Between two positional parameters: ends the field if there is one. `keep_empty`: even an empty one.
    pub(crate) fn break_field(&mut self, keep_empty: bool) {
        if self.started || keep_empty {
            self.end_field();
        }
    }

    /// The end of a word.
    pub(crate) fn end_word(&mut self) {
        if self.started {
            self.end_field();
        }
        self.start_field();
    }

    fn end_field(&mut self) {
        if self.globs && !self.keeps_patterns && self.purpose == Purpose::Fields {
            self.end_pattern();
        } else {
            self.fields.finish();
        }
        self.start_field();
    }

    #[cold]
    fn end_pattern(&mut self) {
        let text = self.fields.unfinished();
        let mut pattern = Vec::with_capacity(text.len() + 8);
        let mut from = 0;
        for &(start, end) in &self.quoted {
            pattern.extend_from_slice(&text[from..start]);
            for &byte in &text[start..end] {
                if is_special(byte) || matches!(byte, b'!' | b'^' | b'-') {
                    pattern.push(b'\\');
                }
                pattern.push(byte);
            }
            from = end;
        }
        pattern.extend_from_slice(&text[from..]);
        let first = self.fields.len();
        let text = text.to_vec();
        self.fields.drop_unfinished();
        super::path::expand(&pattern, &mut self.fields);
        if self.fields.len() == first {
            self.fields.push(&text);
        } else {
            self.fields.sort_from(first);
        }
    }

    /// The text of a `Single` or a `Pattern`.
    pub(crate) fn text(&self) -> &[u8] {
        self.fields.unfinished()
    }
}

/// Whether `byte` means something in a file name pattern.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\')
}
