//! trap — what is done when a signal comes or the shell ends.
//!
//! Source: POSIX.1-2024 `trap`.

use super::Arguments;
use crate::options::ShellOptions;
use crate::quote::quote;
use crate::shell::{Flow, Shell};
use crate::trap::{signal_name, signal_number};

pub(super) fn trap(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut arguments = arguments;
    let mut print = false;
    match arguments.get(1) {
        b"-l" => return super::jobs::list_all_signals(shell),
        b"-p" => {
            print = true;
            arguments = arguments.skip(1);
        }
        _ => {}
    }
    if arguments.get(1) == b"--" {
        arguments = arguments.skip(1);
    }
    if print || arguments.len() < 2 {
        return list(shell, arguments);
    }
    // A number first, or a signal alone, resets.
    let first = arguments.get(1);
    let resets = arguments.len() == 2 || first.iter().all(u8::is_ascii_digit) && !first.is_empty();
    let (action, from) = if resets { (None, 1) } else { (Some(first).filter(|action| *action != b"-"), 2) };
    let mut status = 0;
    for operand in arguments.from(from) {
        match signal_number(operand) {
            Some(number) => {
                let interactive = shell.options.has(ShellOptions::INTERACTIVE);
                shell.traps.set(number, action, interactive);
            }
            None => {
                shell.report(&[operand, b": invalid signal specification"]);
                status = 1;
            }
        }
    }
    Ok(status)
}

fn list(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut wanted = Vec::new();
    for operand in arguments.from(1) {
        match signal_number(operand) {
            Some(number) => wanted.push(number),
            None => return shell.wrong(&[operand, b": invalid signal specification"]),
        }
    }
    let traps = if shell.traps.inherited.is_empty() { &shell.traps.actions } else { &shell.traps.inherited };
    let mut text = Vec::new();
    for (number, action) in traps {
        if wanted.is_empty() || wanted.contains(number) {
            text.extend_from_slice(b"trap -- ");
            quote(action, &mut text);
            text.extend_from_slice(format!(" {}\n", signal_name(*number)).as_bytes());
        }
    }
    shell.out.write(&text);
    Ok(0)
}

impl Shell {
    /// Whether a signal came for which there is a trap, or SIGINT in an interactive shell.
    pub(crate) fn has_trapped_signal(&self) -> bool {
        sys::catch::any()
    }

    /// The number of a signal that came; 0 for none. It is not taken.
    pub(crate) fn pending_signal(&self) -> i32 {
        let came = sys::catch::take_all();
        sys::catch::put_back(came);
        if came == 0 { 0 } else { came.trailing_zeros() as i32 + 1 }
    }
}
