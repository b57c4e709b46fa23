//! brace — `${…}`.

use super::builder::Builder;
use super::word::Context;
use super::{Parsed, Parser};
use crate::ast::{Arithmetic, Operation, Parameter, ParameterName, Part, Word};
use crate::name::is_name_byte;

impl Parser<'_> {
    /// Behind `${`.
    pub(super) fn brace(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        self.enter()?;
        let parameter = self.brace_parameter(context)?;
        self.leave();
        builder.part(match parameter.operation {
            Operation::Value => Part::Value(parameter.of, parameter.quoted),
            _ => Part::Parameter(Box::new(parameter)),
        });
        Ok(())
    }

    fn brace_parameter(&mut self, context: Context) -> Parsed<Parameter> {
        // In a here-document and in arithmetic, too, the word inside is as in double quotes.
        let quoted = !matches!(context, Context::Token | Context::Brace | Context::BracePattern);
        if self.input.peek() == Some(b'#') {
            let next = self.input.raw(1);
            if next.is_some_and(|byte| {
                is_name_byte(byte) || matches!(byte, b'@' | b'*' | b'!' | b'$' | b'?' | b'-' | b'#')
            }) && let Some(parameter) = self.brace_length(quoted)?
            {
                return Ok(parameter);
            }
        }
        let of = self.brace_name()?;
        let operation = self.brace_operation(quoted)?;
        match self.input.peek() {
            Some(b'}') => self.input.bump(),
            Some(_) => return Err(self.error("bad substitution")),
            None => return Err(self.ended_in("missing '}'")),
        }
        Ok(Parameter { of, operation, quoted })
    }

    /// `${#x}`; None if it is `${#` and an operation on `$#`, with the input as it was.
    fn brace_length(&mut self, quoted: bool) -> Parsed<Option<Parameter>> {
        // A name can only be a length's; a special parameter is one if the brace closes behind it.
        let next = self.input.raw(1).unwrap_or(0);
        if !is_name_byte(next) && self.input.raw(2) != Some(b'}') {
            return Ok(None);
        }
        self.input.bump();
        let of = self.brace_name()?;
        if !self.input.accept(b'}') {
            return Err(self.error("bad substitution"));
        }
        Ok(Some(Parameter { of, operation: Operation::Length, quoted }))
    }

    fn brace_name(&mut self) -> Parsed<ParameterName> {
        Ok(match self.input.peek() {
            Some(byte) if byte.is_ascii_digit() => {
                let mut number: u32 = 0;
                while let Some(digit @ b'0'..=b'9') = self.input.peek() {
                    number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
                    self.input.bump();
                }
                if number == 0 { ParameterName::Special(b'0') } else { ParameterName::Positional(number) }
            }
            Some(byte) if is_name_byte(byte) => ParameterName::Variable(self.variable_name()),
            Some(byte @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')) => {
                self.input.bump();
                ParameterName::Special(byte)
            }
            Some(_) => return Err(self.error("bad substitution")),
            None => return Err(self.ended_in("missing '}'")),
        })
    }

    fn brace_operation(&mut self, quoted: bool) -> Parsed<Operation> {
        let word_context = if quoted { Context::BraceQuoted } else { Context::Brace };
        let Some(byte) = self.input.peek() else { return Err(self.ended_in("missing '}'")) };
        if byte == b'}' {
            return Ok(Operation::Value);
        }
        self.input.bump();
        Ok(match byte {
            b':' => match self.input.peek() {
                Some(kind @ (b'-' | b'=' | b'?' | b'+')) => {
                    self.input.bump();
                    let word = self.inner_word(word_context)?;
                    self.choice(kind, true, word)
                }
                Some(b'}') => return Err(self.error("bad substitution")),
                Some(_) => {
                    let offset = self.slice_number()?;
                    let length = if self.input.accept(b':') { Some(self.slice_number()?) } else { None };
                    Operation::Slice { offset, length }
                }
                None => return Err(self.ended_in("missing '}'")),
            },
            b'-' | b'=' | b'?' | b'+' => {
                let word = self.inner_word(word_context)?;
                self.choice(byte, false, word)
            }
            b'#' | b'%' => {
                let longest = self.input.accept(byte);
                // Patterns have quotes of their own, inside double quotes too.
                let pattern = self.inner_word(Context::Brace)?;
                if byte == b'#' {
                    Operation::RemovePrefix { longest, pattern }
                } else {
                    Operation::RemoveSuffix { longest, pattern }
                }
            }
            b'/' => {
                let every = self.input.accept(b'/');
                let pattern = self.inner_word(Context::BracePattern)?;
                let with =
                    if self.input.accept(b'/') { self.inner_word(Context::Brace)? } else { Word::default() };
                Operation::Replace { every, pattern, with }
            }
            _ => return Err(self.error("bad substitution")),
        })
    }

    fn choice(&mut self, kind: u8, colon: bool, word: Word) -> Operation {
        match kind {
            b'-' => Operation::Default { colon, word },
            b'=' => {
                self.impure = true;
                Operation::Assign { colon, word }
            }
            b'?' => Operation::Demand { colon, word },
            _ => Operation::Alternative { colon, word },
        }
    }

    fn slice_number(&mut self) -> Parsed<Arithmetic> {
        self.arithmetic(Context::Slice, true)
    }
}
