//! installed — the text of the installed packages: facts, then folders and files with owners, modes and digests.
//!
//! The text stays as it was read; a package is two ranges of it, and a change appends a new text behind it. So a command pays
//! for what it looks at, what nobody touched is written back byte for byte, and a copy has the text that was read in common.
//!
//! Letters: those of an index; `g` tags, `r` replaces, `q` replaces priority, `s` tag of the repository, `f` flags; then
//! `F` folder, `M` its owner and mode, `R` file, `a` its owner and mode, `Z` its digest.

mod entries;
mod parse;

use std::ops::Range;
use std::sync::Arc;

use matching::bytes::find_byte;

pub use self::entries::{Entries, Entry, Named, NamedParts};
use self::parse::Parser;

use crate::dependency::{self, Dependency};
use crate::error::Result;
use crate::fast_hash::FastMap;
use crate::identity::Digest;

/// Owner and permissions, and the digest of extended attributes where there are some.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
    pub xattrs: Option<Digest>,
}

impl Access {
    /// What a folder has whose `M` line is left out.
    pub const FOLDER: Access = Access { uid: 0, gid: 0, mode: 0o755, xattrs: None };
    /// What a file has whose `a` line is left out.
    pub const FILE: Access = Access { uid: 0, gid: 0, mode: 0o644, xattrs: None };

    /// Reads `uid:gid:mode[:digest]`, the mode octal as strtoul(3) reads it.
    fn parse(text: &[u8]) -> Option<Access> {
        let mut parts = text.splitn(4, |&byte| byte == b':');
        let uid = number(parts.next()?, 10);
        let gid = number(parts.next()?, 10);
        let mode = number(parts.next()?, 8);
        let xattrs = match parts.next() {
            Some(text) => Some(Digest::parse(text)?),
            None => None,
        };
        Some(Access { uid, gid, mode, xattrs })
    }

    /// Appends the line of `letter`, unless it says what its absence says.
    pub fn write(&self, letter: u8, usual: &Access, out: &mut Vec<u8>) {
        if self == usual {
            return;
        }
        out.push(letter);
        out.extend_from_slice(format!(":{}:{}:{:o}", self.uid, self.gid, self.mode).as_bytes());
        if let Some(digest) = &self.xattrs {
            out.push(b':');
            digest.cut().write(out);
        }
        out.push(b'\n');
    }
}

/// The digits at the start; what follows them is ignored, as the reference does.
fn number(text: &[u8], base: u32) -> u32 {
    let digits = text.iter().map_while(|&byte| char::from(byte).to_digit(base));
    digits.fold(0u32, |number, digit| number.wrapping_mul(base).wrapping_add(digit))
}

/// Flags of a package that is not whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `f`: some of its files are not in place.
    pub broken_files: bool,
    /// `s`: one of its scripts failed.
    pub broken_script: bool,
    /// `x`: extended attributes could not be set.
    pub broken_xattrs: bool,
    /// `S`: digests of files are SHA-256, cut.
    pub sha256: bool,
}

impl Flags {
    fn parse(text: &[u8]) -> Option<Flags> {
        let mut flags = Flags::default();
        for byte in text {
            match byte {
                b'f' => flags.broken_files = true,
                b's' => flags.broken_script = true,
                b'x' => flags.broken_xattrs = true,
                b'S' => flags.sha256 = true,
                _ => return None,
            }
        }
        Some(flags)
    }

    /// The letters; empty where nothing is set.
    pub fn text(self) -> String {
        let letters = [
            (self.broken_files, 'f'),
            (self.broken_script, 's'),
            (self.broken_xattrs, 'x'),
            (self.sha256, 'S'),
        ];
        letters.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect()
    }

    pub fn is_broken(self) -> bool {
        self.broken_files || self.broken_script || self.broken_xattrs
    }
}

/// An installed package: where its lines are.
#[derive(Clone, Debug)]
pub struct Record {
    facts: Range<usize>,
    files: Range<usize>,
    name: Range<usize>,
    version: Range<usize>,
    pub flags: Flags,
}

/// All installed packages.
#[derive(Clone, Debug, Default)]
pub struct Installed {
    /// What was read.
    text: Arc<Vec<u8>>,
    /// What was added. Ranges go on in it behind the end of `text`.
    added: Vec<u8>,
    packages: Vec<Record>,
}

/// What a new package's lines are made of.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The block of an index, `C:` to `i:`, each with its line feed.
    pub facts: Vec<u8>,
    pub tags: Vec<Vec<u8>>,
    pub replaces: Vec<Dependency>,
    pub replaces_priority: u32,
    /// The tag of the repository it is pinned to.
    pub repository_tag: Vec<u8>,
    pub flags: Flags,
    /// `F:` to `Z:`, sorted.
    pub files: Vec<u8>,
}

/// The order in which facts are written.
const FACTS_ORDER: &[u8] = b"CPVASITULomtckDpigrqsf";

impl Installed {
    /// Reads the database's text. With `tolerant`, what this program does not know is skipped.
    ///
    /// Errors: `V2DatabaseFormat`; its detail is the reference's line about where.
    pub fn parse(text: Vec<u8>, tolerant: bool) -> Result<Installed> {
        let mut parser = Parser::new(&text, tolerant);
        let mut position = 0;
        let mut line_number = 0;
        while position < text.len() {
            line_number += 1;
            let end = find_byte(&text[position..], b'\n');
            let end = end.map_or(text.len(), |length| position + length);
            parser.line(position..end, line_number)?;
            position = end + 1;
        }
        parser.end_of_package(text.len());
        let packages = parser.packages;
        Ok(Installed { text: Arc::new(text), added: Vec::new(), packages })
    }

    /// The packages, in the order of the database.
    pub fn packages(&self) -> &[Record] {
        &self.packages
    }

    /// The text that was read: blocks as in an index, with more lines behind each.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many bytes of text there are, with what was added.
    pub fn text_len(&self) -> usize {
        self.text.len() + self.added.len()
    }

    /// Where in all the text the lines of folders and files begin.
    pub fn files_start(&self, record: &Record) -> usize {
        record.files.start
    }

    /// A part of the text, within what was read or what was added.
    pub fn part(&self, range: &Range<usize>) -> &[u8] {
        match range.start.checked_sub(self.text.len()) {
            Some(start) => &self.added[start..start + range.len()],
            None => &self.text[range.clone()],
        }
    }

    pub fn name(&self, record: &Record) -> &[u8] {
        self.part(&record.name)
    }

    pub fn version(&self, record: &Record) -> &[u8] {
        self.part(&record.version)
    }

    /// `name-version`.
    pub fn full_name(&self, record: &Record) -> Vec<u8> {
        [self.name(record), b"-", self.version(record)].concat()
    }

    /// The lines before the first folder.
    pub fn facts(&self, record: &Record) -> &[u8] {
        self.part(&record.facts)
    }

    /// The lines of folders and files.
    pub fn files(&self, record: &Record) -> &[u8] {
        self.part(&record.files)
    }

    /// The value of a fact's line; empty where there is none.
    pub fn fact(&self, record: &Record, letter: u8) -> &[u8] {
        let mut rest = self.facts(record);
        while !rest.is_empty() {
            let end = find_byte(rest, b'\n').unwrap_or(rest.len());
            if rest[0] == letter && end > 1 && rest[1] == b':' {
                return &rest[2..end];
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        b""
    }

    pub fn identity(&self, record: &Record) -> Option<Digest> {
        Digest::parse(self.fact(record, b'C'))
    }

    /// What it may replace files of, and how strongly.
    pub fn replaces(&self, record: &Record) -> (Vec<Dependency>, u32) {
        let list = dependency::borrow_list(self.fact(record, b'r'));
        let list = list.filter_map(|item| item.ok().map(|item| item.to_owned())).collect();
        (list, number(self.fact(record, b'q'), 10))
    }

    /// The position of the package of this name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.packages.iter().position(|record| self.name(record) == name)
    }

    /// The positions of all packages by name.
    pub(crate) fn positions(&self) -> FastMap<&[u8], usize> {
        let mut positions = FastMap::with_capacity_and_hasher(self.packages.len(), Default::default());
        for (position, record) in self.packages.iter().enumerate() {
            positions.entry(self.name(record)).or_insert(position);
        }
        positions
    }

    /// Folders and files, each file behind its folder.
    pub fn entries(&self, record: &Record) -> Entries<'_> {
        Entries { rest: self.files(record), sha256: record.flags.sha256 }
    }

    /// Folders and names of files alone, in the order of `entries`: all that most who walk through a package want.
    pub fn named(&self, record: &Record) -> NamedParts<'_> {
        NamedParts { rest: self.files(record) }
    }

    /// Adds a package, or puts it in the place of the one at `position`. The text before stays: what was there is no
    /// longer part of a package.
    pub fn put(&mut self, position: Option<usize>, lines: &Lines) {
        let base = self.text.len();
        let start = self.added.len();
        lines.write_facts(&mut self.added);
        let facts = start..self.added.len();
        self.added.extend_from_slice(&lines.files);
        let files = facts.end..self.added.len();
        self.added.push(b'\n');
        let find = |letter: u8| {
            let mut at = facts.start;
            for line in self.added[facts.clone()].split(|&byte| byte == b'\n') {
                if line.len() > 1 && line[0] == letter && line[1] == b':' {
                    return at + 2..at + line.len();
                }
                at += line.len() + 1;
            }
            facts.start..facts.start
        };
        let behind = |range: Range<usize>| range.start + base..range.end + base;
        let record = Record {
            name: behind(find(b'P')),
            version: behind(find(b'V')),
            facts: behind(facts.clone()),
            files: behind(files),
            flags: lines.flags,
        };
        match position {
            Some(position) => self.packages[position] = record,
            None => self.packages.push(record),
        }
    }

    /// Takes packages out: those for which `gone` is true of their position.
    pub fn retain(&mut self, mut stays: impl FnMut(usize) -> bool) {
        let mut position = 0;
        self.packages.retain(|_| {
            position += 1;
            stays(position - 1)
        });
    }

    /// Sets the flags of a package. False where it has them.
    pub fn set_flags(&mut self, position: usize, flags: Flags) -> bool {
        if self.packages[position].flags == flags {
            return false;
        }
        let mut lines = self.lines(&self.packages[position]);
        lines.flags = flags;
        self.put(Some(position), &lines);
        true
    }

    /// The lines of a package in parts, to be changed and put back.
    pub fn lines(&self, record: &Record) -> Lines {
        let mut lines = Lines { flags: record.flags, files: self.files(record).to_vec(), ..Lines::default() };
        for line in self.facts(record).split(|&byte| byte == b'\n').filter(|line| line.len() > 1) {
            match line[0] {
                b'g' => lines.tags = dependency::words(&line[2..]).map(<[u8]>::to_vec).collect(),
                b's' => lines.repository_tag = line[2..].to_vec(),
                b'r' | b'q' | b'f' => {}
                _ => {
                    lines.facts.extend_from_slice(line);
                    lines.facts.push(b'\n');
                }
            }
        }
        (lines.replaces, lines.replaces_priority) = self.replaces(record);
        lines
    }

    /// The database's text: packages by name, folders in their order, the files in each by bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut order: Vec<&Record> = self.packages.iter().collect();
        order.sort_by(|left, right| self.name(left).cmp(self.name(right)));
        let size = order.iter().map(|record| record.facts.len() + record.files.len() + 1).sum();
        let mut out = Vec::with_capacity(size);
        for record in order {
            write_sorted_facts(self.facts(record), &mut out);
            if self.is_sorted(record) {
                out.extend_from_slice(self.files(record));
            } else {
                self.write_sorted_files(record, &mut out);
            }
            out.push(b'\n');
        }
        out
    }

    fn is_sorted(&self, record: &Record) -> bool {
        let mut last: Option<&[u8]> = None;
        let files = self.files(record);
        if !files.is_empty() && !files.ends_with(b"\n") {
            return false;
        }
        for place in self.named(record) {
            match place {
                Named::Folder(_) => last = None,
                Named::File(name) => {
                    if last.is_some_and(|last| last >= name) {
                        return false;
                    }
                    last = Some(name);
                }
            }
        }
        true
    }

    fn write_sorted_files(&self, record: &Record, out: &mut Vec<u8>) {
        let mut folders: Vec<(Entry<'_>, Vec<Entry<'_>>)> = Vec::new();
        for entry in self.entries(record) {
            match (entry, folders.last_mut()) {
                (Entry::File { .. }, Some((_, files))) => files.push(entry),
                (Entry::File { .. }, None) => {}
                (Entry::Folder { .. }, _) => folders.push((entry, Vec::new())),
            }
        }
        for (folder, mut files) in folders {
            folder.write(out);
            files.sort_by_key(|file| match *file {
                Entry::File { name, .. } => name,
                Entry::Folder { .. } => b"",
            });
            files.iter().for_each(|file| file.write(out));
        }
    }
}

impl Lines {
    fn write_facts(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.facts);
        let mut line = |letter: u8, value: &[u8]| {
            if !value.is_empty() {
                out.extend_from_slice(&[letter, b':']);
                out.extend_from_slice(value);
                out.push(b'\n');
            }
        };
        line(b'g', &self.tags.join(&b' '));
        let mut replaces = Vec::new();
        dependency::write_list(&self.replaces, &mut replaces);
        line(b'r', &replaces);
        if self.replaces_priority != 0 {
            line(b'q', self.replaces_priority.to_string().as_bytes());
        }
        line(b's', &self.repository_tag);
        line(b'f', self.flags.text().as_bytes());
    }
}

/// Facts in the order of the reference's writer; what it does not know stays where it stands, behind.
fn write_sorted_facts(facts: &[u8], out: &mut Vec<u8>) {
    let rank =
        |line: &[u8]| FACTS_ORDER.iter().position(|&letter| letter == line[0]).unwrap_or(FACTS_ORDER.len());
    let lines = || facts.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    if facts.ends_with(b"\n") && lines().map(rank).is_sorted() {
        return out.extend_from_slice(facts);
    }
    let mut lines: Vec<&[u8]> = lines().collect();
    lines.sort_by_key(|line| rank(line));
    for line in lines {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    const IDENTITY: &str = "C:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n";

    fn parse(text: &str) -> Result<Installed> {
        Installed::parse(text.as_bytes().to_vec(), false)
    }

    #[test]
    fn what_is_whole_comes_back() {
        let text = format!(
            "{IDENTITY}P:a\nV:1\nr:b c>2\nq:3\nf:sS\nF:\nM:0:0:1777\nF:x\nR:y\na:1:2:4755\n\
             Z:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nR:z\n\n{IDENTITY}P:b\nV:2\n\n"
        );
        let installed = parse(&text).unwrap();
        assert_eq!(String::from_utf8(installed.write()).unwrap(), text);
        let first = &installed.packages()[0];
        assert!(first.flags.broken_script && first.flags.sha256 && !first.flags.broken_files);
        assert_eq!(installed.full_name(first), b"a-1");
        assert_eq!(installed.replaces(first).1, 3);
        let entries: Vec<Entry<'_>> = installed.entries(first).collect();
        assert_eq!(entries.len(), 4);
        let places = entries.iter().map(|entry| match entry {
            Entry::Folder { path, .. } => Named::Folder(path),
            Entry::File { name, .. } => Named::File(name),
        });
        assert!(installed.named(first).eq(places));
        assert!(matches!(entries[0], Entry::Folder { path: b"", access } if access.mode == 0o1777));
        let Entry::File { name: b"y", access, digest } = entries[2] else { panic!("{:?}", entries[2]) };
        assert_eq!((access.uid, access.gid, access.mode), (1, 2, 0o4755));
        assert!(matches!(digest, Some(Digest::Sha256Cut(_))));
    }

    #[test]
    fn packages_and_what_they_hold_are_written_in_order() {
        let text = format!("P:b\nV:1\n{IDENTITY}F:x\nR:zz\nR:aa\nF:c\nR:aa\n\n{IDENTITY}P:a\nV:1\nF:x");
        let expected =
            format!("{IDENTITY}P:a\nV:1\nF:x\n\n{IDENTITY}P:b\nV:1\nF:x\nR:aa\nR:zz\nF:c\nR:aa\n\n");
        assert_eq!(String::from_utf8(parse(&text).unwrap().write()).unwrap(), expected);
    }

    #[test]
    fn flags_are_set_and_taken_off() {
        let text = format!("{IDENTITY}P:a\nV:1\nF:x\nR:y\n\n");
        let mut installed = parse(&text).unwrap();
        assert!(installed.set_flags(0, Flags { broken_script: true, ..Flags::default() }));
        let broken = text.replace("F:x", "f:s\nF:x");
        assert_eq!(String::from_utf8(installed.write()).unwrap(), broken);
        assert!(installed.set_flags(0, Flags::default()));
        assert!(!installed.set_flags(0, Flags::default()));
        assert_eq!(String::from_utf8(installed.write()).unwrap(), text);
    }

    #[test]
    fn errors_say_where() {
        for (lines, expected) in [
            ("F:x\nR:y\nZ:bad\n", "FDB format error (line 6, entry 'Z')"),
            ("R:y\n", "FDB format error (line 4, entry 'R')"),
            ("F:x\nM:0\n", "FDB format error (line 5, entry 'M')"),
            ("F:x\na:0:0:644\n", "FDB format error (line 5, entry 'a')"),
            ("F:x\nR:y\nB:x\n", "This apk-tools is too old to handle installed packages"),
            ("f:q\n", "This apk-tools is too old to handle installed packages"),
            ("garbage\n", ""),
        ] {
            let error = parse(&format!("{IDENTITY}P:a\nV:1\n{lines}\n")).unwrap_err();
            assert!(matches!(error.kind, Kind::V2DatabaseFormat), "{lines}");
            assert_eq!(error.detail, expected, "{lines}");
        }
    }
}
