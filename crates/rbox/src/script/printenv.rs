//! printenv — print variables of the environment.
//!
//! Source: BusyBox 1.37; coreutils for `-0`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "printenv",
    links: &["/bin/printenv"],
    usage: "\
printenv [-0] [NAME]...

Print the values of the variables, or the whole environment. The exit status is
1 if one is not set.

  -0, --null  End with a NUL instead of a newline
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let end: &[u8] = if options.has('0') { b"\0" } else { b"\n" };
    if options.operands().is_empty() {
        for (name, value) in std::env::vars_os() {
            cx.out.write(name.as_bytes());
            cx.out.write(b"=");
            cx.out.write(value.as_bytes());
            cx.out.write(end);
        }
    }
    for name in options.operands() {
        // A name with '=' in it cannot be a variable's.
        let value = if name.as_bytes().contains(&b'=') { None } else { std::env::var_os(name) };
        match value {
            Some(value) => {
                cx.out.write(value.as_bytes());
                cx.out.write(end);
            }
            None => cx.status = 1,
        }
    }
    Ok(())
}
