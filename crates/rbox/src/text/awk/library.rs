//! library — the functions that the language has.

use std::rc::Rc;

use super::interp::{Machine, RLENGTH, RSTART, Run, failure};
use super::lexer::Builtin;
use super::record::{Separator, split};
use super::tree::Expr;
use super::value::{Value, append_integer};
use crate::prelude::*;
use posix::bytes::Finder;
use posix::calendar;
use posix::regex::{Regex, Span, character_length};
use posix::zone::Zone;

/// A generator of 64 bits (SplitMix64), good enough for shuffling, bad for secrets.
pub(super) struct Random {
    state: u64,
    seed: f64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random { state: seed, seed: seed as f64 }
    }

    /// At least 0, less than 1.
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Whole exponents by multiplication, so that whole results are exact.
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    if exponent == exponent.trunc() && exponent.abs() < 1024.0 {
        base.powi(exponent as i32)
    } else {
        base.powf(exponent)
    }
}

impl<'p> Machine<'p> {
    pub(super) fn builtin(&mut self, cx: &mut Cx<'_>, builtin: Builtin, arguments: &'p [Expr]) -> Run<Value> {
        let number = match builtin {
            Builtin::Atan2 => {
                let (y, x) = (self.number(cx, &arguments[0])?, self.number(cx, &arguments[1])?);
                y.atan2(x)
            }
            Builtin::Cos => self.number(cx, &arguments[0])?.cos(),
            Builtin::Sin => self.number(cx, &arguments[0])?.sin(),
            Builtin::Exp => self.number(cx, &arguments[0])?.exp(),
            Builtin::Log => self.number(cx, &arguments[0])?.ln(),
            Builtin::Sqrt => self.number(cx, &arguments[0])?.sqrt(),
            Builtin::Int => self.number(cx, &arguments[0])?.trunc(),
            Builtin::Rand => self.random.next(),
            Builtin::Srand => {
                let seed = match arguments.first() {
                    Some(seed) => self.number(cx, seed)?,
                    None => sys::clock::now().0 as f64,
                };
                let before = self.random.seed;
                self.random = Random::new(seed.to_bits());
                self.random.seed = seed;
                before
            }
            Builtin::Gsub | Builtin::Sub => self.substitute(cx, builtin == Builtin::Gsub, arguments)?,
            Builtin::Gensub => return self.gensub(cx, arguments),
            Builtin::Match => self.find(cx, arguments)?,
            Builtin::Split => self.split(cx, arguments)?,
            Builtin::Sprintf => return Ok(Value::from(self.formatted(cx, arguments)?)),
            Builtin::Substr => return self.substr(cx, arguments),
            Builtin::Index => {
                let (text, part) = (self.text(cx, &arguments[0])?, self.text(cx, &arguments[1])?);
                Finder::new(&part, false).find(&text, 0).map_or(0.0, |at| characters(&text[..at]) + 1.0)
            }
            Builtin::Length => match arguments.first() {
                None => characters(&self.record_text()),
                Some(Expr::Variable(place)) if self.is_array(*place) => {
                    self.array(*place)?.borrow().len() as f64
                }
                Some(text) => characters(&self.text(cx, text)?),
            },
            Builtin::ToLower | Builtin::ToUpper => {
                let text = self.text(cx, &arguments[0])?;
                return Ok(Value::from(in_case(&text, builtin == Builtin::ToUpper)));
            }
            Builtin::System => {
                let command = self.text(cx, &arguments[0])?;
                self.streams.system(cx, &command)
            }
            Builtin::Close => {
                let name = self.text(cx, &arguments[0])?;
                self.streams.close(cx, &name)
            }
            Builtin::Flush => match arguments.first() {
                Some(name) => {
                    let name = self.text(cx, name)?;
                    let flushed = self.streams.flush(cx, &name);
                    if flushed || name.is_empty() { 0.0 } else { -1.0 }
                }
                None => {
                    self.streams.flush_all(cx);
                    0.0
                }
            },
            Builtin::Time => sys::clock::now().0 as f64,
            Builtin::FormatTime => return self.strftime(cx, arguments),
            Builtin::MakeTime => self.mktime(cx, arguments)?,
            Builtin::And | Builtin::Or | Builtin::Xor => {
                let mut result = bits(self.number(cx, &arguments[0])?);
                for argument in &arguments[1..] {
                    let other = bits(self.number(cx, argument)?);
                    result = match builtin {
                        Builtin::And => result & other,
                        Builtin::Or => result | other,
                        _ => result ^ other,
                    };
                }
                result as f64
            }
            Builtin::Complement => {
                // As many bits as a number holds exactly.
                (!bits(self.number(cx, &arguments[0])?) & ((1 << 53) - 1)) as f64
            }
            Builtin::ShiftLeft | Builtin::ShiftRight => {
                let value = bits(self.number(cx, &arguments[0])?);
                let count = bits(self.number(cx, &arguments[1])?).min(63) as u32;
                (if builtin == Builtin::ShiftLeft { value << count } else { value >> count }) as f64
            }
        };
        Ok(Value::Number(number))
    }

    fn find(&mut self, cx: &mut Cx<'_>, arguments: &'p [Expr]) -> Run<f64> {
        let text = self.text(cx, &arguments[0])?;
        let regex = self.pattern(cx, &arguments[1])?;
        let mut spans: Vec<Span> = Vec::new();
        let found = regex.on(&text).captures(0, &mut spans);
        let (start, length) = match spans.first().copied().flatten() {
            Some((from, to)) if found => (characters(&text[..from]) + 1.0, characters(&text[from..to])),
            _ => (0.0, -1.0),
        };
        if let Some(Expr::Variable(place)) = arguments.get(2) {
            let array = self.array(*place)?;
            let mut array = array.borrow_mut();
            array.clear();
            for (index, span) in spans.iter().enumerate().filter(|_| found) {
                if let Some((from, to)) = span {
                    *array.entry(index.to_string().as_bytes()) = Value::input(&text[*from..*to]);
                }
            }
        }
        self.set_number(RSTART, start);
        self.set_number(RLENGTH, length);
        Ok(start)
    }

    fn split(&mut self, cx: &mut Cx<'_>, arguments: &'p [Expr]) -> Run<f64> {
        let text = self.text(cx, &arguments[0])?;
        let separator = match arguments.get(2) {
            None => self.separator(),
            Some(Expr::Regex(regex)) => Separator::Regex(regex.clone()),
            Some(separator) => {
                let separator = self.text(cx, separator)?;
                self.separator_of(&separator)?
            }
        };
        let Expr::Variable(place) = &arguments[1] else { return Err(failure("Unexpected token")) };
        let array = self.array(*place)?;
        let mut array = array.borrow_mut();
        array.clear();
        let mut count = 0;
        let mut key = Vec::new();
        split(&text, &separator, false, &mut |from, to| {
            count += 1;
            key.clear();
            append_integer(count, &mut key);
            *array.entry(&key) = Value::input(&text[from..to]);
        });
        Ok(count as f64)
    }

    /// Characters from a place on, counted from 1; places are rounded.
    fn substr(&mut self, cx: &mut Cx<'_>, arguments: &'p [Expr]) -> Run<Value> {
        let text = self.text(cx, &arguments[0])?;
        let start = round(self.number(cx, &arguments[1])?);
        let end = match arguments.get(2) {
            None => f64::INFINITY,
            Some(length) => start + round(self.number(cx, length)?),
        };
        let start = start.max(1.0);
        if end <= start {
            return Ok(Value::from(Vec::new()));
        }
        let from = byte_of(&text, start - 1.0);
        let to = byte_of(&text, end - 1.0);
        Ok(Value::from(text[from..to.max(from)].to_vec()))
    }

    fn substitute(&mut self, cx: &mut Cx<'_>, all: bool, arguments: &'p [Expr]) -> Run<f64> {
        let regex = self.pattern(cx, &arguments[0])?;
        let replacement = self.text(cx, &arguments[1])?;
        let text = match arguments.get(2) {
            Some(target) => self.text(cx, target)?,
            None => self.record_text(),
        };
        let parts = parts_of(&replacement, false);
        let mut result = Vec::new();
        let count = replace(&regex, &text, &parts, if all { None } else { Some(1) }, &mut result);
        if count > 0 {
            match arguments.get(2) {
                Some(target) => self.assign(cx, target, Value::from(result))?,
                None => self.record.set(Rc::from(result)),
            }
        }
        Ok(count as f64)
    }

    /// `gensub(regex, replacement, how [, target])`: "g" for all, or which match.
    fn gensub(&mut self, cx: &mut Cx<'_>, arguments: &'p [Expr]) -> Run<Value> {
        let regex = self.pattern(cx, &arguments[0])?;
        let replacement = self.text(cx, &arguments[1])?;
        let how = self.eval(cx, &arguments[2])?;
        let all = matches!(how.text(b"").first(), Some(b'g' | b'G'));
        let text = match arguments.get(3) {
            Some(target) => self.text(cx, target)?,
            None => self.record_text(),
        };
        let parts = parts_of(&replacement, true);
        let mut result = Vec::new();
        let nth = (how.number() as u64).max(1);
        let count = replace(&regex, &text, &parts, if all { None } else { Some(nth) }, &mut result);
        Ok(if count > 0 { Value::from(result) } else { Value::Text(text) })
    }

    fn strftime(&mut self, cx: &mut Cx<'_>, arguments: &'p [Expr]) -> Run<Value> {
        let format = match arguments.first() {
            Some(format) => self.text(cx, format)?,
            None => Rc::from(&b"%a %b %e %H:%M:%S %Z %Y"[..]),
        };
        let seconds = match arguments.get(1) {
            Some(seconds) => self.number(cx, seconds)? as i64,
            None => sys::clock::now().0,
        };
        let utc = match arguments.get(2) {
            Some(utc) => self.truth(cx, utc)?,
            None => false,
        };
        let zone = if utc { Zone::utc() } else { Zone::local() };
        let mut text = Vec::new();
        calendar::strftime(&format, &zone.civil(seconds), 0, &mut text);
        Ok(Value::from(text))
    }

    /// `YYYY MM DD HH MM SS` in local time; -1 for what is not understood.
    fn mktime(&mut self, cx: &mut Cx<'_>, arguments: &'p [Expr]) -> Run<f64> {
        let text = self.text(cx, &arguments[0])?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let numbers: Vec<i64> = text.split_whitespace().map_while(|number| number.parse().ok()).collect();
        let [year, month, day, hour, minute, second, ..] = numbers[..] else { return Ok(-1.0) };
        let days = calendar::days_to(year, month, day);
        Ok(Zone::local().seconds(calendar::clock_seconds(days, hour, minute, second)) as f64)
    }
}

fn bits(number: f64) -> u64 {
    if number < 0.0 { number as i64 as u64 } else { number as u64 }
}

/// To the nearest whole number, halves to the even one.
fn round(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.round_ties_even() }
}

/// How many characters a text has.
fn characters(text: &[u8]) -> f64 {
    if text.is_ascii() {
        return text.len() as f64;
    }
    let (mut at, mut count) = (0, 0u64);
    while at < text.len() {
        at += character_length(&text[at..]);
        count += 1;
    }
    count as f64
}

/// Where the character of that number, from 0, begins.
fn byte_of(text: &[u8], index: f64) -> usize {
    if index >= text.len() as f64 {
        return text.len();
    }
    let index = index as usize;
    if text.is_ascii() {
        return index;
    }
    let mut at = 0;
    for _ in 0..index {
        if at >= text.len() {
            break;
        }
        at += character_length(&text[at..]);
    }
    at
}

fn in_case(text: &[u8], upper: bool) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) if !text.is_ascii() => text
            .chars()
            .map(|character| posix::regex::change_case(character, upper))
            .collect::<String>()
            .into_bytes(),
        _ if upper => text.to_ascii_uppercase(),
        _ => text.to_ascii_lowercase(),
    }
}

enum Part {
    Text(Vec<u8>),
    Group(usize),
}

/// `&` stands for the match, `\&` for itself; with `groups` also `\0` to `\9`.
fn parts_of(replacement: &[u8], groups: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = Vec::new();
    let mut at = 0;
    while at < replacement.len() {
        let group = match replacement[at..] {
            [b'\\', b'&', ..] => {
                plain.push(b'&');
                at += 2;
                continue;
            }
            [b'\\', b'\\', ..] => {
                plain.push(b'\\');
                at += 2;
                continue;
            }
            [b'\\', digit @ b'0'..=b'9', ..] if groups => {
                at += 2;
                usize::from(digit - b'0')
            }
            [b'&', ..] => {
                at += 1;
                0
            }
            _ => {
                plain.push(replacement[at]);
                at += 1;
                continue;
            }
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(Part::Group(group));
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// Replaces all matches, or the one of that number. Gives how many were replaced.
fn replace(regex: &Regex, text: &[u8], parts: &[Part], nth: Option<u64>, result: &mut Vec<u8>) -> u64 {
    let mut search = regex.on(text);
    let mut spans: Vec<Span> = Vec::new();
    let needs_groups = parts.iter().any(|part| matches!(part, Part::Group(1..)));
    let (mut at, mut copied, mut seen, mut count) = (0, 0, 0, 0);
    let mut last_end = usize::MAX;
    while at <= text.len() {
        let found = if needs_groups {
            search.captures(at, &mut spans).then(|| spans[0]).flatten()
        } else {
            search.find(at)
        };
        let Some((from, to)) = found else { break };
        if to > from || from != last_end {
            seen += 1;
            if nth.is_none_or(|nth| nth == seen) {
                result.extend_from_slice(&text[copied..from]);
                for part in parts {
                    match part {
                        Part::Text(piece) => result.extend_from_slice(piece),
                        Part::Group(0) => result.extend_from_slice(&text[from..to]),
                        Part::Group(index) => {
                            if let Some((from, to)) = spans.get(*index).copied().flatten() {
                                result.extend_from_slice(&text[from..to]);
                            }
                        }
                    }
                }
                copied = to;
                count += 1;
                if nth.is_some() {
                    break;
                }
            }
        }
        last_end = to;
        at = if to > from { to } else { to + character_length(&text[to..]) };
    }
    result.extend_from_slice(&text[copied..]);
    count
}
