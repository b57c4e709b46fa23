//! rules — which message goes to which file: /etc/syslog.conf, and files that rotate.
//!
//! Source: BusyBox 1.37 and sysklogd for the selectors (`*.info;mail.none;kern.=crit`).

use std::fs::{self, File, OpenOptions};

use posix::syslog;

use crate::prelude::*;

/// When a file is rotated, and how many old ones are kept.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// 0: never.
    pub(super) size_bytes: u64,
    pub(super) kept: u32,
}

/// A file that is logged to.
pub(super) struct Target {
    path: PathBuf,
    limits: Limits,
    file: Option<File>,
    size_bytes: u64,
    /// Terminals and pipes have no size.
    rotates: bool,
}

impl Target {
    pub(super) fn new(path: PathBuf, limits: Limits) -> Target {
        Target { path, limits, file: None, size_bytes: 0, rotates: false }
    }

    pub(super) fn close(&mut self) {
        self.file = None;
    }

    fn is_stdout(&self) -> bool {
        self.path.as_os_str() == "-"
    }

    /// Appends a line. What cannot be written is lost: the log is where it would be reported.
    pub(super) fn write(&mut self, line: &[u8]) {
        if self.is_stdout() {
            let _ = sys::fd::write_all(1, line);
            return;
        }
        // A file that somebody has moved away is made anew.
        if self.file.is_some() && !self.path.exists() {
            self.file = None;
        }
        if self.file.is_none() && self.open().is_err() {
            return;
        }
        let full = self.limits.size_bytes > 0 && self.size_bytes + line.len() as u64 > self.limits.size_bytes;
        if full && self.rotates && self.size_bytes > 0 {
            self.rotate();
        }
        if let Some(file) = &mut self.file
            && file.write_all(line).is_ok()
        {
            self.size_bytes += line.len() as u64;
        }
    }

    fn open(&mut self) -> io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        const NO_TERMINAL: i32 = 0o400;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o640)
            .custom_flags(NO_TERMINAL)
            .open(&self.path)?;
        let metadata = file.metadata()?;
        self.size_bytes = metadata.len();
        self.rotates = metadata.is_file();
        self.file = Some(file);
        Ok(())
    }

    /// FILE becomes FILE.0, FILE.0 becomes FILE.1, and so on; with none to keep FILE is emptied.
    fn rotate(&mut self) {
        let numbered = |number: u32| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        if self.limits.kept == 0 {
            if let Some(file) = &self.file
                && file.set_len(0).is_ok()
            {
                self.size_bytes = 0;
            }
            return;
        }
        for number in (1..self.limits.kept).rev() {
            // One that is not there yet is not moved.
            let _ = fs::rename(numbered(number - 1), numbered(number));
        }
        if fs::rename(&self.path, numbered(0)).is_ok() {
            self.file = None;
            let _ = self.open();
        }
    }
}

/// A line of syslog.conf.
pub(super) struct Rule {
    /// By facility, a bit for each level that is wanted.
    levels: [u8; 24],
    /// Only what no other rule took.
    last: bool,
    pub(super) target: Target,
}

impl Rule {
    pub(super) fn everything_else(target: Target) -> Rule {
        Rule { levels: [0xff; 24], last: true, target }
    }

    pub(super) fn wants(&self, priority: u32, taken: bool) -> bool {
        let bits = self.levels.get((priority >> 3) as usize).copied().unwrap_or(0);
        bits >> (priority & 7) & 1 == 1 && !(self.last && taken)
    }
}

/// Reads the rules of a file.
///
/// Errors: that it cannot be read. Lines that cannot be understood are reported and left out.
pub(super) fn load(cx: &mut Cx<'_>, path: &Path, limits: Limits) -> Result<Vec<Rule>> {
    let text = fs::read(path).at(path)?;
    let mut rules = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match parse(line, limits) {
            Some(rule) => rules.push(rule),
            None => cx.warn(&format!("{}:{}: bad rule '{line}'", path.display(), index + 1)),
        }
    }
    Ok(rules)
}

fn parse(line: &str, limits: Limits) -> Option<Rule> {
    let (selectors, target) = line.split_once(|next: char| next.is_ascii_whitespace())?;
    // `-FILE` asks for no sync, which is not done anyway.
    let target = target.trim().trim_start_matches('-');
    if !target.starts_with('/') {
        return None;
    }
    let mut levels = [0; 24];
    for selector in selectors.split(';').filter(|selector| !selector.is_empty()) {
        select(selector, &mut levels)?;
    }
    Some(Rule { levels, last: false, target: Target::new(PathBuf::from(target), limits) })
}

/// FACILITY[,FACILITY].[!][=]LEVEL; `none` takes facilities out again, `!` the levels.
fn select(selector: &str, levels: &mut [u8; 24]) -> Option<()> {
    let (facilities, level) = selector.split_once('.')?;
    let (negated, level) = level.strip_prefix('!').map_or((false, level), |level| (true, level));
    let (exact, level) = level.strip_prefix('=').map_or((false, level), |level| (true, level));
    let bits = match level {
        "*" => 0xff,
        "none" => 0,
        name => {
            let number = syslog::level(name)?;
            if exact { 1 << number } else { ((1_u16 << (number + 1)) - 1) as u8 }
        }
    };
    let mut change = |facility: usize| {
        levels[facility] = match (negated, level) {
            (true, _) => levels[facility] & !bits,
            (false, "none") => 0,
            _ => levels[facility] | bits,
        };
    };
    for name in facilities.split(',') {
        match name {
            "*" => (0..24).for_each(&mut change),
            name => change(syslog::facility(name)? as usize),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors() {
        let limits = Limits { size_bytes: 0, kept: 0 };
        for (selector, wanted, unwanted) in [
            ("*.info", &[(1, 6), (0, 0)][..], &[(1, 7)][..]),
            ("*.*;mail.none", &[(1, 7)], &[(2, 0)]),
            ("kern.=crit", &[(0, 2)], &[(0, 1), (0, 3), (1, 2)]),
            ("auth,authpriv.*", &[(4, 7), (10, 0)], &[(3, 0)]),
            ("*.*;cron.!warning", &[(9, 5), (8, 0)], &[(9, 4)]),
        ] {
            let rule = parse(&format!("{selector}\t-/var/log/x"), limits).unwrap();
            for (facility, level) in wanted {
                assert!(rule.wants(facility << 3 | level, true), "{selector} {facility} {level}");
            }
            for (facility, level) in unwanted {
                assert!(!rule.wants(facility << 3 | level, false), "{selector} {facility} {level}");
            }
        }
        for bad in ["*.info", "*.info relative", "nothing.info /x", "kern.foo /x", "kern /x"] {
            assert!(parse(bad, limits).is_none(), "{bad}");
        }
    }
}
