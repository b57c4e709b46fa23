//! elf — what a module's file says about itself: the texts of `.modinfo`, the symbols it gives and needs.
//!
//! Source: elf(5); the kernel's include/linux/module.h for the sections.

use std::fs;

use archive::{gzip, xz};

use crate::prelude::*;

/// A module's file, unpacked.
pub(crate) struct Module {
    bytes: Vec<u8>,
}

struct Section {
    name: usize,
    start: usize,
    size: usize,
    link: usize,
}

impl Module {
    /// Reads a file, which may be packed by gzip or xz.
    pub(crate) fn read(path: &Path) -> io::Result<Module> {
        let bytes = fs::read(path)?;
        let mut input = &bytes[..];
        let mut unpacked = Vec::new();
        if bytes.starts_with(&gzip::MAGIC) {
            gzip::Reader::new(&mut input).read_to_end(&mut unpacked)?;
        } else if bytes.starts_with(&xz::MAGIC) {
            xz::Reader::new(&mut input).read_to_end(&mut unpacked)?;
        } else {
            unpacked = bytes;
        }
        if !unpacked.starts_with(b"\x7fELF") {
            return Err(io::Error::from_raw_os_error(8));
        }
        Ok(Module { bytes: unpacked })
    }

    fn is_64(&self) -> bool {
        self.bytes.get(4) == Some(&2)
    }

    fn number(&self, at: usize, size: usize) -> usize {
        let Some(bytes) = self.bytes.get(at..at.saturating_add(size)) else { return 0 };
        let big_endian = self.bytes.get(5) == Some(&2);
        let add = |value: usize, &byte: &u8| value << 8 | usize::from(byte);
        if big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    fn sections(&self) -> Vec<Section> {
        let (table, size, count, names) = if self.is_64() {
            (self.number(0x28, 8), self.number(0x3a, 2), self.number(0x3c, 2), self.number(0x3e, 2))
        } else {
            (self.number(0x20, 4), self.number(0x2e, 2), self.number(0x30, 2), self.number(0x32, 2))
        };
        let mut sections: Vec<Section> = (0..count)
            .map(|index| {
                let at = table.saturating_add(index * size);
                let word = |offset64: usize, offset32: usize| {
                    if self.is_64() {
                        self.number(at.saturating_add(offset64), 8)
                    } else {
                        self.number(at.saturating_add(offset32), 4)
                    }
                };
                let link = self.number(at.saturating_add(if self.is_64() { 0x28 } else { 0x18 }), 4);
                Section { name: self.number(at, 4), start: word(0x18, 0x10), size: word(0x20, 0x14), link }
            })
            .collect();
        let base = sections.get(names).map_or(0, |section| section.start);
        for section in &mut sections {
            section.name = base.saturating_add(section.name);
        }
        sections
    }

    fn text(&self, at: usize) -> &[u8] {
        let rest = self.bytes.get(at..).unwrap_or(&[]);
        &rest[..rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len())]
    }

    fn contents(&self, section: &Section) -> &[u8] {
        self.bytes.get(section.start..section.start.saturating_add(section.size)).unwrap_or(&[])
    }

    /// `NAME=value` of `.modinfo`, in order.
    pub(crate) fn information(&self) -> Vec<(&[u8], &[u8])> {
        let sections = self.sections();
        let Some(section) = sections.iter().find(|section| self.text(section.name) == b".modinfo") else {
            return Vec::new();
        };
        self.contents(section)
            .split(|&byte| byte == 0)
            .filter_map(|entry| {
                let end = entry.iter().position(|&byte| byte == b'=')?;
                Some((&entry[..end], &entry[end + 1..]))
            })
            .collect()
    }

    /// The symbols that others may use (their `__ksymtab_` entries), and those that others must have.
    pub(crate) fn symbols(&self) -> (Vec<&[u8]>, Vec<&[u8]>) {
        let (mut given, mut needed) = (Vec::new(), Vec::new());
        let sections = self.sections();
        for table in sections.iter().filter(|section| self.text(section.name) == b".symtab") {
            let strings = sections.get(table.link).map_or(0, |section| section.start);
            let entry_size = if self.is_64() { 24 } else { 16 };
            for index in 1..table.size / entry_size {
                let at = table.start.saturating_add(index * entry_size);
                let name = self.text(strings.saturating_add(self.number(at, 4)));
                let section = self.number(at + if self.is_64() { 6 } else { 14 }, 2);
                if let Some(symbol) = name.strip_prefix(b"__ksymtab_") {
                    given.push(symbol);
                } else if section == 0 && !name.is_empty() {
                    needed.push(name);
                }
            }
        }
        (given, needed)
    }
}
