//! options — option tables, and a command line read by them.
//!
//! Long options may be shortened while they stay unambiguous; `--opt=value` and `--opt value` are the same, except for
//! switches, whose value can only follow `=`. A switch `--opt` is turned off by `--no-opt`. Short options can be grouped.
//! An applet's options may stand before its name.

use std::fmt;

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or not.
    Nothing,
    /// `=yes`, `=no`; alone it means yes.
    Bool,
    /// `=yes`, `=no`, `=auto`; alone it means yes.
    Auto,
    /// A text; the word stands for it in the help.
    Text(&'static str),
}

/// One option.
#[derive(Debug)]
pub struct Opt {
    pub long: &'static str,
    /// Other spellings, shown in the help.
    pub also: &'static [&'static str],
    /// Other spellings of old, not shown.
    pub hidden: &'static [&'static str],
    /// The letters, as one text.
    pub short: &'static str,
    pub takes: Takes,
    pub help: &'static str,
}

/// Options under one title of the help.
#[derive(Debug)]
pub struct Group {
    /// The word before "options:".
    pub title: &'static str,
    pub options: &'static [Opt],
}

/// An option without other spellings.
pub const fn opt(long: &'static str, short: &'static str, takes: Takes, help: &'static str) -> Opt {
    Opt { long, also: &[], hidden: &[], short, takes, help }
}

/// A setting with three positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    No,
    Yes,
    Auto,
}

impl Switch {
    /// The position, where `auto` means what `otherwise` says.
    pub fn or(self, otherwise: bool) -> bool {
        match self {
            Switch::No => false,
            Switch::Yes => true,
            Switch::Auto => otherwise,
        }
    }
}

/// The value that an option was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It was there.
    Present,
    Switch(Switch),
    Text(Vec<u8>),
}

/// Why a command line, or a line of the configuration file, could not be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    Unknown(Vec<u8>),
    Ambiguous(Vec<u8>),
    NoArgument(Vec<u8>),
    NeedsNone(Vec<u8>, Vec<u8>),
    BadArgument(Vec<u8>, Vec<u8>),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Wrong::Unknown(name) => write!(f, "unrecognized option '{}'", text(name)),
            Wrong::Ambiguous(name) => write!(f, "ambiguous option '{}'", text(name)),
            Wrong::NoArgument(name) => write!(f, "option '{}' expects an argument", text(name)),
            Wrong::NeedsNone(name, value) => {
                write!(f, "option '{}' does not expect argument (got '{}')", text(name), text(value))
            }
            Wrong::BadArgument(name, value) => {
                write!(f, "invalid argument for option '{}': '{}'", text(name), text(value))
            }
        }
    }
}

/// The options that were given, in their order, by the long name.
#[derive(Clone, Debug, Default)]
pub struct Options {
    given: Vec<(&'static str, Value)>,
}

impl Options {
    /// Whether the option was given at all. A switch that was given as "no" was not.
    pub fn has(&self, long: &str) -> bool {
        self.last(long).is_some_and(|value| *value != Value::Switch(Switch::No))
    }

    /// The position of a switch; None where it was not given.
    pub fn switch(&self, long: &str) -> Option<Switch> {
        match self.last(long) {
            Some(Value::Switch(switch)) => Some(*switch),
            _ => None,
        }
    }

    /// The last text given for the option.
    pub fn text(&self, long: &str) -> Option<&[u8]> {
        match self.last(long) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Every text given for the option, in order.
    pub fn texts<'a>(&'a self, long: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.given.iter().filter(move |(name, _)| *name == long).filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text.as_slice()),
            _ => None,
        })
    }

    /// How often the option was given.
    pub fn count(&self, long: &str) -> usize {
        self.given.iter().filter(|(name, _)| *name == long).count()
    }

    /// Everything given, in order: for options of which the last of several counts.
    pub fn all(&self) -> &[(&'static str, Value)] {
        &self.given
    }

    fn last(&self, long: &str) -> Option<&Value> {
        self.given.iter().rev().find(|(name, _)| *name == long).map(|(_, value)| value)
    }

    /// Adds what `other` holds behind what is here.
    pub fn extend(&mut self, other: Options) {
        self.given.extend(other.given);
    }
}

/// The tables that are known to a command line: the applet's and the global ones.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    pub groups: &'a [&'static Group],
}

/// A long option that was found, and whether `no-` stood before it.
struct Found {
    option: &'static Opt,
    negated: bool,
}

impl Tables<'_> {
    fn options(&self) -> impl Iterator<Item = &'static Opt> + '_ {
        self.groups.iter().flat_map(|group| group.options.iter())
    }

    fn short(&self, letter: u8) -> Option<&'static Opt> {
        self.options().find(|option| option.short.as_bytes().contains(&letter))
    }

    /// The option with this long name or this beginning of one name only.
    fn long(&self, name: &[u8]) -> Result<Found, Wrong> {
        let mut candidate: Option<Found> = None;
        let mut several = false;
        for option in self.options() {
            let switchable = matches!(option.takes, Takes::Bool | Takes::Auto);
            let spellings = std::iter::once(option.long).chain(option.also.iter().copied());
            for spelling in spellings.chain(option.hidden.iter().copied()) {
                for negated in [false, true] {
                    let rest = match (negated, name.strip_prefix(b"no-")) {
                        (false, _) => name,
                        (true, Some(rest)) if switchable => rest,
                        (true, _) => continue,
                    };
                    if rest == spelling.as_bytes() {
                        return Ok(Found { option, negated });
                    }
                    if spelling.as_bytes().starts_with(rest) {
                        several |= candidate.as_ref().is_some_and(|other| {
                            !std::ptr::eq(other.option, option) || other.negated != negated
                        });
                        candidate = Some(Found { option, negated });
                    }
                }
            }
        }
        match candidate {
            _ if several => Err(Wrong::Ambiguous(name.to_vec())),
            Some(found) => Ok(found),
            None => Err(Wrong::Unknown(name.to_vec())),
        }
    }

    /// Whether the word, which begins with `-`, takes the next word for its value. Unknown options take none.
    fn takes_next(&self, word: &[u8]) -> bool {
        if let Some(long) = word.strip_prefix(b"--") {
            return !long.contains(&b'=')
                && self
                    .long(long)
                    .is_ok_and(|found| matches!(found.option.takes, Takes::Text(_)) && !found.negated);
        }
        for (index, &letter) in word.iter().enumerate().skip(1) {
            if self.short(letter).is_some_and(|option| matches!(option.takes, Takes::Text(_))) {
                return index + 1 == word.len();
            }
        }
        false
    }

    /// The first word that is not an option or an option's value and for which `wanted` says yes.
    pub fn find_word(&self, words: &[Vec<u8>], wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
        let mut index = 0;
        let mut only_words = false;
        while let Some(word) = words.get(index) {
            if !only_words && word == b"--" {
                only_words = true;
            } else if !only_words && word.len() > 1 && word[0] == b'-' {
                index += usize::from(self.takes_next(word));
            } else if wanted(word) {
                return Some(index);
            }
            index += 1;
        }
        None
    }

    /// The words that are not options, and the options.
    pub fn parse(&self, words: &[Vec<u8>]) -> Result<(Options, Vec<Vec<u8>>), Wrong> {
        let mut options = Options::default();
        let mut rest = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == b"--" {
                rest.extend(words.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix(b"--") {
                let (name, value) = match long.iter().position(|&byte| byte == b'=') {
                    Some(at) => (&long[..at], Some(long[at + 1..].to_vec())),
                    None => (long, None),
                };
                self.take_long(&mut options, name, value, || words.next().cloned())?;
            } else if word.len() > 1 && word[0] == b'-' {
                self.take_short(&mut options, word, || words.next().cloned())?;
            } else {
                rest.push(word.clone());
            }
        }
        Ok((options, rest))
    }

    fn take_short(
        &self,
        options: &mut Options,
        word: &[u8],
        next: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<(), Wrong> {
        for (index, &letter) in word.iter().enumerate().skip(1) {
            let name = vec![letter];
            let option = self.short(letter).ok_or_else(|| Wrong::Unknown(name.clone()))?;
            let value = match option.takes {
                Takes::Nothing => Value::Present,
                Takes::Bool | Takes::Auto => Value::Switch(Switch::Yes),
                Takes::Text(_) => {
                    let attached = &word[index + 1..];
                    let text = if attached.is_empty() { next() } else { Some(attached.to_vec()) };
                    options.given.push((option.long, Value::Text(text.ok_or(Wrong::NoArgument(name))?)));
                    return Ok(());
                }
            };
            options.given.push((option.long, value));
        }
        Ok(())
    }

    /// Takes the long option `name` with the value that was written behind `=`.
    pub fn take_long(
        &self,
        options: &mut Options,
        name: &[u8],
        value: Option<Vec<u8>>,
        next: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<(), Wrong> {
        let Found { option, negated } = self.long(name)?;
        let value = match (option.takes, value) {
            (Takes::Nothing, None) => Value::Present,
            (Takes::Bool | Takes::Auto, None) if negated => Value::Switch(Switch::No),
            (Takes::Bool | Takes::Auto, None) => Value::Switch(Switch::Yes),
            (Takes::Bool | Takes::Auto, Some(text)) if !negated => match (text.as_slice(), option.takes) {
                (b"yes", _) => Value::Switch(Switch::Yes),
                (b"no", _) => Value::Switch(Switch::No),
                (b"auto", Takes::Auto) => Value::Switch(Switch::Auto),
                _ => return Err(Wrong::BadArgument(name.to_vec(), text)),
            },
            (Takes::Text(_), Some(text)) => Value::Text(text),
            (Takes::Text(_), None) => Value::Text(next().ok_or_else(|| Wrong::NoArgument(name.to_vec()))?),
            (_, Some(text)) => return Err(Wrong::NeedsNone(name.to_vec(), text)),
        };
        options.given.push((option.long, value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static GROUP: Group = Group {
        title: "Test",
        options: &[
            opt("root", "p", Takes::Text("ROOT"), ""),
            opt("root-tmpfs", "", Takes::Auto, ""),
            opt("progress", "", Takes::Auto, ""),
            opt("progress-fd", "", Takes::Text("FD"), ""),
            opt("quiet", "q", Takes::Nothing, ""),
            opt("simulate", "s", Takes::Bool, ""),
            opt("no-chown", "", Takes::Nothing, ""),
        ],
    };

    fn parse(line: &str) -> Result<(Options, Vec<Vec<u8>>), String> {
        let words: Vec<Vec<u8>> = line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect();
        Tables { groups: &[&GROUP] }.parse(&words).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn command_lines_and_their_errors() {
        for (line, expected) in [
            ("--pro", "ambiguous option 'pro'"),
            ("--foo=4", "unrecognized option 'foo'"),
            ("--root", "option 'root' expects an argument"),
            ("-qp", "option 'p' expects an argument"),
            ("-z", "unrecognized option 'z'"),
            ("--simulate=auto", "invalid argument for option 'simulate': 'auto'"),
            ("--quiet=4", "option 'quiet' does not expect argument (got '4')"),
            ("--no-s", ""),
            ("--no-", "ambiguous option 'no-'"),
            ("--no", ""),
            ("--no-root", ""),
            ("--progress --progress-f 3", ""),
        ] {
            let got = parse(line).err().unwrap_or_default();
            assert_eq!(got, expected, "{line}");
        }
    }

    #[test]
    fn values_are_the_last_given() {
        let (options, rest) = parse("-sq a --root=x -p y --no-simulate -- -q").unwrap();
        assert!(!options.has("simulate"));
        assert_eq!(options.switch("simulate"), Some(Switch::No));
        assert_eq!(options.text("root"), Some(b"y".as_slice()));
        assert_eq!(options.texts("root").count(), 2);
        assert_eq!(options.count("quiet"), 1);
        assert_eq!(rest, [b"a".to_vec(), b"-q".to_vec()]);
    }
}
