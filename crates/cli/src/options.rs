//! options — the option parser whose table is the usage text.
//!
//! A line of the usage text that begins with two blanks and a dash declares an option, up to the next two blanks:
//!
//! ```text
//!   -q, --quiet      a flag with two names
//!   -n, --lines=N    takes a value
//!   -k KEY           the same without a long name; may be given several times
//!   --color[=WHEN]   the value is optional and must be attached
//! ```
//!
//! An option may have further names (`-u, --utc, --universal`): what is
//! asked for is its first short and its first long name. Short options may be clustered (`-qn3`), long ones abbreviated as far as they stay unique. `--` ends the options.
//! Source: POSIX.1-2024 XBD 12.2, getopt_long(3).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Whether options may follow operands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Mixed,
    OptionsFirst,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    None,
    Required,
    Optional,
}

/// One declared option by its first names. `short` is 0 where there is only a long name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Declared {
    short: u8,
    long: &'static str,
    value: Value,
}

/// One option as it was given, in order.
#[derive(Debug)]
struct Given {
    short: u8,
    long: &'static str,
    value: Option<OsString>,
}

/// What was given. One pointer: every command takes it over from the parser and passes it on.
#[derive(Debug)]
pub struct Options(Box<Parsed>);

#[derive(Debug)]
struct Parsed {
    given: Vec<Given>,
    operands: Vec<OsString>,
}

impl Options {
    /// Whether a flag was given.
    pub fn has(&self, short: char) -> bool {
        self.last(short).is_some()
    }

    /// Whether an option without a short name was given.
    pub fn has_long(&self, long: &str) -> bool {
        self.0.given.iter().any(|given| given.long == long)
    }

    /// How often a flag was given (`-vv`).
    pub fn count(&self, short: char) -> usize {
        self.0.given.iter().filter(|given| given.short == short as u8).count()
    }

    /// The value of the last time that the option was given.
    pub fn value(&self, short: char) -> Option<&OsStr> {
        self.last(short)?.value.as_deref()
    }

    /// The value of an option without a short name. Outer None: not given; inner None: given without a value.
    pub fn value_long(&self, long: &str) -> Option<Option<&OsStr>> {
        self.0.given.iter().rev().find(|given| given.long == long).map(|given| given.value.as_deref())
    }

    /// Every value, in order.
    pub fn values(&self, short: char) -> impl Iterator<Item = &OsStr> {
        self.0
            .given
            .iter()
            .filter(move |given| given.short == short as u8)
            .filter_map(|given| given.value.as_deref())
    }

    /// Every option in the order given, as its short name (or 0), its long name (or "") and its value: for
    /// commands where the order counts.
    pub fn in_order(&self) -> impl Iterator<Item = (u8, &'static str, Option<&OsStr>)> {
        self.0.given.iter().map(|given| (given.short, given.long, given.value.as_deref()))
    }

    /// Which of several flags was given last: `ls -t -S` sorts by size.
    pub fn last_of(&self, shorts: &str) -> Option<char> {
        self.0
            .given
            .iter()
            .rev()
            .map(|given| given.short as char)
            .find(|&short| short != '\0' && shorts.contains(short))
    }

    /// The value as a whole number.
    ///
    /// Errors: "invalid number 'x'".
    pub fn number(&self, short: char) -> Result<Option<u64>> {
        self.value(short).map(number).transpose()
    }

    /// The value as text; bytes that are not UTF-8 are an error that names the option.
    pub fn text(&self, short: char) -> Result<Option<&str>> {
        match self.value(short) {
            None => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text)),
                None => {
                    Err(Error::message(format_args!("invalid argument '{}' to '{short}'", value.display())))
                }
            },
        }
    }

    /// The operands as they were given.
    pub fn operands(&self) -> &[OsString] {
        &self.0.operands
    }

    /// The operands as files; none given means "-", standard input.
    pub fn files(&self) -> Vec<PathBuf> {
        if self.0.operands.is_empty() {
            return vec![PathBuf::from("-")];
        }
        self.0.operands.iter().map(|operand| Path::new(operand).to_path_buf()).collect()
    }

    /// An error with the usage text unless the number of operands lies within `min..=max`.
    pub fn expect_operands(&self, min: usize, max: usize) -> Result {
        if self.0.operands.len() < min {
            return Err(Error::usage(""));
        }
        match self.0.operands.get(max) {
            Some(extra) => Err(Error::usage(format_args!("extra operand '{}'", extra.display()))),
            None => Ok(()),
        }
    }

    fn last(&self, short: char) -> Option<&Given> {
        self.0.given.iter().rev().find(|given| given.short == short as u8)
    }
}

/// A whole decimal number without sign.
pub fn number(text: &OsStr) -> Result<u64> {
    match text.to_str().and_then(|text| if text.starts_with('+') { None } else { text.parse().ok() }) {
        Some(number) => Ok(number),
        None => Err(Error::message(format_args!("invalid number '{}'", text.display()))),
    }
}

/// Parses `args` by the table in `usage`.
pub fn parse(usage: &'static str, args: &[OsString], order: Order) -> Result<Options> {
    let mut parsed = Parsed { given: Vec::new(), operands: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let bytes = arg.as_bytes();
        if bytes == b"--" {
            break;
        } else if let Some(long) = bytes.strip_prefix(b"--") {
            parsed.given.push(parse_long(usage, long, &mut rest)?);
        } else if bytes.len() > 1 && bytes[0] == b'-' {
            parse_cluster(usage, &bytes[1..], &mut rest, &mut parsed.given)?;
        } else {
            parsed.operands.push(arg.clone());
            if order == Order::OptionsFirst {
                break;
            }
        }
    }
    parsed.operands.extend(rest.cloned());
    Ok(Options(Box::new(parsed)))
}

fn parse_long(usage: &'static str, arg: &[u8], rest: &mut std::slice::Iter<'_, OsString>) -> Result<Given> {
    let (name, attached) = match arg.iter().position(|&byte| byte == b'=') {
        Some(end) => (&arg[..end], Some(&arg[end + 1..])),
        None => (arg, None),
    };
    let option = find_long(usage, name)?;
    let value = match (option.value, attached) {
        (Value::None, None) => None,
        (Value::None, Some(_)) => {
            return Err(Error::usage(format_args!("option '--{}' doesn't allow an argument", option.long)));
        }
        (_, Some(bytes)) => Some(OsString::from_vec(bytes.to_vec())),
        (Value::Optional, None) => None,
        (Value::Required, None) => match rest.next() {
            Some(next) => Some(next.clone()),
            None => {
                return Err(Error::usage(format_args!("option '--{}' requires an argument", option.long)));
            }
        },
    };
    Ok(Given { short: option.short, long: option.long, value })
}

fn parse_cluster(
    usage: &'static str,
    mut letters: &[u8],
    rest: &mut std::slice::Iter<'_, OsString>,
    given: &mut Vec<Given>,
) -> Result {
    while let Some((&letter, behind)) = letters.split_first() {
        let Some(option) = find_short(usage, letter) else {
            return Err(Error::usage(format_args!("invalid option -- '{}'", letter.escape_ascii())));
        };
        let value = match option.value {
            Value::None => None,
            Value::Optional if behind.is_empty() => None,
            Value::Required if behind.is_empty() => match rest.next() {
                Some(next) => Some(next.clone()),
                None => {
                    return Err(Error::usage(format_args!(
                        "option requires an argument -- '{}'",
                        letter.escape_ascii()
                    )));
                }
            },
            Value::Required | Value::Optional => Some(OsString::from_vec(behind.to_vec())),
        };
        letters = if option.value == Value::None { behind } else { &[] };
        given.push(Given { short: option.short, long: option.long, value });
    }
    Ok(())
}

fn find_short(usage: &'static str, letter: u8) -> Option<Declared> {
    declared(usage).find(|(name, _)| name.as_bytes() == [b'-', letter]).map(|(_, option)| option)
}

/// The option of that name, or of the only name that begins so.
fn find_long(usage: &'static str, name: &[u8]) -> Result<Declared> {
    let mut found: Option<Declared> = None;
    let names = declared(usage).filter_map(|(name, option)| Some((name.strip_prefix("--")?, option)));
    for (long, option) in names {
        if long.as_bytes() == name {
            return Ok(option);
        }
        if long.as_bytes().starts_with(name) {
            if found.is_some_and(|found| found != option) {
                return Err(Error::usage(format_args!("option '--{}' is ambiguous", name.escape_ascii())));
            }
            found = Some(option);
        }
    }
    found.ok_or_else(|| Error::usage(format_args!("unrecognized option '--{}'", name.escape_ascii())))
}

/// The names of options that the usage text declares, in its order.
fn declared(usage: &'static str) -> impl Iterator<Item = (&'static str, Declared)> {
    usage.lines().flat_map(declarations)
}

/// Each name on a line ("-l", "--lines"), with the option that it stands for.
fn declarations(line: &'static str) -> impl Iterator<Item = (&'static str, Declared)> {
    let spec = line.strip_prefix("  ").filter(|spec| spec.starts_with('-')).unwrap_or("");
    let spec = spec.split("  ").next().unwrap_or(spec);
    let mut option = Declared { short: 0, long: "", value: Value::None };
    for name in spec.split(", ") {
        let (name, value) = split_value(name);
        if value != Value::None {
            option.value = value;
        }
        match (name.strip_prefix("--"), name.as_bytes()) {
            (Some(long), _) if option.long.is_empty() => option.long = long,
            (None, [b'-', short]) if option.short == 0 => option.short = *short,
            _ => {}
        }
    }
    spec.split(", ").filter(|name| !name.is_empty()).map(move |name| (split_value(name).0, option))
}

/// "--lines=N" is "--lines" and that it takes a value.
fn split_value(name: &'static str) -> (&'static str, Value) {
    match name.find(['=', ' ', '[']) {
        Some(end) if name[end..].starts_with('[') => (&name[..end], Value::Optional),
        Some(end) => (&name[..end], Value::Required),
        None => (name, Value::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: &str = "\
head [-qv] [-n N] [FILE]...

  -n, --lines=N     Print N lines
  -q, -s, --quiet   Never print names
  -v, --verbose     Always print names
  -k, --key, --sort-by=KEY
                    A key
  -i[SUFFIX]        In place
  --color[=WHEN]    Colours
  --version-sort    By version
";

    fn parsed(args: &[&str], order: Order) -> std::result::Result<Options, String> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        parse(USAGE, &args, order).map_err(|error| error.to_string())
    }

    #[test]
    fn accepts_what_getopt_accepts() {
        let options = parsed(
            &["-qn3", "a", "--verb", "-k", "x", "-kz", "--key=u", "--sort", "v", "-i.bak", "--", "-v"],
            Order::Mixed,
        )
        .unwrap();
        assert!(options.has('q') && options.has('v') && !options.has('x'));
        assert_eq!(options.number('n').unwrap(), Some(3));
        assert_eq!(options.values('k').collect::<Vec<_>>(), ["x", "z", "u", "v"]);
        assert_eq!(options.value('i').unwrap(), ".bak");
        assert_eq!(options.operands(), ["a", "-v"]);
        assert_eq!(options.last_of("qv"), Some('v'));

        assert!(parsed(&["-s"], Order::Mixed).unwrap().has('q'));

        let options = parsed(&["--lines", "5", "--color", "--color=no"], Order::Mixed).unwrap();
        assert_eq!(options.number('n').unwrap(), Some(5));
        assert_eq!(options.value_long("color"), Some(Some(OsStr::new("no"))));
        assert_eq!(parsed(&["-i", "x"], Order::Mixed).unwrap().value('i'), None);

        let options = parsed(&["-q", "cmd", "-v"], Order::OptionsFirst).unwrap();
        assert_eq!(options.operands(), ["cmd", "-v"]);
        assert_eq!(parsed(&["-"], Order::Mixed).unwrap().files(), [Path::new("-")]);
    }

    #[test]
    fn says_what_getopt_says() {
        for (args, message) in [
            (&["-x"][..], "invalid option -- 'x'"),
            (&["-n"], "option requires an argument -- 'n'"),
            (&["--nothing"], "unrecognized option '--nothing'"),
            (&["--lines"], "option '--lines' requires an argument"),
            (&["--quiet=1"], "option '--quiet' doesn't allow an argument"),
            (&["--ver"], "option '--ver' is ambiguous"),
        ] {
            assert_eq!(parsed(args, Order::Mixed).unwrap_err(), message, "{args:?}");
        }
        assert_eq!(
            parsed(&["-n", "x"], Order::Mixed).unwrap().number('n').unwrap_err().to_string(),
            "invalid number 'x'"
        );
    }
}
