//! setarch, linux32 and linux64 — run a command as on another kind of machine.
//!
//! Source: BusyBox 1.37; personality(2); util-linux for a machine's name as the personality.

use crate::prelude::*;

const USAGE_32: &str = "linux32 [-R] PROG ARGS\n\nRun PROG as on a 32-bit machine.\n\n  -R, --addr-no-randomize  Addresses are not randomized\n";
const USAGE_64: &str = "linux64 [-R] PROG ARGS\n\nRun PROG as on a 64-bit machine.\n\n  -R, --addr-no-randomize  Addresses are not randomized\n";

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "setarch",
        links: &["/bin/setarch"],
        usage: "\
setarch PERSONALITY [-R] PROG ARGS

Run PROG as on another kind of machine: linux32, linux64, or its name.

  -R, --addr-no-randomize  Addresses are not randomized
",
        process: Process::New,
        run,
    },
    Applet { name: "linux32", links: &["/bin/linux32"], usage: USAGE_32, process: Process::New, run },
    Applet { name: "linux64", links: &["/bin/linux64"], usage: USAGE_64, process: Process::New, run },
];

const LINUX64: u32 = 0;
const LINUX32: u32 = 8;
const NO_RANDOMIZE: u32 = 0x004_0000;

fn run(cx: &mut Cx<'_>) -> Result {
    let mut name = cx.applet.name.to_string();
    if name == "setarch" {
        let Some((first, rest)) = cx.args.split_first() else { return Err(Error::usage("")) };
        name = first.to_string_lossy().into_owned();
        cx.args = rest;
    }
    let personality = match name.as_str() {
        "linux32" | "i386" | "i486" | "i586" | "i686" | "arm" | "armv7l" | "armv8l" => LINUX32,
        "linux64" | "x86_64" | "aarch64" => LINUX64,
        _ => return Err(Error::usage(format_args!("unknown personality '{name}'"))),
    };
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let flags = if options.has('R') { NO_RANDOMIZE } else { 0 };
    sys::schedule::personality(personality | flags).doing(&format!("personality 0x{personality:x}"))?;
    Err(cx.exec(options.operands()))
}
