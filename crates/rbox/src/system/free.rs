//! free — print how much memory is used and free.
//!
//! *Source:* BusyBox 1.37 for the layout; procps for `-t`, `-w`-less columns and `-s`/`-c`.
//!
//! *Differs:* under a control group's limit the first line has the limit and use of the group, so that it is right in
//! a container.

use std::time::Duration;

use posix::procfs;

use super::cgroup;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "free",
    links: &["/usr/bin/free"],
    usage: "\
free [-bkmgh] [-t] [-s SECS [-c N]]

Print how much memory is used and free.

  -b, --bytes         In bytes
  -k, --kibi          In KiB (default)
  -m, --mebi          In MiB
  -g, --gibi          In GiB
  -h, --human         In what is readable
  -t, --total         With a line of sums
  -s, --seconds=SECS  Again and again
  -c, --count=N       N times
",
    process: Process::Same,
    run,
};

/// In KiB.
#[derive(Default, Debug, PartialEq, Eq, Clone, Copy)]
struct Memory {
    total: u64,
    used: u64,
    free: u64,
    shared: u64,
    cached: u64,
    available: u64,
    swap_total: u64,
    swap_free: u64,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let unit = options.last_of("bkmgh").unwrap_or('k');
    let pause = options
        .value('s')
        .map(|text| posix::number::duration(text.as_bytes()).ok_or_else(|| Error::message("invalid number")));
    let pause = pause.transpose()?;
    let count = options.number('c')?.unwrap_or(if pause.is_some() { u64::MAX } else { 1 });
    for round in 0..count {
        if round > 0 {
            cx.out.write(b"\n");
            cx.out.flush();
            sys::clock::sleep(pause.unwrap_or(Duration::from_secs(1)));
        }
        let text = std::fs::read("/proc/meminfo").at("/proc/meminfo")?;
        let mut memory = Memory::parse(&text);
        if let Some((limit, used)) = cgroup::memory() {
            memory.limit(limit / 1024, used / 1024);
        }
        print(cx, &memory, unit, options.has('t'));
        if cx.out.failed() {
            break;
        }
    }
    Ok(())
}

impl Memory {
    fn parse(text: &[u8]) -> Memory {
        let value = |name: &str| procfs::number(text, name).unwrap_or(0);
        let cached = value("Buffers:") + value("Cached:") + value("SReclaimable:");
        let (total, free) = (value("MemTotal:"), value("MemFree:"));
        let available = procfs::number(text, "MemAvailable:").unwrap_or(free + cached);
        Memory {
            total,
            free,
            used: total.saturating_sub(free + cached),
            shared: value("Shmem:"),
            cached,
            available: available.min(total),
            swap_total: value("SwapTotal:"),
            swap_free: value("SwapFree:"),
        }
    }

    /// Narrows the figures to a group that may use `limit` and uses `used`.
    fn limit(&mut self, limit: u64, used: u64) {
        if limit >= self.total {
            return;
        }
        self.total = limit;
        self.cached = self.cached.min(used);
        self.used = used.min(limit);
        self.free = (limit - self.used).min(self.free);
        self.available = self.available.min(limit - self.used);
    }
}

fn print(cx: &mut Cx<'_>, memory: &Memory, unit: char, sums: bool) {
    let shown = |kib: u64| in_unit(kib, unit);
    let gap = " ".repeat(14);
    writeln!(cx.out, "{gap}total        used        free      shared  buff/cache   available");
    let mut line = |name: &str, values: &[u64]| {
        write!(cx.out, "{name:<7}");
        for value in values {
            write!(cx.out, " {:>11}", shown(*value));
        }
        cx.out.write(b"\n");
    };
    line("Mem:", &[memory.total, memory.used, memory.free, memory.shared, memory.cached, memory.available]);
    let swap_used = memory.swap_total.saturating_sub(memory.swap_free);
    line("Swap:", &[memory.swap_total, swap_used, memory.swap_free]);
    if sums {
        line(
            "Total:",
            &[memory.total + memory.swap_total, memory.used + swap_used, memory.free + memory.swap_free],
        );
    }
}

fn in_unit(kib: u64, unit: char) -> String {
    let rounded = |divisor: u64| ((kib + divisor / 2) / divisor).to_string();
    match unit {
        'b' => (kib * 1024).to_string(),
        'm' => rounded(1 << 10),
        'g' => rounded(1 << 20),
        'h' => human(kib),
        _ => kib.to_string(),
    }
}

/// With one decimal and a unit: "23.5G", "0".
fn human(kib: u64) -> String {
    if kib == 0 {
        return "0".to_string();
    }
    let mut tenths = kib * 10;
    let mut index = 0;
    while tenths >= 10_240 && index < 3 {
        tenths = (tenths + 512) / 1024;
        index += 1;
    }
    format!("{}.{}{}", tenths / 10, tenths % 10, char::from(b"KMGT"[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        let text = b"MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 700 kB\nBuffers: 10 kB\nCached: 200 kB\nShmem: 5 kB\nSReclaimable: 40 kB\n";
        let mut memory = Memory::parse(text);
        assert_eq!((memory.used, memory.cached, memory.available), (450, 250, 700));
        memory.limit(400, 100);
        assert_eq!((memory.total, memory.used, memory.free, memory.available), (400, 100, 300, 300));
        for (kib, unit, expected) in [
            (1536, 'b', "1572864"),
            (1536, 'm', "2"),
            (1 << 20, 'g', "1"),
            (24_684_096, 'h', "23.5G"),
            (1023, 'h', "1023.0K"),
            (0, 'h', "0"),
        ] {
            assert_eq!(in_unit(kib, unit), expected);
        }
    }
}
