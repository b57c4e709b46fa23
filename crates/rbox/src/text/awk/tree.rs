//! tree — a program as the parser leaves it: rules, statements and expressions, names resolved to places.

use std::rc::Rc;

use super::lexer::Builtin;
use super::value::Value;
use posix::regex::Regex;

/// Where a name lives: among all, or in the frame of a function.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    Global(usize),
    Local(usize),
}

pub(super) enum Expr {
    Constant(Value),
    Regex(Rc<Regex>),
    Variable(Place),
    Field(Box<Expr>),
    Element(Place, Vec<Expr>),
    Assign(Box<Expr>, Box<Expr>),
    AssignOp(Arithmetic, Box<Expr>, Box<Expr>),
    /// Adds `delta`; gives the value before or after.
    Step {
        target: Box<Expr>,
        delta: f64,
        after: bool,
    },
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Match {
        text: Box<Expr>,
        pattern: Box<Expr>,
        negated: bool,
    },
    Concat(Box<Expr>, Box<Expr>),
    In(Vec<Expr>, Place),
    /// `(a, b)`, before `in` or in `print`.
    List(Vec<Expr>),
    Getline(Source, Option<Box<Expr>>),
    Call(usize, Vec<Expr>),
    Builtin(Builtin, Vec<Expr>),
}

pub(super) enum Source {
    Input,
    File(Box<Expr>),
    Command(Box<Expr>),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
}

pub(super) enum Statement {
    Expression(Expr),
    /// No expressions: the record.
    Print(Vec<Expr>, Option<Redirection>),
    Printf(Vec<Expr>, Option<Redirection>),
    Block(Vec<Statement>),
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    While(Expr, Box<Statement>),
    DoWhile(Box<Statement>, Expr),
    For(Option<Box<Statement>>, Option<Expr>, Option<Box<Statement>>, Box<Statement>),
    ForIn(Expr, Place, Box<Statement>),
    Break,
    Continue,
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Delete(Place, Vec<Expr>),
    DeleteAll(Place),
}

pub(super) struct Redirection {
    pub(super) kind: Target,
    pub(super) name: Expr,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Target {
    File,
    Append,
    Command,
}

pub(super) enum Pattern {
    Always,
    Expression(Expr),
    /// The index of the range, which has begun or not.
    Range(Expr, Expr, usize),
}

pub(super) struct Rule {
    pub(super) pattern: Pattern,
    /// None: print the record.
    pub(super) action: Option<Vec<Statement>>,
}

pub(super) struct Function {
    pub(super) name: Vec<u8>,
    pub(super) parameters: usize,
    pub(super) body: Option<Vec<Statement>>,
}

pub(super) struct Program {
    pub(super) begin: Vec<Vec<Statement>>,
    pub(super) rules: Vec<Rule>,
    pub(super) end: Vec<Vec<Statement>>,
    pub(super) functions: Vec<Function>,
    pub(super) ranges: usize,
    /// Names of globals, by place.
    pub(super) globals: Vec<Vec<u8>>,
}
