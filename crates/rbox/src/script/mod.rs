// Written by `cargo xtask codegen`.

pub(crate) mod date;
pub(crate) mod echo;
pub(crate) mod env;
pub(crate) mod r#false;
pub(crate) mod printenv;
pub(crate) mod printf;
pub(crate) mod pwd;
pub(crate) mod sleep;
pub(crate) mod test;
pub(crate) mod r#true;
