//! find — what a name means: `command`, `type`, `hash`.
//!
//! Source: POSIX.1-2024 `command`, `type`, `hash`.

use std::ffi::CStr;

use super::{Arguments, Letters};
use crate::commands::{self, Target};
use crate::name;
use crate::parser;
use crate::quote::quote;
use crate::shell::{Flow, Jump, Shell};

/// Where the standard utilities are: what `command -p` searches.
const STANDARD_PATH: &[u8] = b"/usr/sbin:/usr/bin:/sbin:/bin";

pub(super) fn command(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut letters = Letters::new(arguments, "pvV");
    let mut standard = false;
    let mut describe = None;
    while let Some((letter, _)) = letters.next(shell)? {
        match letter {
            b'p' => standard = true,
            verbose => describe = Some(verbose == b'V'),
        }
    }
    let operands = letters.rest().skip(1);
    if operands.is_empty() {
        return Ok(0);
    }
    if let Some(verbose) = describe {
        return Ok(tell(shell, operands.get(0), verbose, standard));
    }
    run_without_functions(shell, operands, standard)
}

fn run_without_functions(shell: &mut Shell, operands: Arguments<'_>, standard: bool) -> Flow<i32> {
    let text = operands.get(0);
    let target = match shell.commands.builtin(text) {
        Some(builtin) => {
            let (list, first) = operands.list();
            // The special builtins lose what makes them special.
            return match shell.call_builtin(builtin, list, first) {
                Ok(()) => Ok(shell.status),
                Err(Jump::Error) if builtin.name != "exec" => Ok(shell.status.max(1)),
                Err(jump) => Err(jump),
            };
        }
        None if standard => match commands::search(STANDARD_PATH, text) {
            Some(path) => Target::Path(path.into()),
            None => shell.find_program(text),
        },
        None => shell.find_program(text),
    };
    let mut list = sys::strings::Strings::new();
    for operand in operands.from(0) {
        list.push(operand);
    }
    let running = shell.running.take();
    let result = shell.run_found(&target, &list);
    shell.running = running;
    result.map(|()| shell.status)
}

pub(super) fn type_(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let mut status = 0;
    for operand in arguments.from(1) {
        status |= tell(shell, operand, true, false);
    }
    Ok(status)
}

/// Says what a name means; 127 if it means nothing.
fn tell(shell: &mut Shell, text: &[u8], verbose: bool, standard: bool) -> i32 {
    let mut line = Vec::new();
    let say = |line: &mut Vec<u8>, what: &[u8]| {
        line.extend_from_slice(text);
        if verbose {
            line.extend_from_slice(b" is ");
            line.extend_from_slice(what);
        }
    };
    let named = shell.names.find(text);
    let alias = named.and_then(|name| shell.aliases.get(name));
    if parser::is_reserved(text) {
        say(&mut line, b"a shell keyword");
    } else if let Some(value) = alias {
        if verbose {
            say(&mut line, b"an alias for ");
            line.extend_from_slice(value);
        } else {
            line.extend_from_slice(b"alias ");
            line.extend_from_slice(text);
            line.push(b'=');
            quote(value, &mut line);
        }
    } else if named.is_some_and(|name| matches!(shell.functions.get(name.index()), Some(Some(_)))) {
        say(&mut line, b"a function");
    } else if let Some(builtin) = shell.commands.builtin(text) {
        say(&mut line, if builtin.special { b"a special shell builtin" } else { b"a shell builtin" });
    } else {
        let found = find_file(shell, text, standard);
        let Some(found) = found else {
            if verbose {
                let message = [text, b": not found\n"].concat();
                shell.write_error(&message);
            }
            return 127;
        };
        if verbose {
            line.extend_from_slice(text);
            line.extend_from_slice(b" is ");
        }
        line.extend_from_slice(&found);
    }
    line.push(b'\n');
    shell.out.write(&line);
    0
}

fn find_file(shell: &mut Shell, text: &[u8], standard: bool) -> Option<Vec<u8>> {
    if text.contains(&b'/') {
        let path = std::ffi::CString::new(text).ok()?;
        return sys::job::may_access(&path, 1).then(|| text.to_vec());
    }
    let path = if standard { STANDARD_PATH } else { shell.variables.get(name::PATH).unwrap_or_default() };
    if let Some(found) = commands::search(path, text) {
        return Some(found.into_bytes());
    }
    shell.commands.applet(text).map(|applet| applet.name.as_bytes().to_vec())
}

pub(super) fn hash(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let flags = arguments.flags(shell, "rv")?;
    if flags.has(b'r') {
        shell.commands.forget_paths();
        return Ok(0);
    }
    let operands = flags.operands;
    if operands.len() == 1 {
        let paths: Vec<Vec<u8>> =
            shell.commands.hashed().map(|(_, path)| CStr::to_bytes(path).to_vec()).collect();
        for path in paths {
            shell.out.write(&path);
            shell.out.write(b"\n");
        }
        return Ok(0);
    }
    let mut status = 0;
    for operand in operands.from(1) {
        if matches!(shell.find_command(None, operand), Target::Missing) {
            shell.report(&[operand, b": not found"]);
            status = 1;
        }
    }
    Ok(status)
}
