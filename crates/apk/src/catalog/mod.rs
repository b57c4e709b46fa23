//! catalog — an index in the form that is searched: the index's text, then tables of little-endian numbers.
//!
//! There are no pointers, so a file of it is used as it is mapped. Names are found by hash; each has the packages that
//! provide it (under their own name or as `provides`) and those whose `install_if` speaks of it. Facts and dependencies
//! of packages are there as numbers; what is out of the ordinary in a package is left to whoever reads its lines. Every
//! number is checked on use: a damaged catalog finds less, it never reads outside.
//!
//! Layout: the text; the description; the words that tables speak of, so that who looks for packages does not touch the
//! text; the tables of `u32`, one after the other: the begin of each package's block in the text; the facts of packages (`PACKAGE_NUMBERS` each); dependencies (`DEP_NUMBERS` each); the
//! slots of the hash table (index of a name plus one, 0 is free); `NAME_NUMBERS` a name (begin and length of its word,
//! begin of its providers and of its install_ifs in the lists) and the end of both; the lists. Then the footer: what it
//! was made of, the counts, their checksum, and `MAGIC`. The end is written last, so a file that was cut has none.

mod build;
mod stored;

pub use self::build::build;
pub use self::stored::{Made, Stored};

use crate::dependency::Op;
use crate::identity::Identity;

/// What a catalog ends with.
const MAGIC: [u8; 8] = *b"apkcat\x02\n";

/// A package provides, or follows by install_if, what could not be understood.
pub const DOUBTFUL: u32 = 1;
/// A package depends on what could not be understood.
pub const UNINSTALLABLE: u32 = 2;
/// A package has a field of a later version that may be left alone.
pub const NEW_DOUBTFUL: u32 = 4;
/// A package has a field of a later version without which it cannot be installed.
pub const NEW_UNINSTALLABLE: u32 = 8;

/// Numbers of the footer: counts, then those of `Made`, then the checksum.
const COUNTS: usize = 11;
const FOOTER_NUMBERS: usize = COUNTS + Made::NUMBERS + 1;
const FOOTER_BYTES: usize = FOOTER_NUMBERS * 4 + MAGIC.len();
/// Numbers that describe one name.
const NAME_NUMBERS: usize = 4;
/// Numbers of a package: name; begin and length of version and of architecture; size; installed size; priority; first
/// dependency; how many depends, and provides; identity (8); flags; length of its block.
const PACKAGE_NUMBERS: usize = 21;
/// Numbers of a dependency: name; begin of the version; its length, operator and conflict.
const DEP_NUMBERS: usize = 3;

/// Flags of a package. `ODD`: its lines say what the numbers do not.
const ODD: u32 = 1;
const SHA1: u32 = 2;
const SHA256: u32 = 4;

/// Lengths are kept in the low bits of the last number of a dependency.
const LENGTH_MOST: usize = 0xffff;
const OP_SHIFT: u32 = 16;
const CONFLICT: u32 = 1 << 24;

/// The counts of a catalog, from its footer.
#[derive(Clone, Copy, Debug)]
struct Counts {
    packages: usize,
    slots: usize,
    names: usize,
    providers: usize,
    install_ifs: usize,
    deps: usize,
    text: usize,
    description: usize,
    defects: usize,
    words: usize,
    has_twins: bool,
}

/// A catalog over its bytes.
#[derive(Clone, Copy)]
pub struct Catalog<'a> {
    counts: Counts,
    text: &'a [u8],
    description: &'a [u8],
    words: &'a [u8],
    blocks: Numbers<'a>,
    packages: Numbers<'a>,
    deps: Numbers<'a>,
    slots: Numbers<'a>,
    names: Numbers<'a>,
    providers: Numbers<'a>,
    install_ifs: Numbers<'a>,
}

/// The facts of an ordinary package. Names are those of the catalog.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    pub name: usize,
    pub version: &'a [u8],
    pub arch: &'a [u8],
    pub identity: Option<Identity>,
    pub size: u32,
    pub installed_size: u32,
    pub provider_priority: u32,
    /// The dependencies: where they begin in the catalog, and how many there are of each kind.
    first: usize,
    depends: usize,
    provides: usize,
    install_ifs: usize,
}

/// A dependency of an ordinary package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedDep<'a> {
    pub name: usize,
    pub op: Op,
    pub version: &'a [u8],
    pub conflict: bool,
}

/// A table of little-endian numbers of 32 bits.
#[derive(Clone, Copy)]
struct Numbers<'a>(&'a [u8]);

impl<'a> Numbers<'a> {
    /// The number at `index`; 0 behind the end.
    fn get(self, index: usize) -> usize {
        match self.0.get(index * 4..index * 4 + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => 0,
        }
    }

    /// `N` numbers from `index` on; None where there are fewer.
    fn several<const N: usize>(self, index: usize) -> Option<[u32; N]> {
        let bytes = self.0.get(index * 4..(index + N) * 4)?;
        let mut numbers = [0; N];
        for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *number = u32::from_le_bytes(*bytes);
        }
        Some(numbers)
    }
}

impl<'a> Catalog<'a> {
    /// The catalog in `bytes`; None where its tables do not fit them.
    pub fn new(bytes: &'a [u8]) -> Option<Catalog<'a>> {
        let (rest, footer) = bytes.split_at(bytes.len().checked_sub(FOOTER_BYTES)?);
        let (numbers, sum) = footer.strip_suffix(&MAGIC)?.split_last_chunk::<4>()?;
        if checksum(numbers) != u32::from_le_bytes(*sum) {
            return None;
        }
        let numbers = Numbers(numbers);
        let counts = Counts {
            packages: numbers.get(0),
            slots: numbers.get(1),
            names: numbers.get(2),
            providers: numbers.get(3),
            install_ifs: numbers.get(4),
            deps: numbers.get(5),
            text: numbers.get(6),
            description: numbers.get(7),
            defects: numbers.get(8),
            words: numbers.get(9),
            has_twins: numbers.get(10) != 0,
        };
        let (text, rest) = rest.split_at_checked(counts.text)?;
        let (description, rest) = rest.split_at_checked(counts.description)?;
        let (words, mut rest) = rest.split_at_checked(counts.words)?;
        let mut table = |count: usize| {
            let (table, behind) = rest.split_at_checked(count.checked_mul(4)?)?;
            rest = behind;
            Some(Numbers(table))
        };
        let catalog = Catalog {
            counts,
            text,
            description,
            words,
            blocks: table(counts.packages)?,
            packages: table(counts.packages.checked_mul(PACKAGE_NUMBERS)?)?,
            deps: table(counts.deps.checked_mul(DEP_NUMBERS)?)?,
            slots: table(counts.slots)?,
            names: table((counts.names + 1).checked_mul(NAME_NUMBERS)?)?,
            providers: table(counts.providers)?,
            install_ifs: table(counts.install_ifs)?,
        };
        let fits = rest.is_empty() && counts.slots.is_power_of_two() && counts.slots > counts.names;
        fits.then_some(catalog)
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.counts.packages
    }

    /// What is wrong with packages of it: bits, from `DOUBTFUL` on.
    pub fn defects(&self) -> u32 {
        self.counts.defects as u32
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the index says of itself.
    pub fn description(&self) -> &'a [u8] {
        self.description
    }

    /// The lines of the package `index`, without the empty line behind them; empty behind the last package.
    pub fn block(&self, index: usize) -> &'a [u8] {
        if index >= self.len() {
            return &[];
        }
        let (begin, length) = (self.blocks.get(index), self.packages.get((index + 1) * PACKAGE_NUMBERS - 1));
        self.text.get(begin..begin.saturating_add(length)).unwrap_or_default()
    }

    /// Whether two of its packages may have the same identity.
    pub fn has_twins(&self) -> bool {
        self.counts.has_twins
    }

    /// The facts of the package `index`; None for one that is out of the ordinary: its lines tell.
    pub fn facts(&self, index: usize) -> Option<Facts<'a>> {
        let numbers: [u32; PACKAGE_NUMBERS] = self.packages.several(index.checked_mul(PACKAGE_NUMBERS)?)?;
        let [
            name,
            version,
            version_length,
            arch,
            arch_length,
            size,
            installed_size,
            provider_priority,
            first,
            ..,
        ] = numbers.map(|number| number as usize);
        let [.., depends, provides, _, _, _, _, _, _, _, _, flags, _] = numbers;
        if flags & ODD != 0 {
            return None;
        }
        let end = match index + 1 < self.len() {
            true => self.packages.get((index + 1) * PACKAGE_NUMBERS + 8),
            false => self.counts.deps,
        };
        let all = end.min(self.counts.deps).checked_sub(first)?;
        let (depends, provides) = (depends as usize, provides as usize);
        let mut identity = [0; 32];
        for (bytes, number) in identity.chunks_exact_mut(4).zip(&numbers[11..19]) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        let identity = match flags & (SHA1 | SHA256) {
            SHA1 => identity.first_chunk::<20>().map(|bytes| Identity::Sha1(*bytes)),
            SHA256 => Some(Identity::Sha256(identity)),
            _ => None,
        };
        Some(Facts {
            name,
            version: self.word_at(version, version_length),
            arch: self.word_at(arch, arch_length),
            identity,
            size: size as u32,
            installed_size: installed_size as u32,
            provider_priority: provider_priority as u32,
            first,
            depends,
            provides,
            install_ifs: all.checked_sub(depends)?.checked_sub(provides)?,
        })
    }

    /// What the package of `facts` depends on, as far as it is ordinary; so for the next two.
    pub fn depends(&self, facts: &Facts<'a>) -> impl ExactSizeIterator<Item = NamedDep<'a>> + use<'a> {
        self.deps(facts.first, facts.depends)
    }

    pub fn provides(&self, facts: &Facts<'a>) -> impl ExactSizeIterator<Item = NamedDep<'a>> + use<'a> {
        self.deps(facts.first + facts.depends, facts.provides)
    }

    pub fn install_if(&self, facts: &Facts<'a>) -> impl ExactSizeIterator<Item = NamedDep<'a>> + use<'a> {
        self.deps(facts.first + facts.depends + facts.provides, facts.install_ifs)
    }

    fn deps(&self, first: usize, count: usize) -> impl ExactSizeIterator<Item = NamedDep<'a>> + use<'a> {
        let catalog = *self;
        (first..first + count).map(move |index| {
            let [name, begin, rest] = catalog.deps.several(index * DEP_NUMBERS).unwrap_or_default();
            NamedDep {
                name: name as usize,
                op: Op((rest >> OP_SHIFT) as u8),
                version: catalog.word_at(begin as usize, rest as usize & LENGTH_MOST),
                conflict: rest & CONFLICT != 0,
            }
        })
    }

    fn word_at(&self, begin: usize, length: usize) -> &'a [u8] {
        self.words.get(begin..begin.saturating_add(length)).unwrap_or_default()
    }

    /// How many names there are.
    pub fn names_len(&self) -> usize {
        self.counts.names
    }

    /// The text of the name `index`.
    pub fn name(&self, index: usize) -> &'a [u8] {
        if index >= self.names_len() {
            return &[];
        }
        self.word_at(self.names.get(index * NAME_NUMBERS), self.names.get(index * NAME_NUMBERS + 1))
    }

    /// The index of a name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        if self.counts.names == 0 {
            return None;
        }
        let mask = self.counts.slots - 1;
        let mut slot = hash(name) as usize & mask;
        for _ in 0..self.counts.slots {
            let index = self.slots.get(slot).checked_sub(1)?;
            if self.name(index) == name {
                return Some(index);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// The packages that provide the name `index`, in the order of the index, each once.
    pub fn providers(&self, index: usize) -> impl ExactSizeIterator<Item = usize> + use<'a> {
        self.list(self.providers, index, 2, self.counts.providers)
    }

    /// The packages whose install_if speaks of the name `index`, in the order of the index, each once.
    pub fn install_ifs(&self, index: usize) -> impl ExactSizeIterator<Item = usize> + use<'a> {
        self.list(self.install_ifs, index, 3, self.counts.install_ifs)
    }

    fn list(
        &self,
        list: Numbers<'a>,
        name: usize,
        number: usize,
        most: usize,
    ) -> impl ExactSizeIterator<Item = usize> + use<'a> {
        let at = |name: usize| self.names.get(name * NAME_NUMBERS + number).min(most);
        (at(name)..at(name + 1)).map(move |index| list.get(index))
    }
}

/// The hash of names: words of eight bytes, as names are short and many.
fn hash(name: &[u8]) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325 ^ name.len() as u64;
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 32) as u32
}

/// The checksum of the footer's numbers.
fn checksum(bytes: &[u8]) -> u32 {
    hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"C:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nP:a\nV:1\nA:x\nS:7\nI:8\nk:9\np:x=1 y a=2\nD:b>2 !c\n\n\
        P:b\nV:2\ni:a !c>1\np:y\nF:etc\nR:p\nP:no\n\nP:c\nV:3\ns:tag\n\n";

    fn built() -> Vec<u8> {
        build(TEXT.to_vec(), b"words").unwrap()
    }

    fn listed(catalog: &Catalog, name: &str) -> (Vec<usize>, Vec<usize>) {
        let index = catalog.find(name.as_bytes()).unwrap();
        (catalog.providers(index).collect(), catalog.install_ifs(index).collect())
    }

    #[test]
    fn names_are_found() {
        let bytes = built();
        let catalog = Catalog::new(&bytes).unwrap();
        assert_eq!((catalog.len(), catalog.description()), (3, b"words".as_slice()));
        assert_eq!(catalog.block(2), b"P:c\nV:3\ns:tag\n");
        for (name, providers, install_ifs) in [
            ("a", vec![0], vec![1]),
            ("x", vec![0], vec![]),
            ("y", vec![0, 1], vec![]),
            ("c", vec![2], vec![1]),
        ] {
            assert_eq!(listed(&catalog, name), (providers, install_ifs), "{name}");
        }
        assert_eq!(catalog.find(b"no"), None);
        assert_eq!(catalog.find(b""), None);
    }

    #[test]
    fn facts_are_numbers() {
        let bytes = built();
        let catalog = Catalog::new(&bytes).unwrap();
        let facts = catalog.facts(0).unwrap();
        assert_eq!((catalog.name(facts.name), facts.version, facts.arch), (&b"a"[..], &b"1"[..], &b"x"[..]));
        assert_eq!((facts.size, facts.installed_size, facts.provider_priority), (7, 8, 9));
        assert_eq!(facts.identity, Identity::parse(b"Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0="));
        let texts = |deps: Vec<NamedDep<'_>>| -> Vec<String> {
            let show = |dep: NamedDep<'_>| {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                format!(
                    "{}{}{}{}",
                    if dep.conflict { "!" } else { "" },
                    text(catalog.name(dep.name)),
                    dep.op.text(),
                    text(dep.version)
                )
            };
            deps.into_iter().map(show).collect()
        };
        assert_eq!(texts(catalog.depends(&facts).collect()), ["b>2", "!c"]);
        assert_eq!(texts(catalog.provides(&facts).collect()), ["x=1", "y", "a=2"]);
        let facts = catalog.facts(1).unwrap();
        assert_eq!(texts(catalog.install_if(&facts).collect()), ["a", "!c>1"]);
        assert_eq!((facts.identity, catalog.depends(&facts).len()), (None, 0));
        // It is pinned: for its lines to tell.
        assert!(catalog.facts(2).is_none());
        assert!(catalog.facts(3).is_none());
    }

    /// Uses everything that a catalog has.
    fn exercise(catalog: &Catalog<'_>) -> usize {
        let mut seen = 0;
        for name in [b"a".as_slice(), b"y", b"zz"] {
            if let Some(index) = catalog.find(name) {
                seen += catalog.providers(index).chain(catalog.install_ifs(index)).take(1000).count();
            }
        }
        for index in 0..catalog.len().min(10) {
            seen += catalog.block(index).len();
            if let Some(facts) = catalog.facts(index) {
                let deps = catalog.depends(&facts).chain(catalog.provides(&facts));
                let deps = deps.chain(catalog.install_if(&facts)).take(1000);
                seen += deps.map(|dep| catalog.name(dep.name).len() + dep.version.len()).sum::<usize>();
            }
        }
        seen
    }

    #[test]
    fn damage_is_noticed_or_harmless() {
        let bytes = built();
        for cut in 0..bytes.len() {
            assert!(Catalog::new(&bytes[..cut]).is_none(), "{cut}");
        }
        for at in 0..bytes.len() {
            for bits in [0xff, 0x80, 1] {
                let mut damaged = bytes.clone();
                damaged[at] ^= bits;
                let in_footer = at >= bytes.len() - FOOTER_BYTES;
                match Catalog::new(&damaged) {
                    Some(catalog) => {
                        assert!(!in_footer, "{at}");
                        exercise(&catalog);
                    }
                    None => assert!(in_footer, "{at}"),
                }
            }
        }
    }

    #[test]
    fn counts_that_lie_are_noticed() {
        let bytes = built();
        let footer = bytes.len() - FOOTER_BYTES;
        let sum = bytes.len() - MAGIC.len() - 4;
        for number in 0..COUNTS {
            for value in [0, 1, 2, 3, 0x7fff_ffff, u32::MAX] {
                let mut damaged = bytes.clone();
                damaged[footer + number * 4..][..4].copy_from_slice(&value.to_le_bytes());
                let right = checksum(&damaged[footer..sum]);
                damaged[sum..][..4].copy_from_slice(&right.to_le_bytes());
                if let Some(catalog) = Catalog::new(&damaged) {
                    exercise(&catalog);
                }
            }
        }
    }
}
