//! posix — meaning that many commands share: regular expressions, patterns, numbers, modes, times, users.
//!
//! This crate does no IO but for `passwd`, which reads the user database, `test_expression`, which looks at files,
//! `procfs`, which reads /proc, and `zone`, which reads the rules of the local time.

pub use matching::{bytes, order, regex};

pub mod calendar;
pub mod date;
pub mod escape;
pub mod format;
pub mod glob;
pub mod links;
pub mod mode;
pub mod number;
pub mod passwd;
pub mod printf;
pub mod procfs;
pub mod signal;
pub mod strptime;
pub mod syslog;
pub mod test_expression;
pub mod width;
pub mod zone;
