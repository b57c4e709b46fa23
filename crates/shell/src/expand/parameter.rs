//! parameter — `$x` and `${x…}`.
//!
//! Source: POSIX.1-2024 XCU 2.5, 2.6.2; BusyBox ash for `${x:o:n}` and `${x/a/b}`.

use posix::glob::{self, Length};
use posix::regex::character_length;

use super::{Expansion, Purpose};
use crate::ast::{Operation, Parameter, ParameterName, Word};
use crate::options::{ShellOptions, TABLE};
use crate::shell::{Flow, Shell};

impl Shell {
    pub(super) fn expand_parameter(&mut self, parameter: &Parameter, into: &mut Expansion) -> Flow {
        let of = parameter.of;
        // Most operations work on a copy of the value.
        match of {
            ParameterName::Variable(name) => self.need(self.variables.get(name).map_or(0, <[u8]>::len))?,
            ParameterName::Special(b'@' | b'*') => self
                .need(into.fields.size() + self.positional.iter().map(|value| value.len()).sum::<usize>())?,
            _ => {}
        }
        let several = matches!(of, ParameterName::Special(b'@' | b'*'));
        match &parameter.operation {
            Operation::Value => {
                if several {
                    self.push_positional(parameter, into);
                    return Ok(());
                }
                match self.parameter_value(of) {
                    Some(value) => push(&value, parameter.quoted, into, self)?,
                    None => self.push_unset(of, parameter.quoted, into)?,
                }
                Ok(())
            }
            Operation::Length => {
                let length = if several {
                    self.positional.len()
                } else {
                    match self.parameter_value(of) {
                        Some(value) => characters(&value),
                        None => {
                            self.demand_set(of)?;
                            0
                        }
                    }
                };
                push(length.to_string().as_bytes(), parameter.quoted, into, self)
            }
            Operation::Default { colon, word } => {
                if self.is_there(of, *colon) {
                    self.push_value(parameter, into)
                } else {
                    self.push_word(parameter, word, into)
                }
            }
            Operation::Alternative { colon, word } => {
                if self.is_there(of, *colon) {
                    return self.push_word(parameter, word, into);
                }
                if parameter.quoted && of != ParameterName::Special(b'@') {
                    into.push_quoted(b"");
                }
                Ok(())
            }
            Operation::Assign { colon, word } => self.expand_assigning(parameter, *colon, word, into),
            Operation::Demand { colon, word } => {
                if self.is_there(of, *colon) {
                    return self.push_value(parameter, into);
                }
                self.demand_failed(of, *colon, word)
            }
            Operation::RemovePrefix { .. }
            | Operation::RemoveSuffix { .. }
            | Operation::Slice { .. }
            | Operation::Replace { .. } => self.expand_edited(parameter, into),
        }
    }

    fn push_value(&mut self, parameter: &Parameter, into: &mut Expansion) -> Flow {
        if matches!(parameter.of, ParameterName::Special(b'@' | b'*')) {
            self.push_positional(parameter, into);
        } else if let Some(value) = self.parameter_value(parameter.of) {
            push(&value, parameter.quoted, into, self)?;
        }
        Ok(())
    }

    /// The word of `${x-word}` in the place of a value.
    fn push_word(&mut self, parameter: &Parameter, word: &Word, into: &mut Expansion) -> Flow {
        if parameter.quoted {
            // Even where the word is `$@` without any parameters, the quotes make a field.
            into.push_quoted(b"");
            return self.expand_parts(word, into);
        }
        let before = std::mem::replace(&mut into.splits_text, into.purpose == Purpose::Fields);
        let result = self.expand_parts(word, into);
        into.splits_text = before;
        result
    }

    fn expand_assigning(
        &mut self,
        parameter: &Parameter,
        colon: bool,
        word: &Word,
        into: &mut Expansion,
    ) -> Flow {
        if self.is_there(parameter.of, colon) {
            return self.push_value(parameter, into);
        }
        let ParameterName::Variable(name) = parameter.of else {
            return self.fail(2, &[&self.parameter_text(parameter.of), b": bad variable name"]);
        };
        let value = self.expand_text(word)?;
        self.assign(name, &value)?;
        push(&value, parameter.quoted, into, self)
    }

    #[cold]
    fn demand_failed(&mut self, of: ParameterName, colon: bool, word: &Word) -> Flow {
        let reason = if word.is_empty() { Vec::new() } else { self.expand_text(word)? };
        let reason: &[u8] = match word.is_empty() {
            true if colon => b"parameter not set or null",
            true => b"parameter not set",
            false => &reason,
        };
        self.fail(2, &[&self.parameter_text(of), b": ", reason])
    }

    /// `${x#p}`, `${x%p}`, `${x:o:n}`, `${x/p/w}`.
    fn expand_edited(&mut self, parameter: &Parameter, into: &mut Expansion) -> Flow {
        if matches!(parameter.of, ParameterName::Special(b'@' | b'*')) {
            return self.expand_each_edited(parameter, into);
        }
        match self.parameter_value(parameter.of) {
            Some(mut value) => {
                self.edit(&parameter.operation, std::slice::from_mut(&mut value))?;
                push(&value, parameter.quoted, into, self)?;
            }
            None => self.push_unset(parameter.of, parameter.quoted, into)?,
        }
        Ok(())
    }

    fn expand_each_edited(&mut self, parameter: &Parameter, into: &mut Expansion) -> Flow {
        let before = self.positional.clone();
        let edited = if let Operation::Slice { offset, length } = &parameter.operation {
            // A slice of all parameters is a slice of the list, which begins with $0.
            let mut list: Vec<Box<[u8]>> = vec![self.zero.to_vec().into()];
            list.extend(before.iter().cloned());
            let (start, end) = self.slice_bounds(offset, length.as_ref(), list.len())?;
            list[start.max(1).min(end)..end].to_vec()
        } else {
            let mut values: Vec<Vec<u8>> = before.iter().map(|value| value.to_vec()).collect();
            self.edit(&parameter.operation, &mut values)?;
            values.into_iter().map(Into::into).collect()
        };
        self.positional = edited;
        self.push_positional(parameter, into);
        self.positional = before;
        Ok(())
    }

    /// Edits each value. Words are expanded once, however many values there are.
    fn edit(&mut self, operation: &Operation, values: &mut [Vec<u8>]) -> Flow {
        match operation {
            Operation::RemovePrefix { longest, pattern } => {
                let pattern = self.expand_pattern(pattern)?;
                for value in values {
                    if let Some(end) = glob::prefix(&pattern, value, length(*longest)) {
                        value.drain(..end);
                    }
                }
            }
            Operation::RemoveSuffix { longest, pattern } => {
                let pattern = self.expand_pattern(pattern)?;
                for value in values {
                    if let Some(start) = glob::suffix(&pattern, value, length(*longest)) {
                        value.truncate(start);
                    }
                }
            }
            Operation::Slice { offset, length } => {
                for value in values {
                    let (start, end) = self.slice_bounds(offset, length.as_ref(), characters(value))?;
                    let from = bytes_of(value, start);
                    value.truncate(from + bytes_of(&value[from..], end - start));
                    value.drain(..from);
                }
            }
            Operation::Replace { every, pattern, with } => {
                let pattern = self.expand_pattern(pattern)?;
                let with = self.expand_text(with)?;
                for value in values {
                    *value = replace(value, &pattern, &with, *every);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn slice_bounds(
        &mut self,
        offset: &crate::ast::Arithmetic,
        length: Option<&crate::ast::Arithmetic>,
        size: usize,
    ) -> Flow<(usize, usize)> {
        let size = size as i64;
        let offset = self.arithmetic(offset)?;
        let start = if offset < 0 { size.saturating_add(offset) } else { offset };
        let end = match length {
            None => size,
            Some(length) => {
                let length = self.arithmetic(length)?;
                if length < 0 { size.saturating_add(length) } else { start.saturating_add(length) }
            }
        };
        if start < 0 {
            return Ok((0, 0));
        }
        let start = start.min(size);
        Ok((start as usize, end.clamp(start, size) as usize))
    }

    /// `$@` and `$*`.
    fn push_positional(&mut self, parameter: &Parameter, into: &mut Expansion) {
        let star = parameter.of == ParameterName::Special(b'*');
        let separate = into.purpose == Purpose::Fields && (!star || !parameter.quoted);
        let joiner = if star { self.ifs.first } else { Some(b' ') };
        if parameter.quoted && star && into.purpose == Purpose::Fields {
            into.push_quoted(b"");
        }
        for (index, value) in self.positional.iter().enumerate() {
            if index > 0 {
                if separate {
                    into.break_field(parameter.quoted);
                } else if let Some(byte) = joiner {
                    if parameter.quoted {
                        into.push_quoted(&[byte])
                    } else {
                        into.push_split(&[byte], &self.ifs)
                    }
                }
            }
            if parameter.quoted {
                into.push_quoted(value);
            } else {
                into.push_split(value, &self.ifs);
            }
        }
    }

    fn push_unset(&mut self, of: ParameterName, quoted: bool, into: &mut Expansion) -> Flow {
        self.demand_set(of)?;
        if quoted {
            into.push_quoted(b"");
        }
        Ok(())
    }

    /// Under `set -u`, an unset parameter is an error.
    fn demand_set(&mut self, of: ParameterName) -> Flow {
        if !self.options.has(ShellOptions::NOUNSET) {
            return Ok(());
        }
        self.fail(2, &[&self.parameter_text(of), b": parameter not set"])
    }

    /// Whether the parameter is set, and with `colon` not empty.
    fn is_there(&mut self, of: ParameterName, colon: bool) -> bool {
        match of {
            ParameterName::Special(b'@' | b'*') => match self.positional.as_slice() {
                [] => false,
                [only] => !colon || !only.is_empty(),
                _ => true,
            },
            ParameterName::Variable(name) if !super::is_dynamic(name) => {
                self.variables.get(name).is_some_and(|value| !colon || !value.is_empty())
            }
            _ => self.parameter_value(of).is_some_and(|value| !colon || !value.is_empty()),
        }
    }

    /// The value of a parameter that is not a list.
    pub(crate) fn parameter_value(&mut self, of: ParameterName) -> Option<Vec<u8>> {
        Some(match of {
            ParameterName::Variable(name) => return self.value_for_expansion(name),
            ParameterName::Positional(index) => {
                return self.positional.get(index as usize - 1).map(|value| value.to_vec());
            }
            ParameterName::Special(special) => match special {
                b'?' => self.status.to_string().into_bytes(),
                b'#' => self.positional.len().to_string().into_bytes(),
                b'$' => self.pid.to_string().into_bytes(),
                b'!' => self.last_background?.to_string().into_bytes(),
                b'-' => self.option_letters(),
                b'0' => self.zero.to_vec(),
                _ => self.positional.join(&b' '),
            },
        })
    }

    /// `$-`.
    fn option_letters(&self) -> Vec<u8> {
        TABLE.iter().filter(|entry| entry.1 != 0 && self.options.has(entry.0)).map(|entry| entry.1).collect()
    }

    fn parameter_text(&self, of: ParameterName) -> Vec<u8> {
        match of {
            ParameterName::Variable(name) => self.names.text(name).to_vec(),
            ParameterName::Positional(index) => index.to_string().into_bytes(),
            ParameterName::Special(special) => vec![special],
        }
    }
}

fn push(value: &[u8], quoted: bool, into: &mut Expansion, shell: &mut Shell) -> Flow {
    shell.need(into.fields.size() + value.len())?;
    if quoted {
        into.push_quoted(value)
    } else {
        into.push_split(value, &shell.ifs)
    }
    Ok(())
}

/// How many characters UTF-8 text has; each byte that is none of its characters counts as one.
pub(super) fn characters(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let mut count = 0;
    let mut rest = text;
    while !rest.is_empty() {
        rest = &rest[character_length(rest).max(1)..];
        count += 1;
    }
    count
}

/// How many bytes the first `count` characters take.
fn bytes_of(text: &[u8], count: usize) -> usize {
    if text.is_ascii() {
        return count.min(text.len());
    }
    let mut at = 0;
    for _ in 0..count {
        at += character_length(&text[at..]).max(1);
    }
    at.min(text.len())
}

fn length(longest: bool) -> Length {
    if longest { Length::Longest } else { Length::Shortest }
}

/// `${x/pattern/with}`: a `#` or `%` in front of the pattern ties it to the beginning or the end.
fn replace(value: &[u8], pattern: &[u8], with: &[u8], every: bool) -> Vec<u8> {
    if pattern.is_empty() {
        return value.to_vec();
    }
    if !every {
        if let [b'#', pattern @ ..] = pattern {
            return match glob::prefix(pattern, value, Length::Longest) {
                Some(end) => [with, &value[end..]].concat(),
                None => value.to_vec(),
            };
        }
        if let [b'%', pattern @ ..] = pattern {
            return match glob::suffix(pattern, value, Length::Longest) {
                Some(start) => [&value[..start], with].concat(),
                None => value.to_vec(),
            };
        }
    }
    let mut result = Vec::with_capacity(value.len());
    let mut from = 0;
    while let Some((start, end)) = glob::find(pattern, value, from) {
        result.extend_from_slice(&value[from..start]);
        if end == start {
            // An empty match changes nothing and takes one character along.
            if start >= value.len() {
                break;
            }
            result.push(value[start]);
            from = start + 1;
            continue;
        }
        result.extend_from_slice(with);
        from = end;
        if !every {
            break;
        }
    }
    result.extend_from_slice(&value[from..]);
    result
}
