//! common — what the applets that look at processes share: names, users, times, scaled numbers.

use posix::procfs::{self, Stat, printable};

/// The command line as one text. Kernel threads are `[name]`; a process that goes by another name than its first
/// argument says (a script, a renamed thread) has it before as `{name}`.
pub(crate) fn command_text(stat: &Stat) -> String {
    let mut line = procfs::command_line(stat.pid);
    while line.last() == Some(&0) {
        line.pop();
    }
    let name = printable(&stat.name);
    if line.is_empty() {
        return format!("[{name}]");
    }
    let first = argument_name(&line);
    let differs = !first.starts_with(&stat.name);
    for byte in &mut line {
        if *byte < b' ' {
            *byte = b' ';
        }
    }
    let text = printable(&line);
    if differs { format!("{{{name}}} {text}") } else { text }
}

/// The last component of the first argument, without the dash of a login shell.
fn argument_name(line: &[u8]) -> &[u8] {
    let first = line.split(|&byte| byte == 0 || byte == b' ').next().unwrap_or(line);
    let base = last_component(first);
    base.strip_prefix(b"-").unwrap_or(base)
}

/// Whether the process is called `name`: by its own name, its first argument, or (for a path) its program.
pub(crate) fn is_called(stat: &Stat, name: &[u8]) -> bool {
    const NAME_MAX: usize = 15;
    if stat.name == name {
        return true;
    }
    let line = procfs::command_line(stat.pid);
    let mut arguments = line.split(|&byte| byte == 0);
    let first = arguments.next().unwrap_or(&[]);
    let base = last_component(first);
    let base = base.strip_prefix(b"-").unwrap_or(base);
    // The kernel keeps the first 15 bytes only; the whole is in an argument, for a script in the second.
    let cut = name.len() > NAME_MAX
        && stat.name == name[..NAME_MAX]
        && (base == name || arguments.next().is_some_and(|second| last_component(second) == name));
    cut || !first.is_empty() && (base == name || name.contains(&b'/') && first == name)
        || is_program(stat.pid, name)
}

fn last_component(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

fn is_program(pid: i32, name: &[u8]) -> bool {
    use std::os::unix::ffi::OsStrExt;
    name.first() == Some(&b'/')
        && procfs::link(pid, "exe").is_some_and(|exe| exe.as_os_str().as_bytes() == name)
}

/// Names of users or groups, each looked up once.
#[derive(Default)]
pub(crate) struct Names {
    users: Vec<(u32, String)>,
    groups: Vec<(u32, String)>,
}

impl Names {
    pub(crate) fn user(&mut self, id: u32) -> String {
        cached(&mut self.users, id, |id| posix::passwd::user_by_id(id).map(|user| user.name))
    }

    pub(crate) fn group(&mut self, id: u32) -> String {
        cached(&mut self.groups, id, |id| posix::passwd::group_by_id(id).map(|group| group.name))
    }
}

fn cached(known: &mut Vec<(u32, String)>, id: u32, find: fn(u32) -> Option<Vec<u8>>) -> String {
    if let Some((_, name)) = known.iter().find(|(other, _)| *other == id) {
        return name.clone();
    }
    let name = find(id).map_or_else(|| id.to_string(), |name| printable(&name));
    known.push((id, name.clone()));
    name
}

/// Minutes and seconds in five columns: " 1:02", from 1000 minutes on hours and minutes, then days and hours.
pub(crate) fn short_time(seconds: u64) -> String {
    let minutes = seconds / 60;
    if minutes < 1000 {
        return format!("{minutes:2}:{:02}", seconds % 60);
    }
    let hours = minutes / 60;
    if hours < 1000 {
        return format!("{hours:2}h{:02}", minutes % 60);
    }
    format!("{:2}d{:02}", hours / 24, hours % 24)
}

/// A count of KiB in at most four columns: "9999", "9.8m", " 98m", "1.2g".
pub(crate) fn scaled(kib: u64) -> String {
    if kib <= 9999 {
        return kib.to_string();
    }
    let mut tenths = kib.saturating_mul(10);
    let mut index = 0;
    while tenths >= 10_000 {
        tenths /= 1024;
        index += 1;
    }
    let unit = char::from(b" mgtpezy"[index]);
    if tenths >= 100 {
        format!("{}{unit}", tenths / 10)
    } else {
        format!("{}.{}{unit}", tenths / 10, tenths % 10)
    }
}

/// The name of a terminal by its device number: "tty1", "ttyS0", "pts/3", or "?" for none.
pub(crate) fn terminal_name(device: u32) -> String {
    let major = device >> 8 & 0xfff;
    let minor = device & 0xff | device >> 12 & 0xfff00;
    match (major, minor) {
        (0, _) => "?".to_string(),
        (4, 0..64) => format!("tty{minor}"),
        (4, _) => format!("ttyS{}", minor - 64),
        (136..=143, _) => format!("pts/{}", (major - 136) * 256 + minor),
        (204, 64..) => format!("ttyAMA{}", minor - 64),
        (229, _) => format!("hvc{minor}"),
        _ => format!("{major},{minor}"),
    }
}

/// Bytes per page.
pub(crate) const PAGE_KIB: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (seconds, expected) in [
            (0, " 0:00"),
            (3661, "61:01"),
            (59_999, "999:59"),
            (60_000, "16h40"),
            (3_600_000, "41d16"),
            (86_400_000, "1000d00"),
        ] {
            assert_eq!(short_time(seconds), expected);
        }
    }

    #[test]
    fn scales() {
        for (kib, expected) in [
            (0, "0"),
            (9999, "9999"),
            (10_000, "9.7m"),
            (102_400, "100m"),
            (24_684_096, "23g"),
            (10 << 30, "10t"),
        ] {
            assert_eq!(scaled(kib), expected, "{kib}");
        }
    }

    #[test]
    fn terminals() {
        for (device, expected) in
            [(0, "?"), (0x0401, "tty1"), (0x0440, "ttyS0"), (0x8803, "pts/3"), (0xcc40, "ttyAMA0")]
        {
            assert_eq!(terminal_name(device), expected);
        }
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(printable(b"a\x1b[31m\xffb\n\xc3\xa9"), "a?[31m?b?é");
        assert_eq!(argument_name(b"/bin/-sh\0-c"), b"sh");
    }
}
