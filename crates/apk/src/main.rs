//! apk — the package manager's command.

#![forbid(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: sys::allocator::Allocator = sys::allocator::Allocator::new();

fn main() -> ExitCode {
    // Rust ignores SIGPIPE; `apk list | head` must end quietly instead of printing an error.
    sys::signal::default_sigpipe();
    ExitCode::from(apk::command::run(std::env::args_os().collect()))
}
