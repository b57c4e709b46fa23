//! printf — print arguments by a format.
//!
//! Source: POSIX.1-2024 `printf`; BusyBox 1.37 for the messages.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "printf",
    links: &["/usr/bin/printf"],
    usage: "\
printf FORMAT [ARG]...

Print the ARGs as FORMAT says, again and again until none is left. FORMAT has
the conversions of C (%d %i %o %u %x %X %c %s %e %f %g %a), %b for text with
escapes, and the escapes \\\\ \\a \\b \\c \\e \\f \\n \\r \\t \\v \\NNN \\xHH.
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let mut args: Vec<&[u8]> = cx.args.iter().map(|arg| arg.as_bytes()).collect();
    if args.first() == Some(&&b"--"[..]) {
        args.remove(0);
    }
    let Some((format, args)) = args.split_first() else { return Err(Error::usage("")) };
    let mut text = Vec::new();
    let mut messages = Vec::new();
    posix::printf::printf(format, args, &mut text, &mut |message| messages.push(message.to_string()));
    cx.out.write(&text);
    for message in messages {
        cx.report(Error::message(message));
    }
    Ok(())
}
