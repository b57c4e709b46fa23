//! sys — the system calls that `std` and `nix` do not have, one facility a file.
//!
//! The only crate of the workspace with `unsafe`. Nothing here has policy: a function makes one call, turns
//! -1 into `io::Error`, and returns.

pub mod access;
pub mod allocator;
pub mod at;
pub mod block;
pub mod catch;
pub mod child;
pub mod clock;
pub mod command;
pub mod contents;
pub mod daemon;
pub mod descriptor;
pub mod directory;
pub mod error;
pub mod exec;
pub mod fd;
pub mod filesystem;
pub mod float;
pub mod host;
pub mod identity;
pub mod interface;
mod ioctl;
pub mod job;
pub mod kernel_log;
pub mod kill;
pub mod line;
pub mod lock;
pub mod loop_device;
pub mod module;
pub mod mount;
pub mod node;
pub mod power;
pub mod process;
pub mod pty;
pub mod random;
pub mod record_lock;
pub mod resolver;
pub mod schedule;
pub mod session;
pub mod signal;
pub mod signal_fd;
pub mod signal_wait;
pub mod socket;
pub mod spawn;
pub mod start;
pub mod strings;
pub mod swap;
pub mod terminal;
pub mod termios;
pub mod tty;
pub mod uevent;
pub mod user;
pub mod xattr;
