//! arithmetic — `$((…))`: C's integer expressions on 64 bits that wrap around.
//!
//! Source: POSIX.1-2024 XCU 2.6.4; BusyBox ash for `**`, `++`, `--`, `base#digits` and values that are expressions.

mod parse;

pub(crate) use parse::parse;

use crate::ast::ParameterName;
use crate::name::Name;

/// An expression.
#[derive(Debug)]
pub enum Tree {
    Number(i64),
    Variable(Name),
    /// `$x` inside the expression, where it stands for a whole operand.
    Dollar(ParameterName),
    /// `${#x}`.
    Length(ParameterName),
    Negate(Box<Tree>),
    Not(Box<Tree>),
    Complement(Box<Tree>),
    Binary(Operator, Box<(Tree, Tree)>),
    And(Box<(Tree, Tree)>),
    Or(Box<(Tree, Tree)>),
    Choice(Box<(Tree, Tree, Tree)>),
    /// `x = e`, or `x += e` with the operator.
    Assign(Name, Option<Operator>, Box<Tree>),
    /// `++x`, `x--`: what is added, and whether the old value is the result.
    Step {
        name: Name,
        by: i64,
        old: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    BitAnd,
    BitXor,
    BitOr,
    Power,
    Comma,
}

/// Why there is no result, as it is printed.
pub(crate) type Failure = Vec<u8>;

/// Where an expression's variables live.
pub(crate) trait Scope {
    /// The value of a variable as a number; `depth` counts values that are expressions themselves.
    fn number(&mut self, name: Name, depth: u32) -> Result<i64, Failure>;
    /// The value of `$x` as a number.
    fn parameter(&mut self, of: ParameterName) -> Result<i64, Failure>;
    /// How long the value of `$x` is.
    fn length(&mut self, of: ParameterName) -> Result<i64, Failure>;
    fn assign(&mut self, name: Name, value: i64) -> Result<(), Failure>;
}

/// The value of an expression.
pub(crate) fn evaluate(tree: &Tree, scope: &mut dyn Scope, depth: u32) -> Result<i64, Failure> {
    Ok(match tree {
        Tree::Number(number) => *number,
        Tree::Variable(name) => scope.number(*name, depth)?,
        Tree::Dollar(of) => scope.parameter(*of)?,
        Tree::Length(of) => scope.length(*of)?,
        Tree::Negate(of) => evaluate(of, scope, depth)?.wrapping_neg(),
        Tree::Not(of) => i64::from(evaluate(of, scope, depth)? == 0),
        Tree::Complement(of) => !evaluate(of, scope, depth)?,
        Tree::Binary(operator, sides) => {
            let left = evaluate(&sides.0, scope, depth)?;
            let right = evaluate(&sides.1, scope, depth)?;
            compute(*operator, left, right)?
        }
        Tree::And(sides) => {
            i64::from(evaluate(&sides.0, scope, depth)? != 0 && evaluate(&sides.1, scope, depth)? != 0)
        }
        Tree::Or(sides) => {
            i64::from(evaluate(&sides.0, scope, depth)? != 0 || evaluate(&sides.1, scope, depth)? != 0)
        }
        Tree::Choice(of) => {
            let chosen = if evaluate(&of.0, scope, depth)? != 0 { &of.1 } else { &of.2 };
            evaluate(chosen, scope, depth)?
        }
        Tree::Assign(name, operator, value) => {
            let value = match operator {
                None => evaluate(value, scope, depth)?,
                Some(operator) => {
                    let old = scope.number(*name, depth)?;
                    compute(*operator, old, evaluate(value, scope, depth)?)?
                }
            };
            scope.assign(*name, value)?;
            value
        }
        Tree::Step { name, by, old } => {
            let before = scope.number(*name, depth)?;
            let after = before.wrapping_add(*by);
            scope.assign(*name, after)?;
            if *old { before } else { after }
        }
    })
}

fn compute(operator: Operator, left: i64, right: i64) -> Result<i64, Failure> {
    Ok(match operator {
        Operator::Multiply => left.wrapping_mul(right),
        Operator::Divide | Operator::Remainder if right == 0 => return Err(b"divide by zero".to_vec()),
        Operator::Divide => left.wrapping_div(right),
        Operator::Remainder => left.wrapping_rem(right),
        Operator::Add => left.wrapping_add(right),
        Operator::Subtract => left.wrapping_sub(right),
        Operator::ShiftLeft => left.wrapping_shl(right as u32),
        Operator::ShiftRight => left.wrapping_shr(right as u32),
        Operator::Less => i64::from(left < right),
        Operator::LessEqual => i64::from(left <= right),
        Operator::Greater => i64::from(left > right),
        Operator::GreaterEqual => i64::from(left >= right),
        Operator::Equal => i64::from(left == right),
        Operator::NotEqual => i64::from(left != right),
        Operator::BitAnd => left & right,
        Operator::BitXor => left ^ right,
        Operator::BitOr => left | right,
        Operator::Power if right < 0 => return Err(b"exponent less than 0".to_vec()),
        Operator::Power => power(left, right),
        Operator::Comma => right,
    })
}

fn power(mut base: i64, mut exponent: i64) -> i64 {
    let mut result: i64 = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

/// A value that is a plain decimal number (blanks and one sign around it allowed).
#[inline]
pub(crate) fn plain_number(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    // A leading zero means octal; 19 digits may overflow.
    if digits.is_empty() || digits.len() > 18 || (digits[0] == b'0' && digits.len() > 1) {
        return None;
    }
    let mut number: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -number } else { number })
}

/// `number` in decimal, written into `buffer`.
pub(crate) fn decimal(number: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Names;

    struct Empty(Option<(Name, i64)>);

    impl Scope for Empty {
        fn number(&mut self, name: Name, _depth: u32) -> Result<i64, Failure> {
            Ok(self.0.filter(|known| known.0 == name).map_or(0, |known| known.1))
        }
        fn parameter(&mut self, _of: ParameterName) -> Result<i64, Failure> {
            Ok(7)
        }
        fn length(&mut self, of: ParameterName) -> Result<i64, Failure> {
            Ok(if of == ParameterName::Positional(1) { 12 } else { 3 })
        }
        fn assign(&mut self, name: Name, value: i64) -> Result<(), Failure> {
            self.0 = Some((name, value));
            Ok(())
        }
    }

    fn result(text: &str) -> Result<i64, String> {
        let mut names = Names::new();
        parse(text.as_bytes(), &mut names)
            .and_then(|tree| evaluate(&tree, &mut Empty(None), 0))
            .map_err(|failure| String::from_utf8_lossy(&failure).into_owned())
    }

    #[test]
    fn computes_as_c_does() {
        for (text, expected) in [
            ("1+2*3", 7),
            ("(1+2)*3", 9),
            ("10-2-3", 5),
            ("2**3**2", 512),
            ("-2**2", 4),
            ("7%3", 1),
            ("-7/2", -3),
            ("1<<4|1", 17),
            ("1?2:3", 2),
            ("0?2:0?4:5", 5),
            ("0x1F+010", 39),
            ("2#101", 5),
            ("36#z", 35),
            ("x=3,x*2", 6),
            ("x=5,x+=2,x++ + ++x", 16),
            ("!0+~0", 0),
            ("1==1&&2>1||0", 1),
            ("9223372036854775807+1", i64::MIN),
            ("- - 3", 3),
            ("$x * 2", 14),
            ("${x} + ${#x} * ${#1} - ${#}", 36),
            ("", 0),
            ("  ", 0),
            ("0||(x=4)", 1),
        ] {
            assert_eq!(result(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for text in ["1+", "1 2", "(1", "1/0", "x y", "5=3", "1?2", "09", "2#3", "1,"] {
            assert!(result(text).is_err(), "{text}");
        }
        let deep = "(".repeat(100_000);
        assert!(result(&deep).is_err());
    }

    #[test]
    fn prints_numbers() {
        for number in [0, 7, -1, i64::MAX, i64::MIN] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
        assert_eq!(plain_number(b"-12"), Some(-12));
        assert_eq!(plain_number(b"012"), None);
    }
}
