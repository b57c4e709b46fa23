//! parse — the text of the installed database: where each package's lines are, and whether they make sense.

use std::ops::Range;

use super::{Access, FACTS_ORDER, Flags, Record};
use crate::dependency;
use crate::error::{Error, Kind, Result};
use crate::identity::Digest;

/// Finds the packages in the text, line by line.
pub(super) struct Parser<'a> {
    text: &'a [u8],
    tolerant: bool,
    pub(super) packages: Vec<Record>,
    current: Option<Current>,
}

/// The package whose lines are being read.
struct Current {
    start: usize,
    files_start: Option<usize>,
    name: Range<usize>,
    version: Range<usize>,
    flags: Flags,
    has_folder: bool,
    has_file: bool,
}

impl<'a> Parser<'a> {
    /// With `tolerant`, what this program does not know is skipped.
    pub(super) fn new(text: &'a [u8], tolerant: bool) -> Parser<'a> {
        Parser { text, tolerant, packages: Vec::new(), current: None }
    }

    /// Takes the next line.
    ///
    /// Errors: `V2DatabaseFormat`; its detail is the reference's line about where.
    pub(super) fn line(&mut self, range: Range<usize>, number: usize) -> Result {
        let line = &self.text[range.clone()];
        if line.is_empty() {
            self.end_of_package(range.start);
            return Ok(());
        }
        if line.len() < 2 || line[1] != b':' {
            return Err(Error::new(Kind::V2DatabaseFormat));
        }
        let current = self.current.get_or_insert_with(|| Current {
            start: range.start,
            files_start: None,
            name: range.start..range.start,
            version: range.start..range.start,
            flags: Flags::default(),
            has_folder: false,
            has_file: false,
        });
        let value = &line[2..];
        let wrong = || {
            let letter = char::from(line[0]);
            Error::detailed(
                Kind::V2DatabaseFormat,
                format!("FDB format error (line {number}, entry '{letter}')"),
            )
        };
        let unknown = || {
            let text = "This apk-tools is too old to handle installed packages";
            Error::detailed(Kind::V2DatabaseFormat, text)
        };
        match line[0] {
            b'P' => current.name = range.start + 2..range.end,
            b'V' => current.version = range.start + 2..range.end,
            b'C' if Digest::parse(value).is_none() => return Err(Error::new(Kind::V2DatabaseFormat)),
            b'r' if dependency::parse_list(value).is_err() => return Err(wrong()),
            b'f' => match Flags::parse(value) {
                Some(flags) => current.flags = flags,
                None if self.tolerant => {}
                None => return Err(unknown()),
            },
            b'F' => {
                current.files_start.get_or_insert(range.start);
                (current.has_folder, current.has_file) = (true, false);
            }
            b'M' if !current.has_folder => return Err(wrong()),
            b'a' if !current.has_file => return Err(wrong()),
            b'M' | b'a' if Access::parse(value).is_none() => return Err(wrong()),
            b'R' if !current.has_folder => return Err(wrong()),
            b'R' => current.has_file = true,
            b'Z' if !current.has_file || Digest::parse(value).is_none() => return Err(wrong()),
            letter if current.files_start.is_some() && !FACTS_ORDER.contains(&letter) => {
                let known = b"MaZ".contains(&letter);
                if !known && !self.tolerant {
                    return Err(unknown());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the package that is being read, if there is one; the text before `end` is its.
    pub(super) fn end_of_package(&mut self, end: usize) {
        let Some(current) = self.current.take() else { return };
        let files_start = current.files_start.unwrap_or(end);
        self.packages.push(Record {
            facts: current.start..files_start,
            files: files_start..end,
            name: current.name,
            version: current.version,
            flags: current.flags,
        });
    }
}
