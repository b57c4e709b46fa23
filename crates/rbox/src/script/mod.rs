// Written by `cargo xtask codegen`.

pub(crate) mod echo;
pub(crate) mod r#false;
pub(crate) mod printf;
pub(crate) mod test;
pub(crate) mod r#true;
