//! shell_parser — any bytes are a script or a syntax error. Nothing is run.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shell::Shell;

fuzz_target!(|text: &[u8]| {
    // Whatever comes out is right: it must come out.
    let _ = Shell::new().check_syntax(text);
});
