//! history — the lines that were typed, kept in a file from one session to the next.

use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;

use sys::descriptor::{self, APPEND, CLOSE_ON_EXEC, CREATE, TRUNCATE, WRITE};

/// How many lines are kept if HISTSIZE does not say.
const LINES_DEFAULT: usize = 500;

#[derive(Default)]
pub(crate) struct History {
    pub(crate) lines: Vec<Vec<u8>>,
    file: Option<Vec<u8>>,
    most: usize,
}

impl History {
    /// Reads the file; one that cannot be read is an empty one.
    pub(crate) fn open(file: Option<&[u8]>, most: Option<usize>) -> History {
        let file = file.filter(|file| !file.is_empty()).map(<[u8]>::to_vec);
        let text = file.as_deref().and_then(read).unwrap_or_default();
        let mut history = History { lines: Vec::new(), file, most: most.unwrap_or(LINES_DEFAULT) };
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
        // A history that cannot be written is no reason to disturb anybody.
        let _ = write_private(file, APPEND, &entry);
    }

    /// The last line before `end` that holds `sought`.
    pub(crate) fn last_with(&self, sought: &[u8], end: usize) -> Option<usize> {
        let holds = |line: &Vec<u8>| line.windows(sought.len().max(1)).any(|window| window == sought);
        self.lines.get(..end.min(self.lines.len()))?.iter().rposition(holds)
    }

    /// Puts `line` in the place of the last one: `fc` leaves what it ran and not itself.
    pub(crate) fn replace_last(&mut self, line: &[u8]) {
        self.lines.pop();
        self.add(line);
    }

    /// Writes the file anew if it has grown far beyond what is kept.
    pub(crate) fn close(&mut self) {
        let Some(file) = self.file.take() else { return };
        let Some(text) = read(&file) else { return };
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
        if lines.len() <= self.most * 2 {
            return;
        }
        let part = [&file, b".part".as_slice()].concat();
        let mut kept = lines[lines.len() - self.most..].join(&b'\n');
        kept.push(b'\n');
        if write_private(&part, TRUNCATE, &kept).is_ok() {
            // As above.
            let _ = fs::rename(OsStr::from_bytes(&part), OsStr::from_bytes(&file));
        }
    }
}

fn read(file: &[u8]) -> Option<Vec<u8>> {
    fs::read(OsStr::from_bytes(file)).ok()
}

/// Writes to a file that nobody else can read if it is a new one. `flags` say what becomes of one that is there.
pub(crate) fn write_private(path: &[u8], flags: i32, text: &[u8]) -> io::Result<()> {
    let path = CString::new(path)?;
    let file = descriptor::open(&path, WRITE | CREATE | CLOSE_ON_EXEC | flags, 0o600)?;
    let written = sys::fd::write_all(file, text);
    descriptor::close(file);
    written
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
