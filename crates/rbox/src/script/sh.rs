//! sh — the POSIX shell; also called `ash`.
//!
//! Source: POSIX.1-2024 `sh`; BusyBox ash. The engine is the crate `shell`.

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet { name: "sh", links: &["/bin/sh"], usage: SH_USAGE, process: Process::New, run },
    Applet { name: "ash", links: &["/bin/ash"], usage: ASH_USAGE, process: Process::New, run },
];

const SH_USAGE: &str = "\
sh [-il] [+-OPTIONS] [-o OPT]... [-c 'SCRIPT' [ARG0 ARGS] | FILE ARGS | -s ARGS]

Unix shell interpreter
";

const ASH_USAGE: &str = "\
ash [-il] [+-OPTIONS] [-o OPT]... [-c 'SCRIPT' [ARG0 ARGS] | FILE ARGS | -s ARGS]

Unix shell interpreter
";

fn run(cx: &mut Cx<'_>) -> Result {
    let called = std::env::args_os().next().map_or_else(Vec::new, OsString::into_vec);
    // Called by the name of an applet (`rbox sh`), it is not what argv[0] says.
    let is_own_name = called.ends_with(cx.name.as_bytes());
    let mut arguments = vec![if is_own_name { called } else { cx.name.as_bytes().to_vec() }];
    arguments.extend(cx.args.iter().map(|argument| argument.as_bytes().to_vec()));
    let mut shell = shell::Shell::new();
    shell.set_applets(crate::driver::find);
    shell.import(std::env::vars_os().map(|(name, value)| {
        let mut entry = name.into_vec();
        entry.push(b'=');
        entry.extend_from_slice(value.as_bytes());
        entry
    }));
    cx.status = shell.main(&arguments) as u8;
    Ok(())
}
