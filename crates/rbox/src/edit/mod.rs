// Written by `cargo xtask codegen`.

pub(crate) mod common;
pub(crate) mod less;
pub(crate) mod vi;
