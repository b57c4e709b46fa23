//! lexer — from the text of a program to tokens.
//!
//! Source: POSIX.1-2024 `awk`, "Lexical Conventions".

use super::value::parse_number;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    Number(f64),
    Text(Vec<u8>),
    Regex(Vec<u8>),
    Name(Vec<u8>),
    /// A name with `(` directly behind it.
    Function(Vec<u8>),
    Builtin(Builtin),
    Keyword(Keyword),
    /// Operators and punctuation, by their text.
    Op(&'static str),
    Newline,
    End,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Keyword {
    Begin,
    EndRule,
    Function,
    If,
    Else,
    While,
    For,
    Do,
    Break,
    Continue,
    Next,
    NextFile,
    Exit,
    Return,
    Delete,
    In,
    Getline,
    Print,
    Printf,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Builtin {
    Atan2,
    Cos,
    Sin,
    Exp,
    Log,
    Sqrt,
    Int,
    Rand,
    Srand,
    Gsub,
    Sub,
    Gensub,
    Match,
    Split,
    Sprintf,
    Substr,
    Index,
    Length,
    ToLower,
    ToUpper,
    System,
    Close,
    Flush,
    Time,
    FormatTime,
    MakeTime,
    And,
    Or,
    Xor,
    Complement,
    ShiftLeft,
    ShiftRight,
}

const KEYWORDS: &[(&str, Keyword)] = &[
    ("BEGIN", Keyword::Begin),
    ("END", Keyword::EndRule),
    ("function", Keyword::Function),
    ("func", Keyword::Function),
    ("if", Keyword::If),
    ("else", Keyword::Else),
    ("while", Keyword::While),
    ("for", Keyword::For),
    ("do", Keyword::Do),
    ("break", Keyword::Break),
    ("continue", Keyword::Continue),
    ("next", Keyword::Next),
    ("nextfile", Keyword::NextFile),
    ("exit", Keyword::Exit),
    ("return", Keyword::Return),
    ("delete", Keyword::Delete),
    ("in", Keyword::In),
    ("getline", Keyword::Getline),
    ("print", Keyword::Print),
    ("printf", Keyword::Printf),
];

const BUILTINS: &[(&str, Builtin)] = &[
    ("atan2", Builtin::Atan2),
    ("cos", Builtin::Cos),
    ("sin", Builtin::Sin),
    ("exp", Builtin::Exp),
    ("log", Builtin::Log),
    ("sqrt", Builtin::Sqrt),
    ("int", Builtin::Int),
    ("rand", Builtin::Rand),
    ("srand", Builtin::Srand),
    ("gsub", Builtin::Gsub),
    ("sub", Builtin::Sub),
    ("gensub", Builtin::Gensub),
    ("match", Builtin::Match),
    ("split", Builtin::Split),
    ("sprintf", Builtin::Sprintf),
    ("substr", Builtin::Substr),
    ("index", Builtin::Index),
    ("length", Builtin::Length),
    ("tolower", Builtin::ToLower),
    ("toupper", Builtin::ToUpper),
    ("system", Builtin::System),
    ("close", Builtin::Close),
    ("fflush", Builtin::Flush),
    ("systime", Builtin::Time),
    ("strftime", Builtin::FormatTime),
    ("mktime", Builtin::MakeTime),
    ("and", Builtin::And),
    ("or", Builtin::Or),
    ("xor", Builtin::Xor),
    ("compl", Builtin::Complement),
    ("lshift", Builtin::ShiftLeft),
    ("rshift", Builtin::ShiftRight),
];

/// Longer ones first.
const OPERATORS: &[&str] = &[
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "!=", "<=", ">=", ">>", "!~",
    "**", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", "<", ">", "|", "?", ":",
    "~", "$", "=",
];

pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    pub(super) line: usize,
    /// Whether a slash here divides.
    divides: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer { text, at: 0, line: 1, divides: false }
    }

    /// The place of the next token, to come back to.
    pub(super) fn position(&self) -> (usize, bool) {
        (self.at, self.divides)
    }

    pub(super) fn go_back(&mut self, (at, divides): (usize, bool), line: usize) {
        (self.at, self.divides, self.line) = (at, divides, line);
    }

    /// Whether the word behind the current token is `getline`.
    pub(super) fn behind_is_getline(&mut self) -> bool {
        let (position, line) = (self.position(), self.line);
        let found = self.token() == Ok(Token::Keyword(Keyword::Getline));
        self.go_back(position, line);
        found
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Errors: what is wrong, for a message behind the line's number.
    pub(super) fn next(&mut self) -> Result<Token, &'static str> {
        let token = self.token()?;
        self.divides = matches!(
            token,
            Token::Number(_)
                | Token::Text(_)
                | Token::Name(_)
                | Token::Builtin(_)
                | Token::Op(")" | "]" | "$" | "++" | "--")
        );
        Ok(token)
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' if self.peek(1) == b'\n' => {
                    self.at += 2;
                    self.line += 1;
                }
                b'\\' if self.peek(1) == b'\r' && self.peek(2) == b'\n' => {
                    self.at += 3;
                    self.line += 1;
                }
                b'#' => {
                    while self.at < self.text.len() && self.text[self.at] != b'\n' {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn token(&mut self) -> Result<Token, &'static str> {
        self.skip_blanks();
        let Some(&byte) = self.text.get(self.at) else { return Ok(Token::End) };
        match byte {
            b'\n' => {
                self.at += 1;
                self.line += 1;
                Ok(Token::Newline)
            }
            b'"' => self.quoted(),
            b'/' if !self.divides => self.regex(),
            b'0'..=b'9' => Ok(self.number()),
            b'.' if self.peek(1).is_ascii_digit() => Ok(self.number()),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Ok(self.word()),
            _ => {
                let rest = &self.text[self.at..];
                match OPERATORS.iter().find(|operator| rest.starts_with(operator.as_bytes())) {
                    Some(&operator) => {
                        self.at += operator.len();
                        Ok(Token::Op(match operator {
                            "**" => "^",
                            "**=" => "^=",
                            other => other,
                        }))
                    }
                    None => Err("Unexpected token"),
                }
            }
        }
    }

    fn number(&mut self) -> Token {
        let rest = &self.text[self.at..];
        // A leading 0 makes octal numbers of whole constants, as in BusyBox and C.
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if rest[0] == b'0' && digits > 1 && !matches!(rest.get(digits), Some(b'.' | b'e' | b'E')) {
            let text = std::str::from_utf8(&rest[..digits]).unwrap_or_default();
            if let Ok(value) = u64::from_str_radix(text, 8) {
                self.at += digits;
                return Token::Number(value as f64);
            }
        }
        let (value, length) = parse_number(rest);
        self.at += length.max(1);
        Token::Number(value)
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
            self.at += 1;
        }
        let name = &self.text[start..self.at];
        if let Some(keyword) = KEYWORDS.iter().find(|known| known.0.as_bytes() == name) {
            return Token::Keyword(keyword.1);
        }
        if let Some(builtin) = BUILTINS.iter().find(|known| known.0.as_bytes() == name) {
            return Token::Builtin(builtin.1);
        }
        if self.peek(0) == b'(' { Token::Function(name.to_vec()) } else { Token::Name(name.to_vec()) }
    }

    fn quoted(&mut self) -> Result<Token, &'static str> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.text.get(self.at) {
                None | Some(b'\n') => return Err("Unexpected end of string"),
                Some(b'"') => break,
                Some(b'\\') => {
                    if self.peek(1) == b'\n' {
                        self.line += 1;
                    }
                    self.at += 2;
                }
                Some(_) => self.at += 1,
            }
        }
        let text = unescape(self.text.get(start..self.at).unwrap_or_default());
        self.at += 1;
        Ok(Token::Text(text))
    }

    /// The expression stays as it is written, but for the escaped slash.
    fn regex(&mut self) -> Result<Token, &'static str> {
        self.at += 1;
        let mut text = Vec::new();
        let mut in_brackets = false;
        loop {
            let Some(&byte) = self.text.get(self.at) else {
                return Err("Unexpected end of regular expression");
            };
            self.at += 1;
            match byte {
                b'\n' => return Err("Unexpected end of regular expression"),
                b'/' if !in_brackets => return Ok(Token::Regex(text)),
                b'\\' => {
                    let escaped = self.peek(0);
                    self.at += 1;
                    if escaped != b'/' {
                        text.push(b'\\');
                    }
                    text.push(escaped);
                }
                b'[' if !in_brackets => {
                    in_brackets = true;
                    text.push(byte);
                    // A bracket that comes first is a member.
                    if self.peek(0) == b'^' {
                        text.push(b'^');
                        self.at += 1;
                    }
                    if self.peek(0) == b']' {
                        text.push(b']');
                        self.at += 1;
                    }
                }
                b'[' if matches!(self.peek(0), b':' | b'.' | b'=') => {
                    let kind = self.peek(0);
                    let rest = &self.text[self.at + 1..];
                    text.push(byte);
                    if let Some(length) = rest.windows(2).position(|pair| pair == [kind, b']']) {
                        text.extend_from_slice(&self.text[self.at..self.at + length + 3]);
                        self.at += length + 3;
                    }
                }
                b']' => {
                    in_brackets = false;
                    text.push(byte);
                }
                _ => text.push(byte),
            }
        }
    }
}

/// Replaces the escapes of strings. A backslash before another character stays, for expressions in strings.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' || at + 1 == text.len() {
            result.push(text[at]);
            at += 1;
            continue;
        }
        let letter = text[at + 1];
        at += 2;
        let plain = match letter {
            b'"' | b'/' | b'\\' => letter,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'\n' => continue,
            b'0'..=b'7' | b'x' => {
                let (radix, start, most) = if letter == b'x' { (16, at, 2) } else { (8, at - 1, 3) };
                let digits = text[start..]
                    .iter()
                    .take(most)
                    .take_while(|&&byte| (byte as char).is_digit(radix))
                    .count();
                if digits == 0 {
                    result.extend_from_slice(b"\\x");
                    continue;
                }
                at = start + digits;
                text[start..at]
                    .iter()
                    .fold(0, |value, &byte| value * radix + (byte as char).to_digit(radix).unwrap_or(0))
                    as u8
            }
            other => {
                result.push(b'\\');
                other
            }
        };
        result.push(plain);
    }
    result
}
