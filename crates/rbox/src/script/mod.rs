// Written by `cargo xtask codegen`.

pub(crate) mod cal;
pub(crate) mod date;
pub(crate) mod echo;
pub(crate) mod env;
pub(crate) mod expr;
pub(crate) mod r#false;
pub(crate) mod flock;
pub(crate) mod getopt;
pub(crate) mod logger;
pub(crate) mod printenv;
pub(crate) mod printf;
pub(crate) mod pwd;
pub(crate) mod run_parts;
pub(crate) mod sh;
pub(crate) mod sleep;
pub(crate) mod stty;
pub(crate) mod test;
pub(crate) mod time;
pub(crate) mod r#true;
pub(crate) mod tty;
