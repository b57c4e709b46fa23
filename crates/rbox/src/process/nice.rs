//! nice and renice — run a command with another niceness, or change that of processes.
//!
//! Source: POSIX.1-2024 `nice`, `renice`; BusyBox 1.37 for `renice` without -n, which sets instead of adding.

use sys::schedule::{self, Target};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "nice",
        links: &["/bin/nice"],
        usage: "\
nice [-n ADJUST] [PROG ARGS]

Run PROG with the niceness changed by ADJUST (10), or print the niceness.

  -n, --adjustment=ADJUST  From -20 (first) to 19 (last)
",
        process: Process::New,
        run: nice,
    },
    Applet {
        name: "renice",
        links: &["/usr/bin/renice"],
        usage: "\
renice [-n] NICENESS [[-p|g|u] ID...]...

Set the niceness of running processes.

  -n   Add NICENESS to what it is
  -p   IDs are processes (default)
  -g   IDs are process groups
  -u   IDs are users
",
        process: Process::Fork,
        run: renice,
    },
];

fn nice(cx: &mut Cx<'_>) -> Result {
    cx.failure = 125;
    let mut args = cx.args.to_vec();
    // `-5` and `--5` are the old form of `-n 5` and `-n -5`.
    if let Some(text) = args.first().and_then(|first| first.to_str())
        && let Some(number) = text.strip_prefix('-')
        && number.parse::<i32>().is_ok()
    {
        args[0] = OsString::from(format!("-n{number}"));
    }
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::OptionsFirst)?;
    let now = schedule::niceness(Target::Process, 0).doing("getpriority")?;
    if options.operands().is_empty() {
        if options.value('n').is_some() {
            return Err(Error::usage(""));
        }
        writeln!(cx.out, "{now}");
        return Ok(());
    }
    let adjust = options.value('n').map_or(Ok(10), signed)?;
    let wanted = now.saturating_add(adjust).clamp(-20, 19);
    if let Err(error) = schedule::set_niceness(Target::Process, 0, wanted) {
        cx.report(Error::io("setpriority", error));
        return Err(Error::exit(125));
    }
    Err(cx.exec(options.operands()))
}

fn signed(text: &OsStr) -> Result<i32> {
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))
}

fn renice(cx: &mut Cx<'_>) -> Result {
    let mut args = cx.args.iter().peekable();
    let relative = args.next_if(|arg| *arg == "-n").is_some();
    let niceness = signed(args.next().ok_or_else(|| Error::usage(""))?)?;
    if args.peek().is_none() {
        return Err(Error::usage(""));
    }
    let mut target = Target::Process;
    for arg in args {
        match arg.as_bytes() {
            b"-p" | b"--pid" => target = Target::Process,
            b"-g" | b"--pgrp" => target = Target::Group,
            b"-u" | b"--user" => target = Target::User,
            _ => {
                if let Err(error) = change(target, arg, niceness, relative) {
                    cx.report(error);
                }
            }
        }
    }
    Ok(())
}

fn change(target: Target, id: &OsStr, niceness: i32, relative: bool) -> Result {
    let text = id.to_string_lossy();
    let number = match target {
        Target::User => posix::passwd::uid_of(id.as_bytes())
            .ok_or_else(|| Error::message(format_args!("unknown user {text}")))?,
        _ => text.parse().map_err(|_| Error::message(format_args!("invalid number '{text}'")))?,
    };
    let base =
        if relative { schedule::niceness(target, number).doing(&format!("getpriority {text}"))? } else { 0 };
    let wanted = base.saturating_add(niceness).clamp(-20, 19);
    schedule::set_niceness(target, number, wanted).doing(&format!("setpriority {text}"))
}
