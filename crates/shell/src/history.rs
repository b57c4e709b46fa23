//! history — the lines that were typed, kept in a file from one session to the next.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How many lines are kept if HISTSIZE does not say.
const LINES_DEFAULT: usize = 500;

#[derive(Default)]
pub(crate) struct History {
    pub(crate) lines: Vec<Vec<u8>>,
    file: Option<PathBuf>,
    most: usize,
}

impl History {
    /// Reads the file; one that cannot be read is an empty one.
    pub(crate) fn open(file: Option<&[u8]>, most: Option<usize>) -> History {
        let file =
            file.filter(|file| !file.is_empty()).map(|file| Path::new(OsStr::from_bytes(file)).to_path_buf());
        let mut history = History { lines: Vec::new(), file, most: most.unwrap_or(LINES_DEFAULT) };
        let text = history.file.as_ref().and_then(|file| fs::read(file).ok()).unwrap_or_default();
        history.lines =
            text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
        history.shorten();
        history
    }

    fn shorten(&mut self) {
        let surplus = self.lines.len().saturating_sub(self.most);
        self.lines.drain(..surplus);
    }

    /// Adds a line unless it is empty, begins with a blank, or repeats the last. The file gets it at once, so that
    /// nothing is lost when the session ends badly.
    pub(crate) fn add(&mut self, line: &[u8]) {
        let line = line.trim_ascii_end();
        if line.is_empty() || line[0] == b' ' || self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        self.lines.push(line.to_vec());
        self.shorten();
        let Some(file) = &self.file else { return };
        let mut entry = line.to_vec();
        entry.push(b'\n');
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(file);
        // A history that cannot be written is no reason to disturb anybody.
        let _ = opened.and_then(|mut file| file.write_all(&entry));
    }

    /// Puts `line` in the place of the last one: `fc` leaves what it ran and not itself.
    pub(crate) fn replace_last(&mut self, line: &[u8]) {
        self.lines.pop();
        self.add(line);
    }

    /// Writes the file anew if it has grown far beyond what is kept.
    pub(crate) fn close(&mut self) {
        let Some(file) = self.file.take() else { return };
        let Ok(text) = fs::read(&file) else { return };
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
        if lines.len() <= self.most * 2 {
            return;
        }
        let mut part = file.clone().into_os_string();
        part.push(".part");
        let mut kept = lines[lines.len() - self.most..].join(&b'\n');
        kept.push(b'\n');
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)
            .and_then(|mut part| part.write_all(&kept));
        if written.is_ok() {
            // As above.
            let _ = fs::rename(&part, &file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_lines_in_its_file() {
        let root = testkit::temporary::Directory::new("history").unwrap();
        let path = root.path().join("h");
        let name = path.as_os_str().as_bytes();
        let mut history = History::open(Some(name), Some(3));
        for line in ["a", "b", "b", " secret", "", "c", "d"] {
            history.add(line.as_bytes());
        }
        assert_eq!(history.lines, [b"b", b"c", b"d"]);
        for line in ["e", "f", "g"] {
            history.add(line.as_bytes());
        }
        history.close();
        assert_eq!(fs::read(&path).unwrap(), b"e\nf\ng\n");
        assert_eq!(History::open(Some(name), None).lines, [b"e", b"f", b"g"]);
    }
}
