//! halt, poweroff, reboot — end the system, by init or at once.
//!
//! Source: BusyBox 1.37 `halt`; reboot(2).

use std::fs;
use std::time::Duration;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "halt",
        links: &["/sbin/halt"],
        usage: "\
halt [-d DELAY] [-nfw]

Halt the system

  -d SEC  Delay interval
  -n      Do not sync
  -f      Force (don't go through init)
  -w      Only write a wtmp record
",
        process: Process::New,
        run: halt,
    },
    Applet {
        name: "poweroff",
        links: &["/sbin/poweroff"],
        usage: "\
poweroff [-d DELAY] [-nfw]

Halt and shut off power

  -d SEC  Delay interval
  -n      Do not sync
  -f      Force (don't go through init)
  -w      Only write a wtmp record
",
        process: Process::New,
        run: poweroff,
    },
    Applet {
        name: "reboot",
        links: &["/sbin/reboot"],
        usage: "\
reboot [-d DELAY] [-nfw]

Reboot the system

  -d SEC  Delay interval
  -n      Do not sync
  -f      Force (don't go through init)
  -w      Only write a wtmp record
",
        process: Process::New,
        run: reboot,
    },
];

/// One way to end: init's signal for it, and reboot(2)'s number.
struct Way {
    signal: i32,
    command: i32,
}

fn halt(cx: &mut Cx<'_>) -> Result {
    end(cx, &Way { signal: sys::power::SIGNAL_HALT, command: sys::power::HALT })
}

fn poweroff(cx: &mut Cx<'_>) -> Result {
    end(cx, &Way { signal: sys::power::SIGNAL_POWER_OFF, command: sys::power::POWER_OFF })
}

fn reboot(cx: &mut Cx<'_>) -> Result {
    end(cx, &Way { signal: sys::power::SIGNAL_REBOOT, command: sys::power::REBOOT })
}

fn end(cx: &mut Cx<'_>, way: &Way) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    if options.has('w') {
        return Ok(()); // there is no wtmp to write
    }
    let delay = options.number('d')?.unwrap_or(0);
    if sys::user::effective_id() != 0 {
        return Err(Error::message("permission denied (are you root?)"));
    }
    std::thread::sleep(Duration::from_secs(delay));
    if !options.has('n') {
        sys::power::sync();
    }
    if options.has('f') {
        return Err(Error::io(cx.name.to_string(), sys::process::reboot(way.command)));
    }
    sys::kill::send(init_pid(), way.signal).doing("can't signal init")
}

/// init is process 1, or in a rescue shell of the initramfs a process of that name.
fn init_pid() -> i32 {
    let is_init = |pid: &str| fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"init\n");
    if is_init("1") {
        return 1;
    }
    let mut pids: Vec<i32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| is_init(&pid.to_string()))
        .collect();
    pids.sort_unstable();
    pids.first().copied().unwrap_or(1)
}
