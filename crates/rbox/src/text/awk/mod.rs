//! awk — a language for lines and fields.
//!
//! Source: POSIX.1-2024 `awk`; BusyBox 1.37 for options, messages and its further functions; gawk 5 for `gensub`,
//! `nextfile` and separators of records that are expressions.
//! Differs: `length`, `substr`, `index` and `match` count UTF-8 characters.

mod format;
mod interp;
mod lexer;
mod library;
mod parser;
mod record;
mod stream;
mod table;
mod tree;
mod value;

use std::rc::Rc;

use crate::prelude::*;
use posix::regex::{self, Regex};

pub(crate) const APPLET: Applet = Applet {
    name: "awk",
    links: &["/usr/bin/awk"],
    usage: "\
awk [-F SEP] [-v VAR=VALUE]... {PROGRAM | -f FILE | -e PROGRAM}... [FILE | VAR=VALUE]...

Run PROGRAM on the records of FILEs (or stdin).

  -F, --field-separator=SEP  What separates fields
  -v, --assign=VAR=VALUE     Set a variable
  -f, --file=FILE            The program is in FILE
  -E FILE                    The same
  -e, --source=PROGRAM       A part of the program
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let mut text = Vec::new();
    for (short, _, value) in options.in_order() {
        let Some(value) = value else { continue };
        match short {
            b'f' | b'E' if value == "-" => {
                cx.stdin().read_to_end(&mut text).doing("read error")?;
            }
            b'f' | b'E' => {
                let path = Path::new(value);
                text.extend(std::fs::read(path).map_err(|error| super::common::cannot_open(path, &error))?);
            }
            b'e' => text.extend_from_slice(value.as_bytes()),
            _ => continue,
        }
        text.push(b'\n');
    }
    let mut operands = options.operands();
    if !options.has('f') && !options.has('e') && !options.has('E') {
        let Some((first, rest)) = operands.split_first() else { return Err(Error::usage("")) };
        text = first.as_bytes().to_vec();
        operands = rest;
    }
    let program = parser::parse(&text, interp::SPECIAL).map_err(|error| {
        // Expressions are named in their messages.
        let is_regex = error.what.starts_with("bad regex");
        Error::message(if is_regex {
            error.what
        } else {
            format!("cmd. line:{}: {}", error.line, error.what)
        })
    })?;
    let mut machine = interp::Machine::new(&program, operands);
    if let Some(separator) = options.value('F') {
        machine.set_separator(lexer::unescape(separator.as_bytes()));
    }
    for assignment in options.values('v') {
        if !machine.assign_operand(assignment.as_bytes()) {
            return Err(Error::usage(format_args!("'{}' is no assignment", assignment.display())));
        }
    }
    machine.run(cx)
}

/// Compiles an expression. Errors: the message.
fn regex_of(text: &[u8]) -> std::result::Result<Rc<Regex>, String> {
    let options = regex::Options { extended: true, escapes_in_brackets: true, ..regex::Options::default() };
    match Regex::new(text, &options) {
        Ok(regex) => Ok(Rc::new(regex)),
        Err(error) => Err(format!("bad regex '{}': {error}", OsStr::from_bytes(text).display())),
    }
}
