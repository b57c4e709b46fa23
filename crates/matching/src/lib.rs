//! matching — the engines that commands spend their time in: finding bytes, ordering lines, regular expressions.
//!
//! A crate of its own because it is compiled for speed where the rest of the image is compiled for size. `posix` passes
//! its modules on: commands import them from there. This crate does no IO.

pub mod bytes;
pub mod order;
pub mod regex;
