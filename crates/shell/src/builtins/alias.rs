//! alias, unalias — text for names.
//!
//! Source: POSIX.1-2024 `alias`, `unalias`.

use super::Arguments;
use crate::name::Name;
use crate::quote::quote;
use crate::shell::{Flow, Shell};

pub(super) fn alias(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if arguments.len() == 1 {
        let mut names: Vec<Name> = shell.aliases.names().collect();
        shell.names.sort(&mut names);
        for name in names {
            print(shell, name);
        }
        return Ok(0);
    }
    let mut status = 0;
    for operand in arguments.from(1) {
        match operand.iter().skip(1).position(|&byte| byte == b'=') {
            Some(equals) => {
                let name = shell.names.intern(&operand[..equals + 1]);
                shell.aliases.set(name, &operand[equals + 2..]);
            }
            None => match shell.names.find(operand).filter(|&name| shell.aliases.get(name).is_some()) {
                Some(name) => print(shell, name),
                None => {
                    unknown(shell, b"alias: ", operand);
                    status = 1;
                }
            },
        }
    }
    Ok(status)
}

fn print(shell: &mut Shell, name: Name) {
    let mut line = shell.names.text(name).to_vec();
    line.push(b'=');
    quote(shell.aliases.get(name).unwrap_or_default(), &mut line);
    line.push(b'\n');
    shell.out.write(&line);
}

pub(super) fn unalias(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let flags = arguments.flags(shell, "a")?;
    if flags.has(b'a') {
        shell.aliases.clear();
    }
    let mut status = 0;
    for operand in flags.operands.from(1) {
        let known = shell.names.find(operand).is_some_and(|name| shell.aliases.remove(name));
        if !known {
            unknown(shell, b"unalias: ", operand);
            status = 1;
        }
    }
    Ok(status)
}

/// Says that there is no such alias, without file and line, as ash does.
fn unknown(shell: &mut Shell, builtin: &[u8], name: &[u8]) {
    shell.write_error(&[builtin, name, b" not found\n"].concat());
}
