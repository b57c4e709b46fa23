//! build — the tables of a catalog, made in one pass over the text of an index or of the installed database.

use std::ops::Range;

use super::{
    CONFLICT, DEP_NUMBERS, DOUBTFUL, FOOTER_BYTES, LENGTH_MOST, MAGIC, Made, NAME_NUMBERS, NEW_DOUBTFUL,
    NEW_UNINSTALLABLE, ODD, OP_SHIFT, PACKAGE_NUMBERS, SHA1, SHA256, UNINSTALLABLE, checksum, hash,
};
use crate::dependency::{self, Borrowed};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;

/// The tables while they grow.
#[derive(Default)]
struct Tables {
    /// Names, versions and architectures.
    words: Vec<u8>,
    /// Among them, the version of the package being read, and the last architecture.
    own_version: Range<u32>,
    last_arch: Range<u32>,
    blocks: Vec<u32>,
    packages: Vec<[u32; PACKAGE_NUMBERS]>,
    deps: Vec<[u32; DEP_NUMBERS]>,
    slots: Vec<u32>,
    names: Vec<Name>,
    /// Name and package, in the order of the packages.
    providers: Vec<(u32, u32)>,
    install_ifs: Vec<(u32, u32)>,
    /// What is wrong with some package.
    defects: u32,
}

/// A name: where it stands among the words, its hash, and the package that was last added to its lists, plus one.
#[derive(Clone, Copy, Default)]
struct Name {
    begin: u32,
    length: u32,
    hash: u32,
    provider: u32,
    install_if: u32,
}

/// The lines of one package that are looked at.
#[derive(Default)]
struct Lines {
    name: Option<Range<usize>>,
    version: Range<usize>,
    arch: Range<usize>,
    identity: Option<Identity>,
    size: u64,
    installed_size: u64,
    priority: u64,
    depends: Range<usize>,
    provides: Range<usize>,
    install_if: Range<usize>,
    /// The letters that were there, by bit.
    seen: u64,
    defects: u32,
    is_odd: bool,
}

/// The catalog of `text`, blocks of lines `X:value`, each ended by an empty line.
///
/// Errors: a text of 4 GiB or more.
pub fn build(mut text: Vec<u8>, description: &[u8]) -> Result<Vec<u8>> {
    if u32::try_from(text.len()).is_err() {
        return Err(Error::new(Kind::Limit("size of an index")));
    }
    let mut tables = Tables { slots: vec![0; 1024], ..Tables::default() };
    let mut begin = 0;
    while begin < text.len() {
        begin += tables.add_block(&text, begin);
    }
    tables.append_to(&mut text, description);
    Ok(text)
}

impl Tables {
    /// Reads the block at `begin` and gives the length of it with the empty line behind it.
    fn add_block(&mut self, text: &[u8], begin: usize) -> usize {
        let mut lines = Lines::default();
        let (mut at, mut last) = (begin, begin);
        // What belongs to files begins at the first folder, and is all that is long.
        let mut in_files = false;
        while at < text.len() {
            let end = end_of_line(text, at);
            let line = &text[at..end];
            if line.is_empty() {
                at = end + 1;
                break;
            }
            if !in_files {
                match line {
                    [b'F', b':', ..] => in_files = true,
                    [letter, b':', ..] => lines.take(text, *letter, at + 2..end),
                    _ => lines.is_odd = true,
                }
            }
            at = end + 1;
            last = at;
        }
        let at = at.min(text.len());
        if lines.name.is_some() || at > begin + 1 {
            self.add_package(text, begin..last.min(text.len()), lines);
        }
        at - begin
    }

    fn add_package(&mut self, text: &[u8], block: Range<usize>, lines: Lines) {
        let package = self.blocks.len() as u32;
        self.blocks.push(block.start as u32);
        let mut is_odd = lines.is_odd || lines.name.is_none();
        self.defects |= lines.defects;
        let name = lines.name.map_or(0, |range| {
            let name = self.name(&text[range]);
            self.add_provider(name, package);
            name
        });
        let version = self.keep(&text[lines.version.clone()]);
        self.own_version = version..version + lines.version.len() as u32;
        let arch = self.keep_arch(&text[lines.arch.clone()]);
        let first = self.deps.len() as u32;
        is_odd |= self.add_deps(text, lines.depends, UNINSTALLABLE).is_none();
        let depends = self.deps.len() as u32 - first;
        let provides = self.add_deps(text, lines.provides.clone(), DOUBTFUL);
        for index in provides.clone().unwrap_or_default() {
            self.add_provider(self.deps[index][0], package);
        }
        if provides.is_none() {
            is_odd = true;
            self.each_word(text, lines.provides, |tables, name| tables.add_provider(name, package));
        }
        let install_if = self.add_deps(text, lines.install_if.clone(), DOUBTFUL);
        for index in install_if.clone().unwrap_or_default() {
            self.add_install_if(self.deps[index][0], package);
        }
        if install_if.is_none() {
            is_odd = true;
            self.each_word(text, lines.install_if, |tables, name| tables.add_install_if(name, package));
        }
        let provides = provides.map_or(0, |range| range.len() as u32);
        let small = |number: u64, is_odd: &mut bool| {
            *is_odd |= number > u64::from(u32::MAX);
            number as u32
        };
        let mut numbers = [0; PACKAGE_NUMBERS];
        numbers[..11].copy_from_slice(&[
            name,
            version,
            lines.version.len() as u32,
            arch,
            lines.arch.len() as u32,
            small(lines.size, &mut is_odd),
            small(lines.installed_size, &mut is_odd),
            small(lines.priority, &mut is_odd),
            first,
            depends,
            provides,
        ]);
        let mut flags = 0;
        if let Some(identity) = lines.identity {
            flags = if identity.bytes().len() == 20 { SHA1 } else { SHA256 };
            for (number, bytes) in numbers[11..].iter_mut().zip(identity.bytes().as_chunks::<4>().0) {
                *number = u32::from_le_bytes(*bytes);
            }
        }
        numbers[PACKAGE_NUMBERS - 2] = flags | if is_odd { ODD } else { 0 };
        numbers[PACKAGE_NUMBERS - 1] = block.len() as u32;
        self.packages.push(numbers);
    }

    /// Adds a list of dependencies; where it lies. None, and nothing is added, where one is out of the ordinary; what is
    /// wrong with a list that makes no sense is `defect`.
    fn add_deps(&mut self, text: &[u8], range: Range<usize>, defect: u32) -> Option<Range<usize>> {
        let first = self.deps.len();
        let mut is_odd = false;
        for item in dependency::borrow_list(&text[range]) {
            let Ok(Borrowed { name, op, version, conflict, tag: None }) = item else {
                self.defects |= defect;
                is_odd = true;
                break;
            };
            if name.is_empty() || version.len() > LENGTH_MOST {
                is_odd = true;
                continue;
            }
            let name = self.name(name);
            let rest =
                version.len() as u32 | u32::from(op.0) << OP_SHIFT | if conflict { CONFLICT } else { 0 };
            let begin = self.keep_version(version);
            self.deps.push([name, begin, rest]);
        }
        if is_odd {
            self.deps.truncate(first);
            return None;
        }
        Some(first..self.deps.len())
    }

    /// The names of the dependencies in `range`, whatever else is wrong with them.
    fn each_word(&mut self, text: &[u8], range: Range<usize>, mut add: impl FnMut(&mut Tables, u32)) {
        for word in dependency::words(&text[range]) {
            let word = word.strip_prefix(b"!").unwrap_or(word);
            let is_end = |byte: &u8| matches!(byte, b'<' | b'>' | b'=' | b'~' | b'@');
            let name = &word[..word.iter().position(is_end).unwrap_or(word.len())];
            if !name.is_empty() {
                let name = self.name(name);
                add(self, name);
            }
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

    /// Where the word is kept.
    fn keep(&mut self, word: &[u8]) -> u32 {
        let begin = self.words.len() as u32;
        self.words.extend_from_slice(word);
        begin
    }

    fn word(&self, range: Range<u32>) -> &[u8] {
        self.words.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The version of a dependency: often that of the package itself.
    fn keep_version(&mut self, version: &[u8]) -> u32 {
        if self.word(self.own_version.clone()) == version {
            self.own_version.start
        } else {
            self.keep(version)
        }
    }

    /// The architecture: nearly always that of the package before.
    fn keep_arch(&mut self, arch: &[u8]) -> u32 {
        if self.word(self.last_arch.clone()) != arch {
            let begin = self.keep(arch);
            self.last_arch = begin..begin + arch.len() as u32;
        }
        self.last_arch.start
    }

    /// The number of the name.
    fn name(&mut self, name: &[u8]) -> u32 {
        let hash = hash(name);
        let mut slot = hash as usize & (self.slots.len() - 1);
        while self.slots[slot] != 0 {
            let known = self.names[self.slots[slot] as usize - 1];
            if known.hash == hash && self.word(known.begin..known.begin + known.length) == name {
                return self.slots[slot] - 1;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        let begin = self.keep(name);
        self.names.push(Name { begin, length: name.len() as u32, hash, ..Name::default() });
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

    /// Whether two packages may have the same identity.
    fn has_twins(&self) -> bool {
        let with_identity =
            self.packages.iter().filter(|numbers| numbers[PACKAGE_NUMBERS - 2] & (SHA1 | SHA256) != 0);
        let mut starts: Vec<[u32; 2]> = with_identity.map(|numbers| [numbers[11], numbers[12]]).collect();
        starts.sort_unstable();
        starts.windows(2).any(|two| two[0] == two[1])
    }

    /// Appends description, words, tables and footer to the text.
    fn append_to(mut self, bytes: &mut Vec<u8>, description: &[u8]) {
        let text_length = bytes.len();
        let counts = [
            self.blocks.len(),
            self.slots.len(),
            self.names.len(),
            self.providers.len(),
            self.install_ifs.len(),
            self.deps.len(),
            text_length,
            description.len(),
            self.defects as usize,
            self.words.len(),
            usize::from(self.has_twins()),
        ];
        let numbers = self.blocks.len() * (1 + PACKAGE_NUMBERS)
            + self.deps.len() * DEP_NUMBERS
            + self.slots.len()
            + (self.names.len() + 1) * NAME_NUMBERS
            + self.providers.len()
            + self.install_ifs.len();
        bytes.reserve_exact(description.len() + self.words.len() + numbers * 4 + FOOTER_BYTES);
        bytes.extend_from_slice(description);
        bytes.extend_from_slice(&std::mem::take(&mut self.words));
        let mut put = |number: u32| bytes.extend_from_slice(&number.to_le_bytes());
        // Each table goes as soon as it is written: they are as large as what they become.
        std::mem::take(&mut self.blocks).into_iter().for_each(&mut put);
        std::mem::take(&mut self.packages).into_iter().flatten().for_each(&mut put);
        std::mem::take(&mut self.deps).into_iter().flatten().for_each(&mut put);
        std::mem::take(&mut self.slots).into_iter().for_each(&mut put);
        let (provider_begins, providers) = by_name(&self.providers, self.names.len());
        let (install_if_begins, install_ifs) = by_name(&self.install_ifs, self.names.len());
        self.names.push(Name::default());
        for (index, name) in self.names.into_iter().enumerate() {
            [name.begin, name.length, provider_begins[index], install_if_begins[index]]
                .into_iter()
                .for_each(&mut put);
        }
        providers.into_iter().for_each(&mut put);
        install_ifs.into_iter().for_each(&mut put);
        append_footer(bytes, &counts.map(|count| count as u32), &Made::default());
    }
}

/// Appends the footer.
fn append_footer(bytes: &mut Vec<u8>, counts: &[u32], made: &Made) {
    let begin = bytes.len();
    for number in counts.iter().chain(&made.numbers()) {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let sum = checksum(&bytes[begin..]);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&MAGIC);
}

/// The footer of a catalog, saying what it was made of instead of nothing.
pub(super) fn footer_with(footer: &[u8], made: &Made) -> Vec<u8> {
    let counts: Vec<u32> = footer
        .as_chunks::<4>()
        .0
        .iter()
        .take(super::COUNTS)
        .map(|bytes| u32::from_le_bytes(*bytes))
        .collect();
    let mut bytes = Vec::with_capacity(FOOTER_BYTES);
    append_footer(&mut bytes, &counts, made);
    bytes
}

impl Lines {
    fn take(&mut self, text: &[u8], letter: u8, range: Range<usize>) {
        let bit = 1u64 << (letter & 63);
        // A line that comes twice, or that is not one of an index.
        self.is_odd |= !letter.is_ascii_alphabetic() || self.seen & bit != 0;
        self.seen |= bit;
        let value = &text[range.clone()];
        match letter {
            b'P' => self.name = Some(range),
            b'V' => self.version = range,
            b'C' => self.identity = Identity::parse(value),
            b'A' => {
                self.arch = range;
                self.is_odd |= value.is_empty();
            }
            b'S' => self.size = number(value),
            b'I' => self.installed_size = number(value),
            b'k' => self.priority = number(value),
            b'D' => self.depends = range,
            b'p' => self.provides = range,
            b'i' => self.install_if = range,
            b'T' | b'U' | b'L' | b'o' | b'm' | b't' | b'c' | b'g' | b'r' | b'q' => {}
            _ => {
                self.is_odd = true;
                // The letters of the database mean nothing in an index, and are known.
                if !value.is_empty() && !b"FMRZagrqsf".contains(&letter) {
                    let is_large = letter.is_ascii_uppercase();
                    self.defects |= if is_large { NEW_UNINSTALLABLE } else { NEW_DOUBTFUL };
                }
            }
        }
    }
}

/// The number that a text begins with.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
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

/// Where the line at `at` ends.
fn end_of_line(text: &[u8], at: usize) -> usize {
    matching::bytes::find_byte(&text[at..], b'\n').map_or(text.len(), |length| at + length)
}
