//! parser — from characters to the syntax tree. It knows nothing of processes and expands nothing but aliases.
//!
//! `token` reads operators and reserved words, `word` what is inside a word (`builder` puts it together), `quotes`,
//! `dollar` and `brace` what is special there, `compound` the commands with reserved words, `condition` what stands in `[[ ]]`.
//!
//! Source: POSIX.1-2024 XCU 2.3, 2.10; BusyBox ash for what goes beyond.

mod brace;
mod builder;
mod compound;
mod condition;
mod dollar;
mod quotes;
mod token;
mod word;

pub(crate) use token::{RESERVED, is_reserved};

use std::rc::Rc;

use crate::alias::Aliases;
use crate::ast::{AndOr, Assign, Background, Command, Connector, Here, Pipeline, Simple, Word};
use crate::input::Input;
use crate::name::Names;
use token::{Kind, Mode, WordToken};

/// Why the text is no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub line: u32,
    pub message: String,
    /// The text ended too early: more of it might help.
    pub incomplete: bool,
}

pub(crate) type Parsed<T> = Result<T, Box<SyntaxError>>;

/// How deep commands, words and substitutions may be nested.
const DEPTH_MAX: u32 = 250;

#[derive(Clone)]
pub(crate) struct Options {
    /// Keep the text of pipelines for `jobs`.
    pub(crate) keep_text: bool,
    pub(crate) expand_aliases: bool,
    /// The file that functions are said to come from.
    pub(crate) file: Rc<[u8]>,
}

pub(crate) struct Parser<'a> {
    input: &'a mut Input,
    names: &'a mut Names,
    aliases: &'a Aliases,
    options: Options,
    /// The token that was looked at and not taken; its word, or the number in front of a redirection; and the line where
    /// it began.
    kind: Kind,
    word: WordToken,
    number: Option<i32>,
    line: u32,
    /// Memory for the text of words.
    scratch: Vec<u8>,
    /// Why there is no next token.
    failure: Option<Box<SyntaxError>>,
    token_start: Option<crate::input::Mark>,
    mode: Mode,
    /// Here-documents whose bodies come behind the current line.
    pending: Vec<PendingHere>,
    depth: u32,
    /// Something in the current simple command changes the shell when it is expanded.
    impure: bool,
}

struct PendingHere {
    here: Rc<Here>,
    delimiter: Vec<u8>,
    expands: bool,
    strips_tabs: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(
        input: &'a mut Input,
        names: &'a mut Names,
        aliases: &'a Aliases,
        options: Options,
        depth: u32,
    ) -> Parser<'a> {
        let line = input.line;
        Parser {
            input,
            names,
            aliases,
            options,
            kind: Kind::Unread,
            word: WordToken::default(),
            number: None,
            line,
            scratch: Vec::new(),
            failure: None,
            token_start: None,
            mode: Mode::Prefix,
            pending: Vec::new(),
            depth,
            impure: false,
        }
    }

    /// The next command with all that belongs to its line. None at the end of the text.
    pub(crate) fn next_command(&mut self) -> Parsed<Option<Command>> {
        self.input.begin_command();
        while self.peek() == Kind::Newline {
            self.take();
            self.input.begin_command();
        }
        if self.kind == Kind::Eof {
            return Ok(None);
        }
        let command = self.line_of_commands()?;
        match self.take() {
            Kind::Newline => {}
            Kind::Eof => self.read_pending()?,
            kind => {
                self.kind = kind;
                return Err(self.unexpected());
            }
        }
        match self.failure.take() {
            Some(error) => Err(error),
            None => Ok(Some(command)),
        }
    }

    /// Everything up to the end of the text, as one command.
    pub(crate) fn whole(&mut self) -> Parsed<Option<Command>> {
        let mut commands = Vec::new();
        while let Some(command) = self.next_command()? {
            commands.push(command);
        }
        Ok(join(commands))
    }

    /// What `;` and `&` join on one line.
    fn line_of_commands(&mut self) -> Parsed<Command> {
        self.commands(|parser| matches!(parser.peek(), Kind::Newline | Kind::Eof))
    }

    /// Commands behind each other, at least one, up to where `ends` says so.
    fn commands(&mut self, ends: fn(&mut Self) -> bool) -> Parsed<Command> {
        let first = self.and_or_item(None)?;
        self.commands_behind(first, ends)
    }

    /// Goes on behind the first command of a list.
    fn commands_behind(&mut self, first: Command, ends: fn(&mut Self) -> bool) -> Parsed<Command> {
        if ends(self) {
            return Ok(first);
        }
        let mut commands = Vec::with_capacity(4);
        commands.push(first);
        loop {
            commands.push(self.and_or_item(None)?);
            if ends(self) {
                return Ok(Command::List(commands));
            }
        }
    }

    /// One and-or list with the `;` or `&` behind it. `first`: its first command, if that was read already.
    fn and_or_item(&mut self, first: Option<Command>) -> Parsed<Command> {
        self.enter()?;
        self.mode = Mode::Prefix;
        self.expand_aliases();
        let mark = self.mark_command();
        let mut command = self.and_or(first)?;
        match self.peek() {
            Kind::Semicolon => self.kind = Kind::Unread,
            Kind::Ampersand => {
                let text = self.text_since(mark);
                self.kind = Kind::Unread;
                command = Command::Background(Box::new(Background { command, text }));
            }
            Kind::Newline | Kind::Eof => {}
            _ => {
                if !self.at_list_end() {
                    return Err(self.unexpected());
                }
            }
        }
        self.leave();
        Ok(command)
    }

    fn and_or(&mut self, first: Option<Command>) -> Parsed<Command> {
        let first = self.pipeline(first)?;
        if !matches!(self.peek(), Kind::AndAnd | Kind::OrOr) {
            return Ok(first);
        }
        let mut rest = Vec::with_capacity(1);
        loop {
            let connector = match self.peek() {
                Kind::AndAnd => Connector::And,
                Kind::OrOr => Connector::Or,
                _ => return Ok(Command::AndOr(Box::new(AndOr { first, rest }))),
            };
            self.kind = Kind::Unread;
            self.newlines();
            rest.push((connector, self.pipeline(None)?));
        }
    }

    fn pipeline(&mut self, first: Option<Command>) -> Parsed<Command> {
        let mark = self.mark_command();
        let mut negated = false;
        let mut bang = false;
        let first = match first {
            Some(first) => first,
            None => {
                self.expand_aliases();
                while self.accept(Kind::Bang) {
                    negated = !negated;
                    bang = true;
                }
                self.command()?
            }
        };
        if !bang && !self.options.keep_text && self.peek() != Kind::Pipe {
            return Ok(first);
        }
        let mut commands = vec![first];
        while self.accept(Kind::Pipe) {
            self.newlines();
            commands.push(self.command()?);
        }
        let text = self.text_since(mark);
        Ok(Command::Pipeline(Box::new(Pipeline { commands, negated, text })))
    }

    /// Where the text of a command begins, with the token ahead read.
    fn mark_command(&mut self) -> Option<crate::input::Mark> {
        if self.options.keep_text {
            self.peek();
        }
        self.token_mark()
    }

    /// A simple command, or a function's definition that begins like one.
    fn simple(&mut self) -> Parsed<Command> {
        let impure_outside = std::mem::replace(&mut self.impure, false);
        let mut simple = Box::new(Simple {
            line: self.line,
            assigns: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
            name: None,
            pure: false,
        });
        // Whether all words so far are `command`: the next one may be `export` or one of its kin.
        let mut leading = true;
        self.expand_aliases();
        loop {
            let kind = self.peek();
            if kind.is_redirect() {
                let redirect = self.redirect()?;
                push(&mut simple.redirects, redirect);
            } else if kind.is_word() {
                self.pass_word();
                let first = simple.words.is_empty();
                if let (true, Some(name)) = (first, self.word.assign) {
                    let value = std::mem::take(&mut self.word.word);
                    push(&mut simple.assigns, Assign { name, value });
                    self.expand_aliases();
                    continue;
                }
                self.mode = if first { Mode::Argument } else { self.mode };
                if leading {
                    let text = self.word.word.as_literal();
                    leading = text == Some(b"command");
                    if text.is_some_and(is_declaration) {
                        self.mode = Mode::Declaration;
                    }
                    if first {
                        simple.name = text.map(|text| self.names.intern(text));
                    }
                }
                if first {
                    simple.words = Vec::with_capacity(4);
                }
                simple.words.push(std::mem::take(&mut self.word.word));
                if first
                    && self.word.bare
                    && simple.name.is_some()
                    && simple.assigns.is_empty()
                    && simple.redirects.is_empty()
                    && self.peek() == Kind::LeftParen
                {
                    self.impure = impure_outside;
                    return self.function(simple.words.pop().unwrap_or_default());
                }
            } else {
                break;
            }
            if simple.words.is_empty() {
                self.expand_aliases();
            } else {
                self.peek();
                if std::mem::take(&mut self.input.next_word_too) {
                    self.expand_aliases();
                }
            }
        }
        self.mode = Mode::Prefix;
        if simple.words.is_empty() && simple.assigns.is_empty() && simple.redirects.is_empty() {
            return Err(self.unexpected());
        }
        simple.pure = !self.impure;
        self.impure |= impure_outside;
        Ok(Command::Simple(simple))
    }

    /// Counts one more level of nesting.
    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.error("nested too deeply")) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    #[cold]
    fn error(&mut self, what: &str) -> Box<SyntaxError> {
        Box::new(SyntaxError {
            line: self.input.line,
            message: ["syntax error: ", what].concat(),
            incomplete: false,
        })
    }

    #[cold]
    fn ended_in(&mut self, what: &str) -> Box<SyntaxError> {
        let mut error = self.error(what);
        error.incomplete = true;
        error
    }

    /// The error for a token that has no place here, or the one that made it none.
    #[cold]
    fn unexpected(&mut self) -> Box<SyntaxError> {
        let kind = self.peek();
        if let Some(error) = self.failure.take() {
            return error;
        }
        let literal = kind.reserved_text().or_else(|| self.word.word.as_literal());
        let quoted = |text: &[u8]| ["\"", &String::from_utf8_lossy(text), "\""].concat();
        let what = match (kind, kind.operator_text(), literal) {
            (Kind::Eof, ..) => "end of file".into(),
            (Kind::Newline, ..) => "newline".into(),
            (_, Some(text), _) => quoted(text.as_bytes()),
            _ if kind.is_redirect() => "redirection".into(),
            (_, _, Some(text)) => quoted(text),
            _ => "word".into(),
        };
        let mut error = self.error(&["unexpected ", &what].concat());
        error.line = self.line;
        error.incomplete = kind == Kind::Eof;
        error
    }
}

/// Text as if it stood in a here-document: what prompts are.
pub(crate) fn parse_quoted(
    input: &mut Input,
    text: Vec<u8>,
    names: &mut Names,
    aliases: &Aliases,
    file: &Rc<[u8]>,
) -> Parsed<Word> {
    let options = Options { keep_text: false, expand_aliases: true, file: Rc::clone(file) };
    Parser::new(input, names, aliases, options, 0).here_word(text, 1)
}

/// Whether the arguments behind a word are like those of `export`.
fn is_declaration(text: &[u8]) -> bool {
    matches!(text, b"export" | b"readonly" | b"local" | b"alias" | b"declare" | b"typeset")
}

/// Adds to a list that mostly has one member.
#[inline(always)]
fn push<T>(list: &mut Vec<T>, one: T) {
    if list.capacity() == 0 {
        *list = vec![one];
    } else {
        list.push(one);
    }
}

/// Commands behind each other as one; None for none.
fn join(mut commands: Vec<Command>) -> Option<Command> {
    match commands.len() {
        0 => None,
        1 => commands.pop(),
        _ => Some(Command::List(commands)),
    }
}
