//! pwdx — print the working directories of processes.
//!
//! Source: BusyBox 1.37; procps.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "pwdx",
    links: &["/usr/bin/pwdx"],
    usage: "pwdx PID...\n\nPrint the working directories of processes.\n",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        // Both "7" and "/proc/7" name a process.
        let text = operand.to_string_lossy();
        let digits = text.strip_prefix("/proc/").unwrap_or(&text);
        let Some(pid) = digits.parse::<u32>().ok().filter(|&pid| pid > 0) else {
            return Err(Error::message(format_args!("invalid process id: '{text}'")));
        };
        match std::fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(path) => {
                write!(cx.out, "{text}: ");
                cx.out.write(path.as_os_str().as_bytes());
                cx.out.write(b"\n");
            }
            Err(error) => {
                let reason = match error.kind() {
                    io::ErrorKind::NotFound => "No such process".to_string(),
                    _ => sys::error::text(&error),
                };
                writeln!(cx.out, "{text}: {reason}");
                cx.status = 1;
            }
        }
    }
    Ok(())
}
