//! shell-alone — the smallest program around the engine: a shell without applets. What the tests of this crate run.

use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: sys::allocator::Allocator = sys::allocator::Allocator::new();

fn main() -> ExitCode {
    sys::signal::default_sigpipe();
    let arguments: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    let mut shell = shell::Shell::new();
    shell.import(std::env::vars_os().map(|(name, value)| {
        let mut entry = name.into_vec();
        entry.push(b'=');
        entry.extend(value.into_vec());
        entry
    }));
    ExitCode::from(shell.main(&arguments) as u8)
}
