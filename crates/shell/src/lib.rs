//! shell — the POSIX shell engine as a library.
//!
//! A program makes a `Shell`, gives it builtins, applets and variables, feeds it text, and reads variables and functions
//! back. The library has no global state but the signals that came (`sys::catch`), and prints through its own streams only.
//!
//! From text to deed: `input` and `parser` make the tree of `ast`; `expand` makes fields of its words; `exec` runs it;
//! `builtins` are the commands inside. `variables`, `commands`, `jobs`, `trap` and `history` hold what a shell knows.
//! Start reading at `shell`, then `exec`.

pub mod alias;
pub(crate) mod arithmetic;
pub mod ast;
pub mod builtins;
mod commands;
mod edit;
mod exec;
mod expand;
mod history;
pub mod input;
mod interactive;
mod invoke;
mod jobs;
pub mod name;
pub mod options;
pub mod parser;
mod prompt;
mod quote;
mod readahead;
pub mod shell;
pub mod stream;
mod trap;
pub mod variables;

pub use builtins::{Arguments, Builtin};
pub use options::ShellOptions;
pub use shell::{Error, Flow, Jump, Shell};
