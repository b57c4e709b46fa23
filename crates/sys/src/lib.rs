//! sys — the system calls that `std` and `nix` do not have, one facility a file.
//!
//! The only crate of the workspace with `unsafe`. Nothing here has policy: a function makes one call, turns
//! -1 into `io::Error`, and returns.

pub mod access;
pub mod block;
pub mod child;
pub mod clock;
pub mod error;
pub mod exec;
pub mod fd;
pub mod host;
mod ioctl;
pub mod kernel_log;
pub mod kill;
pub mod loop_device;
pub mod module;
pub mod mount;
pub mod node;
pub mod process;
pub mod signal;
pub mod signal_wait;
pub mod start;
pub mod swap;
pub mod tty;
pub mod uevent;
pub mod user;
