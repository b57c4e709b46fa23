//! parse — from text to an expression.

use super::{Failure, Operator, Tree};
use crate::ast::ParameterName;
use crate::name::{Names, is_name_byte};

const DEPTH_MAX: u32 = 200;

/// How many operators an expression may have: `1+1+…` makes a tree as deep as it is long.
const OPERATORS_MAX: u32 = 1000;

/// Parses a whole expression; an empty one is 0. `$x` is taken where it is an operand by itself.
///
/// Errors: what is wrong, as it is printed. Text with other expansions in it is an error, too.
pub(crate) fn parse(text: &[u8], names: &mut Names) -> Result<Tree, Failure> {
    let mut parser = Parser { text, at: 0, names, depth: 0, operators: 0 };
    parser.blanks();
    if parser.at == text.len() {
        return Ok(Tree::Number(0));
    }
    let tree = parser.expression(0)?;
    if parser.at < text.len() { Err(syntax()) } else { Ok(tree) }
}

#[cold]
fn syntax() -> Failure {
    b"arithmetic syntax error".to_vec()
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    names: &'a mut Names,
    depth: u32,
    operators: u32,
}

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Binary(Operator),
    And,
    Or,
    Choice,
    Assign(Option<Operator>),
}

/// Operators, longest first, with the strength of their binding. Assignment and choice bind to the right.
const INFIX: &[(&[u8], u8, Infix)] = &[
    (b"<<=", 2, Infix::Assign(Some(Operator::ShiftLeft))),
    (b">>=", 2, Infix::Assign(Some(Operator::ShiftRight))),
    (b"**=", 2, Infix::Assign(Some(Operator::Power))),
    (b"*=", 2, Infix::Assign(Some(Operator::Multiply))),
    (b"/=", 2, Infix::Assign(Some(Operator::Divide))),
    (b"%=", 2, Infix::Assign(Some(Operator::Remainder))),
    (b"+=", 2, Infix::Assign(Some(Operator::Add))),
    (b"-=", 2, Infix::Assign(Some(Operator::Subtract))),
    (b"&=", 2, Infix::Assign(Some(Operator::BitAnd))),
    (b"^=", 2, Infix::Assign(Some(Operator::BitXor))),
    (b"|=", 2, Infix::Assign(Some(Operator::BitOr))),
    (b"**", 14, Infix::Binary(Operator::Power)),
    (b"<<", 11, Infix::Binary(Operator::ShiftLeft)),
    (b">>", 11, Infix::Binary(Operator::ShiftRight)),
    (b"<=", 10, Infix::Binary(Operator::LessEqual)),
    (b">=", 10, Infix::Binary(Operator::GreaterEqual)),
    (b"==", 9, Infix::Binary(Operator::Equal)),
    (b"!=", 9, Infix::Binary(Operator::NotEqual)),
    (b"&&", 5, Infix::And),
    (b"||", 4, Infix::Or),
    (b"=", 2, Infix::Assign(None)),
    (b"*", 13, Infix::Binary(Operator::Multiply)),
    (b"/", 13, Infix::Binary(Operator::Divide)),
    (b"%", 13, Infix::Binary(Operator::Remainder)),
    (b"+", 12, Infix::Binary(Operator::Add)),
    (b"-", 12, Infix::Binary(Operator::Subtract)),
    (b"<", 10, Infix::Binary(Operator::Less)),
    (b">", 10, Infix::Binary(Operator::Greater)),
    (b"&", 8, Infix::Binary(Operator::BitAnd)),
    (b"^", 7, Infix::Binary(Operator::BitXor)),
    (b"|", 6, Infix::Binary(Operator::BitOr)),
    (b"?", 3, Infix::Choice),
    (b",", 1, Infix::Binary(Operator::Comma)),
];

impl Parser<'_> {
    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn accept(&mut self, token: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
            self.blanks();
        }
        found
    }

    fn infix(&self) -> Option<(usize, u8, Infix)> {
        let rest = &self.text[self.at..];
        INFIX
            .iter()
            .find(|(token, ..)| rest.starts_with(token))
            .map(|&(token, strength, infix)| (token.len(), strength, infix))
    }

    /// An expression of operators that bind at least as strongly as `weakest`.
    fn expression(&mut self, weakest: u8) -> Result<Tree, Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(b"arithmetic expression nested too deeply".to_vec());
        }
        let mut left = self.operand()?;
        while let Some((length, strength, infix)) = self.infix() {
            if strength < weakest {
                break;
            }
            self.operators += 1;
            if self.operators > OPERATORS_MAX {
                return Err(b"arithmetic expression too long".to_vec());
            }
            self.at += length;
            self.blanks();
            left = match infix {
                Infix::Assign(operator) => {
                    let Tree::Variable(name) = left else { return Err(syntax()) };
                    Tree::Assign(name, operator, Box::new(self.expression(2)?))
                }
                Infix::Choice => {
                    let then = self.expression(1)?;
                    if !self.accept(b":") {
                        return Err(syntax());
                    }
                    let otherwise = self.expression(3)?;
                    Tree::Choice(Box::new((left, then, otherwise)))
                }
                Infix::And => Tree::And(Box::new((left, self.expression(strength + 1)?))),
                Infix::Or => Tree::Or(Box::new((left, self.expression(strength + 1)?))),
                Infix::Binary(Operator::Power) => {
                    let right = self.expression(strength)?;
                    Tree::Binary(Operator::Power, Box::new((left, right)))
                }
                Infix::Binary(operator) => {
                    let right = self.expression(strength + 1)?;
                    Tree::Binary(operator, Box::new((left, right)))
                }
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Tree, Failure> {
        for (token, by) in [(b"++", 1), (b"--", -1)] {
            let start = self.at;
            if self.accept(token) {
                if self.text.get(self.at).is_some_and(|&byte| is_name_byte(byte) && !byte.is_ascii_digit()) {
                    let name = self.name();
                    return Ok(Tree::Step { name, by, old: false });
                }
                self.at = start; // two signs
            }
        }
        let Some(&byte) = self.text.get(self.at) else { return Err(syntax()) };
        if byte.is_ascii_digit() {
            return self.number();
        }
        if is_name_byte(byte) {
            let name = self.name();
            for (token, by) in [(b"++", 1), (b"--", -1)] {
                if self.text[self.at..].starts_with(token) && !self.operand_follows(self.at + 2) {
                    self.accept(token);
                    return Ok(Tree::Step { name, by, old: true });
                }
            }
            return Ok(Tree::Variable(name));
        }
        self.at += 1;
        match byte {
            b'$' => self.dollar(),
            b'(' => {
                self.blanks();
                let inside = self.expression(0)?;
                if self.accept(b")") { Ok(inside) } else { Err(syntax()) }
            }
            b'+' | b'-' | b'!' | b'~' => {
                self.blanks();
                // Stronger than every infix operator.
                let of = Box::new(self.expression(15)?);
                Ok(match byte {
                    b'+' => *of,
                    b'-' => Tree::Negate(of),
                    b'!' => Tree::Not(of),
                    _ => Tree::Complement(of),
                })
            }
            _ => Err(syntax()),
        }
    }

    /// Whether what is at `at` begins an operand: then `x++y` is `x + +y`.
    fn operand_follows(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        next.is_some_and(|&byte| is_name_byte(byte) || byte == b'(' || byte == b'$')
    }

    fn name(&mut self) -> crate::name::Name {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|&byte| is_name_byte(byte)) {
            self.at += 1;
        }
        let name = self.names.intern(&self.text[start..self.at]);
        self.blanks();
        name
    }

    fn dollar(&mut self) -> Result<Tree, Failure> {
        let before = self.at.checked_sub(2).map(|before| self.text[before]);
        if before.is_some_and(|byte| is_name_byte(byte) || byte == b'$' || byte == b'#') {
            return Err(syntax());
        }
        let braced = self.text.get(self.at) == Some(&b'{');
        let mut start = self.at + usize::from(braced);
        let length = braced && self.text.get(start) == Some(&b'#') && self.text.get(start + 1) != Some(&b'}');
        start += usize::from(length);
        let Some(&first) = self.text.get(start) else { return Err(syntax()) };
        let mut end = start + 1;
        if is_name_byte(first) && !first.is_ascii_digit() {
            while self.text.get(end).is_some_and(|&byte| is_name_byte(byte)) {
                end += 1;
            }
        }
        let of = match first {
            b'0' => ParameterName::Special(b'0'),
            b'1'..=b'9' => ParameterName::Positional(u32::from(first - b'0')),
            b'#' | b'?' | b'$' => ParameterName::Special(first),
            _ if is_name_byte(first) => ParameterName::Variable(self.names.intern(&self.text[start..end])),
            _ => return Err(syntax()),
        };
        if braced {
            if self.text.get(end) != Some(&b'}') {
                return Err(syntax());
            }
            end += 1;
        }
        // `$x` next to other text is part of a longer operand.
        if self.text.get(end).is_some_and(|&byte| is_name_byte(byte) || matches!(byte, b'$' | b'#')) {
            return Err(syntax());
        }
        self.at = end;
        self.blanks();
        Ok(if length { Tree::Length(of) } else { Tree::Dollar(of) })
    }

    fn number(&mut self) -> Result<Tree, Failure> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|&byte| is_name_byte(byte) || byte == b'#' || byte == b'@') {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let number = number(text).ok_or_else(syntax)?;
        self.blanks();
        Ok(Tree::Number(number))
    }
}

/// `12`, `0x1f`, `017`, `2#101`. What does not fit in 64 bits wraps around.
fn number(text: &[u8]) -> Option<i64> {
    let (base, digits) = match text {
        [b'0', b'x' | b'X', digits @ ..] => (16, digits),
        [b'0', digits @ ..] if !digits.is_empty() && !digits.contains(&b'#') => (8, digits),
        _ => match text.iter().position(|&byte| byte == b'#') {
            None => (10, text),
            Some(at) => (super::plain_number(&text[..at])?, &text[at + 1..]),
        },
    };
    if digits.is_empty() || !(2..=64).contains(&base) {
        return None;
    }
    digits.iter().try_fold(0i64, |number, &digit| {
        let value = match digit {
            b'0'..=b'9' => i64::from(digit - b'0'),
            b'a'..=b'z' => i64::from(digit - b'a') + 10,
            b'A'..=b'Z' if base <= 36 => i64::from(digit - b'A') + 10,
            b'A'..=b'Z' => i64::from(digit - b'A') + 36,
            b'@' => 62,
            b'_' => 63,
            _ => return None,
        };
        (value < base).then(|| number.wrapping_mul(base).wrapping_add(value))
    })
}
