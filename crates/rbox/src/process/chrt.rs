//! chrt and taskset — by which policy, and on which processors, a process runs.
//!
//! Source: BusyBox 1.37; sched(7).

use posix::procfs;
use sys::schedule::{self, Processors};

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "chrt",
        links: &["/usr/bin/chrt"],
        usage: "\
chrt -m | -p [PRIO] PID | [-rfobi] PRIO PROG ARGS

Set or show the policy and priority by which a process is scheduled.

  -m, --max    Print the lowest and highest priorities
  -p, --pid    Of a running process
  -r, --rr     Policy SCHED_RR (default)
  -f, --fifo   Policy SCHED_FIFO
  -o, --other  Policy SCHED_OTHER
  -b, --batch  Policy SCHED_BATCH
  -i, --idle   Policy SCHED_IDLE
",
        process: Process::New,
        run: chrt,
    },
    Applet {
        name: "taskset",
        links: &["/usr/bin/taskset"],
        usage: "\
taskset [-ap] [HEXMASK | -c LIST] { PID | PROG ARGS }

Set or show on which processors a process may run.

  -p, --pid        Of a running process
  -a, --all-tasks  Of all its threads
  -c, --cpu-list   Processors as a list (0,2-4) instead of a mask
",
        process: Process::New,
        run: taskset,
    },
];

const POLICIES: [(i32, &str, char); 5] = [
    (schedule::OTHER, "SCHED_OTHER", 'o'),
    (schedule::FIFO, "SCHED_FIFO", 'f'),
    (schedule::ROUND_ROBIN, "SCHED_RR", 'r'),
    (schedule::BATCH, "SCHED_BATCH", 'b'),
    (schedule::IDLE, "SCHED_IDLE", 'i'),
];
/// SCHED_RESET_ON_FORK, which may be set in what the kernel reports.
const RESET_ON_FORK: i32 = 0x4000_0000;

fn chrt(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    if options.has('m') {
        for (policy, name, _) in POLICIES {
            let (min, max) = schedule::priority_range(policy).doing("sched_get_priority")?;
            writeln!(cx.out, "{name} min/max priority\t: {min}/{max}");
        }
        return Ok(());
    }
    let letter = options.last_of("rfobi");
    let policy = POLICIES
        .iter()
        .find(|(.., known)| Some(*known) == letter)
        .map_or(schedule::ROUND_ROBIN, |(policy, ..)| *policy);
    let operands = options.operands();
    if !options.has('p') {
        options.expect_operands(2, usize::MAX)?;
        set_policy(0, policy, &operands[0])?;
        return Err(cx.exec(&operands[1..]));
    }
    let (priority, pid) = match operands {
        [pid] => (None, pid),
        [priority, pid] => (Some(priority), pid),
        _ => return Err(Error::usage("")),
    };
    let pid = number(pid)?;
    show_policy(cx, pid, "current")?;
    if let Some(priority) = priority {
        set_policy(pid, policy, priority)?;
        show_policy(cx, pid, "new")?;
    }
    Ok(())
}

fn number(text: &OsStr) -> Result<i32> {
    let number = text.to_str().and_then(|text| text.parse::<i32>().ok()).filter(|&number| number >= 0);
    number.ok_or_else(|| Error::message(format_args!("invalid number '{}'", text.display())))
}

fn show_policy(cx: &mut Cx<'_>, pid: i32, which: &str) -> Result {
    let (policy, priority) = schedule::policy(pid).doing(&format!("can't get pid {pid}'s policy"))?;
    let name = POLICIES
        .iter()
        .find(|(known, ..)| *known == policy & !RESET_ON_FORK)
        .map_or("UNKNOWN", |(_, name, _)| name);
    writeln!(cx.out, "pid {pid}'s {which} scheduling policy: {name}");
    writeln!(cx.out, "pid {pid}'s {which} scheduling priority: {priority}");
    Ok(())
}

fn set_policy(pid: i32, policy: i32, priority: &OsStr) -> Result {
    schedule::set_policy(pid, policy, number(priority)?).doing(&format!("can't set pid {pid}'s policy"))
}

fn taskset(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    let operands = options.operands();
    let listed = options.has('c');
    if !options.has('p') {
        options.expect_operands(2, usize::MAX)?;
        let set = parse_set(&operands[0], listed)?;
        schedule::set_affinity(0, &set).doing("can't set pid 0's affinity")?;
        return Err(cx.exec(&operands[1..]));
    }
    let (set, pid) = match operands {
        [pid] => (None, pid),
        [set, pid] => (Some(parse_set(set, listed)?), pid),
        _ => return Err(Error::usage("")),
    };
    let pid = number(pid)?;
    let threads = if options.has('a') { procfs::threads(pid) } else { vec![pid] };
    for thread in threads {
        show_set(cx, thread, "current", listed)?;
        if let Some(set) = &set {
            schedule::set_affinity(thread, set).doing(&format!("can't set pid {thread}'s affinity"))?;
            show_set(cx, thread, "new", listed)?;
        }
    }
    Ok(())
}

fn show_set(cx: &mut Cx<'_>, pid: i32, which: &str, listed: bool) -> Result {
    let set = schedule::affinity(pid).doing(&format!("can't get pid {pid}'s affinity"))?;
    let (kind, text) = if listed { ("list", list_text(&set)) } else { ("mask", mask_text(&set)) };
    writeln!(cx.out, "pid {pid}'s {which} affinity {kind}: {text}");
    Ok(())
}

fn mask_text(set: &Processors) -> String {
    let mut text = String::new();
    for word in set.iter().rev() {
        if text.is_empty() {
            if *word != 0 {
                text = format!("{word:x}");
            }
        } else {
            text += &format!("{word:016x}");
        }
    }
    if text.is_empty() { "0".to_string() } else { text }
}

fn has(set: &Processors, processor: usize) -> bool {
    set.get(processor / 64).is_some_and(|word| word >> (processor % 64) & 1 == 1)
}

fn list_text(set: &Processors) -> String {
    let mut parts = Vec::new();
    let mut next = 0;
    let count = set.len() * 64;
    while next < count {
        if !has(set, next) {
            next += 1;
            continue;
        }
        let first = next;
        while has(set, next) {
            next += 1;
        }
        parts.push(if next - first == 1 { first.to_string() } else { format!("{first}-{}", next - 1) });
    }
    parts.join(",")
}

/// A hexadecimal mask, or a list of processors and ranges with steps (0-6:2).
fn parse_set(text: &OsStr, listed: bool) -> Result<Processors> {
    let text = text.to_string_lossy();
    let set = if listed { parse_list(&text) } else { parse_mask(&text) };
    set.ok_or_else(|| Error::message(format_args!("bad affinity '{text}'")))
}

fn parse_mask(text: &str) -> Option<Processors> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mut set: Processors = [0; 16];
    if digits.is_empty() || digits.len() > set.len() * 16 {
        return None;
    }
    for (index, digit) in digits.chars().rev().enumerate() {
        set[index / 16] |= u64::from(digit.to_digit(16)?) << (index % 16 * 4);
    }
    Some(set)
}

fn parse_list(text: &str) -> Option<Processors> {
    let mut set: Processors = [0; 16];
    for item in text.split(',') {
        let (range, step) = item.split_once(':').unwrap_or((item, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        let step = step.parse().ok().filter(|&step: &usize| step > 0)?;
        if last < first || last >= set.len() * 64 {
            return None;
        }
        for processor in (first..=last).step_by(step) {
            set[processor / 64] |= 1 << (processor % 64);
        }
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        for (text, expected) in [
            ("0", Some("0")),
            ("0,2-4", Some("0,2-4")),
            ("0-6:2", Some("0,2,4,6")),
            ("63-65", Some("63-65")),
            ("4-2", None),
            ("1024", None),
            ("x", None),
            ("", None),
            ("1:0", None),
        ] {
            assert_eq!(parse_list(text).map(|set| list_text(&set)).as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("3", Some("3")),
            ("0xF0", Some("f0")),
            ("10000000000000000", Some("10000000000000000")),
            ("", None),
            ("g", None),
        ] {
            assert_eq!(parse_mask(text).map(|set| mask_text(&set)).as_deref(), expected, "{text}");
        }
    }
}
