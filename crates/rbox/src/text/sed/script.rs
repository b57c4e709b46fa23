//! script — from the text of a script to its commands.

use super::command::{Action, Address, Command, End, Pattern, Script, Translation};
use super::substitute;
use crate::prelude::*;
use posix::regex::{self, Regex};

/// What the options say about the script.
pub(super) struct Flags {
    pub(super) extended: bool,
    /// What ends lines; a NUL changes what `^` and `$` mean under `M`.
    pub(super) separator: u8,
}

pub(super) struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    pub(super) flags: &'a Flags,
    commands: Vec<Command>,
    /// Blocks that have not ended, by the index of their command.
    blocks: Vec<usize>,
    labels: Vec<(Vec<u8>, usize)>,
    /// Branches, by the index of their command, and where they lead.
    jumps: Vec<(usize, Vec<u8>)>,
    written: Vec<PathBuf>,
    read_lines: Vec<PathBuf>,
}

pub(super) fn parse(text: &[u8], flags: &Flags) -> Result<Script> {
    let mut parser = Parser {
        text,
        at: 0,
        flags,
        commands: Vec::new(),
        blocks: Vec::new(),
        labels: Vec::new(),
        jumps: Vec::new(),
        written: Vec::new(),
        read_lines: Vec::new(),
    };
    while parser.skip_between() {
        parser.command()?;
    }
    if !parser.blocks.is_empty() {
        return Err(Error::message("unterminated {"));
    }
    for (index, label) in std::mem::take(&mut parser.jumps) {
        let target = if label.is_empty() {
            parser.commands.len()
        } else {
            match parser.labels.iter().find(|known| known.0 == label) {
                Some(known) => known.1,
                None => {
                    let label = String::from_utf8_lossy(&label);
                    return Err(Error::message(format_args!("can't find label for jump to '{label}'")));
                }
            }
        };
        let action = &mut parser.commands[index].action;
        *action = match action {
            Action::BranchIfReplaced(_) => Action::BranchIfReplaced(target),
            Action::BranchUnlessReplaced(_) => Action::BranchUnlessReplaced(target),
            _ => Action::Branch(target),
        };
    }
    Ok(Script { commands: parser.commands, written: parser.written, read_lines: parser.read_lines })
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n' && byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips what may stand between commands. False at the end of the script.
    fn skip_between(&mut self) -> bool {
        while self.peek().is_some_and(|byte| byte == b';' || byte.is_ascii_whitespace()) {
            self.at += 1;
        }
        self.at < self.text.len()
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(u64::MAX)) }
    }

    fn command(&mut self) -> Result {
        let first = self.address()?;
        self.skip_blanks();
        let end = if first.is_some() && self.eat(b',') { Some(self.end()?) } else { None };
        let needs_pattern = matches!(first, Some(Address::Zero));
        if needs_pattern && !matches!(end, Some(End::Match(_))) {
            return Err(Error::message("invalid usage of line address 0"));
        }
        self.skip_blanks();
        let mut negated = false;
        while self.eat(b'!') {
            negated = true;
            self.skip_blanks();
        }
        let Some(letter) = self.next() else { return Err(Error::message("missing command")) };
        let addressed = first.is_some();
        let index = self.commands.len();
        let action = self.action(letter, index, addressed)?;
        if let Some(action) = action {
            self.commands.push(Command { first, end, negated, action });
        }
        Ok(())
    }

    fn address(&mut self) -> Result<Option<Address>> {
        if let Some(line) = self.number() {
            if self.eat(b'~') {
                return Ok(Some(Address::Step(line, self.number().unwrap_or(0))));
            }
            return Ok(Some(if line == 0 { Address::Zero } else { Address::Line(line) }));
        }
        match self.peek() {
            Some(b'$') => {
                self.at += 1;
                Ok(Some(Address::Last))
            }
            Some(b'/' | b'\\') => Ok(Some(Address::Match(self.address_pattern()?))),
            _ => Ok(None),
        }
    }

    fn end(&mut self) -> Result<End> {
        self.skip_blanks();
        if let Some(line) = self.number() {
            return Ok(End::Line(line));
        }
        match self.peek() {
            Some(b'$') => {
                self.at += 1;
                Ok(End::Last)
            }
            Some(b'/' | b'\\') => Ok(End::Match(self.address_pattern()?)),
            Some(sign @ (b'+' | b'~')) => {
                self.at += 1;
                let number = self.number().ok_or_else(no_address)?;
                Ok(if sign == b'+' { End::After(number) } else { End::Multiple(number) })
            }
            _ => Err(no_address()),
        }
    }

    fn address_pattern(&mut self) -> Result<Pattern> {
        let mut delimiter = self.next();
        if delimiter == Some(b'\\') {
            delimiter = self.next();
        }
        let delimiter = delimiter.ok_or_else(|| Error::message("unmatched '/'"))?;
        let text = self.delimited(delimiter, true)?;
        let (mut ignore_case, mut lines) = (false, false);
        loop {
            if self.eat(b'I') {
                ignore_case = true;
            } else if self.eat(b'M') {
                lines = true;
            } else {
                return self.pattern(&text, ignore_case, lines);
            }
        }
    }

    pub(super) fn pattern(&self, text: &[u8], ignore_case: bool, lines: bool) -> Result<Pattern> {
        if text.is_empty() {
            return Ok(None);
        }
        let options = regex::Options {
            extended: self.flags.extended,
            ignore_case,
            newline: lines,
            ..regex::Options::default()
        };
        match Regex::new(text, &options) {
            Ok(regex) => Ok(Some(Box::new(regex))),
            Err(error) => Err(Error::message(format_args!(
                "bad regex '{}': {error}",
                OsStr::from_bytes(text).display()
            ))),
        }
    }

    /// The text up to `delimiter`, which is `\delimiter` within it. In a pattern it may stand in brackets, and the
    /// escapes that the expressions do not know become characters.
    pub(super) fn delimited(&mut self, delimiter: u8, is_pattern: bool) -> Result<Vec<u8>> {
        let unmatched = || Error::message(format_args!("unmatched '{}'", delimiter.escape_ascii()));
        if matches!(delimiter, b'\n' | b'\\') {
            return Err(Error::message("bad delimiter"));
        }
        let mut text = Vec::new();
        loop {
            let byte = self.next().ok_or_else(unmatched)?;
            if byte == delimiter {
                return Ok(text);
            }
            match byte {
                b'\\' => {
                    let escaped = self.next().ok_or_else(unmatched)?;
                    if escaped == delimiter {
                        text.push(delimiter);
                    } else if let (true, Some(control)) = (is_pattern, pattern_escape(escaped)) {
                        text.push(control);
                    } else {
                        text.extend([b'\\', escaped]);
                    }
                }
                b'[' if is_pattern => self.bracket(&mut text).ok_or_else(unmatched)?,
                b'\n' if is_pattern => return Err(unmatched()),
                byte => text.push(byte),
            }
        }
    }

    /// Copies a bracket expression. None: the script ends in it.
    fn bracket(&mut self, text: &mut Vec<u8>) -> Option<()> {
        text.push(b'[');
        let rest = &self.text[self.at..];
        let first = usize::from(rest.starts_with(b"^"));
        let mut at = first + usize::from(rest.get(first) == Some(&b']'));
        text.extend_from_slice(&rest[..at]);
        loop {
            match rest[at.min(rest.len())..] {
                [b']', ..] => {
                    text.push(b']');
                    self.at += at + 1;
                    return Some(());
                }
                [b'[', kind @ (b':' | b'.' | b'='), ..] => {
                    let name = &rest[at + 2..];
                    let length = name.windows(2).position(|pair| pair == [kind, b']'])? + 4;
                    text.extend_from_slice(&rest[at..at + length]);
                    at += length;
                }
                [b'\\', escaped, ..] if pattern_escape(escaped).is_some() => {
                    text.extend(pattern_escape(escaped));
                    at += 2;
                }
                [] => return None,
                [byte, ..] => {
                    text.push(byte);
                    at += 1;
                }
            }
        }
    }

    /// The command `letter`. None: it is no step of its own.
    fn action(&mut self, letter: u8, index: usize, addressed: bool) -> Result<Option<Action>> {
        let action = match letter {
            b'#' if !addressed => {
                self.rest_of_line();
                return Ok(None);
            }
            b'{' => {
                self.blocks.push(index);
                return Ok(Some(Action::Block(0)));
            }
            b'}' => {
                if addressed {
                    return Err(Error::message("} takes no address"));
                }
                let block = self.blocks.pop().ok_or_else(|| Error::message("unexpected }"))?;
                self.commands[block].action = Action::Block(index);
                self.end_of_command()?;
                return Ok(None);
            }
            b':' => {
                if addressed {
                    return Err(Error::message(": takes no address"));
                }
                let label = self.label();
                if label.is_empty() {
                    return Err(Error::message("\":\" lacks a label"));
                }
                self.labels.push((label, index));
                return Ok(None);
            }
            b'a' => return Ok(Some(Action::Append(self.inserted_text()))),
            b'i' => return Ok(Some(Action::Insert(self.inserted_text()))),
            b'c' => return Ok(Some(Action::Change(self.inserted_text()))),
            b'b' | b't' | b'T' => {
                let label = self.label();
                self.jumps.push((index, label));
                return Ok(Some(match letter {
                    b'b' => Action::Branch(0),
                    b't' => Action::BranchIfReplaced(0),
                    _ => Action::BranchUnlessReplaced(0),
                }));
            }
            b'e' => return Ok(Some(Action::Execute(self.argument()))),
            b'r' => return Ok(Some(Action::Read(self.file()?))),
            b'R' => {
                let file = self.file()?;
                return Ok(Some(Action::ReadLine(index_of(&mut self.read_lines, file))));
            }
            b'w' => return Ok(Some(Action::Write(self.written_file()?))),
            b'W' => return Ok(Some(Action::WriteFirstLine(self.written_file()?))),
            b's' => Action::Substitute(Box::new(substitute::parse(self)?)),
            b'y' => Action::Translate(self.translation()?),
            b'v' => {
                self.label();
                Action::Nothing
            }
            b'l' => Action::List(self.numeric_argument()),
            b'q' | b'Q' => {
                let status = self.numeric_argument().unwrap_or(0) as u8;
                if letter == b'q' { Action::Quit(status) } else { Action::QuitSilently(status) }
            }
            b'd' => Action::Delete,
            b'D' => Action::DeleteFirstLine,
            b'F' => Action::FileName,
            b'g' => Action::Get,
            b'G' => Action::GetAppend,
            b'h' => Action::Hold,
            b'H' => Action::HoldAppend,
            b'n' => Action::Next,
            b'N' => Action::NextAppend,
            b'p' => Action::Print,
            b'P' => Action::PrintFirstLine,
            b'x' => Action::Exchange,
            b'z' => Action::Zap,
            b'=' => Action::LineNumber,
            b'\n' | b';' => return Err(Error::message("missing command")),
            other => {
                return Err(Error::message(format_args!("unsupported command {}", other.escape_ascii())));
            }
        };
        self.end_of_command()?;
        Ok(Some(action))
    }

    fn numeric_argument(&mut self) -> Option<u64> {
        self.skip_blanks();
        self.number()
    }

    fn end_of_command(&mut self) -> Result {
        self.skip_blanks();
        match self.peek() {
            None | Some(b'\n' | b';') => {
                self.at += 1;
                Ok(())
            }
            Some(b'}' | b'#') => Ok(()),
            Some(_) => Err(Error::message("extra characters after command")),
        }
    }

    fn rest_of_line(&mut self) -> &[u8] {
        let rest = &self.text[self.at.min(self.text.len())..];
        let length = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        self.at += length + 1;
        &rest[..length]
    }

    /// A label ends at a semicolon or white space, as GNU's does.
    fn label(&mut self) -> Vec<u8> {
        self.skip_blanks();
        let start = self.at;
        while self.peek().is_some_and(|byte| byte != b';' && !byte.is_ascii_whitespace() && byte != b'}') {
            self.at += 1;
        }
        self.text[start..self.at].to_vec()
    }

    fn argument(&mut self) -> Vec<u8> {
        self.skip_blanks();
        self.rest_of_line().to_vec()
    }

    fn file(&mut self) -> Result<PathBuf> {
        let name = self.argument();
        if name.is_empty() {
            return Err(Error::message("missing filename in r/R/w/W commands"));
        }
        Ok(PathBuf::from(OsString::from_vec(name)))
    }

    /// The number of the file that a `w` names.
    pub(super) fn written_file(&mut self) -> Result<usize> {
        let file = self.file()?;
        Ok(index_of(&mut self.written, file))
    }

    /// The text of `a`, `i` and `c`: behind `\` and a newline, or behind blanks on the same line.
    fn inserted_text(&mut self) -> Vec<u8> {
        self.skip_blanks();
        if self.eat(b'\\') {
            let mark = self.at;
            self.skip_blanks();
            if !self.eat(b'\n') {
                // `a\  text`: the blanks are part of the text.
                self.at = mark;
            }
        }
        let mut text = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'\n' => break,
                b'\\' => match self.next() {
                    Some(b't') => text.push(b'\t'),
                    Some(b'n') => text.push(b'\n'),
                    Some(escaped) => text.push(escaped),
                    None => break,
                },
                byte => text.push(byte),
            }
        }
        text.push(b'\n');
        text
    }

    fn translation(&mut self) -> Result<Translation> {
        let delimiter = self.next().ok_or_else(|| Error::message("unmatched '/'"))?;
        let from = translated_characters(&self.delimited(delimiter, false)?)?;
        let to = translated_characters(&self.delimited(delimiter, false)?)?;
        if from.len() != to.len() {
            return Err(Error::message("strings for 'y' command are different lengths"));
        }
        if from.iter().chain(&to).any(|character| character.len() > 1) {
            return Ok(Translation::Characters(from.into_iter().zip(to).collect()));
        }
        let mut table = Box::new([0; 256]);
        (0..=255).for_each(|byte: u8| table[usize::from(byte)] = byte);
        for (from, to) in from.iter().zip(&to) {
            table[usize::from(from[0])] = to[0];
        }
        Ok(Translation::Bytes(table))
    }
}

fn no_address() -> Error {
    Error::message("no address after comma")
}

/// Characters that stand for controls in patterns; `\n` may stand in brackets too.
fn pattern_escape(letter: u8) -> Option<u8> {
    match letter {
        b'n' => Some(b'\n'),
        b't' => Some(b'\t'),
        b'f' => Some(0x0c),
        b'v' => Some(0x0b),
        b'r' => Some(b'\r'),
        b'a' => Some(7),
        _ => None,
    }
}

fn translated_characters(text: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut characters = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'\\' {
            match text.get(at + 1) {
                Some(b'\\') => characters.push(vec![b'\\']),
                Some(&letter) if pattern_escape(letter).is_some() => {
                    characters.push(pattern_escape(letter).into_iter().collect());
                }
                Some(&other) => characters.extend([vec![b'\\'], vec![other]]),
                None => return Err(Error::message("trailing backslash in 'y' command")),
            }
            at += 2;
            continue;
        }
        let length = regex::character_length(&text[at..]);
        characters.push(text[at..at + length].to_vec());
        at += length;
    }
    Ok(characters)
}

fn index_of(files: &mut Vec<PathBuf>, file: PathBuf) -> usize {
    match files.iter().position(|known| *known == file) {
        Some(index) => index,
        None => {
            files.push(file);
            files.len() - 1
        }
    }
}
