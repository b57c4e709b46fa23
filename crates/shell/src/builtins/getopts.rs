//! getopts — options of a script's arguments, one at a call.
//!
//! Source: POSIX.1-2024 `getopts`.

use super::Arguments;
use crate::arithmetic;
use crate::name;
use crate::shell::{Flow, Shell};

pub(super) fn getopts(shell: &mut Shell, arguments: Arguments<'_>) -> Flow<i32> {
    let arguments = if arguments.get(1) == b"--" { arguments.skip(1) } else { arguments };
    if arguments.len() < 3 {
        return shell.wrong(&[b"usage: getopts optstring var [arg]"]);
    }
    let (known, variable) = (arguments.get(1), arguments.get(2));
    if !name::is_name(variable) {
        return shell.wrong(&[variable, b": bad variable name"]);
    }
    let variable = shell.names.intern(variable);
    let list: Vec<Vec<u8>> = if arguments.len() > 3 {
        arguments.from(3).map(<[u8]>::to_vec).collect()
    } else {
        shell.positional.iter().map(|value| value.to_vec()).collect()
    };
    let number = shell.variables.get(name::OPTIND).and_then(arithmetic::plain_number).unwrap_or(1).max(1);
    let (silent, known) = match known {
        [b':', known @ ..] => (true, known),
        known => (false, known),
    };
    let mut state = State { index: number as usize - 1, at: shell.getopts_at, list: &list };
    let found = state.next(known);
    let (index, at) = (state.index, state.at);
    let told = |letter| silent.then_some(std::slice::from_ref(letter));
    // What the variable and OPTARG get.
    let (letter, value): (u8, Option<&[u8]>) = match &found {
        Found::End => (b'?', None),
        Found::Option(letter, value) => (*letter, *value),
        Found::Unknown(letter) => (b'?', told(letter)),
        Found::Valueless(letter) => (if silent { b':' } else { b'?' }, told(letter)),
    };
    let (before, wrong, behind): (&[u8], u8, &[u8]) = match found {
        Found::Unknown(letter) => (b"Illegal option -", letter, b"\n"),
        Found::Valueless(letter) => (b"No arg for -", letter, b" option\n"),
        _ => (b"", 0, b""),
    };
    if wrong != 0 && !silent {
        shell.write_error(&[before, &[wrong], behind].concat());
    }
    match value {
        Some(value) => shell.assign(name::OPTARG, value)?,
        None => shell.unset_variable(name::OPTARG),
    }
    shell.assign(name::OPTIND, (index + 1).to_string().as_bytes())?;
    shell.getopts_at = at;
    shell.assign(variable, &[letter])?;
    Ok(i32::from(matches!(found, Found::End)))
}

struct State<'a> {
    /// The argument that is being read, from 0, and where in it (0: not begun).
    index: usize,
    at: usize,
    list: &'a [Vec<u8>],
}

enum Found<'a> {
    Option(u8, Option<&'a [u8]>),
    Unknown(u8),
    Valueless(u8),
    End,
}

impl<'a> State<'a> {
    fn next(&mut self, known: &[u8]) -> Found<'a> {
        let Some(mut word) = self.list.get(self.index) else {
            self.at = 0;
            self.index = self.index.min(self.list.len());
            return Found::End;
        };
        if self.at >= word.len() {
            // The argument was changed, or ended at the last call.
            self.at = 0;
        }
        if self.at == 0 {
            if word.len() < 2 || word[0] != b'-' {
                return Found::End;
            }
            if word == b"--" {
                self.index += 1;
                return Found::End;
            }
            self.at = 1;
        }
        let letter = word[self.at];
        self.at += 1;
        let place = known.iter().position(|&byte| byte == letter && letter != b':');
        let takes_value = place.is_some_and(|place| known.get(place + 1) == Some(&b':'));
        let rest_from = self.at;
        if rest_from >= word.len() || takes_value {
            self.index += 1;
            self.at = 0;
        }
        if place.is_none() {
            return Found::Unknown(letter);
        }
        if !takes_value {
            return Found::Option(letter, None);
        }
        if rest_from < word.len() {
            return Found::Option(letter, Some(&word[rest_from..]));
        }
        match self.list.get(self.index) {
            Some(next) => {
                word = next;
                self.index += 1;
                Found::Option(letter, Some(word))
            }
            None => Found::Valueless(letter),
        }
    }
}
