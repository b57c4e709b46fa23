//! compound — commands with reserved words, functions, redirections and here-documents.

use std::rc::Rc;

use super::token::{Mode, Op, RedirectOp, Token};
use super::{Parsed, Parser, PendingHere, SyntaxError, join, word};
use crate::ast::{
    Arm, Case, Command, For, Function, Here, If, Loop, Part, Redirect, RedirectKind, Subshell, Word,
};
use crate::name::is_name;

macro_rules! reserved {
    ($($word:literal,)*) => {
        pub(crate) const RESERVED: &[&[u8]] = &[$($word),*];

        /// Whether `text` is a reserved word.
        pub(crate) fn is_reserved(text: &[u8]) -> bool {
            matches!(text, $($word)|*)
        }
    };
}

reserved! {
    b"if", b"then", b"else", b"elif", b"fi", b"do", b"done", b"case", b"esac", b"while", b"until", b"for", b"{", b"}", b"!",
    b"in", b"[[", b"]]", b"function",
}

impl Parser<'_> {
    /// One command: simple, compound, or a function's definition.
    pub(super) fn command(&mut self) -> Parsed<Command> {
        self.mode = Mode::Prefix;
        self.expand_aliases()?;
        let Token::Word(token) = self.peek()? else {
            if self.accept_op(Op::LeftParen)? {
                return self.nested(Parser::subshell);
            }
            return self.simple();
        };
        let reserved = token.reserved;
        let kind: &[u8] = match token.word.as_literal() {
            Some(text) if reserved => text,
            _ => return self.simple(),
        };
        let parse: fn(&mut Self) -> Parsed<Command> = match kind {
            b"if" => Parser::if_command,
            b"while" => |parser| parser.loop_command(false),
            b"until" => |parser| parser.loop_command(true),
            b"for" => Parser::for_command,
            b"case" => Parser::case_command,
            b"{" => Parser::group,
            b"[[" => Parser::condition_command,
            b"function" => Parser::function_keyword,
            b"then" | b"else" | b"elif" | b"fi" | b"do" | b"done" | b"esac" | b"}" => {
                return Err(self.unexpected());
            }
            b"!" => return Err(self.unexpected()),
            _ => return self.simple(),
        };
        self.take()?;
        self.nested(parse)
    }

    /// A compound command one level deeper, with the redirections behind it.
    fn nested(&mut self, parse: fn(&mut Self) -> Parsed<Command>) -> Parsed<Command> {
        self.enter()?;
        let impure = self.impure;
        let command = parse(self)?;
        self.leave();
        if matches!(command, Command::Function(_)) {
            return Ok(command);
        }
        self.mode = Mode::Argument;
        let mut redirects = Vec::new();
        while matches!(self.peek()?, Token::Redirect(..)) {
            redirects.push(self.redirect()?);
        }
        self.mode = Mode::Prefix;
        self.impure = impure;
        Ok(if redirects.is_empty() { command } else { Command::Redirected(Box::new((command, redirects))) })
    }

    /// Commands up to a word or operator that ends a list; at least one.
    pub(super) fn list(&mut self) -> Parsed<Command> {
        let mut commands = Vec::new();
        self.mode = Mode::Prefix;
        self.newlines()?;
        if matches!(self.peek()?, Token::Eof) {
            // Whoever called expects something behind the list, and can say what.
            return Ok(Command::List(commands));
        }
        loop {
            commands.push(self.and_or_item(None)?);
            self.mode = Mode::Prefix;
            self.newlines()?;
            if self.at_list_end()? || matches!(self.peek()?, Token::Eof) {
                break;
            }
        }
        join(commands).ok_or_else(|| self.unexpected())
    }

    /// Whether the next token cannot begin a command because it ends a list.
    pub(super) fn at_list_end(&mut self) -> Parsed<bool> {
        self.expand_aliases()?;
        Ok(match self.peek()? {
            Token::Op(Op::RightParen | Op::DoubleSemicolon | Op::SemicolonAmpersand) => true,
            Token::Word(token) if token.reserved => matches!(
                token.word.as_literal(),
                Some(b"then" | b"else" | b"elif" | b"fi" | b"do" | b"done" | b"esac" | b"}")
            ),
            _ => false,
        })
    }

    fn expect_word(&mut self, text: &'static str) -> Parsed<()> {
        self.mode = Mode::Prefix;
        self.expand_aliases()?;
        if self.accept_word(text.as_bytes())? {
            return Ok(());
        }
        Err(self.expecting(text))
    }

    #[cold]
    fn expecting(&mut self, text: &str) -> Box<SyntaxError> {
        let mut error = self.unexpected();
        error.message += " (expecting \"";
        error.message += text;
        error.message += "\")";
        error
    }

    fn if_command(&mut self) -> Parsed<Command> {
        let mut arms = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect_word("then")?;
            let body = self.list()?;
            arms.push((condition, body));
            if !self.accept_word(b"elif")? {
                break;
            }
        }
        let otherwise = if self.accept_word(b"else")? { Some(self.list()?) } else { None };
        self.expect_word("fi")?;
        Ok(Command::If(Box::new(If { arms, otherwise })))
    }

    fn loop_command(&mut self, until: bool) -> Parsed<Command> {
        let condition = self.list()?;
        let body = self.do_group()?;
        Ok(Command::Loop(Box::new(Loop { until, condition, body })))
    }

    fn do_group(&mut self) -> Parsed<Command> {
        self.expect_word("do")?;
        let body = self.list()?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed<Command> {
        let line = self.line;
        self.mode = Mode::Argument;
        let token = self.take_word()?;
        let variable = match token.word.as_literal() {
            Some(text) if token.bare && is_name(text) => self.names.intern(text),
            _ => return Err(self.error("bad for loop variable".into())),
        };
        let words = self.for_words()?;
        self.mode = Mode::Prefix;
        self.newlines()?;
        let body = if self.at_word(b"{")? {
            self.take()?;
            self.group()?
        } else {
            self.do_group()?
        };
        Ok(Command::For(Box::new(For { line, variable, words, body })))
    }

    fn for_words(&mut self) -> Parsed<Option<Vec<Word>>> {
        self.newlines()?;
        if !self.accept_word(b"in")? {
            self.accept_op(Op::Semicolon)?;
            return Ok(None);
        }
        let mut words = Vec::new();
        while matches!(self.peek()?, Token::Word(_)) {
            words.push(self.take_word()?.word);
        }
        match self.peek()? {
            Token::Op(Op::Semicolon) | Token::Newline => {
                self.mode = Mode::Prefix;
                self.take()?;
                Ok(Some(words))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn case_command(&mut self) -> Parsed<Command> {
        let line = self.line;
        self.mode = Mode::Argument;
        let subject = self.take_word()?.word;
        self.newlines()?;
        if !self.accept_word(b"in")? {
            return Err(self.expecting("in"));
        }
        let mut arms = Vec::new();
        loop {
            self.mode = Mode::Argument;
            self.newlines()?;
            if self.accept_word(b"esac")? {
                break;
            }
            let arm = self.case_arm()?;
            let last = arm.1;
            arms.push(arm.0);
            if last {
                self.expect_word("esac")?;
                break;
            }
        }
        Ok(Command::Case(Box::new(Case { line, subject, arms })))
    }

    /// One arm, and whether no other may follow because it did not end with `;;`.
    fn case_arm(&mut self) -> Parsed<(Arm, bool)> {
        self.accept_op(Op::LeftParen)?;
        let mut patterns = vec![self.take_word()?.word];
        while self.accept_op(Op::Pipe)? {
            patterns.push(self.take_word()?.word);
        }
        self.mode = Mode::Prefix;
        if !self.accept_op(Op::RightParen)? {
            return Err(self.expecting(")"));
        }
        self.newlines()?;
        let body = if self.at_list_end()? { None } else { Some(self.list()?) };
        self.mode = Mode::Argument;
        let falls_through = self.accept_op(Op::SemicolonAmpersand)?;
        let last = !falls_through && !self.accept_op(Op::DoubleSemicolon)?;
        if last && matches!(self.peek()?, Token::Eof) {
            return Err(self.expecting(";;"));
        }
        Ok((Arm { patterns, body, falls_through }, last))
    }

    fn group(&mut self) -> Parsed<Command> {
        let body = self.list()?;
        self.expect_word("}")?;
        Ok(body)
    }

    fn subshell(&mut self) -> Parsed<Command> {
        let line = self.line;
        let body = self.list()?;
        if !self.accept_op(Op::RightParen)? {
            return Err(self.expecting(")"));
        }
        Ok(Command::Subshell(Box::new(Subshell { line, body })))
    }

    /// `function name { …; }`, with or without parentheses.
    fn function_keyword(&mut self) -> Parsed<Command> {
        self.mode = Mode::Argument;
        let name = self.take_word()?.word;
        self.mode = Mode::Prefix;
        if matches!(self.peek()?, Token::Op(Op::LeftParen)) {
            return self.function(name);
        }
        self.function_body(name)
    }

    /// Behind a function's name, at the parenthesis.
    pub(super) fn function(&mut self, name: Word) -> Parsed<Command> {
        self.mode = Mode::Prefix;
        self.take()?;
        if !self.accept_op(Op::RightParen)? {
            return Err(self.unexpected());
        }
        self.function_body(name)
    }

    fn function_body(&mut self, name: Word) -> Parsed<Command> {
        let line = self.line;
        let name = match name.as_literal() {
            Some(text) if !text.is_empty() => self.names.intern(text),
            _ => return Err(self.error("bad function name".into())),
        };
        self.enter()?;
        self.newlines()?;
        let body = self.command()?;
        self.leave();
        let file = Rc::clone(&self.options.file);
        Ok(Command::Function(Box::new((name, Rc::new(Function { body, line, file })))))
    }

    /// The commands of `$(…)`, up to and with the closing parenthesis.
    pub(super) fn substituted(&mut self) -> Parsed<Option<Command>> {
        self.inside_word(|parser| {
            parser.newlines()?;
            let body =
                if matches!(parser.peek()?, Token::Op(Op::RightParen)) { None } else { Some(parser.list()?) };
            parser.close()?;
            Ok(body)
        })
    }

    /// The same where a parenthesis was read already that turned out to open a subshell.
    pub(super) fn substituted_subshell(&mut self) -> Parsed<Option<Command>> {
        self.inside_word(|parser| {
            let first = parser.nested(Parser::subshell)?;
            let commands = parser.list_after(first)?;
            parser.close()?;
            Ok(join(commands))
        })
    }

    fn close(&mut self) -> Parsed<()> {
        if self.accept_op(Op::RightParen)? {
            return Ok(());
        }
        Err(self.expecting(")"))
    }

    /// Goes on with a list whose first command has been read.
    fn list_after(&mut self, first: Command) -> Parsed<Vec<Command>> {
        let mut commands = vec![self.and_or_item(Some(first))?];
        loop {
            self.newlines()?;
            if self.at_list_end()? || matches!(self.peek()?, Token::Eof) {
                return Ok(commands);
            }
            commands.push(self.and_or_item(None)?);
        }
    }

    /// Commands inside a word: what the parser was about is put aside and taken up again.
    fn inside_word(&mut self, parse: fn(&mut Self) -> Parsed<Option<Command>>) -> Parsed<Option<Command>> {
        self.enter()?;
        let ahead = self.ahead.take();
        let (mode, line, impure, start) = (self.mode, self.line, self.impure, self.token_start);
        let keep_text = std::mem::replace(&mut self.options.keep_text, false);
        let pending = std::mem::take(&mut self.pending);
        self.mode = Mode::Prefix;
        let result = parse(self);
        let inner = std::mem::replace(&mut self.pending, pending);
        self.pending.extend(inner);
        self.ahead = ahead;
        (self.mode, self.line, self.impure, self.token_start) = (mode, line, impure, start);
        self.options.keep_text = keep_text;
        self.leave();
        result
    }

    /// A redirection, whose operator is ahead.
    pub(super) fn redirect(&mut self) -> Parsed<Redirect> {
        let line = self.line;
        let mode = std::mem::replace(&mut self.mode, Mode::Argument);
        let Token::Redirect(op, number) = self.take()? else { return Err(self.unexpected()) };
        self.peek()?;
        let raw = self.token_mark().and_then(|mark| self.input.since(mark)).map(<[u8]>::to_vec);
        let target = self.take_word()?;
        self.mode = mode;
        let input = matches!(
            op,
            RedirectOp::Read
                | RedirectOp::ReadWrite
                | RedirectOp::DuplicateIn
                | RedirectOp::Here
                | RedirectOp::HereStrip
                | RedirectOp::HereString
        );
        let fd = number.unwrap_or(i32::from(!input));
        let word = target.word;
        let kind = match op {
            RedirectOp::Read => RedirectKind::Read(word),
            RedirectOp::Write => RedirectKind::Write(word),
            RedirectOp::Clobber => RedirectKind::Clobber(word),
            RedirectOp::Append => RedirectKind::Append(word),
            RedirectOp::ReadWrite => RedirectKind::ReadWrite(word),
            RedirectOp::DuplicateIn => RedirectKind::Duplicate(word),
            RedirectOp::DuplicateOut => {
                let plain = word
                    .as_literal()
                    .is_some_and(|text| text != b"-" && !text.iter().all(u8::is_ascii_digit));
                if plain && number.is_none_or(|number| number == 1) {
                    RedirectKind::Both { word, append: false }
                } else {
                    RedirectKind::Duplicate(word)
                }
            }
            RedirectOp::Both => RedirectKind::Both { word, append: false },
            RedirectOp::BothAppend => RedirectKind::Both { word, append: true },
            RedirectOp::HereString => RedirectKind::HereString(word),
            RedirectOp::Here | RedirectOp::HereStrip => {
                let here = Rc::new(Here::default());
                // Nothing in it is expanded: `$x` is a delimiter like any other.
                let quoted = raw.as_ref().is_none_or(|raw| raw.iter().any(|byte| b"'\"\\".contains(byte)));
                self.pending.push(PendingHere {
                    here: Rc::clone(&here),
                    delimiter: match raw {
                        Some(raw) if !quoted => raw,
                        _ => delimiter(&word),
                    },
                    expands: target.bare || !quoted,
                    strips_tabs: op == RedirectOp::HereStrip,
                });
                RedirectKind::Here(here)
            }
        };
        Ok(Redirect { fd, line, kind })
    }

    /// Reads the bodies of the here-documents of the line that just ended.
    pub(super) fn read_pending(&mut self) -> Parsed<()> {
        for pending in std::mem::take(&mut self.pending) {
            let line = self.input.line;
            let text = self.here_text(&pending);
            let body = if pending.expands { self.here_word(text, line)? } else { word::quoted_word(text) };
            // It was empty: each here-document is read once.
            let _ = pending.here.body.set(body);
        }
        Ok(())
    }

    /// The lines up to the delimiter.
    fn here_text(&mut self, pending: &PendingHere) -> Vec<u8> {
        let mut text = Vec::new();
        let mut joined = false;
        loop {
            if pending.strips_tabs && !joined {
                while self.input.raw(0) == Some(b'\t') {
                    self.input.bump();
                }
            }
            let start = text.len();
            let mut ended = true;
            while let Some(byte) = self.input.raw(0) {
                self.input.bump();
                text.push(byte);
                if byte == b'\n' {
                    ended = false;
                    break;
                }
            }
            let line = &text[start..];
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            if !joined && line == pending.delimiter {
                text.truncate(start);
                return text;
            }
            if ended {
                return text;
            }
            let backslashes = line.iter().rev().take_while(|&&byte| byte == b'\\').count();
            joined = pending.expands && backslashes % 2 == 1;
        }
    }
}

/// The text of a here-document's delimiter: quotes go, nothing is expanded.
fn delimiter(word: &Word) -> Vec<u8> {
    let mut text = word.as_literal().unwrap_or_default().to_vec();
    for part in &word.parts {
        match part {
            Part::Text(part) | Part::Quoted(part) => text.extend_from_slice(part),
            Part::Tilde(user) => {
                text.push(b'~');
                text.extend_from_slice(user);
            }
            _ => {}
        }
    }
    text
}
