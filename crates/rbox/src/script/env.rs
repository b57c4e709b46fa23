//! env — run a command in a changed environment, or print the environment.
//!
//! Source: POSIX.1-2024 `env`; BusyBox 1.37 for `-u` and `-0`; coreutils for `-C`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "env",
    links: &["/usr/bin/env"],
    usage: "\
env [-i0] [-u NAME]... [-C DIR] [-] [NAME=VALUE]... [PROG ARGS]

Run PROG in a changed environment, or print the environment.

  -i, --ignore-environment  Begin with an empty environment (also -)
  -u, --unset=NAME          Remove a variable
  -0, --null                End printed lines with a NUL
  -C, --chdir=DIR           Change to DIR first
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 125;
    let options = cx.options_first()?;
    let mut operands = options.operands();
    let dash = operands.first().is_some_and(|first| first == "-");
    operands = &operands[usize::from(dash)..];

    let mut environment: Vec<OsString> = Vec::new();
    if !options.has('i') && !dash {
        environment.extend(std::env::vars_os().map(|(name, value)| assignment(&name, &value)));
    }
    for name in options.values('u') {
        environment.retain(|entry| name_of(entry) != name.as_bytes());
    }
    while let Some((first, rest)) =
        operands.split_first().filter(|(first, _)| first.as_bytes().contains(&b'='))
    {
        match environment.iter_mut().find(|entry| name_of(entry) == name_of(first)) {
            Some(entry) => entry.clone_from(first),
            None => environment.push(first.clone()),
        }
        operands = rest;
    }
    if let Some(directory) = options.value('C') {
        std::env::set_current_dir(directory).at(directory)?;
    }
    if operands.is_empty() {
        let end = if options.has('0') { b"\0" } else { b"\n" };
        for entry in &environment {
            cx.out.write(entry.as_bytes());
            cx.out.write(end);
        }
        return Ok(());
    }
    let error = sys::exec::replace_with(operands, Some(&environment));
    Err(cx.exec_failed(operands, error))
}

fn assignment(name: &OsStr, value: &OsStr) -> OsString {
    let mut text = name.to_os_string();
    text.push("=");
    text.push(value);
    text
}

fn name_of(assignment: &OsStr) -> &[u8] {
    let bytes = assignment.as_bytes();
    let end = bytes.iter().position(|&byte| byte == b'=').unwrap_or(bytes.len());
    &bytes[..end]
}
