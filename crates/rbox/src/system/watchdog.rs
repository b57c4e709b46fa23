//! watchdog — keep the hardware's watchdog from resetting the machine.
//!
//! Source: BusyBox 1.37; the kernel's watchdog-api.

use std::fs::OpenOptions;
use std::time::Duration;

use sys::signal_wait::Set;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "watchdog",
    links: &["/sbin/watchdog"],
    usage: "\
watchdog [-F] [-t N[ms]] [-T N[ms]] DEVICE

Write to DEVICE regularly, so that the machine is not reset.

  -T N  Reset the machine after N seconds (60) without a write
  -t N  Write every N seconds (30)
  -F    Stay in the foreground
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    const STOPS: [i32; 4] = [1, 2, 3, 15];
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let path = Path::new(&options.operands()[0]);
    let pause = time(options.value('t'), 30_000)?;
    let limit = time(options.value('T'), 60_000)?;
    if limit < Duration::from_secs(1) {
        return Err(Error::message("the time to a reset must be a second or more"));
    }
    let mut device = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))?;
    // Some drivers start when they are opened and know neither request.
    let _ = sys::watchdog::enable(&device);
    let seconds = i32::try_from(limit.as_secs()).unwrap_or(i32::MAX);
    let _ = sys::watchdog::set_timeout(&device, seconds);
    if let Ok(actual) = sys::watchdog::timeout(&device)
        && actual != seconds
    {
        cx.warn(&format!("the device resets after {actual} seconds"));
    }
    if !options.has('F') {
        sys::daemon::detach().doing("daemon")?;
    }
    let stops = Set::of(&STOPS);
    stops.block();
    loop {
        device.write_all(b"\0").at(path)?;
        if stops.wait(Some(pause)).is_some() {
            // This letter before closing says that it is meant.
            return device.write_all(b"V").at(path);
        }
    }
}

/// Seconds, or milliseconds with `ms` behind.
fn time(text: Option<&OsStr>, default_ms: u64) -> Result<Duration> {
    let Some(text) = text else { return Ok(Duration::from_millis(default_ms)) };
    let length = match text.as_bytes().strip_suffix(b"ms") {
        Some(digits) => cli::options::number(OsStr::from_bytes(digits)).ok().map(Duration::from_millis),
        None => posix::number::duration(text.as_bytes()),
    };
    length.ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))
}
