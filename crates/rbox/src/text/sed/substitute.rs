//! substitute — the command `s`: its parts, and what it makes of a text.

use super::command::{Case, Part, Substitute};
use super::script::Parser;
use crate::prelude::*;
use posix::regex::{Regex, Span, character_length};

pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Substitute> {
    let delimiter = parser.next().ok_or_else(|| Error::message("unmatched '/'"))?;
    let text = parser.delimited(delimiter, true)?;
    let replacement = replacement(&parser.delimited(delimiter, false)?);
    let mut command = Substitute {
        pattern: None,
        groups: replacement.iter().any(|part| matches!(part, Part::Group(1..))),
        replacement,
        nth: 1,
        global: false,
        print: 0,
        execute: false,
        write: None,
    };
    let (mut ignore_case, mut lines) = (false, false);
    loop {
        match parser.peek() {
            Some(b'g') => command.global = true,
            Some(b'p') => command.print += 1,
            Some(b'i' | b'I') => ignore_case = true,
            Some(b'm' | b'M') => lines = true,
            Some(b'e') => command.execute = true,
            Some(b'0'..=b'9') => {
                command.nth = parser.number().unwrap_or(1);
                if command.nth == 0 {
                    return Err(Error::message("number option to 's' command may not be zero"));
                }
                continue;
            }
            Some(b'w') => {
                parser.next();
                command.write = Some(parser.written_file()?);
                break;
            }
            None | Some(b'\n' | b';' | b'}' | b'#' | b' ' | b'\t' | b'\r') => break,
            Some(_) => return Err(Error::message("bad option in substitution expression")),
        }
        parser.next();
    }
    command.pattern = parser.pattern(&text, ignore_case, lines)?;
    let most = command.replacement.iter().filter_map(|part| match part {
        Part::Group(group) => Some(*group),
        _ => None,
    });
    if let (Some(regex), Some(most)) = (&command.pattern, most.max())
        && most > regex.groups()
    {
        return Err(Error::message(format_args!("invalid reference \\{most} on 's' command's RHS")));
    }
    Ok(command)
}

fn replacement(text: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        at += 1;
        let part = match byte {
            b'&' => Part::Group(0),
            b'\\' if at < text.len() => {
                let letter = text[at];
                at += 1;
                match letter {
                    b'0'..=b'9' => Part::Group(usize::from(letter - b'0')),
                    b'U' => Part::Case(Case::Upper),
                    b'L' => Part::Case(Case::Lower),
                    b'u' => Part::Case(Case::UpperNext),
                    b'l' => Part::Case(Case::LowerNext),
                    b'E' => Part::Case(Case::End),
                    _ => {
                        let (byte, used) = escaped(letter, &text[at..]);
                        plain.push(byte);
                        at += used;
                        continue;
                    }
                }
            }
            byte => {
                plain.push(byte);
                continue;
            }
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(part);
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// The byte that `\letter` and perhaps some of what follows stand for, and how much of it.
fn escaped(letter: u8, rest: &[u8]) -> (u8, usize) {
    let digits = |radix: u32, count: usize| {
        let found = rest.iter().take(count).take_while(|&&byte| (byte as char).is_digit(radix)).count();
        let value = rest[..found]
            .iter()
            .fold(0, |value, &byte| value * radix + (byte as char).to_digit(radix).unwrap_or(0));
        if found == 0 { (letter, 0) } else { (value as u8, found) }
    };
    match letter {
        b'n' => (b'\n', 0),
        b't' => (b'\t', 0),
        b'r' => (b'\r', 0),
        b'f' => (0x0c, 0),
        b'v' => (0x0b, 0),
        b'a' => (7, 0),
        b'x' => digits(16, 2),
        b'd' => digits(10, 3),
        b'o' => digits(8, 3),
        b'c' if !rest.is_empty() => (rest[0].to_ascii_uppercase() ^ 0x40, 1),
        other => (other, 0),
    }
}

/// Replaces in `text` into `result`. False: nothing matched, and `result` does not count.
pub(super) fn apply(
    command: &Substitute,
    regex: &Regex,
    text: &[u8],
    result: &mut Vec<u8>,
    spans: &mut Vec<Span>,
) -> bool {
    result.clear();
    let mut search = regex.on(text);
    let (mut at, mut copied, mut count) = (0, 0, 0);
    let mut replaced = false;
    let mut last_end = usize::MAX;
    while at <= text.len() {
        let found = if command.groups {
            search.captures(at, spans).then(|| spans[0]).flatten()
        } else {
            search.find(at)
        };
        let Some((from, to)) = found else { break };
        // Nothing directly behind a match is no match.
        if to > from || from != last_end {
            count += 1;
            if count >= command.nth {
                result.extend_from_slice(&text[copied..from]);
                append(command, text, (from, to), spans, result);
                copied = to;
                replaced = true;
                if !command.global {
                    break;
                }
            }
        }
        last_end = to;
        at = if to > from { to } else { to + character_length(&text[to..]) };
    }
    if replaced {
        result.extend_from_slice(&text[copied..]);
    }
    replaced
}

fn append(command: &Substitute, text: &[u8], whole: (usize, usize), spans: &[Span], result: &mut Vec<u8>) {
    let (mut case, mut next) = (Case::End, Case::End);
    for part in &command.replacement {
        let piece = match part {
            Part::Case(new @ (Case::UpperNext | Case::LowerNext)) => {
                next = *new;
                continue;
            }
            Part::Case(new) => {
                (case, next) = (*new, Case::End);
                continue;
            }
            Part::Text(piece) => &piece[..],
            Part::Group(0) => &text[whole.0..whole.1],
            Part::Group(index) => match spans.get(*index).copied().flatten() {
                Some((from, to)) => &text[from..to],
                None => continue,
            },
        };
        if (case, next) == (Case::End, Case::End) {
            result.extend_from_slice(piece);
        } else if !piece.is_empty() {
            append_in_case(piece, case, next, result);
            next = Case::End;
        }
    }
}

/// Changes the case of letters, also beyond ASCII where the text is well-formed.
fn append_in_case(piece: &[u8], case: Case, next: Case, result: &mut Vec<u8>) {
    let case_of = |index: usize| if index == 0 && next != Case::End { next } else { case };
    match std::str::from_utf8(piece) {
        Ok(piece) if !piece.is_ascii() => {
            for (index, character) in piece.chars().enumerate() {
                let mut bytes = [0; 4];
                let upper = matches!(case_of(index), Case::Upper | Case::UpperNext);
                let lower = matches!(case_of(index), Case::Lower | Case::LowerNext);
                let changed =
                    if upper || lower { posix::regex::change_case(character, upper) } else { character };
                result.extend_from_slice(changed.encode_utf8(&mut bytes).as_bytes());
            }
        }
        _ => result.extend(piece.iter().enumerate().map(|(index, byte)| match case_of(index) {
            Case::Upper | Case::UpperNext => byte.to_ascii_uppercase(),
            Case::Lower | Case::LowerNext => byte.to_ascii_lowercase(),
            Case::End => *byte,
        })),
    }
}
