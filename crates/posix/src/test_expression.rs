//! test_expression — the engine of test, `[` and `[[`, for the applets and the shell's builtins.
//!
//! It looks at files, as its operators ask.
//!
//! Source: POSIX.1-2024 `test`, its rules for up to four arguments; BusyBox 1.37 for the grammar of more (`-a`, `-o`,
//! parentheses), for `-nt -ot -ef -O -G -k < > ==`, and for the messages.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Whether the expression is true.
///
/// Errors: a message such as "x: unknown operand"; the exit status is then 2.
pub fn evaluate(args: &[&[u8]]) -> Result<bool, String> {
    match args {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [b"!", one] => Ok(one.is_empty()),
        [operator, operand] if is_unary(operator) => unary(operator[1], operand),
        [_, second] => Err(unknown(second)),
        [left, operator, right] if is_binary(operator) => binary(left, operator, right),
        [left, b"-a", right] => Ok(!left.is_empty() && !right.is_empty()),
        [left, b"-o", right] => Ok(!left.is_empty() || !right.is_empty()),
        [b"!", rest @ ..] if args.len() <= 4 => Ok(!evaluate(rest)?),
        [b"(", inner @ .., b")"] if args.len() <= 4 => evaluate(inner),
        _ => {
            let mut parser = Parser { args, next: 0 };
            let value = parser.any()?;
            match parser.peek() {
                None => Ok(value),
                Some(extra) => Err(unknown(extra)),
            }
        }
    }
}

#[cold]
fn unknown(arg: &[u8]) -> String {
    format!("{}: unknown operand", String::from_utf8_lossy(arg))
}

fn is_unary(arg: &[u8]) -> bool {
    matches!(arg, [b'-', letter] if b"bcdefghknprstuwxzGLNOS".contains(letter))
}

fn is_binary(arg: &[u8]) -> bool {
    const OPERATORS: &[&str] =
        &["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
    OPERATORS.iter().any(|operator| operator.as_bytes() == arg)
}

struct Parser<'a> {
    args: &'a [&'a [u8]],
    next: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a [u8]> {
        self.args.get(self.next).copied()
    }

    fn take(&mut self, word: &[u8]) -> bool {
        let found = self.peek() == Some(word);
        self.next += usize::from(found);
        found
    }

    /// Both sides are always read, as errors in them count.
    fn any(&mut self) -> Result<bool, String> {
        let mut value = self.all()?;
        while self.take(b"-o") {
            value |= self.all()?;
        }
        Ok(value)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut value = self.negation()?;
        while self.take(b"-a") {
            value &= self.negation()?;
        }
        Ok(value)
    }

    fn negation(&mut self) -> Result<bool, String> {
        if self.next_is_operand() || !self.take(b"!") {
            return self.primary();
        }
        Ok(!self.negation()?)
    }

    fn primary(&mut self) -> Result<bool, String> {
        let first = self.peek().ok_or("argument expected")?;
        if self.next_is_operand() {
            self.next += 3;
            return binary(first, self.args[self.next - 2], self.args[self.next - 1]);
        }
        self.next += 1;
        if first == b"(" {
            if self.take(b")") {
                return Ok(false);
            }
            let value = self.any()?;
            return if self.take(b")") { Ok(value) } else { Err("closing paren expected".to_string()) };
        }
        if is_unary(first) {
            let operand = self.peek().ok_or("argument expected")?;
            self.next += 1;
            return unary(first[1], operand);
        }
        match self.peek() {
            Some(operator) if is_binary(operator) => {
                Err(format!("{}: argument expected", String::from_utf8_lossy(operator)))
            }
            _ => Ok(!first.is_empty()),
        }
    }

    /// Whether a binary operator with both operands comes next: then even `!`, `(` or `-f` before it is a string.
    fn next_is_operand(&self) -> bool {
        self.args.get(self.next + 1).is_some_and(|operator| is_binary(operator))
            && self.args.get(self.next + 2).is_some()
    }
}

/// One operator with one operand: `unary(b'd', path)` is `-d path`.
pub fn unary(operator: u8, operand: &[u8]) -> Result<bool, String> {
    match operator {
        b'n' => return Ok(!operand.is_empty()),
        b'z' => return Ok(operand.is_empty()),
        b't' => return Ok(i32::try_from(integer(operand)?).is_ok_and(sys::fd::is_terminal)),
        _ => {}
    }
    let path = Path::new(OsStr::from_bytes(operand));
    Ok(match operator {
        b'r' => sys::access::effective(path, sys::access::READ),
        b'w' => sys::access::effective(path, sys::access::WRITE),
        b'x' => sys::access::effective(path, sys::access::EXECUTE),
        b'h' | b'L' => fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink()),
        _ => fs::metadata(path).is_ok_and(|metadata| describes(operator, &metadata)),
    })
}

fn describes(operator: u8, metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    match operator {
        b'b' => kind.is_block_device(),
        b'c' => kind.is_char_device(),
        b'd' => kind.is_dir(),
        b'f' => kind.is_file(),
        b'p' => kind.is_fifo(),
        b'S' => kind.is_socket(),
        b'g' => metadata.mode() & 0o2000 != 0,
        b'k' => metadata.mode() & 0o1000 != 0,
        b'u' => metadata.mode() & 0o4000 != 0,
        b's' => metadata.len() > 0,
        b'G' => metadata.gid() == sys::access::effective_ids().1,
        b'O' => metadata.uid() == sys::access::effective_ids().0,
        b'N' => modified(metadata) > (metadata.atime(), metadata.atime_nsec()),
        // -e
        _ => true,
    }
}

fn modified(metadata: &Metadata) -> (i64, i64) {
    (metadata.mtime(), metadata.mtime_nsec())
}

/// One operator between two operands.
pub fn binary(left: &[u8], operator: &[u8], right: &[u8]) -> Result<bool, String> {
    Ok(match operator {
        b"=" | b"==" => left == right,
        b"!=" => left != right,
        b"<" => left < right,
        b">" => left > right,
        b"-nt" | b"-ot" | b"-ef" => compare_files(left, operator[1], right),
        _ => {
            let order = integer(left)?.cmp(&integer(right)?);
            match operator {
                b"-eq" => order.is_eq(),
                b"-ne" => order.is_ne(),
                b"-lt" => order.is_lt(),
                b"-le" => order.is_le(),
                b"-gt" => order.is_gt(),
                _ => order.is_ge(),
            }
        }
    })
}

/// `-nt`, `-ot` and `-ef` by their first letter. A file that exists is newer than one that does not.
fn compare_files(left: &[u8], operator: u8, right: &[u8]) -> bool {
    let metadata = |path: &[u8]| fs::metadata(Path::new(OsStr::from_bytes(path))).ok();
    let (left, right) = (metadata(left), metadata(right));
    match (operator, &left, &right) {
        (b'e', Some(left), Some(right)) => (left.dev(), left.ino()) == (right.dev(), right.ino()),
        (b'e', ..) => false,
        (b'n', ..) => left.as_ref().map(modified) > right.as_ref().map(modified),
        _ => left.as_ref().map(modified) < right.as_ref().map(modified),
    }
}

fn integer(text: &[u8]) -> Result<i64, String> {
    let bad = |what: &str| format!("{}: {what}", String::from_utf8_lossy(text));
    let trimmed = std::str::from_utf8(text.trim_ascii()).map_err(|_| bad("bad number"))?;
    trimmed.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => bad("out of range"),
        _ => bad("bad number"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluates() {
        for (expression, expected) in [
            (&[][..], Ok(false)),
            (&[""], Ok(false)),
            (&["-n"], Ok(true)),
            (&["!", ""], Ok(true)),
            (&["-z", ""], Ok(true)),
            (&["!", "-f"], Ok(false)),
            (&["a", "b"], Err("b: unknown operand")),
            (&["a", "="], Err("=: unknown operand")),
            (&["a", "=", "a"], Ok(true)),
            (&["=", "=", "="], Ok(true)),
            (&["(", "=", "("], Ok(true)),
            (&["-n", "=", "-n"], Ok(true)),
            (&["(", "", ")"], Ok(false)),
            (&["!", "a", "=", "b"], Ok(true)),
            (&["(", "!", "a", ")"], Ok(false)),
            (&["!", "!", "!", "a"], Ok(false)),
            (&["a", "<", "b"], Ok(true)),
            (&[" 1 ", "-eq", "+1"], Ok(true)),
            (&["007", "-eq", "7"], Ok(true)),
            (&["1", "-eq", "a"], Err("a: bad number")),
            (&["1", "-eq", ""], Err(": bad number")),
            (&["99999999999999999999", "-eq", "1"], Err("99999999999999999999: out of range")),
            (&["a", "=", "b", "-o", "c", "=", "c", "-a", "d", "=", "e"], Ok(false)),
            (&["5", "-gt", "3", "-a", "2", "-lt", "1", "-o", "x"], Ok(true)),
            (&["!", "=", "!", "-a", "(", "=", "(", "-a", "-f", "=", "-f"], Ok(true)),
            (&["(", "a", "-o", "", ")", "-a", "b"], Ok(true)),
            (&["(", "(", "a", ")", ")"], Ok(true)),
            (&["(", "a", "-o", "b"], Err("closing paren expected")),
            (&["-n", "a", "-a", "-n"], Err("argument expected")),
            (&["(", "a", ")", "b"], Err("b: unknown operand")),
            (&["-d", "/", "-a", "-x", "/"], Ok(true)),
            (&["/", "-ef", "/."], Ok(true)),
            (&["/", "-nt", "/nothing-here"], Ok(true)),
            (&["/nothing-here", "-ef", "/nothing-here"], Ok(false)),
        ] {
            let args: Vec<&[u8]> = expression.iter().map(|arg| arg.as_bytes()).collect();
            assert_eq!(evaluate(&args), expected.map_err(str::to_string), "{expression:?}");
        }
    }
}
