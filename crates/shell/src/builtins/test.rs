//! test — `test`, `[`, and the operators of `[[`.
//!
//! Source: POSIX.1-2024 `test`; the engine is in `posix::test_expression`.

use posix::test_expression;

use super::Arguments;
use crate::options;
use crate::shell::{Flow, Shell};

pub(super) fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut list: Vec<&[u8]> = arguments.from(1).collect();
    if arguments.get(0) == b"[" {
        if list.last() != Some(&b"]".as_slice()) {
            shell.complain(b"missing ]");
            return Ok(2);
        }
        list.pop();
    }
    match test_expression::evaluate(&list) {
        Ok(holds) => Ok(i32::from(!holds)),
        Err(message) => {
            shell.complain(message.as_bytes());
            Ok(2)
        }
    }
}

/// `-x operand` in `[[`.
pub(crate) fn unary(shell: &mut Shell, operator: u8, operand: &[u8]) -> bool {
    match operator {
        b'v' => shell.names.find(operand).is_some_and(|name| shell.variable_value(name).is_some()),
        b'o' => options::by_name(operand).is_some_and(|option| shell.options.has(option)),
        _ => test_expression::unary(operator, operand).unwrap_or(false),
    }
}

/// `-nt`, `-ot`, `-ef`.
pub(crate) fn files(operator: &[u8], left: &[u8], right: &[u8]) -> bool {
    test_expression::binary(left, operator, right).unwrap_or(false)
}

/// `-eq` and its kin.
pub(crate) fn compare(operator: &[u8], left: i64, right: i64) -> bool {
    match operator {
        b"-eq" => left == right,
        b"-ne" => left != right,
        b"-lt" => left < right,
        b"-le" => left <= right,
        b"-gt" => left > right,
        _ => left >= right,
    }
}
