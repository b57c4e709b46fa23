//! init — PID 1: boots by /etc/inittab, keeps processes running, reaps orphans, ends the system in order.
//!
//! *Source:* BusyBox 1.37 `init`. *Differs:* an end can be asked for while a boot step hangs; a process that ends at
//! once is started ever less often; every wait of the shutdown has a limit.
//!
//! It never ends and never panics: the kernel would. Start reading at `boot`.

#![cfg_attr(not(test), no_main)]

mod console;
mod inittab;
mod mounts;
mod shutdown;
mod signals;
mod supervise;

use std::ffi::OsString;
use std::fs;

use signals::{End, Signals};
use supervise::Init;

const INITTAB: &str = "/etc/inittab";

#[cfg(not(test))]
sys::start!(boot);

/// The whole life of the program. Returns only where it is not PID 1, or in a container that has ended.
#[cfg_attr(test, allow(dead_code))]
fn boot(arguments: Vec<OsString>) -> i32 {
    if std::process::id() != 1 {
        return not_first();
    }
    let signals = Signals::take();
    sys::process::refuse_exec_gain();
    let container = in_container();
    if !container {
        mounts::mount_early();
        console::take();
        sys::process::deliver_ctrl_alt_del();
    }
    let environment = environment();
    let single =
        arguments.iter().skip(1).any(|word| matches!(word.to_str(), Some("single" | "s" | "-s" | "S" | "1")));
    let entries = if single { inittab::single() } else { read_inittab() };
    let mut init = Init::new(signals, environment, entries);
    loop {
        let end = init.run();
        shutdown::stop(&mut init, container);
        if end == End::Restart {
            init.exec_restart();
            // Nothing could take this program's place, so it begins again.
            init.begin_again(read_inittab());
            continue;
        }
        shutdown::end_machine(end);
        if container {
            return 0;
        }
        // The kernel could not end the machine. Whoever sits at it is told, and can do so by hand.
        loop {
            init.signals.wait(None);
        }
    }
}

fn not_first() -> i32 {
    eprintln!(
        "init: is started by the kernel, as PID 1\n\
         To read {INITTAB} again: kill -HUP 1; to end the system: poweroff, reboot, halt"
    );
    1
}

/// The entries of the inittab; lines that make no sense are named on the console.
fn read_inittab() -> Vec<inittab::Entry> {
    let Ok(text) = fs::read(INITTAB) else { return inittab::fallback() };
    let (entries, problems) = inittab::parse(&text);
    for problem in problems {
        console::say(&format!("{INITTAB}: line {}: {}", problem.line, problem.what));
    }
    entries
}

/// What the processes get: the kernel's words or the container's variables, and defaults for what they lack.
fn environment() -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    // The kernel always says TERM=linux; each process gets what its terminal is.
    environment.retain(|(name, value)| name != "TERM" || value != "linux");
    for (name, value) in [
        ("HOME", "/"),
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("SHELL", "/bin/sh"),
        ("USER", "root"),
    ] {
        if !environment.iter().any(|(known, _)| known == name) {
            environment.push((name.into(), value.into()));
        }
    }
    environment
}

/// Whether this is PID 1 of a PID namespace other than the machine's.
///
/// Source: include/linux/proc_ns.h, PROC_PID_INIT_INO. Without /proc (none is mounted yet) it is the machine's.
fn in_container() -> bool {
    const MACHINES: &str = "pid:[4026531836]";
    fs::read_link("/proc/self/ns/pid").is_ok_and(|link| link.as_os_str() != MACHINES)
}
