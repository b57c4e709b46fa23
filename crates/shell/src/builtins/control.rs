//! control — what changes the course of a script: `.`, `break`, `continue`, `eval`, `exec`, `exit`, `return`, and small ones.
//!
//! Source: POSIX.1-2024 XCU 2.15.

use std::ffi::CString;

use super::Arguments;
use crate::commands::{self, Target};
use crate::input::Input;
use crate::name;
use crate::shell::{Flow, Jump, Shell};

pub(super) fn nothing(_shell: &mut Shell, _arguments: Arguments<'_>) -> Flow<i32> {
    Ok(0)
}

pub(super) fn false_(_shell: &mut Shell, _arguments: Arguments<'_>) -> Flow<i32> {
    Ok(1)
}

pub(super) fn break_(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    leave_loops(shell, arguments, Jump::Break)
}

pub(super) fn continue_(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    leave_loops(shell, arguments, Jump::Continue)
}

fn leave_loops(shell: &mut Shell, arguments: Arguments<'_>, jump: Jump) -> Flow<i32> {
    shell.leaving = levels(shell, arguments)?;
    if shell.leaving == 0 {
        return Ok(0);
    }
    shell.status = 0;
    Err(jump)
}

/// Out of how many loops; 0 where there is none.
fn levels(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<u32> {
    let wanted = match arguments.len() {
        1 => 1,
        _ => match number(arguments.get(1)) {
            Some(number @ 1..) => number as u32,
            _ => return illegal_number(shell, arguments.get(1)),
        },
    };
    Ok(wanted.min(shell.loops))
}

#[cold]
pub(super) fn illegal_number<T>(shell: &mut Shell, text: &[u8]) -> Flow<T> {
    shell.wrong(&[b"Illegal number: ", text])
}

/// A number without sign.
pub(crate) fn number(text: &[u8]) -> Option<i32> {
    let (&first, rest) = text.split_first()?;
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    rest.iter().try_fold(digit(first)?, |number, &byte| number.checked_mul(10)?.checked_add(digit(byte)?))
}

/// A number that may have a sign.
pub(super) fn signed_number(text: &[u8]) -> Option<i32> {
    match text {
        [b'-', digits @ ..] => Some(-number(digits)?),
        [b'+', digits @ ..] => number(digits),
        digits => number(digits),
    }
}

pub(super) fn return_(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    leave(shell, arguments, Jump::Return)
}

pub(super) fn exit(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    leave(shell, arguments, Jump::Exit)
}

fn leave(shell: &mut Shell, arguments: Arguments<'_>, jump: Jump) -> Flow<i32> {
    if arguments.len() > 1 {
        match number(arguments.get(1)) {
            Some(number) => shell.status = number & 255,
            None => return illegal_number(shell, arguments.get(1)),
        }
    } else if let Some(status) = shell.trap_status {
        shell.status = status;
    }
    Err(jump)
}

pub(super) fn eval(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let first = if arguments.get(1) == b"--" { 2 } else { 1 };
    let mut text = Vec::new();
    for (index, argument) in arguments.from(first).enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(argument);
    }
    shell.run_eval(&text)?;
    Ok(shell.status)
}

impl Shell {
    /// Runs text in the shell as it is.
    pub(crate) fn run_eval(&mut self, text: &[u8]) -> Flow {
        if self.stack_is_short() {
            return self.fail(2, &[b"commands nested too deeply"]);
        }
        let input = Input::from_text(text.to_vec(), self.line.max(1));
        self.run_input(input, false)
    }

    /// Runs a file in the shell as it is; `arguments` take the place of the positional parameters if there are any.
    pub(crate) fn source(&mut self, path: &[u8], arguments: Arguments<'_>) -> Flow<i32> {
        if self.stack_is_short() {
            return self.fail(2, &[b"commands nested too deeply"]);
        }
        let text = match std::fs::read(std::path::Path::new::<std::ffi::OsStr>(
            std::os::unix::ffi::OsStrExt::from_bytes(path),
        )) {
            Ok(text) => text,
            Err(error) => {
                return self.wrong_by(&[b"can't open '", path, b"'"], &error);
            }
        };
        let outer = (arguments.len() > 2)
            .then(|| std::mem::replace(&mut self.positional, arguments.from(2).map(Into::into).collect()));
        let file = std::mem::replace(&mut self.file, path.into());
        let (line, names_line) = (self.line, std::mem::replace(&mut self.names_line, true));
        let running = self.running.take();
        self.sourced += 1;
        let result = self.run_input(Input::from_text(text, 1), true);
        self.sourced -= 1;
        self.running = running;
        (self.file, self.line, self.names_line) = (file, line, names_line);
        if let Some(outer) = outer {
            self.positional = outer;
        }
        match result {
            Ok(()) | Err(Jump::Return) => Ok(self.status),
            Err(jump) => Err(jump),
        }
    }
}

pub(super) fn dot(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let arguments = if arguments.get(1) == b"--" { arguments.skip(1) } else { arguments };
    if arguments.len() < 2 {
        return shell.wrong(&[b"filename argument required"]);
    }
    let file = arguments.get(1);
    let path = if file.contains(&b'/') {
        file.to_vec()
    } else {
        let path = shell.variables.get(name::PATH).unwrap_or_default().to_vec();
        match find_readable(&path, file) {
            Some(found) => found.into_bytes(),
            None => return shell.wrong(&[file, b": not found"]),
        }
    };
    shell.source(&path, arguments)
}

/// The first readable file of that name in `path`.
fn find_readable(path: &[u8], file: &[u8]) -> Option<CString> {
    path.split(|&byte| byte == b':').find_map(|directory| {
        let mut candidate = directory.to_vec();
        if !candidate.is_empty() {
            candidate.push(b'/');
        }
        candidate.extend_from_slice(file);
        let candidate = CString::new(candidate).ok()?;
        sys::job::may_access(&candidate, 4).then_some(candidate)
    })
}

pub(super) fn exec(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut arguments = arguments;
    if arguments.get(1) == b"--" {
        arguments = arguments.skip(1);
    }
    let mut called = None;
    if arguments.get(1) == b"-a" && arguments.len() > 3 {
        called = Some(arguments.get(2));
        arguments = arguments.skip(2);
    }
    if arguments.len() < 2 {
        return Ok(0);
    }
    let mut list = sys::strings::Strings::new();
    for (index, argument) in arguments.from(1).enumerate() {
        list.push(if index == 0 { called.unwrap_or(argument) } else { argument });
    }
    let program = arguments.get(1);
    let path = if program.contains(&b'/') {
        CString::new(program).ok()
    } else {
        let path = shell.variables.get(name::PATH).unwrap_or_default().to_vec();
        commands::search(&path, program)
    };
    match path {
        Some(path) => shell.exec(&path, &list, 0)?,
        None => match shell.find_program(program) {
            Target::Same(applet) | Target::Filter(applet) | Target::Fork(applet) => {
                shell.status = shell.run_applet(applet, &list, false);
                return Err(Jump::Exit);
            }
            _ => {
                shell.report(&[program, b": not found"]);
                shell.status = 127;
            }
        },
    }
    // A shell whose exec failed has nothing left to do.
    Err(Jump::Error)
}

pub(super) fn let_(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if arguments.len() < 2 {
        return shell.wrong(&[b"expression expected"]);
    }
    let mut value = 0;
    for argument in arguments.from(1) {
        value = shell.evaluate_text(argument)?;
    }
    Ok(i32::from(value == 0))
}

pub(super) fn help(shell: &mut Shell, _arguments: Arguments<'_>) -> Flow<i32> {
    let mut text = b"\nBuilt-in commands:\n------------------".to_vec();
    let mut column = 80;
    for name in super::names() {
        if column + name.len() > 70 {
            text.extend_from_slice(b"\n\t");
            column = 0;
        } else {
            text.push(b' ');
        }
        text.extend_from_slice(name.as_bytes());
        column += name.len() + 1;
    }
    text.extend_from_slice(b"\n\n");
    shell.out.write(&text);
    Ok(0)
}

pub(super) fn history(shell: &mut Shell, _arguments: Arguments<'_>) -> Flow<i32> {
    let mut text = Vec::new();
    for (index, line) in shell.history.borrow().lines.iter().enumerate() {
        text.extend_from_slice(format!("{index:>4} ").as_bytes());
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    shell.out.write(&text);
    Ok(0)
}
