//! syntax — from the text of an expression to its tree.
//!
//! Source: POSIX.1-2024 XBD 9.3 (basic) and 9.4 (extended); GNU grep's manual for `\+ \? \| \w \W \s \S \b \B \< \>
//! \` \'`; musl for `\d \D \t \n \r \f \a \e \xHH`.

use super::node::{Assert, Node, Repeat};
use super::set::{self, Class, Set};
use super::{Error, Options, fold};

/// Counts in braces: RE_DUP_MAX of the GNU library.
const COUNT_MAX: usize = 32767;
/// Nodes of one expression, counts written out.
const NODES_MAX: usize = 200_000;
const DEPTH_MAX: usize = 500;

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    options: &'a Options,
    groups: usize,
    /// Which groups have ended and may be referred to.
    closed: Vec<bool>,
    depth: usize,
    nodes: usize,
}

/// Parses `text`; its groups are numbered from `first_group`. Gives the tree and the number of the last group.
pub(super) fn parse(text: &[u8], options: &Options, first_group: usize) -> Result<(Node, usize), Error> {
    let mut parser = Parser {
        text,
        at: 0,
        options,
        groups: first_group - 1,
        closed: vec![false; first_group],
        depth: 0,
        nodes: 0,
    };
    if options.literal {
        return Ok((parser.literal_text(), first_group - 1));
    }
    let node = parser.alternatives()?;
    if parser.at < text.len() {
        return Err(Error::Parenthesis);
    }
    Ok((node, parser.groups))
}

impl Parser<'_> {
    fn literal_text(&mut self) -> Node {
        let mut nodes = Vec::new();
        while self.at < self.text.len() {
            nodes.push(self.character());
        }
        concat(nodes)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn looking_at(&self, token: &[u8]) -> bool {
        self.text[self.at..].starts_with(token)
    }

    fn eat(&mut self, token: &[u8]) -> bool {
        let found = self.looking_at(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// The token for an operator that is plain in extended syntax and escaped in basic syntax.
    fn operator(&self, byte: u8) -> &'static [u8] {
        match (byte, self.options.extended) {
            (b'(', true) => b"(",
            (b'(', false) => b"\\(",
            (b')', true) => b")",
            (b')', false) => b"\\)",
            (b'|', true) => b"|",
            (_, true) => b"{",
            (b'|', false) => b"\\|",
            (_, false) => b"\\{",
        }
    }

    fn alternatives(&mut self) -> Result<Node, Error> {
        let mut branches = vec![self.branch()?];
        while self.eat(self.operator(b'|')) {
            branches.push(self.branch()?);
        }
        match branches.len() {
            1 => Ok(branches.remove(0)),
            _ => Ok(Node::Alternate(branches)),
        }
    }

    fn branch(&mut self) -> Result<Node, Error> {
        let mut nodes = Vec::new();
        while self.at < self.text.len() && !self.looking_at(self.operator(b'|')) {
            if self.looking_at(self.operator(b')')) && (self.depth > 0 || !self.options.extended) {
                if self.depth == 0 {
                    return Err(Error::Parenthesis);
                }
                break;
            }
            let (atom, repeatable) = self.atom(nodes.is_empty())?;
            nodes.push(if repeatable { self.repeats(atom)? } else { atom });
        }
        Ok(concat(nodes))
    }

    /// One atom, and whether a repetition may follow: `^*` in basic syntax is an anchor and a star.
    fn atom(&mut self, first: bool) -> Result<(Node, bool), Error> {
        self.nodes += 1;
        let extended = self.options.extended;
        if self.eat(self.operator(b'(')) {
            return Ok((self.group()?, true));
        }
        match self.text[self.at] {
            b'[' => {
                self.at += 1;
                return Ok((Node::Set(self.bracket()?), true));
            }
            b'.' => {
                self.at += 1;
                return Ok((Node::Set(self.finish(Set::any())), true));
            }
            b'\\' => return self.escape(),
            b'^' if extended || first => {
                self.at += 1;
                return Ok((Node::Assert(Assert::LineStart), extended));
            }
            b'$' if extended || self.ends_branch(self.at + 1) => {
                self.at += 1;
                return Ok((Node::Assert(Assert::LineEnd), true));
            }
            b'*' | b'+' | b'?' if extended => return Err(Error::Repetition),
            b'{' if extended && self.is_count(self.at + 1) => return Err(Error::Repetition),
            _ => {}
        }
        Ok((self.character(), true))
    }

    fn ends_branch(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        rest.is_empty() || rest.starts_with(b"\\)") || rest.starts_with(b"\\|")
    }

    /// Whether a count follows an opening brace: in extended syntax other braces are plain characters.
    fn is_count(&self, at: usize) -> bool {
        self.text.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b',')
    }

    fn group(&mut self) -> Result<Node, Error> {
        self.groups += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::Memory);
        }
        let index = self.groups;
        self.closed.push(false);
        let node = self.alternatives()?;
        if !self.eat(self.operator(b')')) {
            return Err(Error::Parenthesis);
        }
        self.depth -= 1;
        self.closed[index] = true;
        Ok(Node::Group { index, last: self.groups, node: Box::new(node) })
    }

    /// A character that stands for itself.
    fn character(&mut self) -> Node {
        let (code, length) = set::decode(&self.text[self.at..]);
        let bytes = &self.text[self.at..self.at + length];
        self.at += length;
        self.plain(code, bytes)
    }

    fn plain(&self, code: u32, bytes: &[u8]) -> Node {
        if self.options.line_end.is_some_and(|end| bytes == [end]) {
            return Node::Set(Set::new());
        }
        if !self.options.ignore_case {
            return Node::Literal(bytes.to_vec());
        }
        let mut cases = Set::new();
        cases.add(code, code);
        let mut several = false;
        fold::other_cases(code, &mut |other| {
            cases.add(other, other);
            several = true;
        });
        if several { Node::Set(cases) } else { Node::Literal(bytes.to_ascii_lowercase()) }
    }

    fn escape(&mut self) -> Result<(Node, bool), Error> {
        let Some(&letter) = self.text.get(self.at + 1) else { return Err(Error::Backslash) };
        if letter == b'{' && !self.options.extended {
            return Err(Error::Repetition);
        }
        self.at += 2;
        let assert = match letter {
            b'b' => Assert::WordEdge,
            b'B' => Assert::NotWordEdge,
            b'<' => Assert::WordStart,
            b'>' => Assert::WordEnd,
            b'`' if self.options.line_end.is_none() => Assert::TextStart,
            b'\'' if self.options.line_end.is_none() => Assert::TextEnd,
            b'`' => Assert::LineStart,
            b'\'' => Assert::LineEnd,
            b'w' | b'W' | b's' | b'S' | b'd' | b'D' => {
                let mut set = Set::new();
                match letter.to_ascii_lowercase() {
                    b'w' => {
                        set.add_class(Class::ALNUM);
                        set.add(u32::from(b'_'), u32::from(b'_'));
                    }
                    b's' => set.add_class(Class::SPACE),
                    _ => set.add_class(Class::DIGIT),
                }
                if letter.is_ascii_uppercase() {
                    set.negate();
                }
                return Ok((Node::Set(self.finish(set)), true));
            }
            b'1'..=b'9' => {
                let index = usize::from(letter - b'0');
                if !self.closed.get(index).copied().unwrap_or(false) {
                    return Err(Error::BackReference);
                }
                return Ok((Node::Back(index), true));
            }
            b'x' if self.options.extended || self.hexadecimal(self.at).is_some() => {
                let Some((code, end)) = self.hexadecimal(self.at) else { return Ok((self.byte(b'x'), true)) };
                self.at = end;
                let mut bytes = [0; 4];
                return match char::from_u32(code) {
                    Some(character) => {
                        Ok((self.plain(code, character.encode_utf8(&mut bytes).as_bytes()), true))
                    }
                    None => Err(Error::Invalid),
                };
            }
            b'a' | b'e' | b'f' | b'n' | b'r' | b't' => return Ok((self.byte(control(letter)), true)),
            _ => {
                self.at -= 1;
                return Ok((self.character(), true));
            }
        };
        Ok((Node::Assert(assert), true))
    }

    fn byte(&self, byte: u8) -> Node {
        self.plain(u32::from(byte), &[byte])
    }

    /// `HH` or `{HHHH}` at `at`: the code and where it ends.
    fn hexadecimal(&self, at: usize) -> Option<(u32, usize)> {
        let braced = self.text.get(at) == Some(&b'{');
        let start = at + usize::from(braced);
        let digits_max = if braced { 8 } else { 2 };
        let digits =
            self.text[start..].iter().take(digits_max).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let text = std::str::from_utf8(&self.text[start..start + digits]).ok()?;
        let code = u32::from_str_radix(text, 16).ok()?;
        let end = start + digits;
        match (braced, self.text.get(end)) {
            (true, Some(b'}')) => Some((code, end + 1)),
            (true, _) => None,
            (false, _) => Some((code, end)),
        }
    }

    /// Applies the repetitions that follow an atom.
    fn repeats(&mut self, mut node: Node) -> Result<Node, Error> {
        loop {
            let extended = self.options.extended;
            let kind = if self.eat(b"*") {
                Repeat::Star
            } else if self.eat(if extended { b"+" } else { b"\\+" }) {
                Repeat::Plus
            } else if self.eat(if extended { b"?" } else { b"\\?" }) {
                Repeat::Optional
            } else if self.looking_at(self.operator(b'{')) && (!extended || self.is_count(self.at + 1)) {
                self.at += self.operator(b'{').len();
                let (min, max) = self.counts()?;
                node = self.repeat_counted(node, min, max)?;
                continue;
            } else {
                return Ok(node);
            };
            node = Node::Repeat { node: Box::new(node), kind };
        }
    }

    fn counts(&mut self) -> Result<(usize, Option<usize>), Error> {
        let first = self.number()?;
        let counts = if self.eat(b",") {
            (first.unwrap_or(0), self.number()?)
        } else {
            (first.ok_or(Error::Count)?, first)
        };
        let closed = self.eat(if self.options.extended { b"}" } else { b"\\}" });
        if !closed || counts.1.is_some_and(|max| max < counts.0) {
            return Err(Error::Count);
        }
        Ok(counts)
    }

    fn number(&mut self) -> Result<Option<usize>, Error> {
        let start = self.at;
        let mut number = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            number = number * 10 + usize::from(digit - b'0');
            self.at += 1;
            if number > COUNT_MAX {
                return Err(Error::Count);
            }
        }
        Ok((self.at > start).then_some(number))
    }

    /// Writes `node{min,max}` out as copies, so that the matchers know three repetitions only.
    fn repeat_counted(&mut self, node: Node, min: usize, max: Option<usize>) -> Result<Node, Error> {
        let copies = max.unwrap_or(min).max(1);
        self.nodes = self.nodes.saturating_add(size(&node).saturating_mul(copies));
        if self.nodes > NODES_MAX {
            return Err(Error::Memory);
        }
        let repeat = |kind| Node::Repeat { node: Box::new(node.clone()), kind };
        let mut nodes = Vec::new();
        match max {
            None if min == 0 => nodes.push(repeat(Repeat::Star)),
            None => {
                nodes.extend((1..min).map(|_| node.clone()));
                nodes.push(repeat(Repeat::Plus));
            }
            Some(max) => {
                nodes.extend((0..min).map(|_| node.clone()));
                nodes.extend((min..max).map(|_| repeat(Repeat::Optional)));
            }
        }
        Ok(concat(nodes))
    }

    /// A bracket expression, behind its `[`.
    fn bracket(&mut self) -> Result<Set, Error> {
        let mut set = Set::new();
        let negated = self.eat(b"^");
        let mut first = true;
        loop {
            if self.peek().is_none() {
                return Err(Error::Bracket);
            }
            if !first && self.eat(b"]") {
                break;
            }
            first = false;
            if self.eat(b"[:") {
                let name = self.until(b":]")?;
                set.add_class(Class::named(name).ok_or(Error::Class)?);
                continue;
            }
            if self.eat(b"[=") {
                let name = self.until(b"=]")?;
                let code = single(name)?;
                set.add(code, code);
                continue;
            }
            let low = self.bracket_member()?;
            let mut high = low;
            if self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|&next| next != b']') {
                self.at += 1;
                high = self.bracket_member()?;
                if high < low {
                    return Err(Error::Range);
                }
            }
            set.add(low, high);
        }
        if self.options.ignore_case {
            set.ignore_case();
        }
        if negated {
            set.negate();
        }
        Ok(self.finish(set))
    }

    fn bracket_member(&mut self) -> Result<u32, Error> {
        if self.peek().is_none() {
            return Err(Error::Bracket);
        }
        if self.eat(b"[.") {
            return single(self.until(b".]")?);
        }
        if self.looking_at(b"[:") || self.looking_at(b"[=") {
            return Err(Error::Range);
        }
        if self.options.escapes_in_brackets && self.text[self.at] == b'\\' && self.at + 1 < self.text.len() {
            let letter = self.text[self.at + 1];
            if let b'a' | b'e' | b'f' | b'n' | b'r' | b't' = letter {
                self.at += 2;
                return Ok(u32::from(control(letter)));
            }
            self.at += 1;
        }
        let (code, length) = set::decode(&self.text[self.at..]);
        self.at += length;
        Ok(code)
    }

    fn until(&mut self, end: &[u8]) -> Result<&[u8], Error> {
        let start = self.at;
        match self.text[start..].windows(2).position(|pair| pair == end) {
            Some(length) => {
                self.at += length + 2;
                Ok(&self.text[start..start + length])
            }
            None => Err(Error::Bracket),
        }
    }

    /// Takes out of a set what ends a line.
    fn finish(&self, mut set: Set) -> Set {
        if self.options.newline && set.is_negated() {
            set.exclude(b'\n');
        }
        if let Some(end) = self.options.line_end {
            set.exclude(end);
        }
        set
    }
}

/// The one character of `[.x.]` and `[=x=]`.
fn single(name: &[u8]) -> Result<u32, Error> {
    if name.is_empty() {
        return Err(Error::Collation);
    }
    let (code, length) = set::decode(name);
    if length == name.len() { Ok(code) } else { Err(Error::Collation) }
}

fn control(letter: u8) -> u8 {
    match letter {
        b'a' => 7,
        b'e' => 27,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        _ => b'\t',
    }
}

fn concat(mut nodes: Vec<Node>) -> Node {
    match nodes.len() {
        0 => Node::Empty,
        1 => nodes.remove(0),
        _ => Node::Concat(nodes),
    }
}

fn size(node: &Node) -> usize {
    match node {
        Node::Group { node, .. } | Node::Repeat { node, .. } => 1 + size(node),
        Node::Concat(nodes) | Node::Alternate(nodes) => 1 + nodes.iter().map(size).sum::<usize>(),
        _ => 1,
    }
}
