//! condition — `[[ … ]]`.

use posix::regex::{Options, Regex};

use crate::ast::{Condition, Word};
use crate::builtins::test;
use crate::expand::Purpose;
use crate::shell::{Flow, Shell};

impl Shell {
    /// Whether the condition holds; None where it makes no sense, which has been reported.
    pub(super) fn condition(&mut self, condition: &Condition) -> Flow<Option<bool>> {
        Ok(match condition {
            Condition::And(left, right) => match self.condition(left)? {
                Some(true) => self.condition(right)?,
                other => other,
            },
            Condition::Or(left, right) => match self.condition(left)? {
                Some(false) => self.condition(right)?,
                other => other,
            },
            Condition::Not(of) => self.condition(of)?.map(|holds| !holds),
            Condition::Word(word) => Some(!self.expand_text(word)?.is_empty()),
            Condition::Unary(operator, word) => {
                let operand = self.expand_text(word)?;
                Some(test::unary(self, *operator, &operand))
            }
            Condition::Binary(operator, left, right) => self.binary_condition(operator, left, right)?,
        })
    }

    fn binary_condition(&mut self, operator: &[u8], left: &Word, right: &Word) -> Flow<Option<bool>> {
        let left = self.expand_text(left)?;
        Ok(match operator {
            b"=" | b"==" => Some(self.matches_pattern(right, &left)?),
            b"!=" => Some(!self.matches_pattern(right, &left)?),
            b"=~" => {
                let pattern = self.expand_as(right, Purpose::Regex)?;
                match Regex::new(&pattern, &Options { extended: true, ..Options::default() }) {
                    Ok(regex) => Some(regex.is_match(&left)),
                    Err(error) => {
                        self.report(&[b"[[: ", error.to_string().as_bytes()]);
                        None
                    }
                }
            }
            b"<" => Some(left < self.expand_text(right)?),
            b">" => Some(left > self.expand_text(right)?),
            b"-nt" | b"-ot" | b"-ef" => Some(test::files(operator, &left, &self.expand_text(right)?)),
            _ => {
                let right = self.expand_text(right)?;
                let left = self.evaluate_text(&left)?;
                let right = self.evaluate_text(&right)?;
                Some(test::compare(operator, left, right))
            }
        })
    }
}
