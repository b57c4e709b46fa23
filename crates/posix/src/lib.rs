//! posix — meaning that many commands share: regular expressions, patterns, numbers, modes, times, users.
//!
//! This crate does no IO but for `passwd`, which reads the user database, `test_expression`, which looks at files,
//! and `zone`, which reads the rules of the local time.

pub mod calendar;
pub mod date;
pub mod escape;
pub mod format;
pub mod number;
pub mod passwd;
pub mod printf;
pub mod signal;
pub mod strptime;
pub mod test_expression;

pub mod zone;
