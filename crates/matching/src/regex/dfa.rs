//! dfa — runs a program as a deterministic automaton whose states are made when they are first needed.
//!
//! A state is the set of instructions that the text read so far has led to, before conditions are looked at, and
//! what the last character was. A transition therefore looks at conditions with both neighbours known, and
//! says whether a match ended *before* the byte that it reads.

use super::node::Beside;
use super::program::{Instruction, Program, is_word};

/// Set in a transition: a match ended before the byte read.
const MATCH: u32 = 1 << 31;
const UNKNOWN: u32 = u32::MAX;
/// The state that nothing leads out of.
const DEAD: u32 = 0;
/// Words of tables before they are dropped and begun again.
const MEMORY_MAX: usize = 1 << 18;

#[derive(Debug)]
pub(super) struct Dfa {
    /// Whether a match may begin anywhere, not only where the search does.
    anywhere: bool,
    newline: Option<u8>,
    stride: usize,
    transitions: Vec<u32>,
    /// The key of each state: what was before, then sorted instructions.
    keys: Vec<Box<[u32]>>,
    /// Hash table of state numbers plus one.
    table: Vec<u32>,
    memory: usize,
    /// Start states by what is before, or UNKNOWN.
    starts: [u32; 4],
    stack: Vec<u32>,
    seen: Vec<u32>,
    round: u32,
}

impl Dfa {
    pub(super) fn new(program: &Program, anywhere: bool, newline: Option<u8>) -> Dfa {
        let mut dfa = Dfa {
            anywhere,
            newline,
            stride: program.class_bytes.len() + 1,
            transitions: Vec::new(),
            keys: Vec::new(),
            table: Vec::new(),
            memory: 0,
            starts: [UNKNOWN; 4],
            stack: Vec::new(),
            seen: vec![0; program.instructions.len()],
            round: 0,
        };
        dfa.clear();
        dfa
    }

    fn clear(&mut self) {
        self.transitions.clear();
        self.keys.clear();
        self.table.clear();
        self.table.resize(256, 0);
        self.memory = 0;
        self.starts = [UNKNOWN; 4];
        self.state(vec![Beside::Edge as u32]); // DEAD
        self.transitions.fill(DEAD);
    }

    fn beside(&self, byte: Option<u8>) -> Beside {
        match byte {
            None => Beside::Edge,
            Some(byte) if self.newline == Some(byte) => Beside::Newline,
            Some(byte) if is_word(byte) => Beside::Word,
            Some(_) => Beside::Other,
        }
    }

    /// The number of the state with that key, times the stride.
    fn state(&mut self, key: Vec<u32>) -> u32 {
        let mask = self.table.len() - 1;
        let mut slot = hash(&key) & mask;
        while self.table[slot] != 0 {
            let number = self.table[slot] - 1;
            if *self.keys[number as usize] == *key {
                return number * self.stride as u32;
            }
            slot = (slot + 1) & mask;
        }
        let number = self.keys.len() as u32;
        self.table[slot] = number + 1;
        self.memory += key.len() + self.stride + 8;
        self.keys.push(key.into_boxed_slice());
        self.transitions.resize(self.transitions.len() + self.stride, UNKNOWN);
        if self.keys.len() * 2 > self.table.len() {
            self.grow();
        }
        number * self.stride as u32
    }

    fn grow(&mut self) {
        let size = self.table.len() * 4;
        self.table.clear();
        self.table.resize(size, 0);
        for (number, key) in self.keys.iter().enumerate() {
            let mut slot = hash(key) & (size - 1);
            while self.table[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.table[slot] = number as u32 + 1;
        }
    }

    fn start(&mut self, program: &Program, before: Option<u8>) -> u32 {
        let before = if program.asserts { self.beside(before) } else { Beside::Other };
        let known = self.starts[before as usize];
        if known != UNKNOWN {
            return known;
        }
        let state = self.state(vec![before as u32, program.start]);
        self.starts[before as usize] = state;
        state
    }

    /// Makes the transition of `state` over `byte` (None: the text's end) and remembers it.
    #[cold]
    #[inline(never)]
    fn make(&mut self, program: &Program, state: u32, byte: Option<u8>) -> u32 {
        let class = match byte {
            Some(byte) => usize::from(program.class_of[usize::from(byte)]),
            None => self.stride - 1,
        };
        let key = self.keys[state as usize / self.stride].clone();
        let known = Beside::ALL[key[0] as usize];
        let next_beside = if program.asserts { self.beside(byte) } else { Beside::Other };
        let (left, right) = if program.backwards { (next_beside, known) } else { (known, next_beside) };
        let mut next = Vec::new();
        let matched = self.close(program, &key[1..], byte, (left, right), &mut next);
        if self.anywhere && byte.is_some() {
            next.push(program.start);
        }
        next.sort_unstable();
        next.dedup();
        let dead = next.is_empty();
        if self.memory > MEMORY_MAX {
            self.clear();
            let state = if dead { DEAD } else { self.keyed(next_beside, next) };
            return state | if matched { MATCH } else { 0 };
        }
        let target = if dead { DEAD } else { self.keyed(next_beside, next) };
        let transition = target | if matched { MATCH } else { 0 };
        self.transitions[state as usize + class] = transition;
        transition
    }

    fn keyed(&mut self, before: Beside, mut instructions: Vec<u32>) -> u32 {
        instructions.insert(0, before as u32);
        self.state(instructions)
    }

    /// Follows everything that needs no byte, then `byte`. Says whether the end of the program was reached.
    fn close(
        &mut self,
        program: &Program,
        from: &[u32],
        byte: Option<u8>,
        (left, right): (Beside, Beside),
        next: &mut Vec<u32>,
    ) -> bool {
        self.round += 1;
        let mut matched = false;
        self.stack.extend_from_slice(from);
        while let Some(at) = self.stack.pop() {
            if self.seen[at as usize] == self.round {
                continue;
            }
            self.seen[at as usize] = self.round;
            match program.instructions[at as usize] {
                Instruction::Match => matched = true,
                Instruction::Split(one, other) => self.stack.extend([one, other]),
                Instruction::Assert(assert, target) if assert.holds(left, right) => self.stack.push(target),
                Instruction::Assert(..) => {}
                Instruction::Step { first, count } => {
                    let Some(byte) = byte else { continue };
                    let edges = &program.edges[first as usize..(first + count) as usize];
                    let fitting = edges.iter().filter(|edge| edge.low <= byte && byte <= edge.high);
                    next.extend(fitting.map(|edge| edge.next));
                }
            }
        }
        matched
    }

    #[inline]
    fn next(&mut self, program: &Program, state: u32, byte: u8) -> u32 {
        let class = usize::from(program.class_of[usize::from(byte)]);
        let transition = self.transitions[state as usize + class];
        if transition == UNKNOWN { self.make(program, state, Some(byte)) } else { transition }
    }

    /// Whether a match ends where the text does.
    fn matches_at_end(&mut self, program: &Program, state: u32, beyond: Option<u8>) -> bool {
        if let Some(byte) = beyond {
            return self.next(program, state, byte) & MATCH != 0;
        }
        let transition = self.transitions[state as usize + self.stride - 1];
        let transition = if transition == UNKNOWN { self.make(program, state, None) } else { transition };
        transition & MATCH != 0
    }

    /// The end of the longest match that begins at `start`, and how many bytes were read.
    pub(super) fn longest(&mut self, program: &Program, text: &[u8], start: usize) -> (Option<usize>, usize) {
        let mut state = self.start(program, start.checked_sub(1).map(|before| text[before]));
        let mut longest = None;
        for (offset, &byte) in text[start..].iter().enumerate() {
            let transition = self.next(program, state, byte);
            if transition & MATCH != 0 {
                longest = Some(start + offset);
            }
            state = transition & !MATCH;
            if state == DEAD {
                return (longest, offset + 1);
            }
        }
        if self.matches_at_end(program, state, None) {
            longest = Some(text.len());
        }
        (longest, text.len() - start)
    }

    /// The first place at or behind `start` where a match that begins there or later ends.
    pub(super) fn earliest(
        &mut self,
        program: &Program,
        text: &[u8],
        start: usize,
        first_bytes: Option<&[bool; 256]>,
    ) -> Option<usize> {
        let mut state = self.start(program, start.checked_sub(1).map(|before| text[before]));
        let mut at = start;
        while at < text.len() {
            if let Some(first_bytes) = first_bytes
                && state == self.starts[Beside::Other as usize]
            {
                // Nothing has begun: what cannot begin a match leads back here.
                at += text[at..]
                    .iter()
                    .position(|&byte| first_bytes[usize::from(byte)])
                    .unwrap_or(text.len() - at);
                if at == text.len() {
                    break;
                }
            }
            let transition = self.next(program, state, text[at]);
            if transition & MATCH != 0 {
                return Some(at);
            }
            state = transition;
            at += 1;
        }
        self.matches_at_end(program, state, None).then_some(text.len())
    }

    /// Marks every place in `text[from..]` where a match begins; for a program that reads backwards.
    pub(super) fn beginnings(&mut self, program: &Program, text: &[u8], from: usize) -> Vec<bool> {
        let mut places = vec![false; text.len() + 1 - from];
        let mut state = self.start(program, None);
        for at in (from..text.len()).rev() {
            let transition = self.next(program, state, text[at]);
            places[at + 1 - from] = transition & MATCH != 0;
            state = transition & !MATCH;
        }
        let before = from.checked_sub(1).map(|before| text[before]);
        places[0] = self.matches_at_end(program, state, before);
        places
    }
}

fn hash(key: &[u32]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for &word in key {
        hash = (hash ^ u64::from(word)).wrapping_mul(0x100_0000_01b3);
    }
    (hash ^ hash >> 29) as usize
}
