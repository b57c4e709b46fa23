//! backtrack — matching with back-references, by trying: the only part of the engine whose time is not linear,
//! and therefore the only one with a limit on its steps.

use super::node::{Assert, Node, Repeat};
use super::set::Set;
use super::submatch::{Span, Text};

/// Steps of one search: a fraction of a second.
const STEPS_MAX: u64 = 20_000_000;
/// Choices that may be open at once.
const CHOICES_MAX: usize = 4_000_000;

#[derive(Debug)]
enum Step {
    Literal(Vec<u8>),
    Set(Set),
    Assert(Assert),
    Back(usize),
    /// Tries the first, later the second.
    Split(usize, usize),
    Jump(usize),
    Open(usize, usize),
    Close(usize),
    /// Remembers where a round began, in the slot; `Progress` fails if the round matched nothing.
    Round(usize),
    Progress(usize),
    Match,
}

/// A tree as steps, for trying.
#[derive(Debug)]
pub(super) struct Steps {
    steps: Vec<Step>,
    rounds: usize,
}

/// What to undo or to try next.
enum Choice {
    Try(usize, usize),
    Span(usize, Span),
    Begin(usize, usize),
    Round(usize, usize),
}

/// The steps of a search were not enough.
pub(super) struct Exhausted;

impl Steps {
    pub(super) fn new(node: &Node) -> Steps {
        let mut steps = Steps { steps: Vec::new(), rounds: 0 };
        steps.add(node);
        steps.steps.push(Step::Match);
        steps
    }

    fn add(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Literal(bytes) => self.steps.push(Step::Literal(bytes.clone())),
            Node::Set(set) => self.steps.push(Step::Set(set.clone())),
            Node::Assert(assert) => self.steps.push(Step::Assert(*assert)),
            Node::Back(index) => self.steps.push(Step::Back(*index)),
            Node::Group { index, last, node } => {
                self.steps.push(Step::Open(*index, *last));
                self.add(node);
                self.steps.push(Step::Close(*index));
            }
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.add(node)),
            Node::Alternate(nodes) => self.alternate(nodes),
            Node::Repeat { node, kind } => {
                let split = self.steps.len();
                if *kind != Repeat::Plus {
                    self.steps.push(Step::Jump(0));
                }
                let body = self.steps.len();
                let slot = self.rounds;
                self.rounds += 1;
                self.steps.push(Step::Round(slot));
                self.add(node);
                match kind {
                    Repeat::Optional => {}
                    Repeat::Star => self.steps.extend([Step::Progress(slot), Step::Jump(split)]),
                    // The first round may match nothing, the others lead on only if they got further.
                    Repeat::Plus => {
                        let here = self.steps.len();
                        self.steps.extend([
                            Step::Split(here + 1, here + 3),
                            Step::Progress(slot),
                            Step::Jump(body),
                        ]);
                    }
                }
                if *kind != Repeat::Plus {
                    self.steps[split] = Step::Split(split + 1, self.steps.len());
                }
            }
        }
    }

    fn alternate(&mut self, nodes: &[Node]) {
        let mut jumps = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let split = self.steps.len();
            let last = index + 1 == nodes.len();
            if !last {
                self.steps.push(Step::Jump(0));
            }
            self.add(node);
            if !last {
                jumps.push(self.steps.len());
                self.steps.push(Step::Jump(0));
                self.steps[split] = Step::Split(split + 1, self.steps.len());
            }
        }
        let end = self.steps.len();
        for jump in jumps {
            self.steps[jump] = Step::Jump(end);
        }
    }

    /// The longest match that begins at `start`, and its groups. `budget` is what is left of the steps.
    pub(super) fn longest(
        &self,
        text: &Text<'_>,
        start: usize,
        groups: usize,
        budget: &mut u64,
    ) -> Result<Option<(usize, Vec<Span>)>, Exhausted> {
        let mut best: Option<(usize, Vec<Span>)> = None;
        let mut spans: Vec<Span> = vec![None; groups + 1];
        let mut begins = vec![0; groups + 1];
        let mut rounds = vec![usize::MAX; self.rounds];
        let mut choices = vec![Choice::Try(0, start)];
        while let Some(choice) = choices.pop() {
            let (mut step, mut at) = match choice {
                Choice::Try(step, at) => (step, at),
                Choice::Span(index, span) => {
                    spans[index] = span;
                    continue;
                }
                Choice::Begin(index, begin) => {
                    begins[index] = begin;
                    continue;
                }
                Choice::Round(slot, begin) => {
                    rounds[slot] = begin;
                    continue;
                }
            };
            loop {
                *budget = budget.checked_sub(1).ok_or(Exhausted)?;
                if choices.len() > CHOICES_MAX {
                    return Err(Exhausted);
                }
                match &self.steps[step] {
                    Step::Literal(bytes) if text.has_literal(bytes, at) => at += bytes.len(),
                    Step::Set(set) => match set.step(text.bytes, at, text.mode) {
                        Some(length) => at += length,
                        None => break,
                    },
                    Step::Assert(assert) if text.holds(*assert, at) => {}
                    Step::Back(index) => {
                        let Some((from, to)) = spans[*index] else { break };
                        if !text.has_literal(&text.bytes[from..to], at) {
                            break;
                        }
                        at += to - from;
                    }
                    Step::Split(first, second) => {
                        choices.push(Choice::Try(*second, at));
                        step = *first;
                        continue;
                    }
                    Step::Jump(target) => {
                        step = *target;
                        continue;
                    }
                    Step::Open(index, last) => {
                        choices.push(Choice::Begin(*index, begins[*index]));
                        begins[*index] = at;
                        for (inner, span) in spans.iter_mut().enumerate().take(*last + 1).skip(*index + 1) {
                            choices.push(Choice::Span(inner, span.take()));
                        }
                    }
                    Step::Close(index) => {
                        choices.push(Choice::Span(*index, spans[*index]));
                        spans[*index] = Some((begins[*index], at));
                    }
                    Step::Round(slot) => {
                        choices.push(Choice::Round(*slot, rounds[*slot]));
                        rounds[*slot] = at;
                    }
                    Step::Progress(slot) if rounds[*slot] != at => {}
                    Step::Match => {
                        if best.as_ref().is_none_or(|(end, _)| *end < at) {
                            best = Some((at, spans.clone()));
                        }
                        if at == text.bytes.len() {
                            return Ok(best);
                        }
                        break;
                    }
                    Step::Literal(_) | Step::Assert(_) | Step::Progress(_) => break,
                }
                step += 1;
            }
        }
        Ok(best)
    }
}

/// What a search may use in all.
pub(super) fn budget() -> u64 {
    STEPS_MAX
}
