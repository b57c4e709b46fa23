//! token — operators, reserved words, and where words begin.

use super::word::begins_word;
use super::{Parsed, Parser};
use crate::ast::Word;
use crate::input::Mark;
use crate::name::Name;

macro_rules! kinds {
    ($(op $op:ident $sign:literal,)* $(redirect $redirect:ident,)* $(word $word:ident $text:literal,)*) => {
        /// What a token is. The order matters: operators, then redirections, then all that can be words.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(super) enum Kind {
            /// It was not looked at yet.
            Unread,
            /// It is none: the parser's `failure` says why.
            Failed,
            Eof,
            Newline,
            $($op,)*
            $($redirect,)*
            $($word,)*
            /// A word that is not reserved; what is in it is the parser's `word`.
            Word,
        }

        const OPERATORS: &[&str] = &[$($sign),*];
        pub(crate) const RESERVED: &[&[u8]] = &[$($text),*];

        /// The reserved word that `text` is.
        pub(super) fn reserved(text: &[u8]) -> Option<Kind> {
            match text {
                $($text => Some(Kind::$word),)*
                _ => None,
            }
        }
    };
}

kinds! {
    op Semicolon ";", op DoubleSemicolon ";;", op SemicolonAmpersand ";&", op Ampersand "&", op AndAnd "&&", op Pipe "|",
    op OrOr "||", op LeftParen "(", op RightParen ")",
    redirect Read, redirect Write, redirect Clobber, redirect Append, redirect ReadWrite, redirect DuplicateIn,
    redirect DuplicateOut, redirect Both, redirect BothAppend, redirect Here, redirect HereStrip, redirect HereString,
    word If b"if", word For b"for", word Case b"case", word While b"while", word Until b"until", word LeftBrace b"{",
    word Test b"[[", word Function b"function",
    // From here to `}`: what ends a list.
    word Then b"then", word Else b"else", word Elif b"elif", word Fi b"fi", word Do b"do", word Done b"done",
    word Esac b"esac", word RightBrace b"}",
    word Bang b"!", word In b"in", word TestEnd b"]]",
}

impl Kind {
    pub(super) fn is_word(self) -> bool {
        self >= Kind::If
    }

    pub(super) fn is_redirect(self) -> bool {
        self >= Kind::Read && self <= Kind::HereString
    }

    /// Whether it can stand behind a list only.
    pub(super) fn ends_list(self) -> bool {
        matches!(self, Kind::RightParen | Kind::DoubleSemicolon | Kind::SemicolonAmpersand)
            || self >= Kind::Then && self <= Kind::RightBrace
    }

    /// The text of a reserved word.
    pub(super) fn reserved_text(self) -> Option<&'static [u8]> {
        RESERVED.get((self as usize).checked_sub(Kind::If as usize)?).copied()
    }

    pub(super) fn operator_text(self) -> Option<&'static str> {
        OPERATORS.get((self as usize).checked_sub(Kind::Semicolon as usize)?).copied()
    }
}

/// Whether `text` is a reserved word.
pub(crate) fn is_reserved(text: &[u8]) -> bool {
    reserved(text).is_some()
}

/// A word as it stands among tokens.
#[derive(Debug, Default)]
pub(super) struct WordToken {
    pub(super) word: Word,
    /// Literal text without quotes: it can be an alias, or a function's name.
    pub(super) bare: bool,
    /// `name=` stood in front of it, where that is an assignment.
    pub(super) assign: Option<Name>,
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
    /// What the next token is, which stays.
    pub(super) fn peek(&mut self) -> Kind {
        if self.kind == Kind::Unread {
            self.read();
        }
        self.kind
    }

    #[inline(never)]
    fn read(&mut self) {
        self.kind = match self.read_token() {
            Ok(kind) => kind,
            Err(error) => {
                self.failure = Some(error);
                Kind::Failed
            }
        };
    }

    /// Passes the next token. Behind a newline come the here-documents of the line.
    pub(super) fn take(&mut self) -> Kind {
        let kind = self.peek();
        if kind != Kind::Failed {
            self.kind = Kind::Unread;
        }
        if kind == Kind::Newline
            && let Err(error) = self.read_pending()
        {
            self.failure = Some(error);
            self.kind = Kind::Failed;
        }
        kind
    }

    /// Passes the next token, which is a word and stays in `word` until another one is looked at.
    pub(super) fn pass_word(&mut self) {
        if let Some(text) = self.kind.reserved_text() {
            self.set_text(text);
        }
        self.kind = Kind::Unread;
    }

    /// Makes literal text without quotes the word that is ahead.
    pub(super) fn set_text(&mut self, text: &[u8]) {
        self.word.word = Word::literal(text);
        self.word.bare = true;
        self.word.assign = None;
    }

    pub(super) fn take_word(&mut self) -> Parsed<WordToken> {
        if !self.peek().is_word() {
            return Err(self.unexpected());
        }
        self.pass_word();
        Ok(std::mem::take(&mut self.word))
    }

    /// The same where only the word counts.
    pub(super) fn take_plain(&mut self) -> Parsed<Word> {
        if !self.peek().is_word() {
            return Err(self.unexpected());
        }
        self.pass_word();
        Ok(std::mem::take(&mut self.word.word))
    }

    pub(super) fn newlines(&mut self) {
        while self.peek() == Kind::Newline {
            self.take();
        }
    }

    /// Passes the next token if it is that operator or reserved word.
    pub(super) fn accept(&mut self, kind: Kind) -> bool {
        if self.kind == Kind::Unread {
            self.read();
        }
        let found = self.kind == kind;
        if found {
            self.kind = Kind::Unread;
        }
        found
    }

    /// Puts an alias's value in the place of the next token as long as that is an alias.
    #[inline(always)]
    pub(super) fn expand_aliases(&mut self) {
        if self.options.expand_aliases && !self.aliases.is_empty() {
            self.replace_aliases();
        }
    }

    #[cold]
    #[inline(never)]
    fn replace_aliases(&mut self) {
        while self.peek() == Kind::Word && self.word.bare {
            let Some(name) = self.word.word.as_literal().and_then(|text| self.names.find(text)) else {
                return;
            };
            let Some(value) = self.aliases.get(name) else { return };
            if self.input.is_inside(name) {
                return;
            }
            let value = value.to_vec();
            self.kind = Kind::Unread;
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

    fn read_token(&mut self) -> Parsed<Kind> {
        let byte = self.skip_blanks();
        self.line = self.input.line;
        self.token_start = self.input.mark();
        let Some(byte) = byte else { return Ok(Kind::Eof) };
        if byte == b'\n' {
            self.input.bump();
            return Ok(Kind::Newline);
        }
        self.input.continued = true;
        if begins_word(byte) {
            return self.read_word(self.mode);
        }
        Ok(match byte {
            b';' => self.operator(
                &[(b';', Kind::DoubleSemicolon), (b'&', Kind::SemicolonAmpersand)],
                Kind::Semicolon,
            ),
            b'|' => self.operator(&[(b'|', Kind::OrOr)], Kind::Pipe),
            b'(' => self.operator(&[], Kind::LeftParen),
            b')' => self.operator(&[], Kind::RightParen),
            b'&' => match self.operator(&[(b'&', Kind::AndAnd), (b'>', Kind::Both)], Kind::Ampersand) {
                Kind::Both if self.input.accept(b'>') => self.redirect_token(Kind::BothAppend),
                Kind::Both => self.redirect_token(Kind::Both),
                other => other,
            },
            b'<' | b'>' if self.input.raw(1) != Some(b'(') => {
                let kind = self.redirect_operator(byte);
                self.redirect_token(kind)
            }
            b'0'..=b'9' => match self.descriptor_number() {
                Some((number, length)) => {
                    self.input.skip(length);
                    let byte = self.input.peek().unwrap_or(b'<');
                    let kind = self.redirect_operator(byte);
                    self.number = Some(number);
                    kind
                }
                None => self.read_word(self.mode)?,
            },
            _ => self.read_word(self.mode)?,
        })
    }

    /// A redirection without a number in front of it.
    fn redirect_token(&mut self, kind: Kind) -> Kind {
        self.number = None;
        kind
    }

    fn operator(&mut self, longer: &[(u8, Kind)], short: Kind) -> Kind {
        self.input.bump();
        let found = longer.iter().find(|(byte, _)| self.input.accept(*byte));
        found.map_or(short, |found| found.1)
    }

    fn redirect_operator(&mut self, byte: u8) -> Kind {
        const BEHIND_GREATER: &[(u8, Kind)] =
            &[(b'>', Kind::Append), (b'&', Kind::DuplicateOut), (b'|', Kind::Clobber)];
        const BEHIND_LESS: &[(u8, Kind)] =
            &[(b'<', Kind::Here), (b'&', Kind::DuplicateIn), (b'>', Kind::ReadWrite)];
        if byte == b'>' {
            return self.operator(BEHIND_GREATER, Kind::Write);
        }
        match self.operator(BEHIND_LESS, Kind::Read) {
            Kind::Here if self.input.accept(b'-') => Kind::HereStrip,
            Kind::Here if self.input.accept(b'<') => Kind::HereString,
            other => other,
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

    /// Passes blanks and a comment; what follows.
    fn skip_blanks(&mut self) -> Option<u8> {
        loop {
            let mut next = self.input.rest().first().copied();
            if matches!(next, Some(b'\\') | None) {
                next = self.input.peek();
            }
            match next {
                Some(b' ' | b'\t') => self.input.skip(1),
                Some(b'#') => {
                    while !matches!(self.input.raw(0), Some(b'\n') | None) {
                        let rest = self.input.rest();
                        let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                        self.input.skip(length.max(1));
                    }
                }
                other => return other,
            }
        }
    }
}
