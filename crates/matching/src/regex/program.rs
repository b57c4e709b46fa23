//! program — the automaton of an expression over bytes, read forwards or backwards.

use super::Error;
use super::node::{Assert, Node, Repeat};
use super::set::{Mode, Set};

/// Instructions of one program.
const SIZE_MAX: usize = 1_000_000;
/// Alternatives of plain text from this number on share their beginnings.
const TRIE_MIN: usize = 4;

#[derive(Clone, Copy, Debug)]
pub(super) enum Instruction {
    /// Goes on where a byte lies in one of `edges[first..first + count]`.
    Step {
        first: u32,
        count: u32,
    },
    Split(u32, u32),
    Assert(Assert, u32),
    Match,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) low: u8,
    pub(super) high: u8,
    pub(super) next: u32,
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    pub(super) edges: Vec<Edge>,
    pub(super) start: u32,
    pub(super) backwards: bool,
    pub(super) asserts: bool,
    /// What every byte is equivalent to, and one byte of each class.
    pub(super) class_of: Box<[u8; 256]>,
    pub(super) class_bytes: Vec<u8>,
}

struct Compiler {
    instructions: Vec<Instruction>,
    edges: Vec<Edge>,
    backwards: bool,
    mode: Mode,
    ignore_case: bool,
    asserts: bool,
    full: bool,
}

/// Compiles `node`. `newline` is the byte that ends lines, where lines count.
///
/// Back-references match any text here: what the program accepts is then only a candidate.
pub(super) fn compile(
    node: &Node,
    mode: Mode,
    backwards: bool,
    ignore_case: bool,
    newline: Option<u8>,
) -> Result<Program, Error> {
    let mut compiler = Compiler {
        instructions: vec![Instruction::Match],
        edges: Vec::new(),
        backwards,
        mode,
        ignore_case,
        asserts: false,
        full: false,
    };
    let start = compiler.node(node, 0);
    if compiler.full {
        return Err(Error::Memory);
    }
    let (class_of, class_bytes) = classes(&compiler.edges, compiler.asserts, newline);
    Ok(Program {
        instructions: compiler.instructions,
        edges: compiler.edges,
        start,
        backwards,
        asserts: compiler.asserts,
        class_of,
        class_bytes,
    })
}

/// Bytes that no edge and no condition tells apart share a class: the tables of the DFA stay small.
fn classes(edges: &[Edge], asserts: bool, newline: Option<u8>) -> (Box<[u8; 256]>, Vec<u8>) {
    let mut begins = [false; 257];
    for edge in edges {
        begins[usize::from(edge.low)] = true;
        begins[usize::from(edge.high) + 1] = true;
    }
    if asserts {
        for byte in 0..=255u8 {
            let kind = |byte: u8| (is_word(byte), newline == Some(byte));
            if byte > 0 && kind(byte) != kind(byte - 1) {
                begins[usize::from(byte)] = true;
            }
        }
    }
    let mut class_of = Box::new([0u8; 256]);
    let mut class_bytes = vec![0];
    for byte in 1..=255u8 {
        if begins[usize::from(byte)] {
            class_bytes.push(byte);
        }
        class_of[usize::from(byte)] = (class_bytes.len() - 1) as u8;
    }
    (class_of, class_bytes)
}

/// Word constituents; letters beyond ASCII count by their bytes.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Compiler {
    fn push(&mut self, instruction: Instruction) -> u32 {
        if self.instructions.len() + self.edges.len() >= SIZE_MAX {
            self.full = true;
            return 0;
        }
        self.instructions.push(instruction);
        (self.instructions.len() - 1) as u32
    }

    fn step(&mut self, edges: &[Edge]) -> u32 {
        let first = self.edges.len() as u32;
        self.edges.extend_from_slice(edges);
        self.push(Instruction::Step { first, count: edges.len() as u32 })
    }

    /// The edges for one byte of plain text.
    fn byte_edges(&self, byte: u8, next: u32, edges: &mut Vec<Edge>) {
        edges.push(Edge { low: byte, high: byte, next });
        if self.ignore_case && byte.is_ascii_lowercase() {
            let upper = byte.to_ascii_uppercase();
            edges.push(Edge { low: upper, high: upper, next });
        }
    }

    /// Compiles `node` with `next` behind it and gives its entry.
    fn node(&mut self, node: &Node, next: u32) -> u32 {
        if self.full {
            return 0;
        }
        match node {
            Node::Empty => next,
            Node::Literal(bytes) => self.literal(bytes, next),
            Node::Set(set) => self.set(set, next),
            Node::Assert(assert) => {
                self.asserts = true;
                self.push(Instruction::Assert(*assert, next))
            }
            Node::Group { node, .. } => self.node(node, next),
            Node::Concat(nodes) if self.backwards => {
                nodes.iter().fold(next, |next, node| self.node(node, next))
            }
            Node::Concat(nodes) => nodes.iter().rev().fold(next, |next, node| self.node(node, next)),
            Node::Alternate(nodes) => self.alternate(nodes, next),
            Node::Repeat { node, kind: Repeat::Optional } => {
                let entry = self.node(node, next);
                self.push(Instruction::Split(entry, next))
            }
            Node::Repeat { node, kind } => {
                let split = self.push(Instruction::Split(next, next));
                let entry = self.node(node, split);
                if !self.full {
                    self.instructions[split as usize] = Instruction::Split(entry, next);
                }
                if *kind == Repeat::Star { split } else { entry }
            }
            Node::Back(_) => {
                let split = self.push(Instruction::Split(next, next));
                let any = self.step(&[Edge { low: 0, high: 255, next: split }]);
                if !self.full {
                    self.instructions[split as usize] = Instruction::Split(any, next);
                }
                split
            }
        }
    }

    fn literal(&mut self, bytes: &[u8], mut next: u32) -> u32 {
        let mut edges = Vec::new();
        for index in 0..bytes.len() {
            let byte = if self.backwards { bytes[index] } else { bytes[bytes.len() - 1 - index] };
            edges.clear();
            self.byte_edges(byte, next, &mut edges);
            next = self.step(&edges);
        }
        next
    }

    fn set(&mut self, set: &Set, next: u32) -> u32 {
        let mut edges = Vec::new();
        for mut sequence in set.sequences(self.mode) {
            if self.backwards {
                sequence.reverse();
            }
            let mut target = next;
            for &(low, high) in sequence[1..].iter().rev() {
                target = self.step(&[Edge { low, high, next: target }]);
            }
            edges.push(Edge { low: sequence[0].0, high: sequence[0].1, next: target });
        }
        self.step(&edges)
    }

    fn alternate(&mut self, nodes: &[Node], next: u32) -> u32 {
        if nodes.len() >= TRIE_MIN {
            let texts: Option<Vec<Vec<u8>>> = nodes.iter().map(Node::literal).collect();
            if let Some(mut texts) = texts {
                if self.backwards {
                    texts.iter_mut().for_each(|text| text.reverse());
                }
                texts.sort_unstable();
                texts.dedup();
                return self.trie(&texts, 0, next);
            }
        }
        let mut entry = None;
        for node in nodes.iter().rev() {
            let branch = self.node(node, next);
            entry = Some(match entry {
                None => branch,
                Some(others) => self.push(Instruction::Split(branch, others)),
            });
        }
        entry.unwrap_or(next)
    }

    /// Sorted texts that agree in their first `depth` bytes.
    fn trie(&mut self, texts: &[Vec<u8>], depth: usize, next: u32) -> u32 {
        let ends = texts.first().is_some_and(|text| text.len() == depth);
        let mut rest = &texts[usize::from(ends)..];
        if let [only] = rest
            && !ends
        {
            // The tail of one text: `literal` reverses again what is stored reversed.
            let mut tail = only[depth..].to_vec();
            if self.backwards {
                tail.reverse();
            }
            return self.literal(&tail, next);
        }
        let mut edges = Vec::new();
        while let Some(first) = rest.first() {
            let byte = first[depth];
            let count = rest.iter().take_while(|text| text[depth] == byte).count();
            let target = self.trie(&rest[..count], depth + 1, next);
            self.byte_edges(byte, target, &mut edges);
            rest = &rest[count..];
        }
        if edges.is_empty() {
            return next;
        }
        let step = self.step(&edges);
        if ends { self.push(Instruction::Split(step, next)) } else { step }
    }
}
