//! condition — what stands between `[[` and `]]`.

use super::token::{Mode, Op, RedirectOp, Token};
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
        if !self.accept_word(b"]]")? {
            return Err(self.unexpected());
        }
        Ok(Command::Test(Box::new(condition)))
    }

    fn condition_or(&mut self) -> Parsed<Condition> {
        let mut left = self.condition_and()?;
        while self.accept_op(Op::OrOr)? {
            self.newlines()?;
            left = Condition::Or(Box::new(left), Box::new(self.condition_and()?));
        }
        Ok(left)
    }

    fn condition_and(&mut self) -> Parsed<Condition> {
        let mut left = self.condition_not()?;
        while self.accept_op(Op::AndAnd)? {
            self.newlines()?;
            left = Condition::And(Box::new(left), Box::new(self.condition_not()?));
        }
        Ok(left)
    }

    fn condition_not(&mut self) -> Parsed<Condition> {
        self.enter()?;
        self.newlines()?;
        let condition = if self.accept_word(b"!")? {
            Condition::Not(Box::new(self.condition_not()?))
        } else if self.accept_op(Op::LeftParen)? {
            let inner = self.condition_or()?;
            if !self.accept_op(Op::RightParen)? {
                return Err(self.unexpected());
            }
            inner
        } else {
            self.condition_primary()?
        };
        self.newlines()?;
        self.leave();
        Ok(condition)
    }

    fn condition_primary(&mut self) -> Parsed<Condition> {
        if self.at_word(b"]]")? {
            return Err(self.unexpected());
        }
        let first = self.take_word()?;
        if first.bare
            && let Some([b'-', operator]) = first.word.as_literal()
            && UNARY.contains(operator)
            && matches!(self.peek()?, Token::Word(_))
            && !self.at_word(b"]]")?
            && !self.at_binary()?
        {
            let operator = *operator;
            return Ok(Condition::Unary(operator, self.take_word()?.word));
        }
        let operator: Box<[u8]> = match self.peek()? {
            Token::Word(token) if self_is_binary(&token.word, token.bare) => {
                token.word.as_literal().unwrap_or_default().into()
            }
            Token::Redirect(RedirectOp::Read, None) => b"<".as_slice().into(),
            Token::Redirect(RedirectOp::Write, None) => b">".as_slice().into(),
            _ => return Ok(Condition::Word(first.word)),
        };
        self.ahead = None;
        let right = if &*operator == b"=~" { self.regex_word()? } else { self.take_word()?.word };
        Ok(Condition::Binary(operator, first.word, right))
    }

    fn at_binary(&mut self) -> Parsed<bool> {
        Ok(matches!(self.peek()?, Token::Word(token) if self_is_binary(&token.word, token.bare)))
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
                Some(byte @ (b'(' | b'|' | b'<' | b'>' | b';' | b'&')) => {
                    depth += u32::from(byte == b'(');
                    self.input.bump();
                    parts.push(Part::Text([byte].as_slice().into()));
                }
                Some(b')') if depth > 0 => {
                    depth -= 1;
                    self.input.bump();
                    parts.push(Part::Text(b")".as_slice().into()));
                }
                Some(byte @ (b' ' | b'\t')) if depth > 0 => {
                    self.input.bump();
                    parts.push(Part::Text([byte].as_slice().into()));
                }
                Some(b' ' | b'\t' | b'\n' | b')') | None => break,
                Some(_) => {
                    let token = self.word(Mode::Argument)?;
                    let bare = token.bare;
                    if let Some(text) = token.word.literal {
                        parts.push(if bare { Part::Text(text) } else { Part::Quoted(text) });
                    }
                    for part in token.word.parts {
                        // A bare word's text is marked as quoted when it holds no shell pattern: undo that.
                        parts.push(match part {
                            Part::Quoted(text) if bare => Part::Text(text),
                            other => other,
                        });
                    }
                }
            }
        }
        Ok(Word { parts, literal: None, assignment: false })
    }
}

fn self_is_binary(word: &Word, bare: bool) -> bool {
    bare && word.as_literal().is_some_and(|text| BINARY.contains(&text))
}
