//! condition — what stands between `[[` and `]]`.

use super::token::{Kind, Mode};
use super::{Parsed, Parser};
use crate::ast::{Command, Condition, Part, Word};

const UNARY: &[u8] = b"abcdefghknoprstuvwxzGLNORS";
const BINARY: &[&[u8]] =
    &[b"=", b"==", b"!=", b"=~", b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge", b"-nt", b"-ot", b"-ef"];

impl Parser<'_> {
    /// Behind `[[`.
    pub(super) fn condition_command(&mut self) -> Parsed<Command> {
        self.mode = Mode::Argument;
        let condition = self.condition_or()?;
        self.mode = Mode::Prefix;
        if !self.accept(Kind::TestEnd) {
            return Err(self.unexpected());
        }
        Ok(Command::Test(Box::new(condition)))
    }

    fn condition_or(&mut self) -> Parsed<Condition> {
        self.condition_row(Kind::OrOr, Self::condition_and, Condition::Or)
    }

    fn condition_and(&mut self) -> Parsed<Condition> {
        self.condition_row(Kind::AndAnd, Self::condition_not, Condition::And)
    }

    /// Conditions with `operator` between them.
    #[inline(never)]
    fn condition_row(
        &mut self,
        operator: Kind,
        one: fn(&mut Self) -> Parsed<Condition>,
        join: fn(Box<Condition>, Box<Condition>) -> Condition,
    ) -> Parsed<Condition> {
        let mut left = one(self)?;
        while self.accept(operator) {
            self.newlines();
            left = join(Box::new(left), Box::new(one(self)?));
        }
        Ok(left)
    }

    fn condition_not(&mut self) -> Parsed<Condition> {
        self.enter()?;
        self.newlines();
        let condition = if self.accept(Kind::Bang) {
            Condition::Not(Box::new(self.condition_not()?))
        } else if self.accept(Kind::LeftParen) {
            let inner = self.condition_or()?;
            if !self.accept(Kind::RightParen) {
                return Err(self.unexpected());
            }
            inner
        } else {
            self.condition_primary()?
        };
        self.newlines();
        self.leave();
        Ok(condition)
    }

    fn condition_primary(&mut self) -> Parsed<Condition> {
        if self.peek() == Kind::TestEnd {
            return Err(self.unexpected());
        }
        let first = self.take_word()?;
        if first.bare
            && let Some([b'-', operator]) = first.word.as_literal()
            && UNARY.contains(operator)
            && self.peek().is_word()
            && self.kind != Kind::TestEnd
            && self.binary().is_none()
        {
            let operator = *operator;
            return Ok(Condition::Unary(operator, self.take_plain()?));
        }
        let operator = match (self.peek(), self.number, self.binary()) {
            (_, _, Some(operator)) => operator,
            (Kind::Read, None, _) => b"<",
            (Kind::Write, None, _) => b">",
            _ => return Ok(Condition::Word(first.word)),
        };
        self.kind = Kind::Unread;
        let right = if operator == b"=~" { self.regex_word()? } else { self.take_plain()? };
        Ok(Condition::Binary(operator, first.word, right))
    }

    /// The operator between two words that is ahead.
    fn binary(&self) -> Option<&'static [u8]> {
        let word = self.word.word.as_literal().filter(|_| self.kind == Kind::Word && self.word.bare)?;
        BINARY.iter().find(|operator| **operator == word).copied()
    }

    /// The right side of `=~`: parentheses and bars belong to it.
    fn regex_word(&mut self) -> Parsed<Word> {
        let mut parts: Vec<Part> = Vec::new();
        let mut depth = 0u32;
        while matches!(self.input.peek(), Some(b' ' | b'\t')) {
            self.input.bump();
        }
        loop {
            match self.input.peek() {
                Some(b'\n') | None => break,
                Some(b' ' | b'\t' | b')') if depth == 0 => break,
                Some(byte @ (b'(' | b')' | b'|' | b'<' | b'>' | b';' | b'&' | b' ' | b'\t')) => {
                    match byte {
                        b'(' => depth += 1,
                        b')' => depth -= 1,
                        _ => {}
                    }
                    self.input.bump();
                    parts.push(Part::Text([byte].as_slice().into()));
                }
                Some(_) => {
                    self.kind = self.read_word(Mode::Argument)?;
                    let token = self.take_word()?;
                    match token.word {
                        Word::Parts(more) => parts.extend(more),
                        word => {
                            let text = word.as_literal().unwrap_or_default().into();
                            parts.push(if token.bare { Part::Text(text) } else { Part::Quoted(text) });
                        }
                    }
                }
            }
        }
        Ok(Word::Parts(parts))
    }
}
