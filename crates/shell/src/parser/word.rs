//! word — what is inside a word: ordinary text up to the end of its context, and where it is special.

use super::builder::{Builder, joined};
use super::token::{Kind, Mode, WordToken, reserved};
use super::{Parsed, Parser};
use crate::ast::{Part, Text, Word};
use crate::input::Input;
use crate::name::{is_name, is_name_byte};

/// What surrounds the text, and so ends it and says what is special in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Context {
    /// A word of a command.
    Token,
    /// Inside `${x-…}`, outside double quotes: up to `}`.
    Brace,
    /// The same up to `/` or `}`.
    BracePattern,
    /// Inside `"${x-…}"`: up to `}`, quoted.
    BraceQuoted,
    /// Up to the closing double quote.
    DoubleQuote,
    /// A here-document's body.
    Here,
    /// Inside `$((…))`: up to the second closing parenthesis.
    Arithmetic,
    /// Inside `${x:offset:length}`: up to `:` or `}`.
    Slice,
}

impl Context {
    /// Whether text and expansions count as quoted.
    pub(super) fn quoted(self) -> bool {
        !matches!(self, Context::Token | Context::Brace | Context::BracePattern)
    }
}

/// Bits of `CLASS`: what a character is in a word of a command.
const END: u8 = 1; // ends it
const SPECIAL: u8 = 2; // quotes or expands
const PATTERN: u8 = 4; // `[` is one only if `]` follows
const OPEN: u8 = 8;
const EQUALS: u8 = 16;
const TILDE: u8 = 32;

const CLASS: [u8; 256] = table(&[
    (b" \t\n;&|<>()", END),
    (b"\\'\"$`", SPECIAL),
    (b"*?", PATTERN),
    (b"[", OPEN),
    (b"=", EQUALS),
    (b"~", TILDE),
]);

/// For each character, the contexts (a bit each) in which it is more than ordinary text. Newlines are: lines are counted.
const STOPS: [u8; 256] = table(&[
    (b"\\$`\n", 0xff),
    (b"'", !(1 << Context::DoubleQuote as u8 | 1 << Context::Here as u8)),
    (b"\"", !(1 << Context::Here as u8)),
    (b" \t;&|<>=:", 1 << Context::Token as u8),
    (b"()", 1 << Context::Token as u8 | 1 << Context::Arithmetic as u8 | 1 << Context::Slice as u8),
    (b"}", 1 << Context::Brace as u8 | 1 << Context::BracePattern as u8 | 1 << Context::BraceQuoted as u8),
    (b"}:?", 1 << Context::Slice as u8),
    (b"/", 1 << Context::BracePattern as u8),
]);

const fn table(sets: &[(&[u8], u8)]) -> [u8; 256] {
    let mut table = [0; 256];
    let mut set = 0;
    while set < sets.len() {
        let (bytes, bits) = sets[set];
        let mut at = 0;
        while at < bytes.len() {
            table[bytes[at] as usize] |= bits;
            at += 1;
        }
        set += 1;
    }
    table
}

/// Whether a word begins with this character wherever it stands: it is part of no operator, and no digit.
#[inline(always)]
pub(super) fn begins_word(byte: u8) -> bool {
    CLASS[usize::from(byte)] & END == 0 && !byte.is_ascii_digit()
}

impl Parser<'_> {
    /// A word of a command, which begins here, as the next token.
    pub(super) fn read_word(&mut self, mode: Mode) -> Parsed<Kind> {
        // The most common: literal text, with its end in sight.
        let rest = self.input.rest();
        let mut seen = 0;
        let length = rest.iter().position(|&byte| {
            let class = CLASS[usize::from(byte)];
            seen |= class;
            class & (END | SPECIAL) != 0
        });
        match length {
            Some(length @ 1..)
                if seen & !(END | OPEN) == 0 && (seen & OPEN == 0 || !rest[..length].contains(&b']')) =>
            {
                let text = &rest[..length];
                let kind = reserved(text).unwrap_or(Kind::Word);
                if kind == Kind::Word {
                    // What `set_text` does, while the text is still borrowed.
                    self.word.word = Word::literal(text);
                    self.word.bare = true;
                    self.word.assign = None;
                }
                self.input.skip(length);
                Ok(kind)
            }
            _ => self.read_special_word(mode),
        }
    }

    /// The same where there are quotes or expansions in it, or it assigns.
    #[inline(never)]
    fn read_special_word(&mut self, mode: Mode) -> Parsed<Kind> {
        let mut builder = self.builder();
        let mut assign = None;
        let mut assignment = false;
        self.tilde(&mut builder, false);
        loop {
            self.text(&mut builder, Context::Token)?;
            match self.input.peek() {
                Some(b'=') if mode != Mode::Argument && !assignment => {
                    self.input.bump();
                    if builder.is_bare() && is_name(&builder.text) {
                        assignment = true;
                        if mode == Mode::Prefix {
                            assign = Some(self.names.intern(&builder.text));
                            builder.text.clear();
                        } else {
                            builder.push(b'=', false);
                        }
                        self.tilde(&mut builder, true);
                    } else {
                        builder.push(b'=', false);
                    }
                }
                Some(b':') if assignment => {
                    self.input.bump();
                    builder.push(b':', false);
                    self.tilde(&mut builder, true);
                }
                Some(byte @ (b'=' | b':')) => {
                    self.input.bump();
                    builder.push(byte, false);
                }
                _ => break,
            }
        }
        let bare = builder.is_bare() && assign.is_none();
        if let (true, Some(kind)) = (bare, reserved(&builder.text)) {
            return Ok(kind);
        }
        let mut word = builder.finish(&mut self.scratch);
        if assignment && mode == Mode::Declaration {
            word = Word::Assignment(Box::new(word));
        }
        self.word = WordToken { word, bare, assign };
        Ok(Kind::Word)
    }

    /// The text of a word up to the end of its context, or (in a `Token`) up to `=` or `:`.
    pub(super) fn text(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        let quoted = context.quoted();
        let stop = 1 << context as u8;
        let mut parentheses = 0u32;
        let mut choices = 0u32;
        loop {
            let rest = self.input.rest();
            let run =
                rest.iter().position(|&byte| STOPS[usize::from(byte)] & stop != 0).unwrap_or(rest.len());
            let next = rest.get(run).copied();
            if run > 0 {
                builder.extend(&rest[..run], quoted);
                self.input.skip(run);
            }
            let Some(byte) = next.filter(|&byte| byte != b'\\').or_else(|| self.input.peek()) else {
                return match context {
                    Context::Token | Context::Here => Ok(()),
                    Context::DoubleQuote => Err(self.ended_in("unterminated quoted string")),
                    Context::Arithmetic => Err(self.ended_in("missing '))'")),
                    _ => Err(self.ended_in("missing '}'")),
                };
            };
            match (context, byte) {
                (_, b'\\') => {
                    self.backslash(builder, context);
                    continue;
                }
                (_, b'$') => {
                    self.input.bump();
                    self.dollar(builder, context)?;
                    continue;
                }
                (_, b'`') => {
                    self.input.bump();
                    self.backquote(builder, context)?;
                    continue;
                }
                (_, b'\'') if !quoted => {
                    self.input.bump();
                    self.single_quotes(builder)?;
                    continue;
                }
                (Context::DoubleQuote, b'"') => return Ok(()),
                (_, b'"') if !quoted => {
                    self.input.bump();
                    self.double_quotes(builder)?;
                    continue;
                }
                (Context::BraceQuoted, b'"') => {
                    // Quotes inside quotes: the text between them is quoted all the same.
                    self.input.bump();
                    self.text(builder, Context::DoubleQuote)?;
                    self.input.bump();
                    continue;
                }
                (Context::Arithmetic | Context::Slice, b'"') => {
                    self.input.bump();
                    continue;
                }
                (Context::Token, b'<' | b'>') => {
                    if self.input.raw(1) != Some(b'(') || !builder.is_empty() {
                        return Ok(());
                    }
                    self.process_substitution(builder, byte == b'>')?;
                    continue;
                }
                (Context::Token, _) if STOPS[usize::from(byte)] & stop != 0 => return Ok(()),
                (Context::BracePattern, b'/') => return Ok(()),
                (Context::Brace | Context::BracePattern | Context::BraceQuoted | Context::Slice, b'}') => {
                    return Ok(());
                }
                (Context::Arithmetic | Context::Slice, b'(') => parentheses += 1,
                (Context::Arithmetic | Context::Slice, b')') => {
                    if parentheses == 0 {
                        return Ok(());
                    }
                    parentheses -= 1;
                }
                (Context::Slice, b'?') => choices += 1,
                (Context::Slice, b':') if parentheses == 0 => {
                    if choices == 0 {
                        return Ok(());
                    }
                    choices -= 1;
                }
                _ => {}
            }
            self.input.bump();
            builder.push(byte, quoted);
        }
    }

    /// `~user` where it counts: at the beginning, and behind `=` and `:` of an assignment.
    fn tilde(&mut self, builder: &mut Builder, in_assignment: bool) {
        if self.input.peek() != Some(b'~') {
            return;
        }
        let mut length = 1;
        let ends = loop {
            match self.input.raw(length) {
                Some(byte) if is_name_byte(byte) || matches!(byte, b'.' | b'-' | b'+') => length += 1,
                Some(b':') => break in_assignment,
                Some(b'/' | b'}') | None => break true,
                Some(byte) => break CLASS[usize::from(byte)] & END != 0,
            }
        };
        if ends {
            let user: Text = self.input.rest()[1..length].into();
            self.input.skip(length);
            builder.part(Part::Tilde(user));
        }
    }

    /// Begins a word, with the memory that the last one needed.
    pub(super) fn builder(&mut self) -> Builder {
        Builder { text: std::mem::take(&mut self.scratch), ..Builder::default() }
    }

    /// A word inside `${…}`, up to the end of its context, which stays.
    pub(super) fn inner_word(&mut self, context: Context) -> Parsed<Word> {
        let mut builder = self.builder();
        if !context.quoted() {
            self.tilde(&mut builder, false);
        }
        self.text(&mut builder, context)?;
        // Text outside quotes is split in the end, so it must stay what it is.
        let parts = builder.into_parts(&mut self.scratch);
        let quoted = parts.iter().all(|part| matches!(part, Part::Quoted(_)));
        Ok(if quoted || context == Context::BracePattern { joined(parts) } else { Word::Parts(parts) })
    }

    /// The body of a here-document as a word.
    pub(super) fn here_word(&mut self, text: Vec<u8>, line: u32) -> Parsed<Word> {
        let mut input = Input::from_text(text, line);
        let mut parser = Parser::new(&mut input, self.names, self.aliases, self.options.clone(), self.depth);
        let word = parser.inner_word(Context::Here)?;
        self.impure |= parser.impure;
        Ok(word)
    }
}

pub(super) fn quoted_word(text: Vec<u8>) -> Word {
    Word::literal(&text)
}
