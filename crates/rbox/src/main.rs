//! rbox — the multi-call binary: the name it is called by chooses the applet.

mod applets;
mod driver;
mod prelude;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: sys::allocator::Allocator = sys::allocator::Allocator::new();

fn main() -> ExitCode {
    // Rust ignores SIGPIPE; `yes | head` must end quietly instead of printing an error.
    sys::signal::default_sigpipe();
    let args: Vec<_> = std::env::args_os().collect();
    ExitCode::from(driver::run(&args))
}
