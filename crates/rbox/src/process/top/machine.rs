//! machine — the figures of the whole machine: processor times, memory, load.
//!
//! Source: proc(5).

use std::fs;

use posix::procfs;

/// Ticks since the boot, in the order of /proc/stat: user, nice, system, idle, io, irq, softirq, steal.
pub(super) type Ticks = [u64; 8];

pub(super) struct Machine {
    pub(super) all: Ticks,
    pub(super) each: Vec<Ticks>,
    /// /proc/meminfo.
    memory: Vec<u8>,
    /// The line of /proc/loadavg.
    pub(super) load: String,
}

impl Machine {
    pub(super) fn now() -> Machine {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let mut machine = Machine {
            all: [0; 8],
            each: Vec::new(),
            memory: fs::read("/proc/meminfo").unwrap_or_default(),
            load: fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_string(),
        };
        for line in stat.lines() {
            let Some((name, numbers)) = line.split_once(' ') else { continue };
            match name.strip_prefix("cpu") {
                Some("") => machine.all = ticks(numbers),
                Some(_) => machine.each.push(ticks(numbers)),
                None => break,
            }
        }
        machine
    }

    /// A line of /proc/meminfo in KiB, 0 if it is not there.
    pub(super) fn kib(&self, name: &str) -> u64 {
        procfs::number(&self.memory, name).unwrap_or(0)
    }
}

fn ticks(text: &str) -> Ticks {
    let mut ticks = [0; 8];
    for (tick, number) in ticks.iter_mut().zip(text.split_ascii_whitespace()) {
        *tick = number.parse().unwrap_or(0);
    }
    ticks
}

/// How many ticks of each kind passed, and of all kinds.
pub(super) fn passed(before: &Ticks, after: &Ticks) -> (Ticks, u64) {
    let mut ticks = [0; 8];
    for (tick, (before, after)) in ticks.iter_mut().zip(before.iter().zip(after)) {
        // Counts of idle and io may go back.
        *tick = after.saturating_sub(*before);
    }
    (ticks, ticks.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(ticks(" 1 2 3 4 5 6 7 8 9 10"), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(ticks("1 x"), [1, 0, 0, 0, 0, 0, 0, 0]);
        let (ticks, all) = passed(&[1, 1, 1, 9, 0, 0, 0, 0], &[4, 1, 2, 8, 0, 0, 0, 0]);
        assert_eq!((ticks[0], ticks[2], ticks[3], all), (3, 1, 0, 4));
    }
}
