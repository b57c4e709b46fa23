//! protect — paths whose changed files are kept: built-in rules, then those of `etc/apk/protected_paths.d`.

use std::fs::File;

use crate::database::{store, triggers};

/// What a rule asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// No rule speaks of it: nothing is kept.
    None,
    /// `-`: nothing is kept, and it is missed by nobody.
    Free,
    /// `+`: files that were changed are kept.
    Changed,
    /// `@`: symbolic links that were changed are kept.
    Symlinks,
    /// `!`: changed files are kept, and files that no package has belong to the configuration.
    All,
}

impl Mode {
    /// Whether something is kept.
    pub fn keeps(self) -> bool {
        !matches!(self, Mode::None | Mode::Free)
    }
}

/// The rules; the last that fits decides.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<(Mode, Vec<u8>)>,
}

impl Rules {
    /// The rules that are always there.
    pub fn built_in() -> Rules {
        let mut rules = Rules::default();
        for line in ["+etc", "@etc/init.d", "!etc/apk"] {
            rules.add(line.as_bytes());
        }
        rules
    }

    /// Built-in rules and those of the root's `.list` files.
    pub fn read(root: &File) -> Rules {
        let mut rules = Rules::built_in();
        const FOLDER: &str = "etc/apk/protected_paths.d";
        let mut names = list_names(root, FOLDER);
        names.retain(|name| name.ends_with(".list") && !name.starts_with('.'));
        for name in names {
            if let Ok(Some(text)) = store::read(root, &format!("{FOLDER}/{name}")) {
                rules.add_lines(&text);
            }
        }
        rules
    }

    /// Adds the rules of a file.
    pub fn add_lines(&mut self, text: &[u8]) {
        text.split(|&byte| byte == b'\n').for_each(|line| self.add(line));
    }

    /// Adds a line: a sign and a path. Comments and empty lines are none; without a sign, `+` is meant.
    fn add(&mut self, line: &[u8]) {
        let line = line.trim_ascii();
        let (mode, path) = match line.first() {
            None | Some(b'#') => return,
            Some(b'-') => (Mode::Free, &line[1..]),
            Some(b'+') => (Mode::Changed, &line[1..]),
            Some(b'@') => (Mode::Symlinks, &line[1..]),
            Some(b'!') => (Mode::All, &line[1..]),
            Some(_) => (Mode::Changed, line),
        };
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        self.rules.push((mode, path.to_vec()));
    }

    /// What holds for a file that is installed or removed: what holds for its folder. As with the reference, rules of single
    /// files are for the audit.
    pub fn mode_in_folder(&self, path: &[u8]) -> Mode {
        self.mode(crate::transaction::folders::split(path).0)
    }

    /// What holds for the path: the last rule that fits it or a folder above it.
    pub fn mode(&self, path: &[u8]) -> Mode {
        let mut decided = Mode::None;
        for (mode, pattern) in &self.rules {
            let parts = pattern.iter().filter(|&&byte| byte == b'/').count() + 1;
            let mut slashes =
                path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(index, _)| index);
            let end = slashes.nth(parts - 1).unwrap_or(path.len());
            if triggers::fits(pattern, &path[..end]) {
                decided = *mode;
            }
        }
        decided
    }
}

/// The names in a folder below the root, sorted; none where it is not there.
pub fn list_names(root: &File, folder: &str) -> Vec<String> {
    use std::os::fd::AsRawFd;
    let flags = sys::at::O_RDONLY | sys::at::O_DIRECTORY;
    let Ok(open) = sys::at::open(root.as_raw_fd(), std::path::Path::new(folder), flags, 0) else {
        return Vec::new();
    };
    let Ok(names) = sys::directory::Names::read(&open) else { return Vec::new() };
    let mut names: Vec<String> =
        names.iter().filter_map(|(name, _)| name.to_str().map(str::to_string)).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_decides() {
        let mut rules = Rules::built_in();
        rules.add_lines(b"# comment\n\n-etc/issue\n+opt/*/conf\nsrv\n-etc/init.d/x\n");
        for (path, expected) in [
            ("etc/a.conf", Mode::Changed),
            ("etc/init.d/sshd", Mode::Symlinks),
            ("etc/init.d/x", Mode::Free),
            ("etc/apk/world", Mode::All),
            ("etc/issue", Mode::Free),
            ("etc", Mode::Changed),
            ("usr/bin/a", Mode::None),
            ("opt/a/conf/x", Mode::Changed),
            ("opt/a/other", Mode::None),
            ("srv/x", Mode::Changed),
            ("etcetera", Mode::None),
        ] {
            assert_eq!(rules.mode(path.as_bytes()), expected, "{path}");
        }
        assert_eq!(rules.mode_in_folder(b"etc/issue"), Mode::Changed);
    }
}
