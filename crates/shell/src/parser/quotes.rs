//! quotes — backslashes and the four kinds of quotes.
//!
//! Source: POSIX.1-2024 XCU 2.2.

use super::builder::Builder;
use super::word::Context;
use super::{Parsed, Parser};

impl Parser<'_> {
    /// At a backslash.
    pub(super) fn backslash(&mut self, builder: &mut Builder, context: Context) {
        self.input.bump();
        let Some(next) = self.input.raw(0) else {
            builder.push(b'\\', true);
            return;
        };
        let escapes = match context {
            Context::Token | Context::Brace | Context::BracePattern => true,
            Context::BraceQuoted => matches!(next, b'$' | b'`' | b'"' | b'\\' | b'}'),
            Context::DoubleQuote | Context::Arithmetic | Context::Slice => {
                matches!(next, b'$' | b'`' | b'"' | b'\\')
            }
            Context::Here => matches!(next, b'$' | b'`' | b'\\'),
        };
        builder.special = true;
        if escapes {
            self.input.bump();
            builder.push(next, true);
        } else {
            builder.push(b'\\', true);
        }
    }

    /// Behind a single quote.
    pub(super) fn single_quotes(&mut self, builder: &mut Builder) -> Parsed<()> {
        let line = self.input.line;
        let before = builder.length();
        builder.special = true;
        loop {
            if self.input.raw(0).is_none() {
                let mut error = self.ended_in("unterminated quoted string");
                error.line = error.line.max(line);
                return Err(error);
            }
            let rest = self.input.rest();
            let length = rest.iter().position(|&byte| byte == b'\'').unwrap_or(rest.len());
            let ends = length < rest.len();
            builder.extend(&rest[..length], true);
            self.input.pass(length);
            if ends {
                break;
            }
        }
        self.input.bump();
        if builder.length() == before {
            builder.empty_quotes();
        }
        Ok(())
    }

    /// Behind a double quote.
    pub(super) fn double_quotes(&mut self, builder: &mut Builder) -> Parsed<()> {
        builder.special = true;
        builder.turn(true);
        let before = builder.length();
        self.text(builder, Context::DoubleQuote)?;
        self.input.bump();
        if builder.length() == before {
            builder.empty_quotes();
        }
        Ok(())
    }

    /// `$'…'`. Source: POSIX.1-2024 XCU 2.2.4.
    pub(super) fn ansi_quotes(&mut self, builder: &mut Builder) -> Parsed<()> {
        let before = builder.length();
        builder.special = true;
        // Behind a NUL, the rest of the string is dropped.
        let mut cut = false;
        loop {
            let Some(byte) = self.input.raw(0) else {
                return Err(self.ended_in("unterminated quoted string"));
            };
            self.input.bump();
            match byte {
                b'\'' => break,
                b'\\' => {
                    let mut bytes = [0; 4];
                    let length = self.ansi_escape(&mut bytes);
                    cut |= bytes[..length] == [0];
                    if !cut {
                        builder.extend(&bytes[..length], true);
                    }
                }
                _ if cut => {}
                _ => builder.push(byte, true),
            }
        }
        if builder.length() == before {
            builder.empty_quotes();
        }
        Ok(())
    }

    /// Behind a backslash in `$'…'`; how many of `bytes` it stands for.
    fn ansi_escape(&mut self, bytes: &mut [u8; 4]) -> usize {
        let Some(byte) = self.input.raw(0) else { return 0 };
        self.input.bump();
        bytes[0] = match byte {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'c' => {
                let control = self.input.raw(0).unwrap_or(b'@');
                self.input.bump();
                if control == b'?' { 127 } else { control.to_ascii_uppercase() & 0x1f }
            }
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.input.raw(0) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.input.bump();
                }
                value as u8
            }
            b'x' => match self.hex_digits(2) {
                Some(value) => value as u8,
                None => {
                    bytes[..2].copy_from_slice(b"\\x");
                    return 2;
                }
            },
            b'u' | b'U' => {
                let value = self.hex_digits(if byte == b'u' { 4 } else { 8 }).unwrap_or(0);
                return char::from_u32(value).unwrap_or('\u{fffd}').encode_utf8(bytes).len();
            }
            other => {
                bytes[..2].copy_from_slice(&[b'\\', other]);
                return 2;
            }
        };
        1
    }

    fn hex_digits(&mut self, most: usize) -> Option<u32> {
        let mut value = None;
        for _ in 0..most {
            let Some(digit) = self.input.raw(0).and_then(|byte| (byte as char).to_digit(16)) else { break };
            value = Some(value.unwrap_or(0) * 16 + digit);
            self.input.bump();
        }
        value
    }
}
