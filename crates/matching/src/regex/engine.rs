//! engine — the automata of one expression for one way of reading texts, and what the tree says beforehand.

use super::Error;
use super::dfa::Dfa;
use super::node::{Assert, Node, Repeat};
use super::program::{self, Instruction, Program};
use super::set::Mode;

#[derive(Debug)]
pub(super) struct Engine {
    forward: Program,
    longest: Dfa,
    earliest: Dfa,
    /// Which bytes a match can begin with; None where it may be empty.
    first_bytes: Option<Box<[bool; 256]>>,
    /// Few searches need it.
    backward: Option<(Program, Dfa)>,
    mode: Mode,
    ignore_case: bool,
    newline: Option<u8>,
}

impl Engine {
    pub(super) fn new(
        node: &Node,
        mode: Mode,
        ignore_case: bool,
        newline: Option<u8>,
    ) -> Result<Engine, Error> {
        let forward = program::compile(node, mode, false, ignore_case, newline)?;
        Ok(Engine {
            longest: Dfa::new(&forward, false, newline),
            earliest: Dfa::new(&forward, true, newline),
            first_bytes: first_bytes(&forward),
            forward,
            backward: None,
            mode,
            ignore_case,
            newline,
        })
    }

    pub(super) fn longest(&mut self, text: &[u8], start: usize) -> (Option<usize>, usize) {
        self.longest.longest(&self.forward, text, start)
    }

    pub(super) fn earliest(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let first_bytes = if self.forward.asserts { None } else { self.first_bytes.as_deref() };
        self.earliest.earliest(&self.forward, text, start, first_bytes)
    }

    /// Where in `text[from..]` matches begin; `node` is the tree that the engine was made from.
    pub(super) fn beginnings(&mut self, node: &Node, text: &[u8], from: usize) -> Option<Vec<bool>> {
        if self.backward.is_none() {
            let program = program::compile(node, self.mode, true, self.ignore_case, self.newline).ok()?;
            let dfa = Dfa::new(&program, true, self.newline);
            self.backward = Some((program, dfa));
        }
        let (program, dfa) = self.backward.as_mut()?;
        Some(dfa.beginnings(program, text, from))
    }

    /// The first place at or behind `at` whose byte a match can begin with.
    pub(super) fn next_first_byte(&self, text: &[u8], at: usize) -> Option<usize> {
        match &self.first_bytes {
            None => Some(at),
            Some(first) => {
                text[at..].iter().position(|&byte| first[usize::from(byte)]).map(|offset| at + offset)
            }
        }
    }
}

fn first_bytes(program: &Program) -> Option<Box<[bool; 256]>> {
    let mut first = Box::new([false; 256]);
    let mut seen = vec![false; program.instructions.len()];
    let mut stack = vec![program.start];
    while let Some(at) = stack.pop() {
        if std::mem::replace(&mut seen[at as usize], true) {
            continue;
        }
        match program.instructions[at as usize] {
            Instruction::Match => return None,
            Instruction::Split(one, other) => stack.extend([one, other]),
            Instruction::Assert(_, next) => stack.push(next),
            Instruction::Step { first: index, count } => {
                for edge in &program.edges[index as usize..(index + count) as usize] {
                    first[usize::from(edge.low)..=usize::from(edge.high)].fill(true);
                }
            }
        }
    }
    Some(first)
}

/// Whether every match begins at the text's beginning, `^` meaning only that.
pub(super) fn is_anchored(node: &Node) -> bool {
    match node {
        Node::Assert(Assert::LineStart | Assert::TextStart) => true,
        Node::Group { node, .. } => is_anchored(node),
        Node::Concat(nodes) => nodes.first().is_some_and(is_anchored),
        Node::Alternate(nodes) => nodes.iter().all(is_anchored),
        _ => false,
    }
}

/// The plain text in an expression.
#[derive(Default)]
pub(super) struct Literals {
    pub(super) prefix: Vec<u8>,
    pub(super) longest: Vec<u8>,
    /// Whether the expression is its prefix and no more.
    pub(super) plain: bool,
}

pub(super) fn literals(node: &Node) -> Literals {
    let mut walk = Walk { found: Literals { plain: true, ..Literals::default() }, ..Walk::default() };
    walk.node(node);
    walk.end_run();
    walk.found
}

#[derive(Default)]
struct Walk {
    found: Literals,
    run: Vec<u8>,
    /// Whether something that is not plain text came before.
    behind_first: bool,
}

impl Walk {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Literal(bytes) => self.run.extend_from_slice(bytes),
            Node::Group { node, .. } => self.node(node),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Assert(_) => self.found.plain = false,
            Node::Repeat { node, kind: Repeat::Plus } => {
                // One round is certain: its text may end the run, but what follows is not beside it.
                if let Some(text) = node.literal() {
                    self.run.extend_from_slice(&text);
                }
                self.end_run();
            }
            _ => self.end_run(),
        }
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if !self.behind_first {
            self.found.prefix.clone_from(&run);
        } else {
            self.found.plain = false;
        }
        if run.len() > self.found.longest.len() {
            self.found.longest = run;
        }
        self.behind_first = true;
    }
}
