//! columns — what ps can show of a process: the names for -o, headings, widths, and values.
//!
//! Source: POSIX.1-2024 `ps` (-o), BusyBox 1.37 for widths, procps for the further names.

use posix::procfs::{self, Stat, TICKS_PER_SECOND};
use posix::zone::Zone;

use super::super::common::{self, Names, PAGE_KIB};

/// What the rows are computed from, besides the process itself.
pub(super) struct Machine {
    pub(super) uptime_seconds: u64,
    pub(super) now_seconds: i64,
    pub(super) memory_kib: u64,
    pub(super) zone: Zone,
    pub(super) names: Names,
}

/// A process or thread to show.
pub(super) struct Row {
    pub(super) stat: Stat,
    /// The process that the thread belongs to; for processes the same as `stat.pid`.
    pub(super) process: i32,
    pub(super) ids: procfs::Ids,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    User,
    UserReal,
    Group,
    GroupReal,
    Uid,
    UidReal,
    Gid,
    Name,
    Command,
    Pid,
    Thread,
    Parent,
    ProcessGroup,
    Session,
    Elapsed,
    ElapsedSeconds,
    Time,
    TimeLong,
    Nice,
    Priority,
    Processor,
    ProcessorPercent,
    ProcessorShare,
    MemoryPercent,
    Threads,
    Terminal,
    Virtual,
    VirtualKib,
    Resident,
    ResidentKib,
    Pages,
    State,
    StateLong,
    Start,
    StartLong,
    Waits,
}

#[derive(Clone, Copy)]
pub(super) struct Column {
    names: &'static str,
    pub(super) heading: &'static str,
    pub(super) width: usize,
    pub(super) right: bool,
    pub(super) kind: Kind,
}

const fn column(names: &'static str, heading: &'static str, width: usize, right: bool, kind: Kind) -> Column {
    Column { names, heading, width, right, kind }
}

pub(super) const COLUMNS: &[Column] = &[
    column("user euser uname", "USER", 8, false, Kind::User),
    column("group egroup", "GROUP", 8, false, Kind::Group),
    column("comm ucmd ucomm", "COMMAND", 16, false, Kind::Name),
    column("args cmd command", "COMMAND", 27, false, Kind::Command),
    column("pid tgid", "PID", 5, true, Kind::Pid),
    column("ppid", "PPID", 5, true, Kind::Parent),
    column("pgid pgrp", "PGID", 5, true, Kind::ProcessGroup),
    column("etime", "ELAPSED", 7, false, Kind::Elapsed),
    column("nice ni", "NI", 5, true, Kind::Nice),
    column("rgroup", "RGROUP", 8, false, Kind::GroupReal),
    column("ruser", "RUSER", 8, false, Kind::UserReal),
    column("time", "TIME", 5, true, Kind::Time),
    column("tty tt tname", "TT", 6, false, Kind::Terminal),
    column("vsz vsize", "VSZ", 4, true, Kind::Virtual),
    column("sid sess session", "SID", 5, true, Kind::Session),
    column("stat", "STAT", 4, false, Kind::State),
    column("rss rssize", "RSS", 4, true, Kind::Resident),
    column("uid euid", "UID", 5, true, Kind::Uid),
    column("ruid", "RUID", 5, true, Kind::UidReal),
    column("gid egid", "GID", 5, true, Kind::Gid),
    column("tid lwp spid", "TID", 5, true, Kind::Thread),
    column("nlwp thcount", "NLWP", 4, true, Kind::Threads),
    column("etimes", "ELAPSED", 7, true, Kind::ElapsedSeconds),
    column("cputime", "TIME", 8, true, Kind::TimeLong),
    column("pri", "PRI", 3, true, Kind::Priority),
    column("psr cpuid", "PSR", 3, true, Kind::Processor),
    column("pcpu %cpu", "%CPU", 4, true, Kind::ProcessorPercent),
    column("c", "C", 2, true, Kind::ProcessorShare),
    column("pmem %mem", "%MEM", 4, true, Kind::MemoryPercent),
    column("s state", "S", 1, false, Kind::State),
    column("start stime start_time bsdstart", "STIME", 5, false, Kind::Start),
    column("lstart", "STARTED", 24, true, Kind::StartLong),
    column("sz", "SZ", 5, true, Kind::Pages),
    column("wchan", "WCHAN", 6, false, Kind::Waits),
];

/// Columns of the fixed layouts that no name for -o gives.
pub(super) const VIRTUAL_KIB: Column = column("", "VSZ", 6, true, Kind::VirtualKib);
pub(super) const RESIDENT_KIB: Column = column("", "RSS", 5, true, Kind::ResidentKib);
pub(super) const STATE_LONG: Column = column("", "STAT", 4, false, Kind::StateLong);

pub(super) fn find(name: &str) -> Option<Column> {
    COLUMNS
        .iter()
        .find(|column| column.names.split(' ').any(|known| known.eq_ignore_ascii_case(name)))
        .copied()
}

/// The main names, for an error message.
pub(super) fn all_names() -> String {
    let names: Vec<&str> = COLUMNS.iter().filter_map(|column| column.names.split(' ').next()).collect();
    names.join(",")
}

impl Row {
    pub(super) fn text(&self, kind: Kind, machine: &mut Machine) -> String {
        let stat = &self.stat;
        match kind {
            Kind::User => machine.names.user(self.ids.user),
            Kind::UserReal => machine.names.user(self.ids.user_real),
            Kind::Group => machine.names.group(self.ids.group),
            Kind::GroupReal => machine.names.group(self.ids.group_real),
            Kind::Uid => self.ids.user.to_string(),
            Kind::UidReal => self.ids.user_real.to_string(),
            Kind::Gid => self.ids.group.to_string(),
            Kind::Name => posix::procfs::printable(&stat.name),
            Kind::Command if self.process != stat.pid => {
                format!("{{{}}}", posix::procfs::printable(&stat.name))
            }
            Kind::Command => common::command_text(stat),
            Kind::Pid => self.process.to_string(),
            Kind::Thread => stat.pid.to_string(),
            Kind::Parent => stat.parent.to_string(),
            Kind::ProcessGroup => stat.group.to_string(),
            Kind::Session => stat.session.to_string(),
            Kind::Elapsed => common::short_time(self.elapsed_seconds(machine)),
            Kind::ElapsedSeconds => self.elapsed_seconds(machine).to_string(),
            Kind::Time => common::short_time(stat.ticks() / TICKS_PER_SECOND),
            Kind::TimeLong => long_time(stat.ticks() / TICKS_PER_SECOND),
            Kind::Nice => stat.nice.to_string(),
            // As procps has it: larger is more.
            Kind::Priority => (39 - stat.priority).to_string(),
            Kind::Processor => stat.processor.to_string(),
            Kind::Threads => stat.threads.to_string(),
            Kind::Terminal => common::terminal_name(stat.terminal),
            Kind::Virtual => common::scaled(stat.virtual_bytes / 1024),
            Kind::VirtualKib => (stat.virtual_bytes / 1024).to_string(),
            Kind::Resident => common::scaled(stat.resident_pages * PAGE_KIB),
            Kind::ResidentKib => (stat.resident_pages * PAGE_KIB).to_string(),
            Kind::Pages => (stat.virtual_bytes / 1024 / PAGE_KIB).to_string(),
            Kind::State => state(stat),
            Kind::StateLong => self.state_long(),
            Kind::ProcessorPercent => tenths(self.processor_permille(machine)),
            Kind::ProcessorShare => (self.processor_permille(machine) / 10).min(99).to_string(),
            Kind::MemoryPercent => {
                tenths((stat.resident_pages * PAGE_KIB * 1000).checked_div(machine.memory_kib).unwrap_or(0))
            }
            Kind::Start => self.start(machine),
            Kind::StartLong => machine_date(machine, self.start_seconds(machine), b"%a %b %e %H:%M:%S %Y"),
            Kind::Waits => self.waits(),
        }
    }

    fn elapsed_seconds(&self, machine: &Machine) -> u64 {
        machine.uptime_seconds.saturating_sub(self.stat.start_ticks / TICKS_PER_SECOND)
    }

    /// Seconds since 1970 at which it started.
    fn start_seconds(&self, machine: &Machine) -> i64 {
        machine.now_seconds - self.elapsed_seconds(machine) as i64
    }

    /// The time of the start, or the day if that was not today.
    fn start(&self, machine: &Machine) -> String {
        let seconds = self.start_seconds(machine);
        let (today, day) = (machine.zone.civil(machine.now_seconds), machine.zone.civil(seconds));
        let format: &[u8] = match (today.year == day.year, today.yearday == day.yearday) {
            (true, true) => b"%H:%M",
            (true, false) => b"%b%d",
            _ => b"%Y",
        };
        machine_date(machine, seconds, format)
    }

    /// Processor time over the time since the start.
    fn processor_permille(&self, machine: &Machine) -> u64 {
        let seconds = self.elapsed_seconds(machine);
        (self.stat.ticks() * 1000 / TICKS_PER_SECOND).checked_div(seconds).unwrap_or(0)
    }

    /// The state as BSD has it: `s` for a session's leader, `l` for threads, `+` for the foreground.
    fn state_long(&self) -> String {
        let stat = &self.stat;
        let mut text = String::from(char::from(stat.state));
        let nice = if stat.nice < 0 { "<" } else { "N" };
        for (holds, mark) in [
            (stat.nice != 0, nice),
            (stat.session == self.process, "s"),
            (stat.threads > 1, "l"),
            (stat.terminal != 0 && stat.foreground == stat.group, "+"),
        ] {
            if holds {
                text.push_str(mark);
            }
        }
        text
    }

    fn waits(&self) -> String {
        let path = format!("/proc/{}/task/{}/wchan", self.process, self.stat.pid);
        match std::fs::read(path) {
            Ok(text) if !text.is_empty() && text != b"0" => posix::procfs::printable(&text),
            _ => "-".to_string(),
        }
    }
}

/// The state, `W` for a process without memory of its own, and `<` or `N` for its niceness.
fn state(stat: &Stat) -> String {
    let mut text = String::from(char::from(stat.state));
    if stat.resident_pages == 0 && stat.state != b'Z' {
        text.push('W');
    }
    match stat.nice {
        0 => {}
        ..0 => text.push('<'),
        _ => text.push('N'),
    }
    text
}

fn tenths(permille: u64) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

/// [DAYS-]hh:mm:ss
fn long_time(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let clock = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if days > 0 { format!("{days}-{clock}") } else { clock }
}

fn machine_date(machine: &Machine, seconds: i64, format: &[u8]) -> String {
    let mut text = Vec::new();
    posix::calendar::strftime(format, &machine.zone.civil(seconds), 0, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_once() {
        let mut names: Vec<&str> = COLUMNS.iter().flat_map(|column| column.names.split(' ')).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| find(name).is_some()));
        assert!(find("").is_none() && find("nothing").is_none());
    }

    #[test]
    fn states_and_times() {
        let stat = Stat { state: b'S', resident_pages: 5, ..Stat::default() };
        assert_eq!(state(&stat), "S");
        assert_eq!(state(&Stat { nice: -5, resident_pages: 0, ..stat.clone() }), "SW<");
        assert_eq!(state(&Stat { nice: 5, ..stat }), "SN");
        assert_eq!((long_time(3661).as_str(), long_time(90_000).as_str()), ("01:01:01", "1-01:00:00"));
        assert_eq!(tenths(1234), "123.4");
    }
}
