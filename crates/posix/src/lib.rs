//! posix — meaning that many commands share: regular expressions, patterns, numbers, modes, times, users.
//!
//! This crate does no IO but for `passwd`, which reads the user database.

pub mod passwd;
