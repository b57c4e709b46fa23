//! word — what is inside a word: quotes, escapes, and the expansions it asks for.

use super::token::{Mode, WordToken};
use super::{Options, Parsed, Parser, is_reserved, join};
use crate::arithmetic;
use crate::ast::{
    Arithmetic, Operation, Parameter, ParameterName, Part, ProcessSubstitution, Substitution, Text, Word,
};
use crate::input::Input;
use crate::name::{Name, is_name, is_name_byte};

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
    fn quoted(self) -> bool {
        !matches!(self, Context::Token | Context::Brace | Context::BracePattern)
    }
}

const END: u8 = 1; // ends a word
const SPECIAL: u8 = 2; // quotes or expands
const PATTERN: u8 = 4;
const OPEN: u8 = 8; // `[`, a pattern if `]` follows
const EQUALS: u8 = 16;
const TILDE: u8 = 32;

const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut set: &[(&[u8], u8)] = &[
        (b" \t\n;&|<>()", END),
        (b"\\'\"$`", SPECIAL),
        (b"*?", PATTERN),
        (b"[", OPEN),
        (b"=", EQUALS),
        (b"~", TILDE),
    ];
    while let [(bytes, bits), rest @ ..] = set {
        let mut at = 0;
        while at < bytes.len() {
            class[bytes[at] as usize] = *bits;
            at += 1;
        }
        set = rest;
    }
    class
};

/// Puts a word together.
#[derive(Default)]
pub(super) struct Builder {
    parts: Vec<Part>,
    text: Vec<u8>,
    /// Whether `text` stood in quotes.
    quoted: bool,
    /// Something was quoted or expanded.
    special: bool,
}

impl Builder {
    fn push(&mut self, byte: u8, quoted: bool) {
        self.turn(quoted);
        self.text.push(byte);
    }

    fn extend(&mut self, bytes: &[u8], quoted: bool) {
        self.turn(quoted);
        self.text.extend_from_slice(bytes);
    }

    fn turn(&mut self, quoted: bool) {
        if self.quoted != quoted {
            self.flush();
            self.quoted = quoted;
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text: Text = self.text.as_slice().into();
            self.text.clear();
            self.parts.push(if self.quoted { Part::Quoted(text) } else { Part::Text(text) });
        }
    }

    fn part(&mut self, part: Part) {
        self.flush();
        self.special = true;
        self.parts.push(part);
    }

    /// Empty quotes: the word is there even if it is empty.
    fn empty_quotes(&mut self) {
        self.part(Part::Quoted(Text::default()));
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.text.is_empty()
    }

    fn length(&self) -> usize {
        self.parts.len() * 1_000_000 + self.text.len()
    }

    fn finish(mut self) -> Word {
        self.flush();
        let mut word = Word { parts: self.parts, literal: None, assignment: false };
        make_literal(&mut word);
        word
    }
}

/// Joins the parts of a word that are all literal and make no pattern.
fn make_literal(word: &mut Word) {
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

impl Parser<'_> {
    /// A word of a command, which begins here.
    pub(super) fn word(&mut self, mode: Mode) -> Parsed<WordToken> {
        if let Some(token) = self.plain_word() {
            return Ok(token);
        }
        let mut builder = Builder::default();
        let mut assign: Option<Name> = None;
        let mut assignment = false;
        self.tilde(&mut builder, false)?;
        loop {
            self.text(&mut builder, Context::Token)?;
            match self.input.peek() {
                Some(b'=') if mode != Mode::Argument && !assignment => {
                    self.input.bump();
                    if !builder.special && !builder.quoted && is_name(&builder.text) {
                        assignment = true;
                        if mode == Mode::Prefix {
                            assign = Some(self.names.intern(&builder.text));
                            builder.text.clear();
                        } else {
                            builder.push(b'=', false);
                        }
                        self.tilde(&mut builder, true)?;
                    } else {
                        builder.push(b'=', false);
                    }
                }
                Some(b':') if assignment => {
                    self.input.bump();
                    builder.push(b':', false);
                    self.tilde(&mut builder, true)?;
                }
                Some(byte @ (b'=' | b':')) => {
                    self.input.bump();
                    builder.push(byte, false);
                }
                _ => break,
            }
        }
        let bare = !builder.special && !builder.quoted && assign.is_none();
        let mut word = builder.finish();
        word.assignment = assignment && mode == Mode::Declaration;
        let reserved = bare && word.as_literal().is_some_and(is_reserved);
        Ok(WordToken { word, bare, reserved, assign })
    }

    /// The most common word: literal text, with its end in sight.
    fn plain_word(&mut self) -> Option<WordToken> {
        let rest = self.input.rest();
        let mut seen = 0;
        let length = rest.iter().position(|&byte| {
            let class = CLASS[usize::from(byte)];
            seen |= class;
            class & (END | SPECIAL) != 0
        })?;
        if seen & !(END | OPEN) != 0 || length == 0 || seen & OPEN != 0 && rest[..length].contains(&b']') {
            return None;
        }
        let text: Text = rest[..length].into();
        self.input.skip(length);
        let reserved = is_reserved(&text);
        Some(WordToken {
            word: Word { parts: Vec::new(), literal: Some(text), assignment: false },
            bare: true,
            reserved,
            assign: None,
        })
    }

    /// The text of a word up to the end of its context, or (in a `Token`) up to `=` or `:`.
    fn text(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        let quoted = context.quoted();
        let mut parentheses = 0u32;
        let mut choices = 0u32;
        loop {
            let Some(byte) = self.input.peek() else {
                return match context {
                    Context::Token | Context::Here => Ok(()),
                    Context::DoubleQuote => Err(self.ended_in("unterminated quoted string")),
                    Context::Arithmetic => Err(self.ended_in("missing '))'")),
                    _ => Err(self.ended_in("missing '}'")),
                };
            };
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')' if context == Context::Token => {
                    return Ok(());
                }
                b'<' | b'>' if context == Context::Token => {
                    if self.input.raw(1) != Some(b'(') || !builder.is_empty() {
                        return Ok(());
                    }
                    self.process_substitution(builder, byte == b'>')?;
                    continue;
                }
                b'(' if context == Context::Token => return Ok(()),
                b'=' | b':' if context == Context::Token => return Ok(()),
                b'}' if matches!(
                    context,
                    Context::Brace | Context::BracePattern | Context::BraceQuoted | Context::Slice
                ) =>
                {
                    return Ok(());
                }
                b'/' if context == Context::BracePattern => return Ok(()),
                b'"' if context == Context::DoubleQuote => return Ok(()),
                b'(' if matches!(context, Context::Arithmetic | Context::Slice) => parentheses += 1,
                b')' if matches!(context, Context::Arithmetic | Context::Slice) => {
                    if parentheses == 0 {
                        return Ok(());
                    }
                    parentheses -= 1;
                }
                b'?' if context == Context::Slice => choices += 1,
                b':' if context == Context::Slice && parentheses == 0 => {
                    if choices == 0 {
                        return Ok(());
                    }
                    choices -= 1;
                }
                _ => {}
            }
            match byte {
                b'\\' => self.backslash(builder, context),
                b'$' => {
                    self.input.bump();
                    self.dollar(builder, context)?;
                }
                b'`' => {
                    self.input.bump();
                    self.backquote(builder, context)?;
                }
                b'\'' if !quoted => {
                    self.input.bump();
                    self.single_quotes(builder)?;
                }
                b'"' if !quoted => {
                    self.input.bump();
                    self.double_quotes(builder)?;
                }
                b'"' if context == Context::BraceQuoted => {
                    // Quotes inside quotes: the text between them is quoted all the same.
                    self.input.bump();
                    self.text(builder, Context::DoubleQuote)?;
                    self.input.bump();
                }
                b'"' if matches!(context, Context::Arithmetic | Context::Slice) => self.input.bump(),
                _ => {
                    let run = self.run(context);
                    if run == 0 {
                        self.input.bump();
                        builder.push(byte, quoted);
                    } else {
                        builder.extend(&self.input.rest()[..run], quoted);
                        self.input.skip(run);
                    }
                }
            }
        }
    }

    /// How many of the characters that are there are ordinary in every context (no newline: lines are counted).
    fn run(&self, context: Context) -> usize {
        let rest = self.input.rest();
        let end = rest.iter().position(|&byte| {
            CLASS[usize::from(byte)] & (END | SPECIAL) != 0 && !(byte == b' ' && context != Context::Token)
                || matches!(byte, b'}' | b'/' | b':' | b'=' | b'?' | b'\n')
        });
        end.unwrap_or(rest.len())
    }

    fn backslash(&mut self, builder: &mut Builder, context: Context) {
        self.input.bump();
        let Some(next) = self.input.raw(0) else {
            builder.push(b'\\', true);
            return;
        };
        let escapes = match context {
            Context::Token | Context::Brace | Context::BracePattern => true,
            Context::BraceQuoted => matches!(next, b'$' | b'`' | b'"' | b'\\' | b'}'),
            Context::DoubleQuote | Context::Arithmetic | Context::Slice => {
                matches!(next, b'$' | b'`' | b'"' | b'\\')
            }
            Context::Here => matches!(next, b'$' | b'`' | b'\\'),
        };
        builder.special = true;
        if escapes {
            self.input.bump();
            builder.push(next, true);
        } else {
            builder.push(b'\\', true);
        }
    }

    fn single_quotes(&mut self, builder: &mut Builder) -> Parsed<()> {
        let line = self.input.line;
        let before = builder.length();
        builder.special = true;
        loop {
            match self.input.raw(0) {
                None => {
                    let mut error = self.ended_in("unterminated quoted string");
                    error.line = error.line.max(line);
                    return Err(error);
                }
                Some(b'\'') => break,
                Some(byte) => {
                    builder.push(byte, true);
                    self.input.bump();
                }
            }
        }
        self.input.bump();
        if builder.length() == before {
            builder.empty_quotes();
        }
        Ok(())
    }

    fn double_quotes(&mut self, builder: &mut Builder) -> Parsed<()> {
        builder.special = true;
        builder.turn(true);
        let before = builder.length();
        self.text(builder, Context::DoubleQuote)?;
        self.input.bump();
        if builder.length() == before {
            builder.empty_quotes();
        }
        Ok(())
    }

    /// `~user` where it counts: at the beginning, and behind `=` and `:` of an assignment.
    fn tilde(&mut self, builder: &mut Builder, in_assignment: bool) -> Parsed<()> {
        if self.input.peek() != Some(b'~') {
            return Ok(());
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
        Ok(())
    }

    /// Behind a `$`.
    fn dollar(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        let quoted = context.quoted();
        let of = match self.input.peek() {
            Some(b'{') => {
                self.input.bump();
                return self.brace(builder, context);
            }
            Some(b'(') => {
                self.input.bump();
                return self.parenthesis(builder, quoted);
            }
            Some(b'\'') if !quoted => {
                self.input.bump();
                return self.ansi_quotes(builder);
            }
            Some(byte) if is_name_byte(byte) && !byte.is_ascii_digit() => {
                ParameterName::Variable(self.variable_name())
            }
            Some(byte @ b'1'..=b'9') => {
                self.input.bump();
                ParameterName::Positional(u32::from(byte - b'0'))
            }
            Some(byte @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' | b'0')) => {
                self.input.bump();
                ParameterName::Special(byte)
            }
            _ => {
                builder.push(b'$', quoted);
                return Ok(());
            }
        };
        builder.part(Part::Parameter(Box::new(Parameter { of, operation: Operation::Value, quoted })));
        Ok(())
    }

    /// A variable's name, which begins here.
    pub(super) fn variable_name(&mut self) -> Name {
        let mut text = Vec::new();
        while let Some(byte) = self.input.peek() {
            if !is_name_byte(byte) {
                break;
            }
            let rest = self.input.rest();
            let length = rest.iter().position(|&byte| !is_name_byte(byte)).unwrap_or(rest.len());
            text.extend_from_slice(&rest[..length]);
            self.input.skip(length);
        }
        self.names.intern(&text)
    }

    /// Behind `$(`: a command, or an expression if there is another parenthesis.
    fn parenthesis(&mut self, builder: &mut Builder, quoted: bool) -> Parsed<()> {
        let line = self.input.line;
        if self.input.peek() == Some(b'(') {
            self.input.bump();
            if self.looks_arithmetic() {
                self.enter()?;
                let arithmetic = self.arithmetic(Context::Arithmetic, quoted)?;
                self.leave();
                builder.part(Part::Arithmetic(Box::new(arithmetic)));
            } else {
                // `$((a); b)` is a command.
                let body = self.substituted_subshell()?;
                builder.part(Part::Command(Box::new(Substitution { body, quoted, line })));
            }
            return Ok(());
        }
        let body = self.substituted()?;
        builder.part(Part::Command(Box::new(Substitution { body, quoted, line })));
        Ok(())
    }

    /// Whether what follows `$((` ends with two parentheses at once, where the first would be closed.
    fn looks_arithmetic(&mut self) -> bool {
        let mut depth = 0u32;
        let mut quote = 0;
        let mut at = 0;
        while let Some(byte) = self.input.raw(at) {
            match byte {
                b'\\' => at += 1,
                _ if quote != 0 => quote = if byte == quote { 0 } else { quote },
                b'\'' | b'"' => quote = byte,
                b'(' => depth += 1,
                b')' if depth == 0 => return self.input.raw(at + 1) == Some(b')'),
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        true
    }

    /// An expression up to and with its end.
    pub(super) fn arithmetic(&mut self, context: Context, quoted: bool) -> Parsed<Arithmetic> {
        let mark = self.input.mark();
        let mut inner = Builder::default();
        self.text(&mut inner, context)?;
        let mut tree = None;
        let mut assigns = true;
        if let Some(text) = mark.and_then(|mark| self.input.since(mark)) {
            assigns = text.contains(&b'=') || text.windows(2).any(|pair| pair == b"++" || pair == b"--");
            let text = text.to_vec();
            tree = arithmetic::parse(&text, self.names).ok().map(Box::new);
        }
        if context == Context::Arithmetic {
            if self.input.raw(0) != Some(b')') || self.input.raw(1) != Some(b')') {
                return Err(self.error("missing '))'".into()));
            }
            self.input.bump();
            self.input.bump();
        }
        self.impure |= assigns;
        Ok(Arithmetic { word: inner.finish(), tree, quoted })
    }

    /// A back-quoted command: its text is taken out first and parsed by itself.
    fn backquote(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        let line = self.input.line;
        let mut text = Vec::new();
        loop {
            match self.input.raw(0) {
                None => return Err(self.ended_in("EOF in backquote substitution")),
                Some(b'`') => break,
                Some(b'\\') => {
                    self.input.bump();
                    let Some(next) = self.input.raw(0) else { continue };
                    let in_quotes = matches!(context, Context::DoubleQuote | Context::BraceQuoted);
                    if !(matches!(next, b'$' | b'`' | b'\\') || next == b'"' && in_quotes) {
                        text.push(b'\\');
                    }
                    text.push(next);
                }
                Some(byte) => text.push(byte),
            }
            self.input.bump();
        }
        self.input.bump();
        self.enter()?;
        let mut input = Input::from_text(text, line);
        let options = Options { keep_text: false, ..self.options.clone() };
        let body = Parser::new(&mut input, self.names, self.aliases, options, self.depth).whole()?;
        self.leave();
        builder.part(Part::Command(Box::new(Substitution { body, quoted: context.quoted(), line })));
        Ok(())
    }

    fn process_substitution(&mut self, builder: &mut Builder, output: bool) -> Parsed<()> {
        self.input.bump();
        self.input.bump();
        let body = self.substituted()?;
        let body = body.or_else(|| join(Vec::new()));
        match body {
            Some(body) => builder.part(Part::Process(Box::new(ProcessSubstitution { output, body }))),
            None => return Err(self.error("unexpected \")\"".into())),
        }
        Ok(())
    }

    /// `$'…'`. Source: POSIX.1-2024 XCU 2.2.4.
    fn ansi_quotes(&mut self, builder: &mut Builder) -> Parsed<()> {
        let before = builder.length();
        builder.special = true;
        // Behind a NUL, the rest of the string is dropped.
        let mut cut = false;
        loop {
            let Some(byte) = self.input.raw(0) else {
                return Err(self.ended_in("unterminated quoted string"));
            };
            self.input.bump();
            match byte {
                b'\'' => break,
                b'\\' => {
                    let mut bytes = [0; 4];
                    let length = self.ansi_escape(&mut bytes);
                    cut |= bytes[..length] == [0];
                    if !cut {
                        builder.extend(&bytes[..length], true);
                    }
                }
                _ if cut => {}
                _ => builder.push(byte, true),
            }
        }
        if builder.length() == before {
            builder.empty_quotes();
        }
        Ok(())
    }

    /// Behind a backslash in `$'…'`; how many of `bytes` it stands for.
    fn ansi_escape(&mut self, bytes: &mut [u8; 4]) -> usize {
        let Some(byte) = self.input.raw(0) else { return 0 };
        self.input.bump();
        bytes[0] = match byte {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'c' => {
                let control = self.input.raw(0).unwrap_or(b'@');
                self.input.bump();
                if control == b'?' { 127 } else { control.to_ascii_uppercase() & 0x1f }
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.input.raw(0) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.input.bump();
                }
                value as u8
            }
            b'x' => match self.hex_digits(2) {
                Some(value) => value as u8,
                None => {
                    bytes[..2].copy_from_slice(b"\\x");
                    return 2;
                }
            },
            b'u' | b'U' => {
                let value = self.hex_digits(if byte == b'u' { 4 } else { 8 }).unwrap_or(0);
                return char::from_u32(value).unwrap_or('\u{fffd}').encode_utf8(bytes).len();
            }
            other => {
                bytes[..2].copy_from_slice(&[b'\\', other]);
                return 2;
            }
        };
        1
    }

    fn hex_digits(&mut self, most: usize) -> Option<u32> {
        let mut value = None;
        for _ in 0..most {
            let Some(digit) = self.input.raw(0).and_then(|byte| (byte as char).to_digit(16)) else { break };
            value = Some(value.unwrap_or(0) * 16 + digit);
            self.input.bump();
        }
        value
    }

    /// A word inside `${…}`, up to the end of its context, which stays.
    pub(super) fn inner_word(&mut self, context: Context) -> Parsed<Word> {
        let mut builder = Builder::default();
        if !context.quoted() {
            self.tilde(&mut builder, false)?;
        }
        self.text(&mut builder, context)?;
        builder.flush();
        // Text outside quotes is split in the end, so it must stay what it is.
        let quoted = builder.parts.iter().all(|part| matches!(part, Part::Quoted(_)));
        let mut word = Word { parts: builder.parts, literal: None, assignment: false };
        if quoted || context == Context::BracePattern {
            make_literal(&mut word);
        }
        Ok(word)
    }

    pub(super) fn part(builder: &mut Builder, part: Part) {
        builder.part(part);
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
    Word { parts: Vec::new(), literal: Some(text.into()), assignment: false }
}
