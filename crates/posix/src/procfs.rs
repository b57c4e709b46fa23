//! procfs — processes as /proc shows them.
//!
//! A process may end between any two reads, so everything here may come back empty.
//!
//! Source: proc(5).

use std::fs;
use std::path::PathBuf;

/// One process or thread, as its `stat` file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    pub pid: i32,
    /// The first 15 bytes of the command's name, whatever they are.
    pub name: Vec<u8>,
    /// R, S, D, T, t, Z, X or I.
    pub state: u8,
    pub parent: i32,
    pub group: i32,
    pub session: i32,
    /// The device number of its terminal, or 0.
    pub terminal: u32,
    /// The foreground group of that terminal.
    pub foreground: i32,
    pub flags: u64,
    /// In clock ticks (1/100 s), as the other times.
    pub user_ticks: u64,
    pub system_ticks: u64,
    pub priority: i64,
    pub nice: i64,
    pub threads: u64,
    /// Since the boot.
    pub start_ticks: u64,
    pub virtual_bytes: u64,
    pub resident_pages: u64,
    /// The processor that it ran on last.
    pub processor: i64,
}

/// USER_HZ: what the kernel shows, whatever it counts by.
pub const TICKS_PER_SECOND: u64 = 100;
/// Linux's flag of kernel threads in `Stat::flags`.
pub const KERNEL_THREAD: u64 = 0x0020_0000;

impl Stat {
    /// Reads the text of a `stat` file. The name may hold blanks and parentheses, so its end is the last one.
    pub fn parse(text: &[u8]) -> Option<Stat> {
        let open = text.iter().position(|&byte| byte == b'(')?;
        let close = text.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // Numbered as in proc(5), where the state is 3.
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |index: usize| field(index)?.parse::<u64>().ok();
        let signed = |index: usize| field(index)?.parse::<i64>().ok();
        let pid = |index: usize| field(index)?.parse::<i32>().ok();
        Some(Stat {
            pid: std::str::from_utf8(&text[..open]).ok()?.trim().parse().ok()?,
            name: text.get(open + 1..close)?.to_vec(),
            state: *field(3)?.as_bytes().first()?,
            parent: pid(4)?,
            group: pid(5)?,
            session: pid(6)?,
            terminal: signed(7)? as u32,
            foreground: pid(8)?,
            flags: number(9)?,
            user_ticks: number(14)?,
            system_ticks: number(15)?,
            priority: signed(18)?,
            nice: signed(19)?,
            threads: number(20)?,
            start_ticks: number(22)?,
            virtual_bytes: number(23)?,
            resident_pages: number(24)?,
            processor: signed(39).unwrap_or(0),
        })
    }

    pub fn of(pid: i32) -> Option<Stat> {
        Stat::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    pub fn of_thread(pid: i32, thread: i32) -> Option<Stat> {
        Stat::parse(&fs::read(format!("/proc/{pid}/task/{thread}/stat")).ok()?)
    }

    pub fn is_kernel_thread(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }

    pub fn ticks(&self) -> u64 {
        self.user_ticks + self.system_ticks
    }
}

/// The numbers of all processes, ascending.
pub fn pids() -> Vec<i32> {
    numbers("/proc".into())
}

/// The numbers of a process's threads, ascending.
pub fn threads(pid: i32) -> Vec<i32> {
    numbers(format!("/proc/{pid}/task").into())
}

/// The open descriptors of a process, ascending.
pub fn descriptors(pid: i32) -> Vec<i32> {
    numbers(format!("/proc/{pid}/fd").into())
}

fn numbers(folder: PathBuf) -> Vec<i32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    found.sort_unstable();
    found
}

/// All processes, by number.
pub fn processes() -> Vec<Stat> {
    pids().into_iter().filter_map(Stat::of).collect()
}

/// The arguments with a NUL behind each; empty for kernel threads and the dead.
pub fn command_line(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// A link in the process's folder: "exe", "cwd", "root", "fd/0".
pub fn link(pid: i32, name: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/{name}")).ok()
}

/// Real and effective user and group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    pub user_real: u32,
    pub user: u32,
    pub group_real: u32,
    pub group: u32,
}

impl Ids {
    pub fn of(pid: i32) -> Option<Ids> {
        Ids::parse(&fs::read(format!("/proc/{pid}/status")).ok()?)
    }

    fn parse(status: &[u8]) -> Option<Ids> {
        let pair = |name: &str| {
            let mut numbers = value(status, name)?.split_ascii_whitespace().map(str::parse::<u32>);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        };
        let (user_real, user) = pair("Uid:")?;
        let (group_real, group) = pair("Gid:")?;
        Some(Ids { user_real, user, group_real, group })
    }
}

/// Replaces what could steer a terminal: control characters, and bytes that are not UTF-8, become `?`.
pub fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().map(|next| if next.is_control() || next == '\u{fffd}' { '?' } else { next }).collect()
}

/// What stands behind `name` at the begin of a line.
pub fn value<'a>(text: &'a [u8], name: &str) -> Option<&'a str> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let rest = lines.find_map(|line| line.strip_prefix(name.as_bytes()))?;
    std::str::from_utf8(rest).ok().map(str::trim)
}

/// The leading number behind `name` in a file such as /proc/meminfo.
pub fn number(text: &[u8], name: &str) -> Option<u64> {
    value(text, name)?.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stat_files() {
        let text = b"42 (a b) c) S 1 42 7 34816 42 4194560 1 2 3 4 150 50 7 8 20 0 3 0 12345 8192000 77 \
            18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.name, b"a b) c");
        assert_eq!((stat.pid, stat.state, stat.parent, stat.terminal), (42, b'S', 1, 34816));
        assert_eq!((stat.ticks(), stat.priority, stat.nice, stat.threads), (200, 20, 0, 3));
        assert_eq!((stat.start_ticks, stat.virtual_bytes, stat.resident_pages), (12345, 8_192_000, 77));
        let enough = text.windows(4).position(|part| part == b" 77 ").unwrap();
        for length in 0..enough {
            assert_eq!(Stat::parse(&text[..length]), None);
        }
    }

    #[test]
    fn reads_status_files() {
        let text = b"Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nVmRSS:\t   12 kB\n";
        assert_eq!(Ids::parse(text), Some(Ids { user_real: 1, user: 2, group_real: 5, group: 6 }));
        assert_eq!(number(text, "VmRSS:"), Some(12));
        assert_eq!(Ids::parse(b"Uid:\t1\n"), None);
    }

    #[test]
    fn finds_itself() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(pids().contains(&own) && threads(own).contains(&own) && descriptors(own).contains(&0));
        assert_eq!(Stat::of(own).unwrap().pid, own);
        assert!(!command_line(own).is_empty() && link(own, "exe").is_some());
    }
}
