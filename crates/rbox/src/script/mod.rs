// Written by `cargo xtask codegen`.

pub(crate) mod r#false;
pub(crate) mod r#true;
