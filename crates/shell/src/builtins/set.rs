//! set, shift — options and positional parameters.
//!
//! Source: POSIX.1-2024 `set`, `shift`.

use super::Arguments;
use crate::options::{self, ShellOptions, TABLE};
use crate::quote::quote;
use crate::shell::{Flow, Shell};

pub(super) fn set(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    if arguments.len() == 1 {
        list_variables(shell);
        return Ok(0);
    }
    let mut index = 1;
    let mut operands = false;
    while index < arguments.len() {
        let word = arguments.get(index);
        let on = match word.first() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => break,
        };
        index += 1;
        if word == b"--" || word == b"-" {
            if word == b"-" {
                shell.change_option(ShellOptions::XTRACE, false)?;
                shell.change_option(ShellOptions::VERBOSE, false)?;
            }
            operands = word == b"--" || index < arguments.len();
            break;
        }
        for &letter in &word[1..] {
            let mut name: &[u8] = b"";
            if letter == b'o' {
                if index >= arguments.len() {
                    list_options(shell, on);
                    return Ok(0);
                }
                name = arguments.get(index);
                index += 1;
            }
            let option = shell.option_of(&word[..1], letter, name)?;
            shell.change_option(option, on)?;
        }
    }
    if operands || index < arguments.len() {
        shell.positional = arguments.from(index).map(Into::into).collect();
    }
    Ok(0)
}

fn list_variables(shell: &mut Shell) {
    for name in shell.variables.sorted(&shell.names) {
        let Some(value) = shell.variables.get(name) else { continue };
        let mut line = shell.names.text(name).to_vec();
        line.push(b'=');
        quote(value, &mut line);
        line.push(b'\n');
        shell.out.write(&line);
    }
}

/// `set -o` as a table, `set +o` as commands.
fn list_options(shell: &mut Shell, table: bool) {
    if table {
        shell.out.write(b"Current option settings:\n");
    }
    for &(option, _, name) in TABLE {
        let on = shell.options.has(option);
        let line = if table {
            format!("{name:<16}{}\n", if on { "on" } else { "off" })
        } else {
            format!("set {}o {name}\n", if on { '-' } else { '+' })
        };
        shell.out.write(line.as_bytes());
    }
}

pub(super) fn shift(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let count = match arguments.len() {
        1 => 1,
        _ => match super::control::number(arguments.get(1)) {
            Some(count) => count as usize,
            None => return super::control::illegal_number(shell, arguments.get(1)),
        },
    };
    if count > shell.positional.len() {
        return Ok(1);
    }
    shell.positional.drain(..count);
    Ok(0)
}

impl Shell {
    /// The option of a letter behind `sign`, or of the `name` behind the letter `o`.
    pub(crate) fn option_of(&mut self, sign: &[u8], letter: u8, name: &[u8]) -> Flow<ShellOptions> {
        let (found, gap): (_, &[u8]) = match letter {
            b'o' => (options::by_name(name), b" "),
            letter => (options::by_letter(letter), b""),
        };
        match found {
            Some(option) => Ok(option),
            None => self.wrong(&[b"illegal option ", sign, &[letter], gap, name]),
        }
    }

    /// Switches an option, with all that hangs on it.
    pub(crate) fn change_option(&mut self, option: ShellOptions, on: bool) -> Flow {
        self.options.set(option, on);
        if option == ShellOptions::MONITOR {
            self.set_job_control(on);
        } else if on && option == ShellOptions::VI {
            self.options.set(ShellOptions::EMACS, false);
        } else if on && option == ShellOptions::EMACS {
            self.options.set(ShellOptions::VI, false);
        }
        Ok(())
    }
}
