//! test, [ and [[ — evaluate an expression on files, strings and numbers.
//!
//! Source: POSIX.1-2024 `test`. `--help` is a string to test, so there is no usage.
//!
//! *Differs:* `[[` is the same as `[` here, as in BusyBox's applet; the shell has its own.

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet { name: "test", links: &["/usr/bin/test"], usage: "", process: Process::Same, run },
    Applet { name: "[", links: &["/usr/bin/["], usage: "", process: Process::Same, run },
    Applet { name: "[[", links: &["/usr/bin/[["], usage: "", process: Process::Same, run },
];

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 2;
    let mut args: Vec<&[u8]> = cx.args.iter().map(|arg| arg.as_bytes()).collect();
    let closing = match cx.applet.name {
        "[" => "]",
        "[[" => "]]",
        _ => "",
    };
    if !closing.is_empty() && args.pop() != Some(closing.as_bytes()) {
        return Err(Error::message(format_args!("missing {closing}")));
    }
    match posix::test_expression::evaluate(&args) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::exit(1)),
        Err(message) => Err(Error::message(message)),
    }
}
