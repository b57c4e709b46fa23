//! parse — arguments to an expression.

use super::action::{Action, Batch, Command};
use super::print;
use super::test::{Bits, Count, Stamp, Subject, Test};
use super::{Expression, Search};
use crate::prelude::*;
use cli::walk::{Follow, Settings};
use posix::mode::Mode;
use sys::at::{self, Links, Time};

/// Sets up a search, and gives the paths to search in.
pub(super) fn parse(args: &[OsString]) -> Result<(Search, Vec<OsString>)> {
    let mut follow = Follow::Never;
    let mut rest = args;
    while let Some((first, behind)) = rest.split_first() {
        match first.as_bytes() {
            b"-H" => follow = Follow::Root,
            b"-L" => follow = Follow::Always,
            b"-P" => follow = Follow::Never,
            _ => break,
        }
        rest = behind;
    }
    let is_expression =
        |arg: &OsString| arg == "(" || arg == "!" || arg == ")" || arg.len() > 1 && arg.as_bytes()[0] == b'-';
    let end = rest.iter().position(is_expression).unwrap_or(rest.len());
    let mut paths = rest[..end].to_vec();
    if paths.is_empty() {
        paths.push(".".into());
    }
    let (seconds, nanoseconds) = sys::clock::now();
    let mut parser = Parser {
        args: &rest[end..],
        has_action: false,
        search: Search {
            expression: Expression::And(Vec::new()),
            settings: Settings { follow, ..Settings::default() },
            depth_first: false,
            depth_min: 0,
            depth_max: usize::MAX,
            now: Time { seconds, nanoseconds },
            batches: Vec::new(),
            quit: false,
        },
    };
    let expression = parser.alternatives()?;
    match parser.args.first() {
        None => {}
        Some(extra) if extra == ")" => return Err(Error::message("unpaired ')'")),
        Some(extra) => return Err(unrecognized(extra)),
    }
    let print = Expression::Action(Action::Print { end: b'\n' });
    parser.search.expression =
        if parser.has_action { expression } else { Expression::And(vec![expression, print]) };
    Ok((parser.search, paths))
}

struct Parser<'a> {
    args: &'a [OsString],
    has_action: bool,
    search: Search,
}

#[cold]
fn unrecognized(arg: &OsStr) -> Error {
    Error::usage(format_args!("unrecognized: {}", arg.display()))
}

#[cold]
fn invalid(value: &OsStr, name: &str) -> Error {
    Error::message(format_args!("invalid argument '{}' to '{name}'", value.display()))
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a OsString> {
        let (first, rest) = self.args.split_first()?;
        self.args = rest;
        Some(first)
    }

    fn value(&mut self, name: &str) -> Result<&'a OsString> {
        self.next().ok_or_else(|| Error::message(format_args!("{name} requires an argument")))
    }

    fn alternatives(&mut self) -> Result<Expression> {
        let mut parts = vec![self.sequence()?];
        while self.args.first().is_some_and(|arg| arg == "-o" || arg == "-or") {
            self.next();
            parts.push(self.sequence()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn sequence(&mut self) -> Result<Expression> {
        let mut parts = Vec::new();
        while let Some(arg) = self.args.first() {
            match arg.as_bytes() {
                b"-o" | b"-or" | b")" => break,
                b"-a" | b"-and" => {
                    self.next();
                }
                _ => parts.push(self.factor()?),
            }
        }
        Ok(Expression::And(parts))
    }

    fn factor(&mut self) -> Result<Expression> {
        let Some(arg) = self.next() else {
            return Err(Error::message("expression expected at the end"));
        };
        match arg.as_bytes() {
            b"!" | b"-not" => Ok(Expression::Not(Box::new(self.factor()?))),
            b"(" => {
                let inner = self.alternatives()?;
                match self.next() {
                    Some(closing) if closing == ")" => Ok(inner),
                    _ => Err(Error::message("unpaired '('")),
                }
            }
            _ => self.primary(arg),
        }
    }

    fn primary(&mut self, arg: &'a OsString) -> Result<Expression> {
        let Some(name) = arg.to_str() else { return Err(unrecognized(arg)) };
        if self.option(name)? {
            return Ok(Expression::Test(Test::True));
        }
        if let Some(action) = self.action(name)? {
            self.has_action |= !matches!(action, Action::Prune);
            return Ok(Expression::Action(action));
        }
        match self.test(name)? {
            Some(test) => Ok(Expression::Test(test)),
            None => Err(unrecognized(arg)),
        }
    }

    /// What holds for the whole search wherever it stands.
    fn option(&mut self, name: &str) -> Result<bool> {
        match name {
            "-follow" => self.search.settings.follow = Follow::Always,
            "-xdev" | "-mount" | "-x" => self.search.settings.same_device = true,
            "-depth" | "-d" => self.search.depth_first = true,
            "-maxdepth" => self.search.depth_max = cli::options::number(self.value(name)?)? as usize,
            "-mindepth" => self.search.depth_min = cli::options::number(self.value(name)?)? as usize,
            "-noleaf" | "-warn" | "-nowarn" | "-ignore_readdir_race" | "-noignore_readdir_race" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn action(&mut self, name: &str) -> Result<Option<Action>> {
        Ok(Some(match name {
            "-print" => Action::Print { end: b'\n' },
            "-print0" => Action::Print { end: 0 },
            "-printf" => Action::Format(print::parse(self.value(name)?.as_bytes())),
            "-ls" => {
                Action::Format(print::parse(b"%6i %6k %M %3n %-8u %-8g %8s %Tb %Td %TH:%TM %p%{link}\\n"))
            }
            "-prune" => Action::Prune,
            "-quit" => Action::Quit,
            "-delete" => {
                self.search.depth_first = true;
                Action::Delete
            }
            "-exec" | "-execdir" | "-ok" | "-okdir" => self.command(name)?,
            _ => return Ok(None),
        }))
    }

    fn command(&mut self, name: &str) -> Result<Action> {
        let Some(end) =
            self.args.iter().enumerate().position(|(index, arg)| {
                arg == ";" || arg == "+" && index > 0 && self.args[index - 1] == "{}"
            })
        else {
            return Err(Error::message(format_args!("{name} requires an argument")));
        };
        let words = self.args[..end].to_vec();
        let many = self.args[end] == "+";
        self.args = &self.args[end + 1..];
        if words.is_empty() {
            return Err(Error::message(format_args!("{name} requires an argument")));
        }
        let asks = name.starts_with("-ok");
        let in_directory = name.ends_with("dir");
        if !many {
            return Ok(Action::Run(Command { words, asks, in_directory }));
        }
        if asks || in_directory {
            return Err(Error::message(format_args!("{name} ends in ';'")));
        }
        let holders = words.iter().filter(|word| is_holder(word)).count();
        if holders != 1 {
            return Err(Error::message("only one '{}' allowed for -exec +"));
        }
        self.search.batches.push(Batch::new(words[..words.len() - 1].to_vec()));
        Ok(Action::Collect(self.search.batches.len() - 1))
    }

    fn test(&mut self, name: &str) -> Result<Option<Test>> {
        if let Some(test) = self.name_test(name)? {
            return Ok(Some(test));
        }
        if let Some(letters) = name.strip_prefix("-newer") {
            return self.newer(name, letters);
        }
        Ok(Some(match name {
            "-true" => Test::True,
            "-false" => Test::False,
            "-empty" => Test::Empty,
            "-executable" => Test::Access(1),
            "-readable" => Test::Access(4),
            "-writable" => Test::Access(2),
            "-nouser" => Test::NoUser,
            "-nogroup" => Test::NoGroup,
            "-type" | "-xtype" => self.kinds(name)?,
            "-perm" => permissions(self.value(name)?)?,
            "-mtime" => self.age(name, Stamp::Modified, 86_400)?,
            "-atime" => self.age(name, Stamp::Accessed, 86_400)?,
            "-ctime" => self.age(name, Stamp::Changed, 86_400)?,
            "-mmin" => self.age(name, Stamp::Modified, 60)?,
            "-amin" => self.age(name, Stamp::Accessed, 60)?,
            "-cmin" => self.age(name, Stamp::Changed, 60)?,
            "-user" => {
                let value = self.value(name)?;
                let id = posix::passwd::uid_of(value.as_bytes());
                Test::User(Count::Exactly(u64::from(id.ok_or_else(|| unknown("user", value))?)))
            }
            "-group" => {
                let value = self.value(name)?;
                let id = posix::passwd::gid_of(value.as_bytes());
                Test::Group(Count::Exactly(u64::from(id.ok_or_else(|| unknown("group", value))?)))
            }
            "-uid" => Test::User(count(self.value(name)?)?),
            "-gid" => Test::Group(count(self.value(name)?)?),
            "-inum" => Test::Inode(count(self.value(name)?)?),
            "-links" => Test::Links(count(self.value(name)?)?),
            "-size" => size(self.value(name)?)?,
            "-samefile" => {
                let file = Path::new(self.value(name)?);
                let links =
                    if self.search.settings.follow == Follow::Never { Links::Keep } else { Links::Follow };
                let stat = at::stat(at::CWD, file, links)
                    .map_err(|error| super::super::common::cant("stat", file, error))?;
                Test::SameFile { device: stat.device, inode: stat.inode }
            }
            _ => return Ok(None),
        }))
    }

    fn name_test(&mut self, name: &str) -> Result<Option<Test>> {
        let (of, fold) = match name {
            "-name" => (Subject::Name, false),
            "-iname" => (Subject::Name, true),
            "-path" | "-wholename" => (Subject::Path, false),
            "-ipath" | "-iwholename" => (Subject::Path, true),
            "-lname" => (Subject::Link, false),
            "-ilname" => (Subject::Link, true),
            _ => return Ok(None),
        };
        Ok(Some(Test::Name { pattern: self.value(name)?.as_bytes().to_vec(), of, fold }))
    }

    fn kinds(&mut self, name: &str) -> Result<Test> {
        let value = self.value(name)?;
        let letters: Vec<u8> = value
            .as_bytes()
            .split(|&byte| byte == b',')
            .map(|part| match part {
                [letter] if b"fdlbcps".contains(letter) => *letter,
                _ => 0,
            })
            .collect();
        if letters.contains(&0) { Err(invalid(value, name)) } else { Ok(Test::Type(letters)) }
    }

    fn age(&mut self, name: &str, of: Stamp, unit_seconds: i64) -> Result<Test> {
        Ok(Test::Age { of, unit_seconds, count: count(self.value(name)?)? })
    }

    /// `-newer FILE`, `-newerXY FILE` with X and Y of a, B, c, m, and `-newerXt DATE`.
    fn newer(&mut self, name: &str, letters: &str) -> Result<Option<Test>> {
        let (of, reference) = match letters.as_bytes() {
            b"" => (Stamp::Modified, b'm'),
            b"er" => return Ok(None),
            [mine, reference] => match stamp(*mine) {
                Some(of) => (of, *reference),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let value = self.value(name)?;
        if reference == b't' {
            let now = posix::date::Moment { seconds: self.search.now.seconds, nanos: 0 };
            let moment = value
                .to_str()
                .and_then(|text| posix::date::parse(text, now, &posix::zone::Zone::local()))
                .ok_or_else(|| Error::message(format_args!("invalid date {}", cli::error::quoted(value))))?;
            let than = Time { seconds: moment.seconds, nanoseconds: moment.nanos };
            return Ok(Some(Test::Newer { of, than }));
        }
        let Some(reference) = stamp(reference) else { return Ok(None) };
        let file = Path::new(value);
        let stat = at::stat(at::CWD, file, Links::Follow)
            .map_err(|error| super::super::common::cant("stat", file, error))?;
        let than = match reference {
            Stamp::Accessed => stat.accessed,
            Stamp::Changed => stat.changed,
            Stamp::Modified => stat.modified,
            Stamp::Born => at::birth(at::CWD, file, Links::Follow)
                .ok_or_else(|| Error::message(format_args!("{}: its birth is not known", file.display())))?,
        };
        Ok(Some(Test::Newer { of, than }))
    }
}

fn stamp(letter: u8) -> Option<Stamp> {
    match letter {
        b'a' => Some(Stamp::Accessed),
        b'B' => Some(Stamp::Born),
        b'c' => Some(Stamp::Changed),
        b'm' => Some(Stamp::Modified),
        _ => None,
    }
}

fn is_holder(word: &OsStr) -> bool {
    word.as_bytes().windows(2).any(|pair| pair == b"{}")
}

#[cold]
fn unknown(what: &str, name: &OsStr) -> Error {
    Error::message(format_args!("unknown {what} {}", name.display()))
}

/// `N`, `+N`, `-N`.
fn count(text: &OsStr) -> Result<Count> {
    let bytes = text.as_bytes();
    let (make, digits): (fn(u64) -> Count, _) = match bytes.split_first() {
        Some((b'+', digits)) => (Count::More, digits),
        Some((b'-', digits)) => (Count::Less, digits),
        _ => (Count::Exactly, bytes),
    };
    match cli::options::number(OsStr::from_bytes(digits)) {
        Ok(number) => Ok(make(number)),
        Err(_) => Err(Error::message(format_args!("invalid number {}", cli::error::quoted(text)))),
    }
}

fn size(text: &OsStr) -> Result<Test> {
    let bytes = text.as_bytes();
    let (unit, digits) = match bytes.split_last() {
        Some((b'c', digits)) => (1, digits),
        Some((b'w', digits)) => (2, digits),
        Some((b'b', digits)) => (512, digits),
        Some((b'k', digits)) => (1 << 10, digits),
        Some((b'M', digits)) => (1 << 20, digits),
        Some((b'G', digits)) => (1 << 30, digits),
        _ => (512, bytes),
    };
    let count = count(OsStr::from_bytes(digits))
        .map_err(|_| Error::message(format_args!("invalid number {}", cli::error::quoted(text))))?;
    Ok(Test::Size { unit, count })
}

fn permissions(text: &OsStr) -> Result<Test> {
    let invalid = || Error::message(format_args!("invalid mode {}", cli::error::quoted(text)));
    let bytes = text.as_bytes();
    let (how, mode) = match bytes.split_first() {
        Some((b'-', mode)) => (Bits::All, mode),
        Some((b'/', mode)) => (Bits::Any, mode),
        // "+x" is a mode by letters, "+111" the old way to say any.
        Some((b'+', mode)) if mode.first().is_some_and(u8::is_ascii_digit) => (Bits::Any, mode),
        _ => (Bits::Exact, bytes),
    };
    let mode = Mode::parse(mode).ok_or_else(invalid)?.apply(0, false, 0);
    Ok(Test::Permissions { mode, how })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_counts() {
        for (text, expected) in [
            ("3", Some(Count::Exactly(3))),
            ("+3", Some(Count::More(3))),
            ("-0", Some(Count::Less(0))),
            ("", None),
            ("+", None),
            ("x", None),
            ("3x", None),
            ("--3", None),
        ] {
            assert_eq!(count(OsStr::new(text)).ok(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        for args in [
            &["-name"][..],
            &["-type", "q"],
            &["-type", ""],
            &["(", "-name", "x"],
            &["-name", "x", ")"],
            &["!"],
            &["-size", "1q"],
            &["-perm", "zz"],
            &["-exec", "x"],
            &["-exec", ";"],
            &["-exec", "x", "{}y", "{}", "+"],
            &["-newerxy", "/"],
            &["-nothing"],
            &["-maxdepth", "-1"],
        ] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert!(parse(&args).is_err(), "{args:?}");
        }
    }
}
