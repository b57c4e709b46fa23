//! parser — from characters to the syntax tree. It knows nothing of processes and expands nothing but aliases.
//!
//! `token` reads operators and words, `word` what is inside a word, `compound` the commands with reserved words,
//! `condition` what stands in `[[ ]]`.
//!
//! Source: POSIX.1-2024 XCU 2.3, 2.10; BusyBox ash for what goes beyond.

mod brace;
mod compound;
mod condition;
mod token;
mod word;

pub(crate) use compound::{RESERVED, is_reserved};

use std::rc::Rc;

use crate::alias::Aliases;
use crate::ast::{AndOr, Background, Command, Connector, Here, Pipeline, Simple, Word};
use crate::input::Input;
use crate::name::Names;
use token::{Mode, Op, Token, WordToken};

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
    /// A token that was looked at and not taken, and the line where it began.
    ahead: Option<Token>,
    line: u32,
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
            ahead: None,
            line,
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
        loop {
            match self.peek()? {
                Token::Eof => return Ok(None),
                Token::Newline => {
                    self.take()?;
                    self.input.begin_command();
                }
                _ => break,
            }
        }
        let command = self.line_of_commands()?;
        match self.peek()? {
            Token::Newline => {
                self.take()?;
            }
            Token::Eof => self.read_pending()?,
            _ => return Err(self.unexpected()),
        }
        Ok(Some(command))
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
        let mut commands = Vec::new();
        loop {
            commands.push(self.and_or_item(None)?);
            if matches!(self.peek()?, Token::Newline | Token::Eof) {
                break;
            }
        }
        join(commands).ok_or_else(|| self.unexpected())
    }

    /// One and-or list with the `;` or `&` behind it. `first`: its first command, if that was read already.
    fn and_or_item(&mut self, first: Option<Command>) -> Parsed<Command> {
        self.enter()?;
        self.mode = Mode::Prefix;
        self.expand_aliases()?;
        let mark = self.mark_command()?;
        let command = self.and_or(first)?;
        let item = match self.peek()? {
            Token::Op(Op::Semicolon) => {
                self.take()?;
                command
            }
            Token::Op(Op::Ampersand) => {
                let text = self.text_since(mark);
                self.take()?;
                Command::Background(Box::new(Background { command, text }))
            }
            Token::Newline | Token::Eof => command,
            _ => {
                if !self.at_list_end()? {
                    return Err(self.unexpected());
                }
                command
            }
        };
        self.leave();
        Ok(item)
    }

    fn and_or(&mut self, first: Option<Command>) -> Parsed<Command> {
        let first = self.pipeline(first)?;
        let mut rest = Vec::new();
        loop {
            let connector = match self.peek()? {
                Token::Op(Op::AndAnd) => Connector::And,
                Token::Op(Op::OrOr) => Connector::Or,
                _ => break,
            };
            self.take()?;
            self.newlines()?;
            rest.push((connector, self.pipeline(None)?));
        }
        Ok(if rest.is_empty() { first } else { Command::AndOr(Box::new(AndOr { first, rest })) })
    }

    fn pipeline(&mut self, first: Option<Command>) -> Parsed<Command> {
        let mark = self.mark_command()?;
        let mut negated = false;
        let mut bang = false;
        let first = match first {
            Some(first) => first,
            None => {
                self.expand_aliases()?;
                while self.accept_word(b"!")? {
                    negated = !negated;
                    bang = true;
                }
                self.command()?
            }
        };
        if !bang && !self.options.keep_text && !matches!(self.peek()?, Token::Op(Op::Pipe)) {
            return Ok(first);
        }
        let mut commands = vec![first];
        while matches!(self.peek()?, Token::Op(Op::Pipe)) {
            self.take()?;
            self.newlines()?;
            commands.push(self.command()?);
        }
        let text = self.text_since(mark);
        Ok(Command::Pipeline(Box::new(Pipeline { commands, negated, text })))
    }

    /// Where the text of a command begins, with the token ahead read.
    fn mark_command(&mut self) -> Parsed<Option<crate::input::Mark>> {
        if self.ahead.is_some() || !self.options.keep_text {
            return Ok(self.token_mark());
        }
        self.peek()?;
        Ok(self.token_mark())
    }

    /// A simple command, or a function's definition that begins like one.
    fn simple(&mut self) -> Parsed<Command> {
        let impure_outside = std::mem::replace(&mut self.impure, false);
        let mut simple = Simple {
            line: self.line,
            assigns: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
            name: None,
            pure: false,
        };
        let mut declares = false;
        loop {
            if simple.words.is_empty() {
                self.expand_aliases()?;
            } else {
                self.peek()?;
                if std::mem::take(&mut self.input.next_word_too) {
                    self.expand_aliases()?;
                }
            }
            match self.peek()? {
                Token::Redirect(..) => {
                    let redirect = self.redirect()?;
                    simple.redirects.push(redirect);
                }
                Token::Word(_) => {
                    let token = self.take_word()?;
                    if let (true, Some(assign)) = (simple.words.is_empty(), token.assign) {
                        simple.assigns.push(crate::ast::Assign { name: assign, value: token.word });
                        continue;
                    }
                    let first = simple.words.is_empty();
                    declares = is_declaration(&simple.words, &token.word, declares);
                    self.mode = if declares { Mode::Declaration } else { Mode::Argument };
                    if first {
                        if let Some(text) = token.word.as_literal() {
                            simple.name = Some(self.names.intern(text));
                        }
                        if token.bare
                            && simple.assigns.is_empty()
                            && simple.redirects.is_empty()
                            && matches!(self.peek()?, Token::Op(Op::LeftParen))
                        {
                            self.impure = impure_outside;
                            return self.function(token.word);
                        }
                    }
                    simple.words.push(token.word);
                }
                _ => break,
            }
        }
        self.mode = Mode::Prefix;
        if simple.words.is_empty() && simple.assigns.is_empty() && simple.redirects.is_empty() {
            return Err(self.unexpected());
        }
        simple.pure = !self.impure;
        self.impure |= impure_outside;
        Ok(Command::Simple(Box::new(simple)))
    }

    /// Counts one more level of nesting.
    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.error("nested too deeply".into())) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    #[cold]
    fn error(&mut self, what: String) -> Box<SyntaxError> {
        Box::new(SyntaxError {
            line: self.input.line,
            message: format!("syntax error: {what}"),
            incomplete: false,
        })
    }

    #[cold]
    fn ended_in(&mut self, what: &str) -> Box<SyntaxError> {
        let mut error = self.error(what.into());
        error.incomplete = true;
        error
    }

    /// The error for a token that has no place here.
    #[cold]
    fn unexpected(&mut self) -> Box<SyntaxError> {
        let token = match self.ahead.take() {
            Some(token) => token,
            None => match self.take() {
                Ok(token) => token,
                Err(error) => return error,
            },
        };
        let mut error = self.error(format!("unexpected {}", token.describe()));
        error.line = self.line;
        error.incomplete = matches!(token, Token::Eof);
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

/// Whether the arguments behind `word` are like those of `export`: the words so far, then this one.
fn is_declaration(before: &[Word], word: &Word, already: bool) -> bool {
    if already {
        return true;
    }
    let only_command = before.iter().all(|word| word.as_literal() == Some(b"command"));
    only_command
        && matches!(word.as_literal(), Some(b"export" | b"readonly" | b"local" | b"declare" | b"typeset"))
}

/// Commands behind each other as one; None for none.
fn join(mut commands: Vec<Command>) -> Option<Command> {
    match commands.len() {
        0 => None,
        1 => commands.pop(),
        _ => Some(Command::List(commands)),
    }
}

impl Token {
    fn describe(&self) -> String {
        match self {
            Token::Eof => "end of file".into(),
            Token::Newline => "newline".into(),
            Token::Word(WordToken { word, .. }) => match word.as_literal() {
                Some(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
                None => "word".into(),
            },
            Token::Redirect(..) => "redirection".into(),
            Token::Op(op) => format!("\"{}\"", op.text()),
        }
    }
}
