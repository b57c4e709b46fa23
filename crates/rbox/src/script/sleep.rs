//! sleep and usleep — pause for a time.
//!
//! Source: POSIX.1-2024 `sleep`; BusyBox 1.37 for fractions, suffixes and several operands; coreutils for "infinity".

use std::time::Duration;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "sleep",
        links: &["/bin/sleep"],
        usage: "\
sleep N[smhd]...

Pause for the sum of the given times: seconds, minutes, hours or days, also as
fractions, or 'infinity'.
",
        process: Process::New,
        run: sleep,
    },
    Applet {
        name: "usleep",
        links: &["/bin/usleep"],
        usage: "usleep N\n\nPause for N microseconds.\n",
        process: Process::New,
        run: usleep,
    },
];

fn sleep(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let mut total = Duration::ZERO;
    for operand in options.operands() {
        let length = match operand.as_bytes() {
            b"inf" | b"infinity" => Some(Duration::MAX),
            text => posix::number::duration(text),
        };
        let length = length.ok_or_else(|| invalid(operand))?;
        total = total.saturating_add(length);
    }
    sys::clock::sleep(total);
    Ok(())
}

fn usleep(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(1, 1)?;
    let micros = cli::options::number(&options.operands()[0])?;
    sys::clock::sleep(Duration::from_micros(micros));
    Ok(())
}

#[cold]
fn invalid(operand: &OsStr) -> Error {
    Error::message(format_args!("invalid number '{}'", operand.display()))
}
