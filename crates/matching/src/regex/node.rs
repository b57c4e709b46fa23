//! node — the syntax tree of a regular expression: what the parser makes and the matchers read.

use super::set::Set;

#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    /// The bytes of one character, lower case where the expression ignores case.
    Literal(Vec<u8>),
    Set(Set),
    Assert(Assert),
    /// `last` is the highest index of a group inside, `index` itself if there is none.
    Group {
        index: usize,
        last: usize,
        node: Box<Node>,
    },
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat {
        node: Box<Node>,
        kind: Repeat,
    },
    Back(usize),
}

/// Other counts are written out by the parser.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Repeat {
    Optional,
    Star,
    Plus,
}

/// Conditions on a place between two characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Assert {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    WordEdge,
    NotWordEdge,
    WordStart,
    WordEnd,
    /// No word character before, whatever follows: grep's `-w`.
    NoWordBefore,
    NoWordAfter,
}

/// What stands beside a place in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beside {
    /// The text's end.
    Edge,
    /// The character that ends lines, where lines count.
    Newline,
    Word,
    Other,
}

impl Beside {
    pub(super) const ALL: [Beside; 4] = [Beside::Edge, Beside::Newline, Beside::Word, Beside::Other];
}

impl Assert {
    pub(super) fn holds(self, before: Beside, after: Beside) -> bool {
        let (left, right) = (before == Beside::Word, after == Beside::Word);
        match self {
            Assert::LineStart => matches!(before, Beside::Edge | Beside::Newline),
            Assert::LineEnd => matches!(after, Beside::Edge | Beside::Newline),
            Assert::TextStart => before == Beside::Edge,
            Assert::TextEnd => after == Beside::Edge,
            Assert::WordEdge => left != right,
            Assert::NotWordEdge => left == right,
            Assert::WordStart => !left && right,
            Assert::WordEnd => left && !right,
            Assert::NoWordBefore => !left,
            Assert::NoWordAfter => !right,
        }
    }
}

impl Node {
    /// Whether a group lies inside: others need no submatches.
    pub(super) fn has_groups(&self) -> bool {
        self.any(&|node| matches!(node, Node::Group { .. }))
    }

    pub(super) fn has_back_references(&self) -> bool {
        self.any(&|node| matches!(node, Node::Back(_)))
    }

    pub(super) fn any(&self, test: &dyn Fn(&Node) -> bool) -> bool {
        test(self)
            || match self {
                Node::Group { node, .. } | Node::Repeat { node, .. } => node.any(test),
                Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(|node| node.any(test)),
                _ => false,
            }
    }

    /// The text that the node stands for, if it stands for exactly one.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        match self {
            Node::Empty => Some(Vec::new()),
            Node::Literal(bytes) => Some(bytes.clone()),
            Node::Group { node, .. } => node.literal(),
            Node::Concat(nodes) => {
                let mut text = Vec::new();
                for node in nodes {
                    text.extend_from_slice(&node.literal()?);
                }
                Some(text)
            }
            _ => None,
        }
    }
}
