//! shell_expander — any bytes as words to expand: parameters, arithmetic, splitting, patterns. No command is run.
//!
//! The first byte chooses IFS and whether unset parameters are errors; file names are left alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shell::{Shell, ShellOptions};

const IFS: [&[u8]; 4] = [b" \t\n", b":", b"", b": 0"];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, text)) = data.split_first() else { return };
    let mut shell = Shell::new();
    shell.on_error(Box::new(|_| {}));
    shell.set_option(ShellOptions::NOEXEC, true);
    shell.set_option(ShellOptions::NOGLOB, true);
    shell.set_option(ShellOptions::NOUNSET, choice & 4 != 0);
    for (name, value) in [("a", "1"), ("b", "a  b:c"), ("c", "*[x]?"), ("d", "日本\u{ff}é"), ("e", "")] {
        shell.set_variable(name.as_bytes(), value.as_bytes());
    }
    shell.set_variable(b"IFS", IFS[usize::from(choice & 3)]);
    shell.set_positional([b"x y".as_slice(), b"", b"*"].map(Into::into).to_vec());
    let _ = shell.expand_words(text);
});
