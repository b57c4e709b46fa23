//! compound — commands with reserved words, functions, redirections and here-documents.

use std::rc::Rc;

use super::token::{Kind, Mode};
use super::{Parsed, Parser, PendingHere, SyntaxError, word};
use crate::ast::{
    Arm, Case, Command, For, Function, Here, If, Loop, Part, Redirect, RedirectKind, Subshell, Word,
};
use crate::name::is_name;

impl Parser<'_> {
    /// One command: simple, compound, or a function's definition.
    pub(super) fn command(&mut self) -> Parsed<Command> {
        self.mode = Mode::Prefix;
        self.expand_aliases();
        if self.peek() == Kind::Word {
            return self.simple();
        }
        let parse: fn(&mut Self) -> Parsed<Command> = match self.peek() {
            Kind::LeftParen => Parser::subshell,
            Kind::If => Parser::if_command,
            Kind::While => |parser| parser.loop_command(false),
            Kind::Until => |parser| parser.loop_command(true),
            Kind::For => Parser::for_command,
            Kind::Case => Parser::case_command,
            Kind::LeftBrace => Parser::group,
            Kind::Test => Parser::condition_command,
            Kind::Function => Parser::function_keyword,
            Kind::Bang => return Err(self.unexpected()),
            kind if kind.ends_list() && kind.is_word() => return Err(self.unexpected()),
            _ => return self.simple(),
        };
        self.kind = Kind::Unread;
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
        let result = if self.peek().is_redirect() { self.redirected(command) } else { Ok(command) };
        self.mode = Mode::Prefix;
        self.impure = impure;
        result
    }

    fn redirected(&mut self, command: Command) -> Parsed<Command> {
        let mut redirects = vec![self.redirect()?];
        while self.peek().is_redirect() {
            redirects.push(self.redirect()?);
        }
        Ok(Command::Redirected(Box::new((command, redirects))))
    }

    /// Commands up to a word or operator that ends a list; at least one.
    pub(super) fn list(&mut self) -> Parsed<Command> {
        self.mode = Mode::Prefix;
        self.newlines();
        if self.peek() == Kind::Eof {
            // Whoever called expects something behind the list, and can say what.
            return Ok(Command::List(Vec::new()));
        }
        self.commands(Parser::list_is_over)
    }

    /// Whether the list that is being read ends behind the newlines that follow, which are passed.
    fn list_is_over(&mut self) -> bool {
        self.mode = Mode::Prefix;
        self.newlines();
        self.at_list_end() || self.kind == Kind::Eof
    }

    /// Whether the next token cannot begin a command because it ends a list.
    pub(super) fn at_list_end(&mut self) -> bool {
        self.expand_aliases();
        self.peek().ends_list()
    }

    fn expect_word(&mut self, kind: Kind) -> Parsed<()> {
        self.mode = Mode::Prefix;
        self.expand_aliases();
        self.expect(kind)
    }

    fn expect(&mut self, kind: Kind) -> Parsed<()> {
        if self.accept(kind) { Ok(()) } else { Err(self.expecting(kind)) }
    }

    #[cold]
    fn expecting(&mut self, kind: Kind) -> Box<SyntaxError> {
        let broken = self.peek() == Kind::Failed;
        let mut error = self.unexpected();
        if !broken {
            let word = kind.reserved_text().map(String::from_utf8_lossy);
            let text = word.as_deref().or(kind.operator_text()).unwrap_or_default();
            error.message += &[" (expecting \"", text, "\")"].concat();
        }
        error
    }

    fn if_command(&mut self) -> Parsed<Command> {
        let mut arms = Vec::with_capacity(1);
        loop {
            let condition = self.list()?;
            self.expect_word(Kind::Then)?;
            let body = self.list()?;
            arms.push((condition, body));
            if !self.accept(Kind::Elif) {
                break;
            }
        }
        let otherwise = if self.accept(Kind::Else) { Some(self.list()?) } else { None };
        self.expect_word(Kind::Fi)?;
        Ok(Command::If(Box::new(If { arms, otherwise })))
    }

    fn loop_command(&mut self, until: bool) -> Parsed<Command> {
        let condition = self.list()?;
        let body = self.do_group()?;
        Ok(Command::Loop(Box::new(Loop { until, condition, body })))
    }

    fn do_group(&mut self) -> Parsed<Command> {
        self.expect_word(Kind::Do)?;
        let body = self.list()?;
        self.expect_word(Kind::Done)?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed<Command> {
        let line = self.line;
        self.mode = Mode::Argument;
        let token = self.take_word()?;
        let variable = match token.word.as_literal() {
            Some(text) if token.bare && is_name(text) => self.names.intern(text),
            _ => return Err(self.error("bad for loop variable")),
        };
        let words = self.for_words()?;
        self.mode = Mode::Prefix;
        self.newlines();
        let body = if self.accept(Kind::LeftBrace) { self.group()? } else { self.do_group()? };
        Ok(Command::For(Box::new(For { line, variable, words, body })))
    }

    fn for_words(&mut self) -> Parsed<Option<Vec<Word>>> {
        self.newlines();
        if !self.accept(Kind::In) {
            self.accept(Kind::Semicolon);
            return Ok(None);
        }
        let mut words = Vec::new();
        while self.peek().is_word() {
            words.push(self.take_plain()?);
        }
        match self.kind {
            Kind::Semicolon | Kind::Newline => {
                self.mode = Mode::Prefix;
                self.take();
                Ok(Some(words))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn case_command(&mut self) -> Parsed<Command> {
        let line = self.line;
        self.mode = Mode::Argument;
        let subject = self.take_plain()?;
        self.newlines();
        self.expect(Kind::In)?;
        let mut arms = Vec::with_capacity(2);
        loop {
            self.mode = Mode::Argument;
            self.newlines();
            if self.accept(Kind::Esac) {
                break;
            }
            let arm = self.case_arm()?;
            let last = arm.1;
            arms.push(arm.0);
            if last {
                self.expect_word(Kind::Esac)?;
                break;
            }
        }
        Ok(Command::Case(Box::new(Case { line, subject, arms })))
    }

    /// One arm, and whether no other may follow because it did not end with `;;`.
    fn case_arm(&mut self) -> Parsed<(Arm, bool)> {
        self.accept(Kind::LeftParen);
        let mut patterns = vec![self.take_plain()?];
        while self.accept(Kind::Pipe) {
            patterns.push(self.take_plain()?);
        }
        self.mode = Mode::Prefix;
        self.expect(Kind::RightParen)?;
        self.newlines();
        let body = if self.at_list_end() { None } else { Some(self.list()?) };
        self.mode = Mode::Argument;
        let falls_through = self.accept(Kind::SemicolonAmpersand);
        let last = !falls_through && !self.accept(Kind::DoubleSemicolon);
        if last && self.peek() == Kind::Eof {
            return Err(self.expecting(Kind::DoubleSemicolon));
        }
        Ok((Arm { patterns, body, falls_through }, last))
    }

    fn group(&mut self) -> Parsed<Command> {
        let body = self.list()?;
        self.expect_word(Kind::RightBrace)?;
        Ok(body)
    }

    fn subshell(&mut self) -> Parsed<Command> {
        let line = self.line;
        let body = self.list()?;
        self.expect(Kind::RightParen)?;
        Ok(Command::Subshell(Box::new(Subshell { line, body })))
    }

    /// `function name { …; }`, with or without parentheses.
    fn function_keyword(&mut self) -> Parsed<Command> {
        self.mode = Mode::Argument;
        let name = self.take_plain()?;
        self.mode = Mode::Prefix;
        if self.peek() == Kind::LeftParen {
            return self.function(name);
        }
        self.function_body(name)
    }

    /// Behind a function's name, at the parenthesis.
    pub(super) fn function(&mut self, name: Word) -> Parsed<Command> {
        self.mode = Mode::Prefix;
        self.kind = Kind::Unread;
        if !self.accept(Kind::RightParen) {
            return Err(self.unexpected());
        }
        self.function_body(name)
    }

    fn function_body(&mut self, name: Word) -> Parsed<Command> {
        let line = self.line;
        let name = match name.as_literal() {
            Some(text) if !text.is_empty() => self.names.intern(text),
            _ => return Err(self.error("bad function name")),
        };
        self.enter()?;
        self.newlines();
        let body = self.command()?;
        self.leave();
        let file = Rc::clone(&self.options.file);
        Ok(Command::Function(Box::new((name, Rc::new(Function { body, line, file })))))
    }

    /// The commands of `$(…)`, up to and with the closing parenthesis.
    pub(super) fn substituted(&mut self) -> Parsed<Option<Command>> {
        self.inside_word(|parser| {
            parser.newlines();
            let body = if parser.peek() == Kind::RightParen { None } else { Some(parser.list()?) };
            parser.expect(Kind::RightParen)?;
            Ok(body)
        })
    }

    /// The same where a parenthesis was read already that turned out to open a subshell.
    pub(super) fn substituted_subshell(&mut self) -> Parsed<Option<Command>> {
        self.inside_word(|parser| {
            let subshell = parser.nested(Parser::subshell)?;
            let first = parser.and_or_item(Some(subshell))?;
            let body = parser.commands_behind(first, Parser::list_is_over)?;
            parser.expect(Kind::RightParen)?;
            Ok(Some(body))
        })
    }

    /// Commands inside a word: what the parser was about is put aside and taken up again.
    fn inside_word(&mut self, parse: fn(&mut Self) -> Parsed<Option<Command>>) -> Parsed<Option<Command>> {
        self.enter()?;
        let (mode, line, impure, start) = (self.mode, self.line, self.impure, self.token_start);
        let keep_text = std::mem::replace(&mut self.options.keep_text, false);
        let pending = std::mem::take(&mut self.pending);
        self.mode = Mode::Prefix;
        // A word is being read, so there is no token ahead.
        self.kind = Kind::Unread;
        let result = parse(self);
        self.kind = Kind::Unread;
        let inner = std::mem::replace(&mut self.pending, pending);
        self.pending.extend(inner);
        (self.mode, self.line, self.impure, self.token_start) = (mode, line, impure, start);
        self.options.keep_text = keep_text;
        self.leave();
        result
    }

    /// A redirection, whose operator is ahead.
    pub(super) fn redirect(&mut self) -> Parsed<Redirect> {
        let line = self.line;
        let mode = std::mem::replace(&mut self.mode, Mode::Argument);
        let (op, number) = (self.take(), self.number);
        self.peek();
        let here = matches!(op, Kind::Here | Kind::HereStrip);
        let raw =
            self.token_mark().filter(|_| here).and_then(|mark| self.input.since(mark)).map(<[u8]>::to_vec);
        let target = self.take_word()?;
        self.mode = mode;
        let word = target.word;
        let mut fd = 0;
        let kind = match op {
            Kind::Read => RedirectKind::Read(word),
            Kind::ReadWrite => RedirectKind::ReadWrite(word),
            Kind::DuplicateIn => RedirectKind::Duplicate(word),
            Kind::HereString => RedirectKind::HereString(word),
            Kind::Here | Kind::HereStrip => {
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
                    strips_tabs: op == Kind::HereStrip,
                });
                RedirectKind::Here(here)
            }
            _ => {
                fd = 1;
                match op {
                    Kind::Write => RedirectKind::Write(word),
                    Kind::Clobber => RedirectKind::Clobber(word),
                    Kind::Append => RedirectKind::Append(word),
                    Kind::DuplicateOut => {
                        let plain = word
                            .as_literal()
                            .is_some_and(|text| text != b"-" && !text.iter().all(u8::is_ascii_digit));
                        if plain && number.is_none_or(|number| number == 1) {
                            RedirectKind::Both { word, append: false }
                        } else {
                            RedirectKind::Duplicate(word)
                        }
                    }
                    op => RedirectKind::Both { word, append: op == Kind::BothAppend },
                }
            }
        };
        Ok(Redirect { fd: number.unwrap_or(fd), line, kind })
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
            while self.input.raw(0).is_some() {
                let rest = self.input.rest();
                let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                text.extend_from_slice(&rest[..length]);
                self.input.skip(length);
                if self.input.raw(0) == Some(b'\n') {
                    self.input.bump();
                    text.push(b'\n');
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
    for part in word.parts() {
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
