//! echo — print the arguments.
//!
//! Source: POSIX.1-2024 `echo`; BusyBox 1.37 for `-n`, `-e` and `-E`. `--help` is text to print, so there is no usage.

use crate::prelude::*;

pub(crate) const APPLET: Applet =
    Applet { name: "echo", links: &["/bin/echo"], usage: "", process: Process::Same, run };

fn run(cx: &mut Cx<'_>) -> Result {
    let args: Vec<&[u8]> = cx.args.iter().map(|arg| arg.as_bytes()).collect();
    let mut text = Vec::new();
    posix::printf::echo(&args, &mut text);
    cx.out.write(&text);
    Ok(())
}
