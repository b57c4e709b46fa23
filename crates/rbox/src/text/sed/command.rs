//! command — the parts of a script: addresses and commands.

use std::path::PathBuf;

use posix::regex::Regex;

/// A regular expression in a script; None is the empty one, which stands for the last that was used.
pub(super) type Pattern = Option<Box<Regex>>;

pub(super) enum Address {
    Line(u64),
    Last,
    Match(Pattern),
    /// `first~step`
    Step(u64, u64),
    /// `0`, before a pattern only: the range may end at the first line.
    Zero,
}

pub(super) enum End {
    Line(u64),
    Last,
    Match(Pattern),
    /// `+N`
    After(u64),
    /// `~N`
    Multiple(u64),
}

pub(super) struct Command {
    pub(super) first: Option<Address>,
    pub(super) end: Option<End>,
    pub(super) negated: bool,
    pub(super) action: Action,
}

pub(super) enum Action {
    /// `{`: what to run instead of the block is behind its end.
    Block(usize),
    Nothing,
    Append(Vec<u8>),
    Insert(Vec<u8>),
    Change(Vec<u8>),
    /// `b`, `t`, `T`: the index of the command to go on with.
    Branch(usize),
    BranchIfReplaced(usize),
    BranchUnlessReplaced(usize),
    Delete,
    DeleteFirstLine,
    Execute(Vec<u8>),
    FileName,
    /// `g`, `G`: from the hold space.
    Get,
    GetAppend,
    /// `h`, `H`: to the hold space.
    Hold,
    HoldAppend,
    List(Option<u64>),
    Next,
    NextAppend,
    Print,
    PrintFirstLine,
    Quit(u8),
    QuitSilently(u8),
    Read(PathBuf),
    /// The file's index among `Script::read_lines`.
    ReadLine(usize),
    Substitute(Box<Substitute>),
    /// The file's index among `Script::written`.
    Write(usize),
    WriteFirstLine(usize),
    Exchange,
    Translate(Translation),
    Zap,
    LineNumber,
}

pub(super) struct Substitute {
    pub(super) pattern: Pattern,
    pub(super) replacement: Vec<Part>,
    /// The replacement needs groups.
    pub(super) groups: bool,
    /// Which match is the first to be replaced.
    pub(super) nth: u64,
    pub(super) global: bool,
    /// How often the result is printed.
    pub(super) print: u64,
    pub(super) execute: bool,
    pub(super) write: Option<usize>,
}

pub(super) enum Part {
    Text(Vec<u8>),
    /// 0 is the whole match.
    Group(usize),
    Case(Case),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    /// The next character only.
    UpperNext,
    LowerNext,
    End,
}

/// `y`: bytes by a table; pairs with characters of several bytes one by one.
pub(super) enum Translation {
    Bytes(Box<[u8; 256]>),
    Characters(Vec<(Vec<u8>, Vec<u8>)>),
}

pub(super) struct Script {
    pub(super) commands: Vec<Command>,
    /// Files of `w`, by name.
    pub(super) written: Vec<PathBuf>,
    /// Files of `R`.
    pub(super) read_lines: Vec<PathBuf>,
}
