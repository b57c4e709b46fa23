//! submatch — which part of a known match each group stands for.
//!
//! The standard's rule: each part, from left to right, takes the longest text that still lets the whole match.
//! For a row of parts the places where each may end are found backwards from the end of the match; then each takes
//! the last of them that it reaches. Every step works on sets of places, so nothing is tried twice.
//!
//! Source: POSIX.1-2024 XBD 9.1. Not for expressions with back-references.

use super::node::{Assert, Beside, Node, Repeat};
use super::program::is_word;
use super::set::Mode;
use crate::bytes::same_letters;

/// Sorted places in the text.
type Places = Vec<usize>;

/// Where something begins and ends.
pub type Span = Option<(usize, usize)>;

pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) mode: Mode,
    pub(super) ignore_case: bool,
    pub(super) newline: Option<u8>,
}

impl Text<'_> {
    pub(super) fn holds(&self, assert: Assert, at: usize) -> bool {
        let beside = |byte: Option<&u8>| match byte {
            None => Beside::Edge,
            Some(byte) if self.newline == Some(*byte) => Beside::Newline,
            Some(byte) if is_word(*byte) => Beside::Word,
            Some(_) => Beside::Other,
        };
        let before = at.checked_sub(1).and_then(|before| self.bytes.get(before));
        assert.holds(beside(before), beside(self.bytes.get(at)))
    }

    pub(super) fn has_literal(&self, literal: &[u8], at: usize) -> bool {
        match self.bytes.get(at..at + literal.len()) {
            Some(found) if self.ignore_case => same_letters(found, literal),
            Some(found) => found == literal,
            None => false,
        }
    }

    /// The length of `node` at `at`, for nodes that match one character or one place.
    fn step(&self, node: &Node, at: usize) -> Option<usize> {
        match node {
            Node::Empty => Some(0),
            Node::Literal(literal) => self.has_literal(literal, at).then_some(literal.len()),
            Node::Set(set) => set.step(self.bytes, at, self.mode),
            Node::Assert(assert) => self.holds(*assert, at).then_some(0),
            _ => None,
        }
    }

    /// Where `node` may end if it begins at one of `places`; nothing behind `limit`.
    fn ends(&self, node: &Node, places: &[usize], limit: usize) -> Places {
        match node {
            Node::Group { node, .. } => self.ends(node, places, limit),
            Node::Concat(nodes) => {
                nodes.iter().fold(places.to_vec(), |places, node| self.ends(node, &places, limit))
            }
            Node::Alternate(nodes) => {
                nodes.iter().fold(Places::new(), |all, node| union(all, self.ends(node, places, limit)))
            }
            Node::Repeat { node, kind } => repeat(*kind, places, &|places| self.ends(node, places, limit)),
            simple => places
                .iter()
                .filter_map(|&at| Some(at + self.step(simple, at)?))
                .filter(|&end| end <= limit)
                .collect(),
        }
    }

    /// Where `node` may begin if it ends at one of `places`; nothing before `limit`.
    fn beginnings(&self, node: &Node, places: &[usize], limit: usize) -> Places {
        match node {
            Node::Group { node, .. } => self.beginnings(node, places, limit),
            Node::Concat(nodes) => {
                nodes.iter().rev().fold(places.to_vec(), |places, node| self.beginnings(node, &places, limit))
            }
            Node::Alternate(nodes) => {
                nodes.iter().fold(Places::new(), |all, node| union(all, self.beginnings(node, places, limit)))
            }
            Node::Repeat { node, kind } => {
                repeat(*kind, places, &|places| self.beginnings(node, places, limit))
            }
            simple => {
                let mut found = Places::new();
                for &end in places {
                    // A character has at most 4 bytes, ASCII one.
                    for length in 0..=4 {
                        let Some(at) = end.checked_sub(length).filter(|&at| at >= limit) else { break };
                        if self.step(simple, at) == Some(length) {
                            found.push(at);
                        }
                        if length == 1 && self.bytes[at] < 0x80 {
                            break;
                        }
                    }
                }
                found.sort_unstable();
                found.dedup();
                found
            }
        }
    }

    /// Records the groups of `node`, which matches exactly `from..to`.
    pub(super) fn split(&self, node: &Node, from: usize, to: usize, spans: &mut [Span]) {
        match node {
            Node::Group { index, last, node } => {
                spans[*index..=*last].fill(None);
                spans[*index] = Some((from, to));
                self.split(node, from, to, spans);
            }
            Node::Concat(nodes) => self.split_row(nodes, from, to, spans),
            Node::Alternate(nodes) => {
                let fits = |node: &&Node| self.ends(node, &[from], to).last() == Some(&to);
                if let Some(chosen) = nodes.iter().find(fits) {
                    self.split(chosen, from, to, spans);
                }
            }
            Node::Repeat { node, .. } if node.has_groups() => self.split_repeat(node, from, to, spans),
            _ => {}
        }
    }

    fn split_row(&self, nodes: &[Node], from: usize, to: usize, spans: &mut [Span]) {
        let Some(count) = nodes.iter().rposition(Node::has_groups).map(|last| last + 1) else { return };
        // `may_end[k]`: where the first k + 1 parts may end so that the others reach `to`.
        let mut may_end = vec![Places::new(); nodes.len()];
        may_end[nodes.len() - 1] = vec![to];
        for index in (1..nodes.len()).rev() {
            may_end[index - 1] = self.beginnings(&nodes[index], &may_end[index], from);
        }
        let mut at = from;
        for (node, may_end) in nodes[..count].iter().zip(&may_end) {
            let Some(end) = last_common(&self.ends(node, &[at], to), may_end) else { return };
            self.split(node, at, end, spans);
            at = end;
        }
    }

    /// Only the last round shows; a round without text counts only where there is no other.
    fn split_repeat(&self, node: &Node, from: usize, to: usize, spans: &mut [Span]) {
        if from == to {
            if self.ends(node, &[from], to).first() == Some(&from) {
                self.split(node, from, to, spans);
            }
            return;
        }
        let may_end = repeat(Repeat::Star, &[to], &|places| self.beginnings(node, places, from));
        let mut at = from;
        while at < to {
            match last_common(&self.ends(node, &[at], to), &may_end) {
                Some(end) if end > at => {
                    if end == to {
                        self.split(node, at, end, spans);
                    }
                    at = end;
                }
                _ => return,
            }
        }
    }
}

/// Every place that some rounds of `step` lead to.
fn repeat(kind: Repeat, places: &[usize], step: &dyn Fn(&[usize]) -> Places) -> Places {
    let mut all = if kind == Repeat::Plus { Places::new() } else { places.to_vec() };
    let mut frontier = step(places);
    if kind == Repeat::Optional {
        return union(all, frontier);
    }
    loop {
        frontier.retain(|place| all.binary_search(place).is_err());
        if frontier.is_empty() {
            return all;
        }
        all = union(all, frontier.clone());
        frontier = step(&frontier);
    }
}

fn union(mut all: Places, more: Places) -> Places {
    if more.is_empty() {
        return all;
    }
    let sorted = all.last() < more.first();
    all.extend_from_slice(&more);
    if !sorted {
        all.sort_unstable();
        all.dedup();
    }
    all
}

fn last_common(one: &[usize], other: &[usize]) -> Option<usize> {
    one.iter().rev().copied().find(|place| other.binary_search(place).is_ok())
}
