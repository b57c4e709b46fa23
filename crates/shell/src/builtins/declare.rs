//! declare — `export`, `readonly`, `local`, `unset`: attributes of variables.
//!
//! Source: POSIX.1-2024 `export`, `readonly`, `unset`; BusyBox ash for `local` and `export -n`.

use super::{Arguments, Flags};
use crate::name::{self, Name};
use crate::quote::quote;
use crate::shell::{Flow, Shell};

pub(super) fn export(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let flags = arguments.flags(shell, "pn")?;
    let (exported, operands) = (!flags.has(b'n'), flags.operands);
    if operands.len() == 1 {
        list(shell, b"export ", |shell, name| shell.variables.is_exported(name));
        return Ok(0);
    }
    for operand in operands.from(1) {
        let (name, value) = split(shell, operand)?;
        if let Some(value) = value {
            shell.assign(name, value)?;
        }
        shell.variables.export(name, exported);
    }
    Ok(0)
}

pub(super) fn readonly(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let operands = arguments.flags(shell, "p")?.operands;
    if operands.len() == 1 {
        list(shell, b"readonly ", |shell, name| shell.variables.is_readonly(name));
        return Ok(0);
    }
    for operand in operands.from(1) {
        let (name, value) = split(shell, operand)?;
        if let Some(value) = value {
            shell.assign(name, value)?;
        }
        shell.variables.set_readonly(name);
    }
    Ok(0)
}

pub(super) fn local(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if shell.calls == 0 {
        return shell.wrong(&[b"not in a function"]);
    }
    for operand in arguments.flags(shell, "")?.operands.from(1) {
        if operand == b"-" {
            shell.save_options_locally();
            continue;
        }
        let (name, value) = split(shell, operand)?;
        let fresh = shell.variables.make_local(name, shell.locals_mark);
        match value {
            Some(value) => shell.assign(name, value)?,
            None if fresh && !shell.variables.is_readonly(name) => {
                shell.variables.clear(name);
                if name.index() < name::KNOWN_COUNT {
                    shell.variable_changed(name);
                }
            }
            None => {}
        }
    }
    Ok(0)
}

/// `name=value` or `name`.
fn split<'a>(shell: &mut Shell, operand: &'a [u8]) -> Flow<(Name, Option<&'a [u8]>)> {
    let equals = operand.iter().position(|&byte| byte == b'=');
    let text = &operand[..equals.unwrap_or(operand.len())];
    if !name::is_name(text) {
        return shell.wrong(&[text, b": bad variable name"]);
    }
    Ok((shell.names.intern(text), equals.map(|equals| &operand[equals + 1..])))
}

/// Prints the variables that `which` picks, as commands that would make them.
fn list(shell: &mut Shell, command: &[u8], which: fn(&Shell, Name) -> bool) {
    for name in shell.variables.sorted(&shell.names) {
        if !which(shell, name) {
            continue;
        }
        let mut line = command.to_vec();
        line.extend_from_slice(shell.names.text(name));
        if let Some(value) = shell.variables.get(name) {
            line.push(b'=');
            quote(value, &mut line);
        }
        line.push(b'\n');
        shell.out.write(&line);
    }
}

pub(super) fn unset(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let Flags { last: kind, operands, .. } = arguments.flags(shell, "vf")?;
    for operand in operands.from(1) {
        if kind == b'f' {
            remove_function(shell, operand);
            continue;
        }
        if !name::is_name(operand) {
            return shell.wrong(&[operand, b": bad variable name"]);
        }
        let name = shell.names.intern(operand);
        let was_set = shell.variables.get(name).is_some();
        if shell.variables.is_readonly(name) {
            return shell.refuse(name);
        }
        shell.unset_variable(name);
        if kind == 0 && !was_set {
            remove_function(shell, operand);
        }
    }
    Ok(0)
}

fn remove_function(shell: &mut Shell, text: &[u8]) {
    if let Some(name) = shell.names.find(text)
        && let Some(function) = shell.functions.get_mut(name.index())
    {
        *function = None;
    }
}
