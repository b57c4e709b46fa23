//! expand — from words to fields: tilde, parameters, commands, arithmetic, splitting, file names, quote removal.
//!
//! `fields` collects results, `parameter` is `${…}`, `substitute` is `$(…)`, `path` matches files.
//!
//! Source: POSIX.1-2024 XCU 2.6.

mod fields;
mod parameter;
pub(crate) mod path;
mod substitute;

pub(crate) use fields::{BLANK, Expansion, Ifs, ORDINARY, Purpose};

use std::os::unix::ffi::OsStrExt;

use crate::arithmetic::{self, Failure, Scope};
use crate::ast::{Arithmetic, Operation, Parameter, ParameterName, Part, Word};
use crate::name::{self, Name};
use crate::options::ShellOptions;
use crate::shell::{BIG, Flow, Jump, Shell};

/// How often a variable's value may be an expression with variables whose values are expressions.
const VALUE_DEPTH_MAX: u32 = 32;

impl Shell {
    /// An empty expansion, from those that were given back.
    pub(crate) fn take_expansion(&mut self, purpose: Purpose) -> Expansion {
        let mut expansion = self.spare.pop().unwrap_or_else(Expansion::new);
        expansion.reset(purpose);
        expansion
    }

    pub(crate) fn give_back(&mut self, expansion: Expansion) {
        if self.spare.len() < 8 {
            self.spare.push(expansion);
        }
    }

    /// Expands an argument to any number of fields.
    pub(crate) fn expand_argument(&mut self, word: &Word, into: &mut Expansion) -> Flow {
        if let Some(text) = word.as_literal() {
            into.fields.push(text);
            return Ok(());
        }
        if let Word::Assignment(word) = word {
            return self.expand_assignment_argument(word, into);
        }
        // Asked for before the first part: splitting ends fields in the middle of a word.
        into.keeps_patterns = self.options.has(ShellOptions::NOGLOB);
        for part in word.parts() {
            self.expand_part(part, into)?;
        }
        into.end_word();
        Ok(())
    }

    /// `export a=$b`: one field whatever is in `$b`.
    fn expand_assignment_argument(&mut self, word: &Word, into: &mut Expansion) -> Flow {
        let mut single = self.take_expansion(Purpose::Single);
        let result = self.expand_parts(word, &mut single);
        let result = result.and_then(|()| self.need(into.fields.size() + single.text().len()));
        if result.is_ok() {
            into.fields.push(single.text());
        }
        self.give_back(single);
        result
    }

    /// Expands a word for the purpose that `into` was made for.
    pub(crate) fn expand_into(&mut self, word: &Word, into: &mut Expansion) -> Flow {
        self.expand_parts(word, into)
    }

    fn expand_parts(&mut self, word: &Word, into: &mut Expansion) -> Flow {
        if let Word::Literal(_) | Word::Short(_) = word {
            into.push_quoted(word.as_literal().unwrap_or_default());
        }
        word.parts().iter().try_for_each(|part| self.expand_part(part, into))
    }

    /// Expands a word to one text, without splitting and file names.
    pub(crate) fn expand_text(&mut self, word: &Word) -> Flow<Vec<u8>> {
        match word.as_literal() {
            Some(text) => Ok(text.to_vec()),
            None => self.expand_as(word, Purpose::Single),
        }
    }

    /// Expands a word to a pattern, in which what was quoted is escaped.
    pub(crate) fn expand_pattern(&mut self, word: &Word) -> Flow<Vec<u8>> {
        self.expand_as(word, Purpose::Pattern)
    }

    pub(crate) fn expand_as(&mut self, word: &Word, purpose: Purpose) -> Flow<Vec<u8>> {
        let mut expansion = self.take_expansion(purpose);
        let result = self.expand_parts(word, &mut expansion);
        let result = result.and_then(|()| self.need(expansion.text().len()));
        let text = result.map(|()| expansion.text().to_vec());
        self.give_back(expansion);
        text
    }

    fn expand_part(&mut self, part: &Part, into: &mut Expansion) -> Flow {
        match part {
            Part::Text(text) => into.push_text(text, &self.ifs),
            Part::Quoted(text) => into.push_quoted(text),
            &Part::Value(of, quoted) => {
                let value = match of {
                    ParameterName::Variable(name) if !is_dynamic(name) => self.variables.get(name),
                    ParameterName::Positional(index) => {
                        self.positional.get(index as usize - 1).map(|value| &**value)
                    }
                    _ => None,
                };
                if let Some(value) = value.filter(|value| value.len() < BIG) {
                    if quoted {
                        into.push_quoted(value);
                    } else {
                        into.push_split(value, &self.ifs);
                    }
                    return Ok(());
                }
                let parameter = Parameter { of, operation: Operation::Value, quoted };
                return self.expand_parameter(&parameter, into);
            }
            Part::Parameter(parameter) => return self.expand_parameter(parameter, into),
            Part::Command(substitution) => {
                let output = self.substitute(substitution)?;
                self.need(into.fields.size() + output.len())?;
                if substitution.quoted {
                    into.push_quoted(&output);
                } else {
                    into.push_split(&output, &self.ifs);
                }
            }
            Part::Arithmetic(arithmetic) => {
                let value = self.arithmetic(arithmetic)?;
                let mut buffer = [0; 20];
                let text = arithmetic::decimal(value, &mut buffer);
                if arithmetic.quoted {
                    into.push_quoted(text);
                } else {
                    into.push_split(text, &self.ifs);
                }
            }
            Part::Tilde(user) => {
                let text = self.tilde(user);
                into.push_quoted(&text);
            }
            Part::Process(process) => {
                let path = self.process_substitution(process)?;
                into.push_quoted(&path);
            }
        }
        Ok(())
    }

    /// What `~user` stands for; itself if that is not known.
    fn tilde(&mut self, user: &[u8]) -> Vec<u8> {
        let home = if user.is_empty() {
            self.variables.get(name::HOME).map(<[u8]>::to_vec)
        } else if user == b"+" {
            self.variables.get(name::PWD).map(<[u8]>::to_vec)
        } else if user == b"-" {
            self.variables.get(name::OLDPWD).map(<[u8]>::to_vec)
        } else {
            posix::passwd::user_by_name(user).map(|user| user.home().as_os_str().as_bytes().to_vec())
        };
        home.unwrap_or_else(|| [b"~", user].concat())
    }

    /// The value of an expression in a word.
    pub(crate) fn arithmetic(&mut self, arithmetic: &Arithmetic) -> Flow<i64> {
        if let Some(tree) = &arithmetic.tree {
            match arithmetic::evaluate(tree, self, 0) {
                Ok(value) => return Ok(value),
                Err(failure) if failure.is_empty() => {} // `$x` is more than a number: text it is
                Err(failure) => return self.arithmetic_failed(&failure),
            }
        }
        let text = self.expand_as(&arithmetic.word, Purpose::Single)?;
        self.evaluate_text(&text)
    }

    /// The value of an expression given as text.
    pub(crate) fn evaluate_text(&mut self, text: &[u8]) -> Flow<i64> {
        let result =
            arithmetic::parse(text, &mut self.names).and_then(|tree| arithmetic::evaluate(&tree, self, 0));
        match result {
            Ok(value) => Ok(value),
            Err(failure) => self.arithmetic_failed(&failure),
        }
    }

    #[cold]
    fn arithmetic_failed(&mut self, failure: &[u8]) -> Flow<i64> {
        // An assignment that was refused has been reported.
        if failure == REPORTED {
            return Err(Jump::Error);
        }
        self.fail(2, &[failure])
    }
}

/// The failure of an expression that has been reported already.
const REPORTED: &[u8] = b"\0";

/// Whether the value is made when it is asked for.
fn is_dynamic(name: Name) -> bool {
    name >= name::LINENO && name <= name::EPOCHREALTIME
}

impl Shell {
    /// The value of a variable, made now for the few that are.
    pub(crate) fn variable_value(&self, name: Name) -> Option<Vec<u8>> {
        let value = self.variables.get(name);
        if value.is_some() || !is_dynamic(name) || self.commands.plain.contains(&name) {
            return value.map(<[u8]>::to_vec);
        }
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Some(match name {
            name::LINENO => self.line.to_string().into_bytes(),
            name::SECONDS => (now().as_secs() as i64 - self.started).to_string().into_bytes(),
            name::EPOCHSECONDS => now().as_secs().to_string().into_bytes(),
            name::EPOCHREALTIME => {
                let now = now();
                format!("{}.{:06}", now.as_secs(), now.subsec_micros()).into_bytes()
            }
            _ => return None,
        })
    }

    /// A new random number, 0 to 32767. Source: the "minimal standard" generator of Park and Miller.
    fn next_random(&mut self) -> i64 {
        if self.random == 0 {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            self.random = (now.subsec_nanos() ^ (sys::job::own_pid() as u32) << 8) | 1;
        }
        self.random = (u64::from(self.random) * 48271 % 0x7fff_ffff) as u32;
        i64::from(self.random >> 8 & 0x7fff)
    }

    /// The value for an expansion, which may change the shell (`RANDOM`).
    pub(crate) fn value_for_expansion(&mut self, name: Name) -> Option<Vec<u8>> {
        if name == name::RANDOM && !self.commands.plain.contains(&name) {
            return Some(self.next_random().to_string().into_bytes());
        }
        self.variable_value(name)
    }

    /// Sets a variable; an error, if it is read-only, has been reported.
    pub(crate) fn assign(&mut self, name: Name, value: &[u8]) -> Flow {
        if self.variables.is_readonly(name) {
            return self.refuse(name);
        }
        self.need(value.len())?;
        self.variables.set(name, value);
        if self.options.has(ShellOptions::ALLEXPORT) {
            self.variables.export(name, true);
        }
        if name.index() < name::KNOWN_COUNT {
            self.variable_changed(name);
        }
        Ok(())
    }

    #[cold]
    pub(crate) fn refuse<T>(&mut self, name: Name) -> Flow<T> {
        let text = self.names.text(name).to_vec();
        self.fail(2, &[&text, b": is read only"])
    }

    /// What the engine must know when a variable that it uses has another value.
    pub(crate) fn variable_changed(&mut self, name: Name) {
        match name {
            name::IFS => self.ifs = Ifs::new(self.variables.get(name)),
            name::PATH => self.commands.forget_paths(),
            name::OPTIND => self.getopts_at = 0,
            name::LINENO => self.variables.unset(name),
            name::RANDOM => {
                let seed = self.variables.get(name).and_then(arithmetic::plain_number).unwrap_or(1);
                self.random = (seed as u32 & 0x7fff_ffff).max(1);
                self.variables.unset(name);
            }
            name::SECONDS => {
                let value = self.variables.get(name).and_then(arithmetic::plain_number).unwrap_or(0);
                self.variables.unset(name);
                let now = self.variable_value(name::EPOCHSECONDS);
                self.started = now.as_deref().and_then(arithmetic::plain_number).unwrap_or(0) - value;
            }
            _ => {}
        }
    }
}

impl Scope for Shell {
    fn number(&mut self, name: Name, depth: u32) -> Result<i64, Failure> {
        if let Some(value) = self.variables.get(name) {
            if let Some(number) = arithmetic::plain_number(value) {
                return Ok(number);
            }
            let value = value.to_vec();
            return self.value_of_text(&value, depth);
        }
        match self.value_for_expansion(name) {
            Some(value) => self.value_of_text(&value, depth),
            None if self.options.has(ShellOptions::NOUNSET) => {
                Err([self.names.text(name), b": parameter not set"].concat())
            }
            None => Ok(0),
        }
    }

    fn parameter(&mut self, of: ParameterName) -> Result<i64, Failure> {
        let number = match of {
            ParameterName::Variable(name) => match self.variables.get(name) {
                Some(value) => arithmetic::plain_number(value),
                None => None,
            },
            ParameterName::Special(b'?') => Some(i64::from(self.status)),
            ParameterName::Special(b'#') => Some(self.positional.len() as i64),
            ParameterName::Positional(index) => {
                self.positional.get(index as usize - 1).and_then(|value| arithmetic::plain_number(value))
            }
            ParameterName::Special(_) => None,
        };
        // An empty failure: it must be expanded as text.
        number.ok_or_else(Failure::new)
    }

    fn length(&mut self, of: ParameterName) -> Result<i64, Failure> {
        let value = match of {
            ParameterName::Variable(name) => self.variables.get(name),
            ParameterName::Positional(index) => self.positional.get(index as usize - 1).map(|value| &**value),
            ParameterName::Special(_) => None,
        };
        value.map(|value| parameter::characters(value) as i64).ok_or_else(Failure::new)
    }

    fn assign(&mut self, name: Name, value: i64) -> Result<(), Failure> {
        let mut buffer = [0; 20];
        let text = arithmetic::decimal(value, &mut buffer);
        Shell::assign(self, name, text).map_err(|_| REPORTED.to_vec())
    }
}

impl Shell {
    fn value_of_text(&mut self, text: &[u8], depth: u32) -> Result<i64, Failure> {
        if depth >= VALUE_DEPTH_MAX {
            return Err(b"expression recursion loop detected".to_vec());
        }
        if text.contains(&b'$') {
            // A value is not expanded again.
            return Err(b"arithmetic syntax error".to_vec());
        }
        let tree = arithmetic::parse(text, &mut self.names)?;
        arithmetic::evaluate(&tree, self, depth + 1)
    }
}
