//! ast — the syntax tree. What the parser makes and everything else reads; nothing in it changes while it runs.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::name::Name;

/// Text that the tree owns.
pub type Text = Box<[u8]>;

#[derive(Debug)]
pub enum Command {
    Simple(Box<Simple>),
    Pipeline(Box<Pipeline>),
    /// `first && second || third`: each of the rest with the operator in front of it.
    AndOr(Box<AndOr>),
    /// Commands behind each other.
    List(Vec<Command>),
    Background(Box<Background>),
    /// A compound command with redirections of its own.
    Redirected(Box<(Command, Vec<Redirect>)>),
    Subshell(Box<Subshell>),
    If(Box<If>),
    Loop(Box<Loop>),
    For(Box<For>),
    Case(Box<Case>),
    Function(Box<(Name, Rc<Function>)>),
    Test(Box<Condition>),
}

#[derive(Debug)]
pub struct AndOr {
    pub first: Command,
    pub rest: Vec<(Connector, Command)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connector {
    And,
    Or,
}

#[derive(Debug)]
pub struct Simple {
    pub line: u32,
    pub assigns: Vec<Assign>,
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
    /// The command's name where it is literal.
    pub name: Option<Name>,
    /// Expanding it changes nothing in the shell: no `${v=…}`, no arithmetic assignment.
    pub pure: bool,
}

#[derive(Debug)]
pub struct Assign {
    pub name: Name,
    pub value: Word,
}

#[derive(Debug)]
pub struct Pipeline {
    pub commands: Vec<Command>,
    pub negated: bool,
    /// As it was typed, for `jobs`; kept where job control is on.
    pub text: Text,
}

#[derive(Debug)]
pub struct Background {
    pub command: Command,
    pub text: Text,
}

#[derive(Debug)]
pub struct Subshell {
    pub line: u32,
    pub body: Command,
}

#[derive(Debug)]
pub struct If {
    /// Condition and body of `if` and of each `elif`.
    pub arms: Vec<(Command, Command)>,
    pub otherwise: Option<Command>,
}

#[derive(Debug)]
pub struct Loop {
    pub until: bool,
    pub condition: Command,
    pub body: Command,
}

#[derive(Debug)]
pub struct For {
    pub line: u32,
    pub variable: Name,
    /// None: the positional parameters.
    pub words: Option<Vec<Word>>,
    pub body: Command,
}

#[derive(Debug)]
pub struct Case {
    pub line: u32,
    pub subject: Word,
    pub arms: Vec<Arm>,
}

#[derive(Debug)]
pub struct Arm {
    pub patterns: Vec<Word>,
    pub body: Option<Command>,
    /// It ended with `;&`: the next arm's body follows.
    pub falls_through: bool,
}

#[derive(Debug)]
pub struct Function {
    pub body: Command,
    pub line: u32,
    pub file: Rc<[u8]>,
}

/// What stands between `[[` and `]]`.
#[derive(Debug)]
pub enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// `-f x`.
    Unary(u8, Word),
    /// `a == b` and the like; the operator as it stands.
    Binary(&'static [u8], Word, Word),
    /// A word alone: true if it is not empty.
    Word(Word),
}

#[derive(Debug)]
pub struct Redirect {
    pub fd: i32,
    pub line: u32,
    pub kind: RedirectKind,
}

#[derive(Debug)]
pub enum RedirectKind {
    /// `<`
    Read(Word),
    /// `>`, which `set -C` restrains.
    Write(Word),
    /// `>|`
    Clobber(Word),
    /// `>>`
    Append(Word),
    /// `<>`
    ReadWrite(Word),
    /// `<&` and `>&`: a number, or `-`.
    Duplicate(Word),
    /// `&>` and `>&file`: standard output and standard error.
    Both {
        word: Word,
        append: bool,
    },
    /// `<<<`
    HereString(Word),
    Here(Rc<Here>),
}

/// A here-document. The body is read after the line that announces it, so it is filled in later.
#[derive(Debug, Default)]
pub struct Here {
    pub body: OnceCell<Word>,
}

/// A word before expansion.
#[derive(Debug, Default)]
pub enum Word {
    /// Nothing was written at all, not even quotes.
    #[default]
    Empty,
    /// All that expansion would give: there is nothing to expand.
    Literal(Text),
    /// The same where it is short, which most are: the text, and its length at the end. It needs no memory of its own.
    Short([u8; SHORT + 1]),
    /// What it is made of.
    Parts(Vec<Part>),
    /// An argument like `name=value` of `export` and its kin: neither split nor taken for a pattern.
    Assignment(Box<Word>),
}

/// As much as fits beside `Parts`.
const SHORT: usize = 15;

impl Word {
    /// A word that needs no expansion.
    pub fn literal(text: &[u8]) -> Word {
        if text.len() > SHORT {
            return Word::Literal(text.into());
        }
        // Put together in a register: the processor is slow to read as a whole what was written byte by byte.
        let bytes = text.iter().rev().fold(0, |bytes, &byte| bytes << 8 | u128::from(byte));
        Word::Short((bytes | (text.len() as u128) << (8 * SHORT)).to_le_bytes())
    }

    /// The text of a word that needs no expansion.
    #[inline]
    pub fn as_literal(&self) -> Option<&[u8]> {
        match self {
            Word::Short(text) => text.get(..usize::from(text[SHORT])),
            Word::Literal(text) => Some(text),
            Word::Empty => Some(b""),
            Word::Assignment(word) => word.as_literal(),
            Word::Parts(_) => None,
        }
    }

    /// What it is made of, where it is not literal.
    pub fn parts(&self) -> &[Part] {
        match self {
            Word::Parts(parts) => parts,
            Word::Assignment(word) => word.parts(),
            Word::Empty | Word::Literal(_) | Word::Short(_) => &[],
        }
    }

    /// Whether nothing was written at all, not even quotes.
    pub fn is_empty(&self) -> bool {
        matches!(self, Word::Empty)
    }
}

#[derive(Debug)]
pub enum Part {
    /// Literal text outside quotes: its special characters make patterns.
    Text(Text),
    /// Literal text from inside quotes, or without any special character.
    Quoted(Text),
    /// `$x` and `${x}`; whether in quotes.
    Value(ParameterName, bool),
    /// `${x…}` with more in it.
    Parameter(Box<Parameter>),
    Command(Box<Substitution>),
    Arithmetic(Box<Arithmetic>),
    /// `~` and the user's name behind it (empty: HOME).
    Tilde(Text),
    /// `<(…)`, or `>(…)` with `output`.
    Process(Box<ProcessSubstitution>),
}

#[derive(Debug)]
pub struct ProcessSubstitution {
    pub output: bool,
    pub body: Command,
}

#[derive(Debug)]
pub struct Parameter {
    pub of: ParameterName,
    pub operation: Operation,
    pub quoted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParameterName {
    Variable(Name),
    Positional(u32),
    /// `@ * # ? - $ !` and `0`.
    Special(u8),
}

#[derive(Debug)]
pub enum Operation {
    Value,
    Length,
    /// `-`; `colon`: an empty value counts as none.
    Default {
        colon: bool,
        word: Word,
    },
    /// `=`
    Assign {
        colon: bool,
        word: Word,
    },
    /// `?`
    Demand {
        colon: bool,
        word: Word,
    },
    /// `+`
    Alternative {
        colon: bool,
        word: Word,
    },
    /// `#` and `##`
    RemovePrefix {
        longest: bool,
        pattern: Word,
    },
    /// `%` and `%%`
    RemoveSuffix {
        longest: bool,
        pattern: Word,
    },
    /// `:offset:length`
    Slice {
        offset: Arithmetic,
        length: Option<Arithmetic>,
    },
    /// `/` and `//`
    Replace {
        every: bool,
        pattern: Word,
        with: Word,
    },
}

#[derive(Debug)]
pub struct Substitution {
    pub body: Option<Command>,
    pub quoted: bool,
    pub line: u32,
}

#[derive(Debug)]
pub struct Arithmetic {
    /// The text as it was written, for what cannot be parsed before it is expanded.
    pub word: Word,
    pub tree: Option<Box<crate::arithmetic::Tree>>,
    pub quoted: bool,
}
