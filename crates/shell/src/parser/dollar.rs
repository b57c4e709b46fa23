//! dollar — what `$`, a backquote, `<(` and `>(` begin: parameters, commands, expressions.
//!
//! Source: POSIX.1-2024 XCU 2.6; BusyBox ash for `<(…)`.

use super::builder::Builder;
use super::word::Context;
use super::{Options, Parsed, Parser};
use crate::arithmetic;
use crate::ast::{Arithmetic, ParameterName, Part, ProcessSubstitution, Substitution};
use crate::input::Input;
use crate::name::{Name, is_name_byte};

impl Parser<'_> {
    /// Behind a `$`.
    pub(super) fn dollar(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        let quoted = context.quoted();
        let of = match self.input.peek() {
            Some(b'{') => {
                self.input.bump();
                return self.brace(builder, context);
            }
            Some(b'(') => {
                self.input.bump();
                return self.parenthesis(builder, quoted);
            }
            Some(b'\'') if !quoted => {
                self.input.bump();
                return self.ansi_quotes(builder);
            }
            Some(byte) if is_name_byte(byte) && !byte.is_ascii_digit() => {
                ParameterName::Variable(self.variable_name())
            }
            Some(byte @ b'1'..=b'9') => {
                self.input.bump();
                ParameterName::Positional(u32::from(byte - b'0'))
            }
            Some(byte @ (b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' | b'0')) => {
                self.input.bump();
                ParameterName::Special(byte)
            }
            _ => {
                builder.push(b'$', quoted);
                return Ok(());
            }
        };
        builder.part(Part::Value(of, quoted));
        Ok(())
    }

    /// A variable's name, which begins here.
    pub(super) fn variable_name(&mut self) -> Name {
        let rest = self.input.rest();
        let length = name_length(rest);
        if rest.get(length).is_some_and(|&byte| byte != b'\\') {
            let name = self.names.intern(&rest[..length]);
            self.input.skip(length);
            return name;
        }
        // Its end is not in sight, or the line goes on behind a backslash.
        let mut text = Vec::new();
        while self.input.peek().is_some_and(is_name_byte) {
            let rest = self.input.rest();
            let length = name_length(rest);
            text.extend_from_slice(&rest[..length]);
            self.input.skip(length);
        }
        self.names.intern(&text)
    }

    /// Behind `$(`: a command, or an expression if there is another parenthesis.
    fn parenthesis(&mut self, builder: &mut Builder, quoted: bool) -> Parsed<()> {
        let line = self.input.line;
        if self.input.peek() == Some(b'(') {
            self.input.bump();
            if self.looks_arithmetic() {
                self.enter()?;
                let arithmetic = self.arithmetic(Context::Arithmetic, quoted)?;
                self.leave();
                builder.part(Part::Arithmetic(Box::new(arithmetic)));
            } else {
                // `$((a); b)` is a command.
                let body = self.substituted_subshell()?;
                builder.part(Part::Command(Box::new(Substitution { body, quoted, line })));
            }
            return Ok(());
        }
        let body = self.substituted()?;
        builder.part(Part::Command(Box::new(Substitution { body, quoted, line })));
        Ok(())
    }

    /// Whether what follows `$((` ends with two parentheses at once, where the first would be closed.
    fn looks_arithmetic(&mut self) -> bool {
        let mut depth = 0u32;
        let mut quote = 0;
        let mut at = 0;
        while let Some(byte) = self.input.raw(at) {
            match byte {
                b'\\' => at += 1,
                _ if quote != 0 => quote = if byte == quote { 0 } else { quote },
                b'\'' | b'"' => quote = byte,
                b'(' => depth += 1,
                b')' if depth == 0 => return self.input.raw(at + 1) == Some(b')'),
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        true
    }

    /// An expression up to and with its end.
    pub(super) fn arithmetic(&mut self, context: Context, quoted: bool) -> Parsed<Arithmetic> {
        let mark = self.input.mark();
        let mut inner = self.builder();
        self.text(&mut inner, context)?;
        let mut tree = None;
        let mut assigns = true;
        if let Some(text) = mark.and_then(|mark| self.input.since(mark)) {
            assigns = text.contains(&b'=') || text.windows(2).any(|pair| pair == b"++" || pair == b"--");
            tree = arithmetic::parse(text, self.names).ok().map(Box::new);
        }
        if context == Context::Arithmetic {
            if self.input.raw(0) != Some(b')') || self.input.raw(1) != Some(b')') {
                return Err(self.error("missing '))'"));
            }
            self.input.bump();
            self.input.bump();
        }
        self.impure |= assigns;
        Ok(Arithmetic { word: inner.finish(&mut self.scratch), tree, quoted })
    }

    /// A back-quoted command: its text is taken out first and parsed by itself.
    pub(super) fn backquote(&mut self, builder: &mut Builder, context: Context) -> Parsed<()> {
        let line = self.input.line;
        let mut text = Vec::new();
        loop {
            match self.input.raw(0) {
                None => return Err(self.ended_in("EOF in backquote substitution")),
                Some(b'`') => break,
                Some(b'\\') => {
                    self.input.bump();
                    let Some(next) = self.input.raw(0) else { continue };
                    let in_quotes = matches!(context, Context::DoubleQuote | Context::BraceQuoted);
                    if !(matches!(next, b'$' | b'`' | b'\\') || next == b'"' && in_quotes) {
                        text.push(b'\\');
                    }
                    text.push(next);
                }
                Some(byte) => text.push(byte),
            }
            self.input.bump();
        }
        self.input.bump();
        self.enter()?;
        let mut input = Input::from_text(text, line);
        let options = Options { keep_text: false, ..self.options.clone() };
        let body = Parser::new(&mut input, self.names, self.aliases, options, self.depth).whole()?;
        self.leave();
        builder.part(Part::Command(Box::new(Substitution { body, quoted: context.quoted(), line })));
        Ok(())
    }

    pub(super) fn process_substitution(&mut self, builder: &mut Builder, output: bool) -> Parsed<()> {
        self.input.bump();
        self.input.bump();
        match self.substituted()? {
            Some(body) => builder.part(Part::Process(Box::new(ProcessSubstitution { output, body }))),
            None => return Err(self.error("unexpected \")\"")),
        }
        Ok(())
    }
}

fn name_length(text: &[u8]) -> usize {
    text.iter().position(|&byte| !is_name_byte(byte)).unwrap_or(text.len())
}
