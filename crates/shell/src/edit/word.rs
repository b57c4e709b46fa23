//! word — vi's commands that expand the word under the cursor to the files that it matches: `=`, `*`, `\`.
//!
//! Source: POSIX.1-2024 `sh`, "Command Line Editing (vi-mode)".

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

use sys::strings::Strings;

use super::{Session, complete};

impl Session<'_> {
    /// Where the word under the cursor begins and ends; only blanks separate.
    fn bigword(&self) -> (usize, usize) {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let (before, behind) = self.line.text.split_at(self.line.cursor);
        let start = before.iter().rposition(is_blank).map_or(0, |at| at + 1);
        let end = behind.iter().position(is_blank).unwrap_or(behind.len());
        (start, before.len() + end)
    }

    /// The files that the word matches, sorted, directories with a slash behind them. A word that is no pattern is the
    /// beginning of their names.
    fn expansions(&self) -> Vec<Vec<u8>> {
        let (start, end) = self.bigword();
        let word = &self.line.text[start..end];
        let mut pattern = word.to_vec();
        if word == b"~" || word.starts_with(b"~/") {
            pattern.splice(..1, self.known.home.iter().copied());
        }
        if !word.iter().any(|byte| matches!(byte, b'?' | b'*' | b'[')) {
            pattern.push(b'*');
        }
        let mut found = Strings::new();
        crate::expand::path::expand(&pattern, &mut found);
        found.sort_from(0);
        let with_slash = |path: &[u8]| {
            let is_folder = std::fs::metadata(OsStr::from_bytes(path)).is_ok_and(|file| file.is_dir());
            let slash: &[u8] = if is_folder && !path.ends_with(b"/") { b"/" } else { b"" };
            [path, slash].concat()
        };
        found.iter().map(with_slash).collect()
    }

    /// `=`: shows them below the line.
    pub(super) fn list_expansions(&mut self) -> io::Result<()> {
        let found = self.expansions();
        if found.is_empty() {
            return self.terminal.write(b"\x07");
        }
        let cursor = self.line.cursor;
        let result = self.list(&found);
        self.line.cursor = cursor;
        result
    }

    /// `*`: puts all of them in the word's place.
    pub(super) fn insert_expansions(&mut self) -> io::Result<()> {
        let found: Vec<Vec<u8>> =
            self.expansions().iter().map(|path| complete::quoted(path, 0, false)).collect();
        self.replace_word(&found.join(&b' '))
    }

    /// `\`: puts what is certain in the word's place, and a blank behind the name of the only file.
    pub(super) fn complete_word(&mut self) -> io::Result<()> {
        let found = self.expansions();
        let mut text = complete::quoted(complete::common_prefix(&found), 0, false);
        if found.len() == 1 && !text.ends_with(b"/") {
            text.push(b' ');
        }
        self.replace_word(&text)
    }

    fn replace_word(&mut self, with: &[u8]) -> io::Result<()> {
        let (start, end) = self.bigword();
        if with.is_empty() {
            return self.terminal.write(b"\x07");
        }
        self.remember();
        self.line.cursor = end;
        self.replace(start, with);
        self.begin_insertion(self.line.cursor);
        Ok(())
    }
}
