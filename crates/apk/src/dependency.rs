//! dependency — constraints on packages, as in depends, provides, install_if, replaces and world.
//!
//! Text form: `[!]name[@tag][operator version]`, separated by blanks or line feeds. An operator is any mix of `<`, `>`,
//! `=` and `~`. Source: apk-world(5), apk-package(5); corners as apk-tools 3.0.6 takes them.

use std::cmp::Ordering;
use std::fmt;

use crate::error::Kind;
use crate::version;

/// How a version must stand to the one named: a set of bits, those that ADB files hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Op(pub u8);

impl Op {
    pub const EQUAL: Op = Op(1);
    pub const LESS: Op = Op(2);
    pub const GREATER: Op = Op(4);
    /// The version goes on where the named one ends.
    pub const FUZZY: Op = Op(8);
    /// `~`, which is never without equality.
    pub const FUZZY_EQUAL: Op = Op(9);
    /// `><`: the package of this very identity.
    pub const IDENTITY: Op = Op(6);
    /// No constraint on the version.
    pub const ANY: Op = Op(7);
    /// In ADB files: the dependency is a conflict.
    pub const CONFLICT_BIT: u8 = 16;

    pub fn has(self, other: Op) -> bool {
        self.0 & other.0 == other.0
    }

    /// The text between name and version; empty for `ANY`, `?` for a mix without meaning.
    pub fn text(self) -> &'static str {
        match self.0 & 15 {
            1 => "=",
            2 => "<",
            3 => "<=",
            4 => ">",
            5 => ">=",
            6 => "><",
            8 | 9 => "~",
            10 | 11 => "<~",
            12 | 13 => ">~",
            7 => "",
            _ => "?",
        }
    }

    /// The operator that `text` consists of; None where another letter is in it, or nothing.
    pub fn parse(text: &[u8]) -> Option<Op> {
        let mut bits = 0;
        for &byte in text {
            bits |= bit(byte)?;
        }
        (bits != 0).then_some(Op(bits))
    }

    /// Whether `version` stands to `named` like this. For `IDENTITY`, which is not about versions: never.
    pub fn matches(self, version: &[u8], named: &[u8]) -> bool {
        match self {
            Op::ANY => true,
            Op::IDENTITY => false,
            _ => {
                let order = if self.has(Op::FUZZY) {
                    version::compare_fuzzy(version, named)
                } else {
                    version::compare(version, named)
                };
                self.has(match order {
                    Ordering::Less => Op::LESS,
                    Ordering::Equal => Op::EQUAL,
                    Ordering::Greater => Op::GREATER,
                })
            }
        }
    }
}

fn bit(byte: u8) -> Option<u8> {
    match byte {
        b'=' => Some(1),
        b'<' => Some(2),
        b'>' => Some(4),
        b'~' => Some(9),
        _ => None,
    }
}

/// A constraint. `version` is empty where `op` is `ANY`, and holds the text of an identity where it is `IDENTITY`.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Dependency {
    pub name: Box<[u8]>,
    pub op: Op,
    pub version: Box<[u8]>,
    /// `!`: what matches must not be there.
    pub conflict: bool,
    /// `@tag`: the repository to take it from. Only world and arguments have one.
    pub tag: Option<Box<[u8]>>,
}

/// A dependency as it stands in a text, nothing copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Borrowed<'a> {
    pub name: &'a [u8],
    pub op: Op,
    pub version: &'a [u8],
    pub conflict: bool,
    pub tag: Option<&'a [u8]>,
}

/// A word that is no dependency: its version is missing or invalid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed<'a>(pub &'a [u8]);

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n')
}

/// The words of a list. Blanks and line feeds separate.
pub fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| is_separator(byte)).filter(|word| !word.is_empty())
}

/// Each word of a list as a dependency.
pub fn borrow_list(text: &[u8]) -> impl Iterator<Item = std::result::Result<Borrowed<'_>, Malformed<'_>>> {
    words(text).map(|word| Borrowed::parse(word).ok_or(Malformed(word)))
}

/// All dependencies of a list.
///
/// Errors: the first word that is none.
pub fn parse_list(text: &[u8]) -> std::result::Result<Vec<Dependency>, Malformed<'_>> {
    borrow_list(text).map(|item| item.map(|dependency| dependency.to_owned())).collect()
}

impl<'a> Borrowed<'a> {
    /// A word as a dependency; None where it is none.
    pub fn parse(word: &'a [u8]) -> Option<Borrowed<'a>> {
        let (conflict, word) = match word.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        if word.iter().any(|&byte| is_separator(byte)) {
            return None;
        }
        let name_end = word.iter().position(|&byte| bit(byte).is_some()).unwrap_or(word.len());
        let (name, rest) = word.split_at(name_end);
        let (name, tag) = match name.iter().position(|&byte| byte == b'@') {
            Some(at) => (&name[..at], Some(&name[at + 1..])),
            None => (name, None),
        };
        if rest.is_empty() {
            return Some(Borrowed { name, op: Op::ANY, version: b"", conflict, tag });
        }
        let op_end = rest.iter().position(|&byte| bit(byte).is_none()).unwrap_or(rest.len());
        let (op, version) = rest.split_at(op_end);
        let op = Op::parse(op)?;
        let is_well_formed = op == Op::IDENTITY || version::is_valid(version);
        (is_well_formed && !version.is_empty()).then_some(Borrowed { name, op, version, conflict, tag })
    }

    /// What is wrong with the first malformed word of a list, if one is.
    pub fn fault_in(text: &[u8]) -> Option<Kind> {
        let Malformed(word) = borrow_list(text).find_map(std::result::Result::err)?;
        let name_end = word.iter().position(|&byte| bit(byte).is_some()).unwrap_or(word.len());
        let has_version = word[name_end..].iter().any(|&byte| bit(byte).is_none());
        Some(if has_version { Kind::PackageVersion } else { Kind::DependencyFormat })
    }

    /// A word of which only the version is no version.
    pub fn with_bad_version(word: &'a [u8]) -> Option<Borrowed<'a>> {
        let (conflict, rest) = word.strip_prefix(b"!").map_or((false, word), |rest| (true, rest));
        let name_end = rest.iter().position(|&byte| bit(byte).is_some())?;
        let op_end = name_end + rest[name_end..].iter().position(|&byte| bit(byte).is_none())?;
        let (name, version) = (&rest[..name_end], &rest[op_end..]);
        let op = Op::parse(&rest[name_end..op_end])?;
        (!name.contains(&b'@')).then_some(Borrowed { name, op, version, conflict, tag: None })
    }

    pub fn to_owned(self) -> Dependency {
        Dependency {
            name: self.name.into(),
            op: self.op,
            version: self.version.into(),
            conflict: self.conflict,
            tag: self.tag.map(Into::into),
        }
    }
}

impl Dependency {
    /// A word as a dependency; None where it is none.
    pub fn parse(word: &[u8]) -> Option<Dependency> {
        Borrowed::parse(word).map(Borrowed::to_owned)
    }

    /// The plain name, any version.
    pub fn any(name: &[u8]) -> Dependency {
        Dependency { name: name.into(), op: Op::ANY, version: Box::default(), conflict: false, tag: None }
    }

    pub fn borrow(&self) -> Borrowed<'_> {
        Borrowed {
            name: &self.name,
            op: self.op,
            version: &self.version,
            conflict: self.conflict,
            tag: self.tag.as_deref(),
        }
    }

    /// Whether a package `name` of `version` fulfils this: for a conflict, that it does not match.
    pub fn satisfied_by(&self, name: &[u8], version: &[u8]) -> bool {
        if *self.name != *name {
            return self.conflict;
        }
        self.op.matches(version, &self.version) != self.conflict
    }

    /// The order in ADB lists: by name, version, and operator.
    pub fn compare(&self, other: &Dependency) -> Ordering {
        self.name
            .cmp(&other.name)
            .then_with(|| version::compare(&self.version, &other.version))
            .then_with(|| self.op.cmp(&other.op))
            .then_with(|| self.conflict.cmp(&other.conflict))
    }

    /// Appends the text form.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.borrow().write(out);
    }
}

impl Borrowed<'_> {
    /// Appends the text as messages show it: the tag comes last.
    pub fn show(&self, out: &mut Vec<u8>) {
        Borrowed { tag: None, ..*self }.write(out);
        if let Some(tag) = self.tag {
            out.push(b'@');
            out.extend_from_slice(tag);
        }
    }

    /// Appends the text form, which is read again as the same.
    pub fn write(&self, out: &mut Vec<u8>) {
        if self.conflict {
            out.push(b'!');
        }
        out.extend_from_slice(self.name);
        if let Some(tag) = self.tag {
            out.push(b'@');
            out.extend_from_slice(tag);
        }
        if !self.version.is_empty() {
            out.extend_from_slice(self.op.text().as_bytes());
            out.extend_from_slice(self.version);
        }
    }
}

/// For people; what is not UTF-8 is replaced. Files are written with `write`.
impl fmt::Display for Dependency {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        out.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Appends a list, its items separated by one blank.
pub fn write_list(list: &[Dependency], out: &mut Vec<u8>) {
    for (index, dependency) in list.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        dependency.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_in_and_comes_out() {
        for (text, expected) in [
            ("foo", Some("foo")),
            ("!foo>2", Some("!foo>2")),
            ("foo=~1", Some("foo~1")),
            ("foo~<1", Some("foo<~1")),
            ("foo=>1", Some("foo>=1")),
            ("foo><Q1abc", Some("foo><Q1abc")),
            ("foo@x>1", Some("foo@x>1")),
            ("!foo@x@y~1", Some("!foo@x@y~1")),
            ("foo=<>1", Some("foo1")),
            ("so:libc.musl-x86_64.so.1=1", Some("so:libc.musl-x86_64.so.1=1")),
            ("foo>1@x", None),
            ("foo=", None),
            ("foo=bar", None),
            ("fo o", None),
        ] {
            let out = Dependency::parse(text.as_bytes()).map(|dependency| dependency.to_string());
            assert_eq!(out.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn lists_are_split_and_joined() {
        let list = parse_list(b" a  b=1\n!c~2 ").unwrap();
        let mut text = Vec::new();
        write_list(&list, &mut text);
        assert_eq!(text, b"a b=1 !c~2");
        assert_eq!(parse_list(b"a b=x c"), Err(Malformed(b"b=x")));
    }

    #[test]
    fn versions_are_matched() {
        for (text, version, expected) in [
            ("a", "1", true),
            ("!a", "1", false),
            ("a=1.0", "1.0", true),
            ("a>1.0", "1.0-r1", true),
            ("a>=1.0", "1.0", true),
            ("a<1.0", "1.0_rc1", true),
            ("a<=1.0", "1.1", false),
            ("a~3.6", "3.6.0_pre1", true),
            ("a>~3.6", "3.7", true),
            ("a>~3.6", "3.6.5", true),
            ("a<~3.6", "3.7", false),
            ("!a<2", "1", false),
            ("!a<2", "2", true),
        ] {
            let dependency = Dependency::parse(text.as_bytes()).unwrap();
            assert_eq!(dependency.satisfied_by(b"a", version.as_bytes()), expected, "{text} {version}");
        }
        let other = Dependency::parse(b"!a").unwrap();
        assert!(other.satisfied_by(b"b", b"1"));
    }
}
