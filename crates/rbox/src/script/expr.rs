//! expr — evaluate arguments as an expression.
//!
//! Source: POSIX.1-2024 `expr`; BusyBox 1.37 and GNU coreutils for `match`, `substr`, `index`, `length`, `quote`.
//!
//! *Differs:* numbers that do not fit 64 bits are an error rather than wrapped.

use crate::prelude::*;
use posix::regex::{self, Regex, character_length};

pub(crate) const APPLET: Applet = Applet {
    name: "expr",
    links: &["/usr/bin/expr"],
    usage: "\
expr EXPRESSION

Print the value of EXPRESSION, from the loosest to the tightest:

A | B                      A unless it is empty or 0, otherwise B
A & B                      A if neither is empty or 0, otherwise 0
A < B  <=  =  !=  >=  >    1 or 0: of numbers, otherwise of texts
A + B  -                   Sum, difference
A * B  /  %                Product, quotient, rest
TEXT : REGEX               What \\(...\\) matches at the start, or how many characters
match TEXT REGEX, substr TEXT POS LENGTH, index TEXT CHARS, length TEXT
quote WORD, + WORD         WORD as a text, whatever it is
( EXPRESSION )

The status is 1 for an empty value or 0, and 2 for an error.
",
    process: Process::Same,
    run,
};

/// Parentheses and `quote` may not nest deeper: each level costs stack.
const DEPTH_MAX: usize = 200;

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let mut args = cx.args;
    if args.first().is_some_and(|first| first == "--") {
        args = &args[1..];
    }
    if args.is_empty() {
        return Err(Error::message("too few arguments"));
    }
    let mut words = Words { args, depth: 0 };
    let value = words.level(0)?;
    if !words.args.is_empty() {
        return Err(syntax());
    }
    cx.out.write(&value);
    cx.out.write(b"\n");
    cx.status = is_null(&value).into();
    Ok(())
}

#[cold]
fn syntax() -> Error {
    Error::message("syntax error")
}

struct Words<'a> {
    args: &'a [OsString],
    depth: usize,
}

type Value = Vec<u8>;

/// The operators from the loosest to the tightest; `:` binds tightest of all.
const LEVELS: [&[&str]; 6] =
    [&["|"], &["&"], &["<", "<=", "=", "==", "!=", ">=", ">"], &["+", "-"], &["*", "/", "%"], &[":"]];

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a [u8]> {
        let (first, rest) = self.args.split_first().ok_or_else(syntax)?;
        self.args = rest;
        Ok(first.as_bytes())
    }

    fn level(&mut self, level: usize) -> Result<Value> {
        let Some(operators) = LEVELS.get(level) else { return self.primary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.args.first().and_then(|word| word.to_str())
            && operators.contains(&operator)
        {
            self.args = &self.args[1..];
            let right = self.level(level + 1)?;
            left = apply(left, operator.as_bytes(), right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Value> {
        let word = self.next()?;
        if self.depth > DEPTH_MAX {
            return Err(syntax());
        }
        self.depth += 1;
        let value = match word {
            b"(" => {
                let value = self.level(0)?;
                if self.next()? != b")" {
                    return Err(syntax());
                }
                value
            }
            b")" => return Err(syntax()),
            b"quote" | b"+" => self.next()?.to_vec(),
            b"match" => {
                let text = self.primary()?;
                let pattern = self.primary()?;
                matched(&text, &pattern)?
            }
            b"length" => decimal(characters(&self.primary()?).count() as i64),
            b"index" => {
                let text = self.primary()?;
                let wanted = self.primary()?;
                let found = characters(&text).position(|next| characters(&wanted).any(|other| other == next));
                decimal(found.map_or(0, |index| index as i64 + 1))
            }
            b"substr" => {
                let text = self.primary()?;
                let (start, length) = (number(&self.primary()?), number(&self.primary()?));
                match (start, length) {
                    (Some(start), Some(length)) if start > 0 && length > 0 => characters(&text)
                        .skip(start as usize - 1)
                        .take(length as usize)
                        .collect::<Vec<_>>()
                        .concat(),
                    _ => Vec::new(),
                }
            }
            word => word.to_vec(),
        };
        self.depth -= 1;
        Ok(value)
    }
}

fn apply(left: Value, operator: &[u8], right: Value) -> Result<Value> {
    use std::cmp::Ordering;
    match operator {
        b"|" if is_null(&left) => return Ok(if is_null(&right) { b"0".to_vec() } else { right }),
        b"|" => return Ok(left),
        b"&" if is_null(&left) || is_null(&right) => return Ok(b"0".to_vec()),
        b"&" => return Ok(left),
        b":" => return matched(&left, &right),
        _ => {}
    }
    let numbers = number(&left).zip(number(&right));
    if !matches!(operator[0], b'+' | b'-' | b'*' | b'/' | b'%') {
        let order = match numbers {
            Some((left, right)) => left.cmp(&right),
            None => left.cmp(&right),
        };
        let holds = match operator {
            b"<" => order == Ordering::Less,
            b"<=" => order != Ordering::Greater,
            b">" => order == Ordering::Greater,
            b">=" => order != Ordering::Less,
            b"!=" => order != Ordering::Equal,
            _ => order == Ordering::Equal,
        };
        return Ok(decimal(holds.into()));
    }
    let Some((left, right)) = numbers else { return Err(Error::message("non-numeric argument")) };
    let result = match operator {
        b"+" => left.checked_add(right),
        b"-" => left.checked_sub(right),
        b"*" => left.checked_mul(right),
        _ if right == 0 => return Err(Error::message("division by zero")),
        b"/" => left.checked_div(right),
        _ => Some(left.wrapping_rem(right)),
    };
    result.map(decimal).ok_or_else(|| Error::message("number too large"))
}

/// What the first group matches at the text's beginning; without a group how many characters match.
fn matched(text: &[u8], pattern: &[u8]) -> Result<Value> {
    let anchored = [b"^", pattern.strip_prefix(b"^").unwrap_or(pattern)].concat();
    let regex = Regex::new(&anchored, &regex::Options::default()).map_err(|error| {
        Error::message(format_args!("bad regex '{}': {error}", OsStr::from_bytes(pattern).display()))
    })?;
    let mut spans = Vec::new();
    let found = regex.on(text).captures(0, &mut spans);
    if regex.groups() > 0 {
        let group = spans.get(1).copied().flatten().filter(|_| found);
        return Ok(group.map_or_else(Vec::new, |(from, to)| text[from..to].to_vec()));
    }
    let end = spans.first().copied().flatten().filter(|_| found).map_or(0, |(_, to)| to);
    Ok(decimal(characters(&text[..end]).count() as i64))
}

fn characters(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (first, rest) = text.split_at(character_length(text));
        text = rest;
        Some(first)
    })
}

fn number(text: &[u8]) -> Option<i64> {
    if text.starts_with(b"+") {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn decimal(number: i64) -> Value {
    number.to_string().into_bytes()
}

/// Empty, or a zero however written.
fn is_null(value: &[u8]) -> bool {
    value.is_empty() || number(value) == Some(0)
}
