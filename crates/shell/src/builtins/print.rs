//! print — `echo` and `printf`.
//!
//! Source: POSIX.1-2024; the engines are in `posix::printf`.

use super::Arguments;
use crate::shell::{Flow, Shell};

pub(super) fn echo(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if !arguments.get(1).starts_with(b"-") {
        for index in 1..arguments.len() {
            if index > 1 {
                shell.out.write(b" ");
            }
            shell.out.write(arguments.get(index));
        }
        shell.out.write(b"\n");
        return Ok(0);
    }
    let list: Vec<&[u8]> = arguments.from(1).collect();
    let mut text = Vec::new();
    posix::printf::echo(&list, &mut text);
    shell.out.write(&text);
    Ok(0)
}

pub(super) fn printf(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let arguments = if arguments.get(1) == b"--" { arguments.skip(1) } else { arguments };
    if arguments.len() < 2 {
        return shell.wrong(&[b"usage: printf format [arg ...]"]);
    }
    let list: Vec<&[u8]> = arguments.from(2).collect();
    let mut text = Vec::new();
    let mut complaints = Vec::new();
    let good = posix::printf::printf(arguments.get(1), &list, &mut text, &mut |message| {
        complaints.push(message.to_string())
    });
    shell.need(text.len())?;
    shell.out.write(&text);
    for complaint in complaints {
        shell.complain(complaint.as_bytes());
    }
    Ok(i32::from(!good))
}
