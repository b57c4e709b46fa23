//! build — the tables of a catalog, made in one pass over the text of an index or of the installed database.

use super::{
    DOUBTFUL, HEADER_NUMBERS, MAGIC, NAME_NUMBERS, NEW_DOUBTFUL, NEW_UNINSTALLABLE, UNINSTALLABLE, hash,
};
use crate::dependency;
use crate::error::{Error, Kind, Result};

/// The tables while they grow.
#[derive(Default)]
struct Tables {
    blocks: Vec<u32>,
    slots: Vec<u32>,
    names: Vec<Name>,
    /// Name and package, in the order of the packages.
    providers: Vec<(u32, u32)>,
    install_ifs: Vec<(u32, u32)>,
    /// What is wrong with some package.
    defects: u32,
}

/// A name: where it stands in the text, its hash, and the package that was last added to its lists, plus one.
#[derive(Clone, Copy, Default)]
struct Name {
    begin: u32,
    length: u32,
    hash: u32,
    provider: u32,
    install_if: u32,
}

/// The catalog of `text`: blocks of lines `X:value`, each ended by an empty line.
///
/// Errors: a text of 4 GiB or more.
pub fn build(text: Vec<u8>) -> Result<Vec<u8>> {
    if u32::try_from(text.len()).is_err() {
        return Err(Error::new(Kind::Limit("size of an index")));
    }
    let mut tables = Tables { slots: vec![0; 1024], ..Tables::default() };
    let mut begin = 0;
    while begin < text.len() {
        begin += tables.add_block(&text, begin);
    }
    Ok(tables.into_bytes(&text))
}

impl Tables {
    /// Reads the block at `begin` and gives the length of it with the empty line behind it.
    fn add_block(&mut self, text: &[u8], begin: usize) -> usize {
        let package = self.blocks.len() as u32;
        let mut at = begin;
        let mut has_name = false;
        // What belongs to files begins at the first directory, and is all that is long.
        let mut in_files = false;
        while at < text.len() {
            let end = memchr(&text[at..]).map_or(text.len(), |length| at + length);
            let line = &text[at..end];
            if line.is_empty() {
                at = end + 1;
                break;
            }
            if !in_files && line.len() > 2 && line[1] == b':' {
                let value = at + 2..end;
                self.defects |= defects(line[0], &text[value.clone()]);
                match line[0] {
                    b'P' => {
                        has_name = true;
                        let name = self.name(text, value);
                        self.add_provider(name, package);
                    }
                    b'p' => self.add_words(text, value, package, true),
                    b'i' => self.add_words(text, value, package, false),
                    b'F' => in_files = true,
                    _ => {}
                }
            } else if line == b"F:" {
                in_files = true;
            }
            at = end + 1;
        }
        let at = at.min(text.len());
        if has_name || at > begin + 1 {
            self.blocks.push(begin as u32);
        }
        at - begin
    }

    /// Adds the names of the dependencies in `range`.
    fn add_words(&mut self, text: &[u8], range: std::ops::Range<usize>, package: u32, provides: bool) {
        let mut at = range.start;
        while at < range.end {
            let word_end =
                text[at..range.end].iter().position(|&byte| byte == b' ').map_or(range.end, |n| at + n);
            let begin = at + usize::from(text[at] == b'!');
            let length = text[begin..word_end]
                .iter()
                .position(|byte| matches!(byte, b'<' | b'>' | b'=' | b'~' | b'@'))
                .unwrap_or(word_end - begin);
            if length > 0 {
                let name = self.name(text, begin..begin + length);
                if provides {
                    self.add_provider(name, package);
                } else {
                    self.add_install_if(name, package);
                }
            }
            at = word_end + 1;
        }
    }

    /// Adds the package to the providers of the name, once.
    fn add_provider(&mut self, name: u32, package: u32) {
        let last = &mut self.names[name as usize].provider;
        if *last != package + 1 {
            *last = package + 1;
            self.providers.push((name, package));
        }
    }

    fn add_install_if(&mut self, name: u32, package: u32) {
        let last = &mut self.names[name as usize].install_if;
        if *last != package + 1 {
            *last = package + 1;
            self.install_ifs.push((name, package));
        }
    }

    /// The number of the name that stands at `range`.
    fn name(&mut self, text: &[u8], range: std::ops::Range<usize>) -> u32 {
        let name = &text[range.clone()];
        let hash = hash(name);
        let mut slot = hash as usize & (self.slots.len() - 1);
        while self.slots[slot] != 0 {
            let known = self.names[self.slots[slot] as usize - 1];
            if known.hash == hash
                && &text[known.begin as usize..(known.begin + known.length) as usize] == name
            {
                return self.slots[slot] - 1;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.names.push(Name {
            begin: range.start as u32,
            length: name.len() as u32,
            hash,
            ..Name::default()
        });
        self.slots[slot] = self.names.len() as u32;
        if self.names.len() * 2 > self.slots.len() {
            self.grow();
        }
        self.names.len() as u32 - 1
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots = vec![0; mask + 1];
        for (index, name) in self.names.iter().enumerate() {
            let mut slot = name.hash as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = index as u32 + 1;
        }
    }

    fn into_bytes(mut self, text: &[u8]) -> Vec<u8> {
        let (provider_begins, providers) = by_name(&self.providers, self.names.len());
        let (install_if_begins, install_ifs) = by_name(&self.install_ifs, self.names.len());
        let numbers = HEADER_NUMBERS
            + self.blocks.len()
            + 1
            + self.slots.len()
            + (self.names.len() + 1) * NAME_NUMBERS
            + providers.len()
            + install_ifs.len();
        let mut bytes = Vec::with_capacity(MAGIC.len() + numbers * 4 + text.len());
        bytes.extend_from_slice(&MAGIC);
        let mut put = |number: u32| bytes.extend_from_slice(&number.to_le_bytes());
        for count in [
            self.blocks.len(),
            self.slots.len(),
            self.names.len(),
            providers.len(),
            install_ifs.len(),
            text.len(),
            self.defects as usize,
        ] {
            put(count as u32);
        }
        self.blocks.push(text.len() as u32);
        self.blocks.into_iter().for_each(&mut put);
        self.slots.into_iter().for_each(&mut put);
        self.names.push(Name::default());
        for (index, name) in self.names.into_iter().enumerate() {
            [name.begin, name.length, provider_begins[index], install_if_begins[index]]
                .into_iter()
                .for_each(&mut put);
        }
        providers.into_iter().for_each(&mut put);
        install_ifs.into_iter().for_each(&mut put);
        bytes.extend_from_slice(text);
        bytes
    }
}

/// The packages by name: where each name's begin (and the end of the last), and all of them.
fn by_name(pairs: &[(u32, u32)], names: usize) -> (Vec<u32>, Vec<u32>) {
    let mut begins = vec![0u32; names + 1];
    for (name, _) in pairs {
        begins[*name as usize + 1] += 1;
    }
    for index in 0..names {
        begins[index + 1] += begins[index];
    }
    let mut next = begins.clone();
    let mut packages = vec![0u32; pairs.len()];
    for (name, package) in pairs {
        let at = &mut next[*name as usize];
        packages[*at as usize] = *package;
        *at += 1;
    }
    (begins, packages)
}

/// Where the first line feed is.
fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n')
}

/// What is wrong with a line that begins with `letter`.
fn defects(letter: u8, value: &[u8]) -> u32 {
    match letter {
        b'D' | b'p' | b'i' => {
            let is_sound = dependency::borrow_list(value).all(|item| item.is_ok_and(|dep| dep.tag.is_none()));
            match (is_sound, letter) {
                (true, _) => 0,
                (false, b'D') => UNINSTALLABLE,
                (false, _) => DOUBTFUL,
            }
        }
        b'C' | b'P' | b'V' | b'A' | b'S' | b'I' | b'T' | b'U' | b'L' | b'F' | b'M' | b'R' | b'Z' => 0,
        b'o' | b'm' | b't' | b'c' | b'k' | b'g' | b'r' | b'q' | b's' | b'f' | b'a' => 0,
        b'A'..=b'Z' => NEW_UNINSTALLABLE,
        _ => NEW_DOUBTFUL,
    }
}
