//! words — the arguments of ip, which are a small language rather than options.

use super::super::common::Prefix;
use crate::prelude::*;
use std::net::IpAddr;

pub(super) struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(args: &'a [OsString]) -> Result<Words<'a>> {
        let words = args.iter().map(|arg| {
            arg.to_str().ok_or_else(|| Error::message(format_args!("invalid argument '{}'", arg.display())))
        });
        Ok(Words { words: words.collect::<Result<_>>()?, at: 0 })
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// The value behind a word that needs one.
    pub(super) fn value(&mut self) -> Result<&'a str> {
        self.next().ok_or_else(|| Error::message("command line is not complete, try \"help\""))
    }

    pub(super) fn number(&mut self, what: &str) -> Result<u32> {
        let text = self.value()?;
        number(text).ok_or_else(|| invalid(text, what))
    }

    pub(super) fn on_off(&mut self, what: &str) -> Result<bool> {
        match self.value()? {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(Error::message(format_args!("argument of \"{what}\" must be \"on\" or \"off\""))),
        }
    }

    pub(super) fn prefix(&mut self, family: u16) -> Result<Prefix> {
        let text = self.value()?;
        prefix(text, family)
    }

    pub(super) fn address(&mut self, family: u16) -> Result<IpAddr> {
        let text = self.value()?;
        match Prefix::parse(text, family) {
            Some(prefix) if !prefix.explicit || prefix.length == 0 => Ok(prefix.address),
            _ => Err(Error::message(format_args!(
                "an {} address is expected rather than \"{text}\"",
                family_name(family)
            ))),
        }
    }
}

pub(super) fn prefix(text: &str, family: u16) -> Result<Prefix> {
    Prefix::parse(text, family).ok_or_else(|| {
        Error::message(format_args!("an {} prefix is expected rather than \"{text}\"", family_name(family)))
    })
}

fn family_name(family: u16) -> &'static str {
    if family == sys::socket::family::INET6 { "inet6" } else { "inet" }
}

/// Decimal, hexadecimal with 0x, octal with 0.
pub(super) fn number(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => u32::from_str_radix(digits, 8).ok(),
        _ => text.parse().ok(),
    }
}

pub(super) fn invalid(text: &str, what: &str) -> Error {
    Error::message(format_args!("invalid argument '{text}' to '{what}'"))
}

/// The first of `names` that `word` begins.
pub(super) fn command<'n>(word: &str, names: &[&'n str]) -> Result<&'n str> {
    names
        .iter()
        .find(|name| name.starts_with(word) && !word.is_empty())
        .copied()
        .ok_or_else(|| invalid(word, "ip"))
}
