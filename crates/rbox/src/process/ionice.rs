//! ionice — run a command with another priority for disks, or show or change that of processes.
//!
//! Source: BusyBox 1.37; util-linux for class names, several processes and `-t`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "ionice",
    links: &["/bin/ionice"],
    usage: "\
ionice [-c CLASS] [-n LEVEL] [-t] { -p PID... | PROG ARGS }

Set or show the class and level by which processes get at disks.

  -c, --class=CLASS      0 none, 1 realtime, 2 best-effort, 3 idle
  -n, --classdata=LEVEL  0 (first) to 7
  -p, --pid=PID          Of running processes
  -t, --ignore           Run PROG even if it fails
",
    process: Process::New,
    run,
};

const CLASSES: [&str; 4] = ["none", "realtime", "best-effort", "idle"];

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let mut class = options.value('c').map(parse_class).transpose()?;
    let level = options.number('n')?;
    let level = match level {
        Some(level) if level > 7 => return Err(Error::message(format_args!("bad level {level}"))),
        level => level.map(|level| level as u32),
    };
    if level.is_some() && class.is_none() {
        class = Some(2);
    }
    // As the kernel has it, idle and none know no levels.
    let value = class.map(|class| (class, if matches!(class, 0 | 3) { 0 } else { level.unwrap_or(4) }));
    if let Some(first) = options.value('p') {
        for pid in std::iter::once(first).chain(options.operands().iter().map(OsString::as_os_str)) {
            let number = cli::options::number(pid)? as i32;
            match value {
                None => show(cx, number)?,
                Some((class, level)) => set(cx, &options, number, class, level)?,
            }
        }
        return Ok(());
    }
    if options.operands().is_empty() {
        return show(cx, 0);
    }
    if let Some((class, level)) = value {
        set(cx, &options, 0, class, level)?;
    }
    Err(cx.exec(options.operands()))
}

fn parse_class(text: &OsStr) -> Result<u32> {
    let text = text.to_string_lossy();
    let named = CLASSES.iter().position(|name| name.eq_ignore_ascii_case(&text));
    let class = named.or_else(|| text.parse().ok()).filter(|&class| class < CLASSES.len());
    class.map(|class| class as u32).ok_or_else(|| Error::message(format_args!("bad class '{text}'")))
}

fn show(cx: &mut Cx<'_>, pid: i32) -> Result {
    let (class, level) = sys::schedule::io_priority(pid).doing("ioprio_get")?;
    let name = CLASSES.get(class as usize).unwrap_or(&"unknown");
    if class == 3 {
        writeln!(cx.out, "{name}");
    } else {
        writeln!(cx.out, "{name}: prio {level}");
    }
    Ok(())
}

fn set(cx: &mut Cx<'_>, options: &Options, pid: i32, class: u32, level: u32) -> Result {
    match sys::schedule::set_io_priority(pid, class, level) {
        Err(error) if !options.has('t') => {
            cx.status = 1;
            Err(Error::io("ioprio_set", error))
        }
        _ => Ok(()),
    }
}
