//! fc — lists, edits and runs again what was typed.
//!
//! Source: POSIX.1-2024 `fc`.

use std::os::unix::ffi::OsStrExt;

use sys::descriptor;

use super::{Arguments, Letters};
use crate::history::write_private;
use crate::quote::quote;
use crate::shell::{Flow, Shell};

/// How many lines are listed if nobody says which.
const LISTED: usize = 16;

pub(super) fn fc(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let (mut lists, mut bare, mut reversed, mut runs) = (false, false, false, false);
    let mut editor = None;
    // `-2` is a line, not an option.
    let options = (1..arguments.len())
        .take_while(|&index| !matches!(arguments.get(index), [b'-', b'0'..=b'9', ..]))
        .count();
    let mut letters = Letters::new(arguments, "lnrse:");
    while letters.at() <= options {
        match letters.next(shell)? {
            Some((b'l', _)) => lists = true,
            Some((b'n', _)) => bare = true,
            Some((b'r', _)) => reversed = true,
            Some((b's', _)) => runs = true,
            Some((_, value)) => editor = Some(value.to_vec()),
            None => break,
        }
    }
    let operands = letters.rest();
    // The line with this command itself does not count.
    let mut lines = shell.history.borrow().lines.clone();
    if lines.last().is_some_and(|line| line.trim_ascii_start().starts_with(b"fc")) {
        lines.pop();
    }
    if runs || editor.as_deref() == Some(b"-") {
        return run_again(shell, &lines, operands);
    }
    let newest = lines.len().saturating_sub(1);
    let oldest = if lists { lines.len().saturating_sub(LISTED) } else { newest };
    let first = find(shell, &lines, operands.get(1), oldest)?;
    let last = find(shell, &lines, operands.get(2), if lists { newest } else { first })?;
    if lines.is_empty() && !lists {
        return shell.wrong(&[b"history is empty"]);
    }
    let backwards = reversed != (first > last);
    let (low, high) = (first.min(last), first.max(last));
    let mut chosen = Vec::new();
    for at in low..=high {
        let index = if backwards { low + high - at } else { at };
        let Some(line) = lines.get(index) else { continue };
        if lists && !bare {
            chosen.extend_from_slice((index + 1).to_string().as_bytes());
        }
        if lists {
            chosen.push(b'\t');
        }
        chosen.extend_from_slice(line);
        chosen.push(b'\n');
    }
    if lists {
        shell.out.write(&chosen);
        return Ok(0);
    }
    edit_and_run(shell, &chosen, editor.unwrap_or_default())
}

/// The index of the line that an operand means: a number, one counted from the end, or how it begins.
fn find(shell: &mut Shell, lines: &[Vec<u8>], operand: &[u8], default: usize) -> Flow<usize> {
    if operand.is_empty() {
        return Ok(default);
    }
    let last = lines.len().saturating_sub(1);
    if let Some(number) = super::control::signed_number(operand) {
        let number = number as isize;
        let index = if number > 0 { number - 1 } else { lines.len() as isize + number };
        return Ok(index.clamp(0, last as isize) as usize);
    }
    match lines.iter().rposition(|line| line.starts_with(operand)) {
        Some(index) => Ok(index),
        None => shell.wrong(&[operand, b": not in the history"]),
    }
}

/// `-s [old=new] [line]`.
fn run_again(shell: &mut Shell, lines: &[Vec<u8>], operands: Arguments<'_>) -> Flow<i32> {
    let change = operands.get(1);
    let (change, line) = match change.iter().position(|&byte| byte == b'=') {
        Some(equals) => (Some((&change[..equals], &change[equals + 1..])), operands.get(2)),
        None => (None, change),
    };
    let index = find(shell, lines, line, lines.len().saturating_sub(1))?;
    let Some(mut command) = lines.get(index).cloned() else {
        return shell.wrong(&[b"history is empty"]);
    };
    if let Some((old, new)) = change
        && let Some(at) = command.windows(old.len().max(1)).position(|window| window == old)
    {
        command.splice(at..at + old.len(), new.iter().copied());
    }
    run(shell, &command)
}

/// Runs a line, which is shown and takes the place of the `fc` in the history.
fn run(shell: &mut Shell, command: &[u8]) -> Flow<i32> {
    shell.write_error(&[command, b"\n"].concat());
    shell.history.borrow_mut().replace_last(command);
    shell.run_eval(command)?;
    Ok(shell.status)
}

/// Lets `editor` change the lines of `text`, and runs what it leaves.
fn edit_and_run(shell: &mut Shell, text: &[u8], mut editor: Vec<u8>) -> Flow<i32> {
    for name in [b"FCEDIT".as_slice(), b"EDITOR"] {
        if editor.is_empty() {
            editor = shell.variable(name).unwrap_or_default();
        }
    }
    if editor.is_empty() {
        editor.extend_from_slice(b"vi");
    }
    let mut folder = shell.variable(b"TMPDIR").unwrap_or_default();
    if folder.is_empty() {
        folder.extend_from_slice(b"/tmp");
    }
    let path = match write_new(&folder, text) {
        Ok(path) => path,
        Err(error) => return shell.wrong_by(&[&folder], &error),
    };
    let mut command = editor;
    command.push(b' ');
    quote(&path, &mut command);
    let edited = shell.run_eval(&command);
    let file = std::path::Path::new(std::ffi::OsStr::from_bytes(&path));
    let text = std::fs::read(file).unwrap_or_default();
    // It is gone or is not; the shell has no use for it any more.
    let _ = std::fs::remove_file(file);
    edited?;
    if shell.status != 0 {
        return Ok(shell.status);
    }
    run(shell, text.trim_ascii_end())
}

/// A new file in `folder` that nobody else can read; one that is there already is not taken.
fn write_new(folder: &[u8], text: &[u8]) -> std::io::Result<Vec<u8>> {
    let path = [folder, b"/fc.", sys::job::own_pid().to_string().as_bytes()].concat();
    write_private(&path, descriptor::EXCLUSIVE, text).map(|()| path)
}
