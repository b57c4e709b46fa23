//! token — operators, and where words begin.

use super::{Parsed, Parser};
use crate::ast::Word;
use crate::input::Mark;
use crate::name::Name;

#[derive(Debug)]
pub(super) enum Token {
    Eof,
    Newline,
    Word(WordToken),
    /// A redirection operator and the number in front of it.
    Redirect(RedirectOp, Option<i32>),
    Op(Op),
}

#[derive(Debug)]
pub(super) struct WordToken {
    pub(super) word: Word,
    /// Literal text without quotes: it can be a reserved word or an alias.
    pub(super) bare: bool,
    /// It is a reserved word, wherever it stands.
    pub(super) reserved: bool,
    /// `name=` stood in front of it, where that is an assignment.
    pub(super) assign: Option<Name>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Semicolon,
    DoubleSemicolon,
    SemicolonAmpersand,
    Ampersand,
    AndAnd,
    Pipe,
    OrOr,
    LeftParen,
    RightParen,
}

impl Op {
    pub(super) fn text(self) -> &'static str {
        match self {
            Op::Semicolon => ";",
            Op::DoubleSemicolon => ";;",
            Op::SemicolonAmpersand => ";&",
            Op::Ampersand => "&",
            Op::AndAnd => "&&",
            Op::Pipe => "|",
            Op::OrOr => "||",
            Op::LeftParen => "(",
            Op::RightParen => ")",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RedirectOp {
    Read,
    Write,
    Clobber,
    Append,
    ReadWrite,
    DuplicateIn,
    DuplicateOut,
    Both,
    BothAppend,
    Here,
    HereStrip,
    HereString,
}

/// What a word may be where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Before a command's name: `name=value` assigns.
    Prefix,
    Argument,
    /// An argument of `export` and its kin.
    Declaration,
}

impl Parser<'_> {
    /// The next token, which stays.
    pub(super) fn peek(&mut self) -> Parsed<&Token> {
        if self.ahead.is_none() {
            let token = self.read_token()?;
            self.ahead = Some(token);
        }
        Ok(self.ahead.as_ref().unwrap_or(&Token::Eof))
    }

    pub(super) fn take(&mut self) -> Parsed<Token> {
        let token = match self.ahead.take() {
            Some(token) => token,
            None => self.read_token()?,
        };
        if matches!(token, Token::Newline) {
            self.read_pending()?;
        }
        Ok(token)
    }

    pub(super) fn take_word(&mut self) -> Parsed<WordToken> {
        match self.take()? {
            Token::Word(word) => Ok(word),
            other => {
                self.ahead = Some(other);
                Err(self.unexpected())
            }
        }
    }

    pub(super) fn newlines(&mut self) -> Parsed<()> {
        while matches!(self.peek()?, Token::Newline) {
            self.take()?;
        }
        Ok(())
    }

    /// Whether the next token is that reserved word.
    pub(super) fn at_word(&mut self, text: &[u8]) -> Parsed<bool> {
        Ok(
            matches!(self.peek()?, Token::Word(token) if token.reserved && token.word.as_literal() == Some(text)),
        )
    }

    pub(super) fn accept_word(&mut self, text: &[u8]) -> Parsed<bool> {
        let found = self.at_word(text)?;
        if found {
            self.ahead = None;
        }
        Ok(found)
    }

    pub(super) fn accept_op(&mut self, op: Op) -> Parsed<bool> {
        let found = matches!(self.peek()?, Token::Op(found) if *found == op);
        if found {
            self.ahead = None;
        }
        Ok(found)
    }

    /// Puts an alias's value in the place of the next token as long as that is an alias.
    pub(super) fn expand_aliases(&mut self) -> Parsed<()> {
        if !self.options.expand_aliases || self.aliases.is_empty() {
            return Ok(());
        }
        loop {
            let Token::Word(token) = self.peek()? else { return Ok(()) };
            if !token.bare || token.reserved {
                return Ok(());
            }
            let Some(text) = token.word.as_literal().map(<[u8]>::to_vec) else { return Ok(()) };
            let text = text.as_slice();
            let Some(name) = self.names.find(text) else { return Ok(()) };
            let Some(value) = self.aliases.get(name) else { return Ok(()) };
            if self.input.is_inside(name) {
                return Ok(());
            }
            let value = value.to_vec();
            self.ahead = None;
            self.input.next_word_too = false;
            self.input.enter_alias(name, &value);
        }
    }

    /// Where the token that is ahead begins.
    pub(super) fn token_mark(&self) -> Option<Mark> {
        self.token_start
    }

    /// The text from `mark` up to the token that is ahead, if it is to be kept.
    pub(super) fn text_since(&mut self, mark: Option<Mark>) -> Box<[u8]> {
        let (true, Some(from), Some(to)) = (self.options.keep_text, mark, self.token_start) else {
            return Box::default();
        };
        self.input.between(from, to).trim_ascii_end().into()
    }

    fn read_token(&mut self) -> Parsed<Token> {
        self.skip_blanks();
        self.line = self.input.line;
        self.token_start = self.input.mark();
        let Some(byte) = self.input.peek() else { return Ok(Token::Eof) };
        let token = match byte {
            b'\n' => {
                self.input.bump();
                return Ok(Token::Newline);
            }
            b';' => {
                self.operator(&[(b';', Op::DoubleSemicolon), (b'&', Op::SemicolonAmpersand)], Op::Semicolon)
            }
            b'|' => self.operator(&[(b'|', Op::OrOr)], Op::Pipe),
            b'(' => self.operator(&[], Op::LeftParen),
            b')' => self.operator(&[], Op::RightParen),
            b'&' => {
                self.input.bump();
                if self.input.accept(b'&') {
                    Op::AndAnd
                } else if self.input.peek() == Some(b'>') {
                    self.input.bump();
                    let append = self.input.accept(b'>');
                    self.input.continued = true;
                    let op = if append { RedirectOp::BothAppend } else { RedirectOp::Both };
                    return Ok(Token::Redirect(op, None));
                } else {
                    Op::Ampersand
                }
            }
            b'<' | b'>' => {
                self.input.continued = true;
                if self.input.raw(1) == Some(b'(') {
                    return Ok(Token::Word(self.word(self.mode)?));
                }
                return Ok(Token::Redirect(self.redirect_operator(byte), None));
            }
            b'0'..=b'9' => {
                if let Some((number, length)) = self.descriptor_number() {
                    self.input.skip(length);
                    self.input.continued = true;
                    let byte = self.input.peek().unwrap_or(b'<');
                    return Ok(Token::Redirect(self.redirect_operator(byte), Some(number)));
                }
                self.input.continued = true;
                return Ok(Token::Word(self.word(self.mode)?));
            }
            _ => {
                self.input.continued = true;
                return Ok(Token::Word(self.word(self.mode)?));
            }
        };
        self.input.continued = true;
        Ok(Token::Op(token))
    }

    fn operator(&mut self, longer: &[(u8, Op)], short: Op) -> Op {
        self.input.bump();
        for &(byte, op) in longer {
            if self.input.accept(byte) {
                return op;
            }
        }
        short
    }

    fn redirect_operator(&mut self, byte: u8) -> RedirectOp {
        self.input.bump();
        if byte == b'>' {
            return if self.input.accept(b'>') {
                RedirectOp::Append
            } else if self.input.accept(b'&') {
                RedirectOp::DuplicateOut
            } else if self.input.accept(b'|') {
                RedirectOp::Clobber
            } else {
                RedirectOp::Write
            };
        }
        if self.input.accept(b'<') {
            if self.input.accept(b'-') {
                RedirectOp::HereStrip
            } else if self.input.accept(b'<') {
                RedirectOp::HereString
            } else {
                RedirectOp::Here
            }
        } else if self.input.accept(b'&') {
            RedirectOp::DuplicateIn
        } else if self.input.accept(b'>') {
            RedirectOp::ReadWrite
        } else {
            RedirectOp::Read
        }
    }

    /// The number in front of a redirection, and how many digits it has.
    fn descriptor_number(&mut self) -> Option<(i32, usize)> {
        let mut length = 0;
        let mut number: i32 = 0;
        while let Some(digit @ b'0'..=b'9') = self.input.raw(length) {
            number = number.checked_mul(10)?.checked_add(i32::from(digit - b'0'))?;
            length += 1;
        }
        matches!(self.input.raw(length), Some(b'<' | b'>')).then_some((number, length))
    }

    /// Passes blanks and a comment.
    fn skip_blanks(&mut self) {
        loop {
            let blanks = self.input.rest().iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
            self.input.skip(blanks);
            match self.input.peek() {
                Some(b' ' | b'\t') => self.input.bump(),
                Some(b'#') => {
                    while !matches!(self.input.raw(0), Some(b'\n') | None) {
                        let rest = self.input.rest();
                        let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                        self.input.skip(length.max(1));
                    }
                }
                _ => return,
            }
        }
    }
}
