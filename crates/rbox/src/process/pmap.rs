//! pmap — print what the memory of processes consists of.
//!
//! Source: BusyBox 1.37; proc_pid_maps(5), proc_pid_smaps(5).

use std::fs;

use posix::procfs;

use crate::prelude::*;
use posix::procfs::printable;

pub(crate) const APPLET: Applet = Applet {
    name: "pmap",
    links: &["/usr/bin/pmap"],
    usage: "\
pmap [-xq] PID...

Print the parts of the memory of processes.

  -x, --extended  How much of it is used, too
  -q, --quiet     No sums
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        let pid = cli::options::number(operand)?;
        if show(&mut cx.out, pid, options.has('x'), options.has('q')).is_err() {
            // As procps: the status says that a process was not there.
            cx.status = 42;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Part {
    start: u64,
    size_kib: u64,
    /// Shared out among those who use it, written and not yet on disk, swapped; in KiB.
    used: [u64; 3],
    mode: String,
    name: String,
}

fn show(out: &mut Output, pid: u64, extended: bool, quiet: bool) -> io::Result<()> {
    let number = i32::try_from(pid).unwrap_or(0);
    let mut command = procfs::command_line(number);
    while command.last() == Some(&0) {
        command.pop();
    }
    if command.is_empty() {
        let name = procfs::Stat::of(number).map(|stat| printable(&stat.name));
        writeln!(out, "{pid}: [{}]", name.as_deref().unwrap_or("?"));
    } else {
        let line: Vec<u8> = command.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect();
        writeln!(out, "{pid}: {}", printable(&line));
    }
    let file = if extended { "smaps" } else { "maps" };
    let text = fs::read(format!("/proc/{pid}/{file}"))?;
    if extended && !quiet {
        out.write(b"Address\t\t  Kbytes     PSS   Dirty    Swap  Mode  Mapping\n");
    }
    let mut total = Part::default();
    let mut part: Option<Part> = None;
    for line in text.split(|&byte| byte == b'\n') {
        let line = printable(line);
        if let Some(next) = parse(&line) {
            print(out, part.as_ref(), extended);
            total.size_kib += next.size_kib;
            part = Some(next);
        } else if let Some(part) = &mut part {
            let mut words = line.split_ascii_whitespace();
            let column = match words.next() {
                Some("Pss:") => 0,
                Some("Private_Dirty:" | "Shared_Dirty:") => 1,
                Some("Swap:") => 2,
                _ => continue,
            };
            let kib = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            part.used[column] += kib;
            total.used[column] += kib;
        }
    }
    print(out, part.as_ref(), extended);
    if !quiet {
        let Part { size_kib, used: [pss, dirty, swap], .. } = total;
        if extended {
            out.write(b"----------------  ------  ------  ------  ------\n");
            writeln!(out, "total\t\t {size_kib:7} {pss:7} {dirty:7} {swap:7}");
        } else {
            writeln!(out, "mapped: {size_kib}K");
        }
    }
    Ok(())
}

/// `START-END MODE OFFSET DEVICE INODE [NAME]`
fn parse(line: &str) -> Option<Part> {
    let mut rest = line;
    let mut word = || {
        let (word, behind) = rest.split_once(' ')?;
        rest = behind.trim_start();
        Some(word)
    };
    let (start, end) = word()?.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let end = u64::from_str_radix(end, 16).ok()?;
    let mode = word()?.to_string();
    word()?;
    word()?;
    // The inode's number is the last word where there is no name.
    let name = word().map_or("", |_| rest).trim();
    let name = if name.is_empty() { "  [ anon ]" } else { name };
    Some(Part {
        start,
        size_kib: end.saturating_sub(start) / 1024,
        mode,
        name: name.to_string(),
        ..Part::default()
    })
}

fn print(out: &mut Output, part: Option<&Part>, extended: bool) {
    let Some(Part { start, size_kib, used: [pss, dirty, swap], mode, name }) = part else { return };
    if extended {
        writeln!(out, "{start:016x} {size_kib:7} {pss:7} {dirty:7} {swap:7}  {mode}  {name}");
    } else {
        writeln!(out, "{start:016x} {size_kib:7}K {mode}  {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_maps() {
        for (line, expected) in [
            ("7fc0a0d5d000-7fc0a0db4000 r--p 00000000 fe:00 272 /usr/a b", Some(("r--p", "/usr/a b", 348))),
            ("7ffc000-7ffd000 rw-p 00000000 00:00 0 ", Some(("rw-p", "  [ anon ]", 4))),
            ("7ffc000-7ffd000 rw-p 00000000 00:00 0", Some(("rw-p", "  [ anon ]", 4))),
            ("Size:                  8 kB", None),
            ("", None),
        ] {
            let part = parse(line);
            let found = part.as_ref().map(|part| (part.mode.as_str(), part.name.as_str(), part.size_kib));
            assert_eq!(found, expected, "{line}");
        }
    }
}
