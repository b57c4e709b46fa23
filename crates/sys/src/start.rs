//! start — a `main` without Rust's runtime, for programs that the kernel starts.
//!
//! Rust's own start opens /dev/null for closed descriptors 0 to 2 and aborts if it cannot. As PID 1 with neither
//! console nor /dev that is a kernel panic before the first line of the program.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The arguments of a C `main`, program name first.
///
/// # Safety
/// `argv` must point to `argc` pointers to strings that end in a zero byte, as a C `main` gets them.
pub unsafe fn arguments(argc: i32, argv: *const *const std::ffi::c_char) -> Vec<OsString> {
    let mut arguments = Vec::new();
    for index in 0..usize::try_from(argc).unwrap_or(0) {
        // SAFETY: the caller's promise: `index` is below `argc` and the string ends in a zero byte.
        let argument = unsafe { CStr::from_ptr(*argv.add(index)) };
        arguments.push(OsStr::from_bytes(argument.to_bytes()).to_os_string());
    }
    arguments
}

/// Makes `fn $main(Vec<OsString>) -> i32` the program's start. The crate says `#![cfg_attr(not(test), no_main)]`.
#[macro_export]
macro_rules! start {
    ($main:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn main(argc: i32, argv: *const *const std::ffi::c_char) -> i32 {
            // SAFETY: these are the arguments that the C library passes to `main`.
            $main(unsafe { $crate::start::arguments(argc, argv) })
        }
    };
}
