//! package — what the solver has to know of a package, read from its block of an index or of the installed database.

use matching::bytes::find_byte;

use super::{DEFAULT_TAG, Dep, NameId, RepositorySet, Universe};
use crate::catalog::NamedDep;
use crate::dependency::{self, Borrowed};
use crate::identity::Identity;

/// Lists of dependencies that could not be understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    pub depends: bool,
    pub provides: bool,
    pub install_if: bool,
    /// A field that is not known but must not be ignored.
    pub unknown_field: bool,
    /// It is of another architecture.
    pub arch: bool,
}

/// A package.
#[derive(Clone, Debug)]
pub struct Package<'t> {
    pub name: NameId,
    pub version: &'t [u8],
    /// None where the block has none that is valid.
    pub identity: Option<Identity>,
    pub arch: &'t [u8],
    pub depends: Vec<Dep<'t>>,
    pub provides: Vec<Dep<'t>>,
    pub install_if: Vec<Dep<'t>>,
    /// Bytes of the package file; 0 for a package without contents.
    pub size: u64,
    pub installed_size: u64,
    pub provider_priority: u32,
    pub broken: Broken,
    /// Repositories that list it.
    pub repositories: RepositorySet,
    pub installed: bool,
    /// Made for this run, or given as a file.
    pub given: bool,
    /// The tag it was installed with.
    pub installed_tag: Option<u32>,
    /// Its lines, for everything else.
    pub block: &'t [u8],
    /// Its place in the order of the sources.
    pub sequence: u64,
}

impl<'t> Package<'t> {
    /// The package `index` of a source's catalog.
    pub(super) fn of(universe: &mut Universe<'t>, source: usize, index: usize) -> Package<'t> {
        let catalog = universe.sources[source].catalog;
        let sequence = super::sequence(source, index);
        let block = catalog.block(index);
        let Some(facts) = catalog.facts(index) else { return Package::read(universe, block, sequence) };
        let mut list = |deps: &mut dyn ExactSizeIterator<Item = NamedDep<'t>>| {
            let mut list = Vec::with_capacity(deps.len());
            for NamedDep { name, op, version, conflict } in deps {
                let name = universe.name_in(source, name);
                list.push(Dep { name, op, version, conflict, tag: 0, broken: false });
            }
            list
        };
        Package {
            depends: list(&mut catalog.depends(&facts)),
            provides: list(&mut catalog.provides(&facts)),
            install_if: list(&mut catalog.install_if(&facts)),
            name: universe.name_in(source, facts.name),
            version: facts.version,
            identity: facts.identity,
            arch: facts.arch,
            broken: Broken {
                arch: !facts.arch.is_empty() && !universe.accepts(facts.arch),
                ..Broken::default()
            },
            size: u64::from(facts.size),
            installed_size: u64::from(facts.installed_size),
            provider_priority: facts.provider_priority,
            ..Package::empty(block, sequence)
        }
    }

    fn empty(block: &'t [u8], sequence: u64) -> Package<'t> {
        Package {
            name: 0,
            version: b"",
            identity: None,
            arch: b"",
            depends: Vec::new(),
            provides: Vec::new(),
            install_if: Vec::new(),
            size: 0,
            installed_size: 0,
            provider_priority: 0,
            broken: Broken::default(),
            repositories: 0,
            installed: false,
            given: false,
            installed_tag: None,
            block,
            sequence,
        }
    }

    /// The package that `block` tells of.
    fn read(universe: &mut Universe<'t>, block: &'t [u8], sequence: u64) -> Package<'t> {
        let mut package = Package::empty(block, sequence);
        let mut name: &'t [u8] = b"";
        for (letter, value) in fields(block) {
            match letter {
                b'P' => name = value,
                b'V' => package.version = value,
                b'C' => package.identity = Identity::parse(value),
                b'A' => {
                    package.arch = value;
                    package.broken.arch = !universe.accepts(value);
                }
                b'S' => package.size = number(value),
                b'I' => package.installed_size = number(value),
                b'k' => package.provider_priority = number(value) as u32,
                b'D' => package.broken.depends |= !list(universe, value, &mut package.depends),
                b'p' => package.broken.provides |= !list(universe, value, &mut package.provides),
                b'i' => package.broken.install_if |= !list(universe, value, &mut package.install_if),
                b's' => package.installed_tag = Some(universe.tag(value) as u32),
                // Small letters may be left alone, large ones not.
                b'A'..=b'Z' if !KNOWN.contains(&letter) => package.broken.unknown_field = true,
                _ => {}
            }
        }
        package.name = universe.name(name);
        package
    }

    /// The first value of a line that begins with `letter`; empty where there is none.
    pub fn field(&self, letter: u8) -> &'t [u8] {
        let mut rest = self.block;
        while !rest.is_empty() {
            let end = find_byte(rest, b'\n').unwrap_or(rest.len());
            if end > 1 && rest[1] == b':' {
                match rest[0] {
                    b'F' => break,
                    found if found == letter => return &rest[2..end],
                    _ => {}
                }
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        b""
    }

    /// The tag it was installed with, or the default.
    pub fn tag(&self) -> usize {
        self.installed_tag.map_or(DEFAULT_TAG, |tag| tag as usize)
    }

    /// Letters of what failed when it was installed.
    pub fn flags(&self) -> &'t [u8] {
        self.field(b'f')
    }

    /// Whether nothing says that it cannot be installed.
    pub fn is_installable(&self) -> bool {
        !self.broken.depends && !self.broken.unknown_field && !self.broken.arch
    }
}

/// The large letters that blocks of indexes and of the database begin lines with.
const KNOWN: &[u8] = b"CPVASITULDFMRZ";

/// Letter and value of each line of a block, as far as they speak of the package and not of its files.
pub fn fields(block: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    block
        .split(|&byte| byte == b'\n')
        .take_while(|line| !line.starts_with(b"F:"))
        .filter(|line| line.len() >= 2 && line[1] == b':')
        .map(|line| (line[0], &line[2..]))
}

/// The number that a text begins with.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// Adds the dependencies of `text`; false where one is malformed. What only has a bad version is there all the same, for
/// those who have to say what is wrong; the list ends before what has no sense at all.
fn list<'t>(universe: &mut Universe<'t>, text: &'t [u8], list: &mut Vec<Dep<'t>>) -> bool {
    let mut is_sound = true;
    for word in dependency::words(text) {
        match Borrowed::parse(word).filter(|borrowed| borrowed.tag.is_none()) {
            Some(borrowed) => list.push(Dep::new(universe, borrowed)),
            None => {
                is_sound = false;
                let Some(borrowed) = Borrowed::with_bad_version(word) else { break };
                list.push(Dep { broken: true, ..Dep::new(universe, borrowed) });
            }
        }
    }
    is_sound
}
