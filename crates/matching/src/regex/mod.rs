//! regex — POSIX regular expressions, basic and extended, over bytes and UTF-8.
//!
//! `syntax` makes a tree. To find a match, the tree is compiled to an automaton (`program`) that `dfa` runs: time
//! linear in the text, memory bounded. `submatch` then says what the groups stand for. Only expressions with
//! back-references are tried step by step (`backtrack`), with a limit.
//!
//! `.` and bracket expressions match a whole character where the text is well-formed UTF-8, else a byte.
//!
//! Source: POSIX.1-2024 XBD 9. Leftmost match, the longest of those; each part longest from left to right.

mod backtrack;
mod dfa;
mod engine;
mod fold;
mod node;
mod program;
mod set;
mod submatch;
mod syntax;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::fmt;

use crate::bytes::Finder;
use backtrack::Steps;
use engine::Engine;
pub use fold::change_case;
use node::{Assert, Node};
use set::Mode;
pub use submatch::Span;

/// How a pattern is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Extended syntax (`grep -E`).
    pub extended: bool,
    pub ignore_case: bool,
    /// The pattern is plain text (`grep -F`).
    pub literal: bool,
    /// `^` and `$` match at newlines too, which `.` and `[^…]` then do not match (REG_NEWLINE).
    pub newline: bool,
    /// Texts consist of lines that end in this byte, and nothing matches it: for searching many lines at once.
    pub line_end: Option<u8>,
    /// The match is a whole line.
    pub whole_lines: bool,
    /// No word character stands beside the match.
    pub whole_words: bool,
    /// `\` escapes within brackets, as in awk.
    pub escapes_in_brackets: bool,
}

/// Why a pattern is no regular expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    Invalid,
    Collation,
    Class,
    Backslash,
    BackReference,
    Bracket,
    Parenthesis,
    Count,
    Range,
    Memory,
    Repetition,
}

impl fmt::Display for Error {
    /// The texts of musl's regerror(3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Invalid => "Invalid regexp",
            Error::Collation => "Unknown collating element",
            Error::Class => "Unknown character class name",
            Error::Backslash => "Trailing backslash",
            Error::BackReference => "Invalid back reference",
            Error::Bracket => "Missing ']'",
            Error::Parenthesis => "Missing ')'",
            Error::Count => "Invalid contents of {}",
            Error::Range => "Invalid character range",
            Error::Memory => "Out of memory",
            Error::Repetition => "Repetition not preceded by valid expression",
        })
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct Regex {
    node: Node,
    groups: usize,
    ignore_case: bool,
    newline: Option<u8>,
    /// Whether UTF-8 and stray bytes need different automata.
    depends_on_mode: bool,
    /// Matches begin at the text's beginning only.
    anchored: bool,
    /// Every match begins with this.
    prefix: Option<Finder>,
    /// Every match contains this.
    must: Option<Finder>,
    /// The prefix is the whole expression.
    plain: bool,
    /// For expressions with back-references.
    steps: Option<Steps>,
    exhausted: Cell<bool>,
    engines: [RefCell<Option<Box<Engine>>>; 2],
}

impl Regex {
    pub fn new(pattern: &[u8], options: &Options) -> Result<Regex, Error> {
        Regex::any_of(&[pattern], options)
    }

    /// An expression that matches what one of `patterns` does; their groups are numbered on. No pattern matches nothing.
    pub fn any_of(patterns: &[&[u8]], options: &Options) -> Result<Regex, Error> {
        let mut nodes = Vec::new();
        let mut groups = 0;
        for pattern in patterns {
            let (node, last) = syntax::parse(pattern, options, groups + 1)?;
            groups = last;
            nodes.push(node);
        }
        let mut node = if nodes.len() == 1 { nodes.remove(0) } else { Node::Alternate(nodes) };
        if patterns.is_empty() {
            node = Node::Set(set::Set::new());
        }
        if options.whole_lines {
            node = Node::Concat(vec![Node::Assert(Assert::LineStart), node, Node::Assert(Assert::LineEnd)]);
        } else if options.whole_words {
            node = Node::Concat(vec![
                Node::Assert(Assert::NoWordBefore),
                node,
                Node::Assert(Assert::NoWordAfter),
            ]);
        }
        Regex::from_node(node, groups, options)
    }

    fn from_node(node: Node, groups: usize, options: &Options) -> Result<Regex, Error> {
        let newline = options.line_end.or(options.newline.then_some(b'\n'));
        let facts = engine::literals(&node);
        let finder = |text: &Vec<u8>| (!text.is_empty()).then(|| Finder::new(text, options.ignore_case));
        let regex = Regex {
            groups,
            ignore_case: options.ignore_case,
            newline,
            depends_on_mode: node.any(&|node| matches!(node, Node::Set(set) if set.depends_on_mode())),
            anchored: newline.is_none() && engine::is_anchored(&node),
            prefix: finder(&facts.prefix),
            must: finder(&facts.longest),
            plain: facts.plain && !facts.prefix.is_empty(),
            steps: node.has_back_references().then(|| Steps::new(&node)),
            exhausted: Cell::new(false),
            engines: [RefCell::new(None), RefCell::new(None)],
            node,
        };
        // A program that is too large is an error of the pattern, found here and not in a search.
        if !regex.plain {
            regex.prepare(Mode::Bytes)?;
        }
        Ok(regex)
    }

    /// How many groups the expression has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    pub fn has_back_references(&self) -> bool {
        self.steps.is_some()
    }

    /// Whether a search with back-references was given up because it took too many steps; it then found nothing.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }

    /// Prepares searches in `text`.
    pub fn on<'a>(&'a self, text: &'a [u8]) -> Search<'a> {
        let mode = self.mode(text);
        Search { regex: self, text, mode, beginnings: None, spent: 0 }
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        self.on(text).matches_from(0)
    }

    fn mode(&self, text: &[u8]) -> Mode {
        if self.depends_on_mode && !text.is_ascii() && std::str::from_utf8(text).is_ok() {
            Mode::Utf8
        } else {
            Mode::Bytes
        }
    }

    fn prepare(&self, mode: Mode) -> Result<(), Error> {
        let mut slot = self.engines[mode as usize].borrow_mut();
        if slot.is_none() {
            *slot = Some(Box::new(Engine::new(&self.node, mode, self.ignore_case, self.newline)?));
        }
        Ok(())
    }

    /// Runs `with` on the automata for `mode`. None: they are too large for this mode, and nothing matches.
    fn with<T>(&self, mode: Mode, with: &mut dyn FnMut(&mut Engine) -> T) -> Option<T> {
        if self.prepare(mode).is_err() {
            self.exhausted.set(true);
            return None;
        }
        self.engines[mode as usize].borrow_mut().as_deref_mut().map(with)
    }

    /// How `find_line` is to read `text`: found out once, because it takes a look at all of it.
    pub fn reading(&self, text: &[u8]) -> Reading {
        let wide = self.depends_on_mode && !text.is_ascii();
        let utf8 = wide && std::str::from_utf8(text).is_ok();
        Reading {
            mode: if utf8 { Mode::Utf8 } else { Mode::Bytes },
            by_line: self.steps.is_some() || wide && !utf8,
        }
    }

    /// Some place in the first line at or behind `from` that has a match. `text` consists of whole lines, and the
    /// expression was made with `line_end`.
    pub fn find_line(&self, text: &[u8], from: usize, reading: Reading) -> Option<usize> {
        let end = self.newline?;
        let mut at = from;
        let mut misses = 0;
        while at < text.len() {
            let mut line = at..text.len();
            if let Some(must) = &self.must
                && (misses < 32 || reading.by_line)
            {
                // Nearly all lines lack the literal.
                let found = must.find(text, at)?;
                if self.plain {
                    return Some(found);
                }
                line.start =
                    crate::bytes::rfind_byte(&text[at..found], end).map_or(at, |place| at + place + 1);
                at = found;
            } else if !reading.by_line {
                let whole = Search { regex: self, text, mode: reading.mode, beginnings: None, spent: 0 };
                return whole.earliest(at);
            }
            line.end = crate::bytes::find_byte(&text[at..], end).map_or(text.len(), |length| at + length);
            if self.is_match(&text[line.clone()]) {
                return Some(line.start);
            }
            misses += 1;
            at = line.end + 1;
        }
        None
    }
}

/// How a text of many lines is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    mode: Mode,
    /// Each line on its own: they are not all well-formed, or need to be tried.
    by_line: bool,
}

/// Searches in one text.
#[derive(Debug)]
pub struct Search<'a> {
    regex: &'a Regex,
    text: &'a [u8],
    mode: Mode,
    /// Where matches begin, from a place on; found when trying one place after the other took too long.
    beginnings: Option<(usize, Vec<bool>)>,
    /// Bytes read in vain.
    spent: usize,
}

impl Search<'_> {
    /// Whether there is a match at or behind `start`.
    pub fn matches_from(&mut self, start: usize) -> bool {
        let regex = self.regex;
        if let Some(must) = &regex.must
            && (must.find(self.text, start).is_none() || regex.plain)
        {
            return regex.plain && must.find(self.text, start).is_some();
        }
        if regex.steps.is_some() {
            return self.find(start).is_some();
        }
        if regex.anchored && start == 0 {
            return regex
                .with(self.mode, &mut |engine| engine.longest(self.text, 0).0.is_some())
                .unwrap_or(false);
        }
        self.earliest(start).is_some()
    }

    /// The end of the match that ends first.
    fn earliest(&self, start: usize) -> Option<usize> {
        self.regex.with(self.mode, &mut |engine| engine.earliest(self.text, start))?
    }

    /// The leftmost match at or behind `start`, and of those that begin there the longest.
    pub fn find(&mut self, start: usize) -> Option<(usize, usize)> {
        let regex = self.regex;
        if regex.plain
            && let Some(prefix) = &regex.prefix
        {
            return prefix.find(self.text, start).map(|at| (at, at + prefix.needle().len()));
        }
        if regex.steps.is_some() {
            return self.find_by_trying(start).map(|spans| spans[0].unwrap_or((0, 0)));
        }
        let mut at = self.candidate(start)?;
        loop {
            let text = self.text;
            let (end, read) = regex.with(self.mode, &mut |engine| engine.longest(text, at))?;
            if let Some(end) = end {
                return Some((at, end));
            }
            self.failed(read, at);
            at = self.candidate(at + 1)?;
        }
    }

    /// Notes a failed try at `at`; after too many the rest of the text is read once, backwards.
    fn failed(&mut self, read: usize, at: usize) {
        self.spent += read;
        if self.beginnings.is_none() && self.spent > 1024 + 8 * self.text.len() {
            let text = self.text;
            let places =
                self.regex.with(self.mode, &mut |engine| engine.beginnings(&self.regex.node, text, at));
            self.beginnings = places.flatten().map(|places| (at, places));
        }
    }

    /// The first place at or behind `at` where a match might begin.
    fn candidate(&self, at: usize) -> Option<usize> {
        let regex = self.regex;
        if at > self.text.len() || regex.anchored && at > 0 {
            return None;
        }
        if let Some((from, places)) = &self.beginnings
            && at >= *from
        {
            return places[at - from..].iter().position(|&begins| begins).map(|offset| at + offset);
        }
        if let Some(prefix) = &regex.prefix {
            return prefix.find(self.text, at);
        }
        regex.with(self.mode, &mut |engine| engine.next_first_byte(self.text, at))?
    }

    /// The same as `find`, and in `spans` what the match (at index 0) and the groups stand for.
    pub fn captures(&mut self, start: usize, spans: &mut Vec<Span>) -> bool {
        spans.clear();
        spans.resize(self.regex.groups + 1, None);
        if self.regex.steps.is_some() {
            let found = self.find_by_trying(start);
            return found.map(|found| *spans = found).is_some();
        }
        let Some((from, to)) = self.find(start) else { return false };
        spans[0] = Some((from, to));
        if self.regex.groups > 0 {
            self.reader().split(&self.regex.node, from, to, spans);
            spans[0] = Some((from, to));
        }
        true
    }

    fn find_by_trying(&mut self, start: usize) -> Option<Vec<Span>> {
        let regex = self.regex;
        let steps = regex.steps.as_ref()?;
        // A text that does not even match with anything in the place of the references is not tried.
        self.earliest(start)?;
        let mut budget = backtrack::budget();
        let mut at = self.candidate(start)?;
        loop {
            match steps.longest(&self.reader(), at, regex.groups, &mut budget) {
                Ok(Some((end, mut spans))) => {
                    spans[0] = Some((at, end));
                    return Some(spans);
                }
                Ok(None) => {}
                Err(backtrack::Exhausted) => {
                    regex.exhausted.set(true);
                    return None;
                }
            }
            self.failed(64, at);
            at = self.candidate(at + 1)?;
        }
    }

    fn reader(&self) -> submatch::Text<'_> {
        submatch::Text {
            bytes: self.text,
            mode: self.mode,
            ignore_case: self.regex.ignore_case,
            newline: self.regex.newline,
        }
    }
}

/// The length of the character that `text` begins with: how far to go on behind an empty match.
pub fn character_length(text: &[u8]) -> usize {
    if text.is_empty() { 1 } else { set::decode(text).1 }
}
