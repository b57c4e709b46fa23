//! view — from two samples to the lines of a picture.

use posix::procfs;

use super::super::common::{self, Names, PAGE_KIB};
use super::machine::{self, Ticks};
use super::{Row, Sample};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Number,
    Memory,
    Processor,
    Time,
}

pub(super) struct View {
    pub(super) memory: bool,
    pub(super) threads: bool,
    pub(super) reversed: bool,
    pub(super) each_processor: bool,
    order: Order,
    names: Names,
}

impl View {
    pub(super) fn new(memory: bool, threads: bool) -> View {
        View {
            memory,
            threads,
            reversed: false,
            each_processor: false,
            order: Order::Processor,
            names: Names::default(),
        }
    }

    pub(super) fn sort(&mut self, order: Order) {
        self.order = order;
    }

    /// The lines for a screen of columns and rows; None: all processes, whole lines.
    pub(super) fn lines(
        &mut self,
        before: &Sample,
        now: &Sample,
        size: Option<(usize, usize)>,
    ) -> Vec<String> {
        let (_, ticks) = machine::passed(&before.machine.all, &now.machine.all);
        let mut old: Vec<&Row> = before.rows.iter().collect();
        old.sort_unstable_by_key(|row| row.stat.pid);
        let used = |row: &Row| match old.binary_search_by_key(&row.stat.pid, |old| old.stat.pid) {
            Ok(place) => row.stat.ticks().saturating_sub(old[place].stat.ticks()),
            Err(_) => 0,
        };
        let mut rows: Vec<(u64, &Row)> = now.rows.iter().map(|row| (used(row), row)).collect();
        let by_memory = self.memory && self.order == Order::Processor;
        rows.sort_by(|(left_used, left), (right_used, right)| {
            let memory = |row: &Row| row.stat.resident_pages;
            let order = match self.order {
                _ if by_memory => memory(right).cmp(&memory(left)),
                Order::Number => right.stat.pid.cmp(&left.stat.pid),
                Order::Memory => memory(right).cmp(&memory(left)),
                Order::Processor => right_used.cmp(left_used).then(memory(right).cmp(&memory(left))),
                Order::Time => right.stat.ticks().cmp(&left.stat.ticks()),
            };
            if self.reversed { order.reverse() } else { order }
        });
        let mut lines = self.head(before, now);
        if let Some((_, height)) = size {
            rows.truncate(height.saturating_sub(lines.len()));
        }
        for (used, row) in rows {
            let line =
                if self.memory { memory_line(row) } else { self.processor_line(row, used, ticks, now) };
            lines.push(line);
        }
        if let Some((width, _)) = size {
            for line in &mut lines {
                *line = line.chars().take(width).collect();
            }
        }
        lines
    }

    fn head(&self, before: &Sample, now: &Sample) -> Vec<String> {
        let machine = &now.machine;
        let total = machine.kib("MemTotal:");
        let free = machine.kib("MemFree:");
        if self.memory {
            return vec![
                format!(
                    "Mem total:{total} anon:{} map:{} free:{free}",
                    machine.kib("AnonPages:"),
                    machine.kib("Mapped:")
                ),
                format!(
                    " slab:{} buf:{} cache:{} dirty:{} write:{}",
                    machine.kib("Slab:"),
                    machine.kib("Buffers:"),
                    machine.kib("Cached:"),
                    machine.kib("Dirty:"),
                    machine.kib("Writeback:")
                ),
                format!("Swap total:{} free:{}", machine.kib("SwapTotal:"), machine.kib("SwapFree:")),
                "  PID   VSZ   RSS (SHR) SWAP STACK COMMAND".to_string(),
            ];
        }
        let mut lines = vec![format!(
            "Mem: {}K used, {free}K free, {}K shrd, {}K buff, {}K cached",
            total.saturating_sub(free),
            machine.kib("Shmem:"),
            machine.kib("Buffers:"),
            machine.kib("Cached:")
        )];
        if self.each_processor {
            for (index, (old, new)) in before.machine.each.iter().zip(&machine.each).enumerate() {
                lines.push(processor_line(&format!("CPU{index}:"), old, new));
            }
        } else {
            lines.push(processor_line("CPU:", &before.machine.all, &machine.all));
        }
        lines.push(format!("Load average: {}", machine.load));
        lines.push("  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND".to_string());
        lines
    }

    fn processor_line(&mut self, row: &Row, used: u64, ticks: u64, now: &Sample) -> String {
        let stat = &row.stat;
        let user = match procfs::Ids::of(row.process) {
            Some(ids) => self.names.user(ids.user),
            None => "?".to_string(),
        };
        let user: String = user.chars().take(8).collect();
        let mut state = String::from(char::from(stat.state));
        if stat.resident_pages == 0 && stat.state != b'Z' {
            state.push('W');
        }
        match stat.nice {
            0 => {}
            ..0 => state.push('<'),
            _ => state.push('N'),
        }
        format!(
            "{:5} {:5} {user:<8} {state:<4} {:>5} {:>4} {:3} {:>4} {}",
            stat.pid,
            stat.parent,
            common::scaled(stat.virtual_bytes / 1024),
            percent(stat.virtual_bytes / 1024, now.machine.kib("MemTotal:")),
            stat.processor,
            percent(used, ticks),
            command(row)
        )
    }
}

/// A thread goes by its own name.
fn command(row: &Row) -> String {
    if row.process == row.stat.pid {
        return common::command_text(&row.stat);
    }
    format!("{{{}}}", posix::procfs::printable(&row.stat.name))
}

fn memory_line(row: &Row) -> String {
    let stat = &row.stat;
    let status = std::fs::read(format!("/proc/{}/status", row.process)).unwrap_or_default();
    let kib = |name: &str| common::scaled(procfs::number(&status, name).unwrap_or(0));
    let shared =
        procfs::number(&status, "RssFile:").unwrap_or(0) + procfs::number(&status, "RssShmem:").unwrap_or(0);
    format!(
        "{:5} {:>5} {:>5} {:>5} {:>4} {:>5} {}",
        stat.pid,
        common::scaled(stat.virtual_bytes / 1024),
        common::scaled(stat.resident_pages * PAGE_KIB),
        common::scaled(shared),
        kib("VmSwap:"),
        kib("VmStk:"),
        command(row)
    )
}

fn processor_line(name: &str, before: &Ticks, now: &Ticks) -> String {
    let (ticks, all) = machine::passed(before, now);
    let [user, nice, system, idle, io, irq, softirq, _] = ticks;
    let mut line = name.to_string();
    for (value, label) in [
        (user, "usr"),
        (system, "sys"),
        (nice, "nic"),
        (idle, "idle"),
        (io, "io"),
        (irq, "irq"),
        (softirq, "sirq"),
    ] {
        line += &format!(" {:>4}% {label}", percent(value, all));
    }
    line
}

/// With one decimal below 100.
fn percent(part: u64, whole: u64) -> String {
    let permille = (part * 1000).checked_div(whole).unwrap_or(0);
    if permille >= 1000 {
        (permille / 10).to_string()
    } else {
        format!("{}.{}", permille / 10, permille % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(
            processor_line("CPU:", &[0; 8], &[10, 0, 5, 85, 0, 0, 0, 0]),
            "CPU: 10.0% usr  5.0% sys  0.0% nic 85.0% idle  0.0% io  0.0% irq  0.0% sirq"
        );
        assert_eq!(
            (percent(1, 1), percent(1, 0), percent(999, 1000)),
            ("100".to_string(), "0.0".to_string(), "99.9".to_string())
        );
    }
}
