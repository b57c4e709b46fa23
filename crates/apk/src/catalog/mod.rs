//! catalog — an index in the form that is searched: tables of little-endian numbers, then the index's text.
//!
//! There are no pointers, so a file of it is used as it is mapped. Names are found by hash; each has the packages that
//! provide it (under their own name or as `provides`) and those whose `install_if` speaks of it. Every number is checked
//! on use: a damaged catalog finds less, it never reads outside.
//!
//! Layout: `Header`, then `u32` tables one after the other: the begin of each package's block in the text and the end of
//! the last; the slots of the hash table (index of a name plus one, 0 is free); four numbers a name (begin and length of
//! its text, begin of its providers and of its install_ifs in the lists) and the end of both; the lists; then the text.

mod build;

pub use self::build::build;

/// What a catalog begins with.
pub const MAGIC: [u8; 8] = *b"apkcat\x01\n";

/// A package provides, or follows by install_if, what could not be understood.
pub const DOUBTFUL: u32 = 1;
/// A package depends on what could not be understood.
pub const UNINSTALLABLE: u32 = 2;
/// A package has a field of a later version that may be left alone.
pub const NEW_DOUBTFUL: u32 = 4;
/// A package has a field of a later version without which it cannot be installed.
pub const NEW_UNINSTALLABLE: u32 = 8;

/// Numbers of the header behind the magic, in their order.
const HEADER_NUMBERS: usize = 7;
const HEADER_BYTES: usize = MAGIC.len() + HEADER_NUMBERS * 4;
/// Numbers that describe one name.
const NAME_NUMBERS: usize = 4;

/// The counts of a catalog, from its header.
#[derive(Clone, Copy, Debug)]
struct Header {
    packages: usize,
    slots: usize,
    names: usize,
    providers: usize,
    install_ifs: usize,
    text: usize,
    defects: usize,
}

/// A catalog over its bytes.
#[derive(Clone, Copy)]
pub struct Catalog<'a> {
    header: Header,
    blocks: Numbers<'a>,
    slots: Numbers<'a>,
    names: Numbers<'a>,
    providers: Numbers<'a>,
    install_ifs: Numbers<'a>,
    text: &'a [u8],
}

/// A table of little-endian numbers of 32 bits.
#[derive(Clone, Copy)]
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    /// The number at `index`; 0 behind the end.
    fn get(self, index: usize) -> usize {
        match self.0.get(index * 4..index * 4 + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => 0,
        }
    }
}

impl<'a> Catalog<'a> {
    /// The catalog in `bytes`; None where its tables do not fit them.
    pub fn new(bytes: &'a [u8]) -> Option<Catalog<'a>> {
        let numbers = Numbers(bytes.strip_prefix(&MAGIC)?);
        let header = Header {
            packages: numbers.get(0),
            slots: numbers.get(1),
            names: numbers.get(2),
            providers: numbers.get(3),
            install_ifs: numbers.get(4),
            text: numbers.get(5),
            defects: numbers.get(6),
        };
        let mut rest = bytes.get(HEADER_BYTES..)?;
        let mut table = |count: usize| {
            let (table, behind) = rest.split_at_checked(count.checked_mul(4)?)?;
            rest = behind;
            Some(Numbers(table))
        };
        let catalog = Catalog {
            header,
            blocks: table(header.packages + 1)?,
            slots: table(header.slots)?,
            names: table((header.names + 1) * NAME_NUMBERS)?,
            providers: table(header.providers)?,
            install_ifs: table(header.install_ifs)?,
            text: rest,
        };
        let fits = rest.len() == header.text && header.slots.is_power_of_two() && header.slots > header.names;
        fits.then_some(catalog)
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.header.packages
    }

    /// What is wrong with packages of it: bits, from `DOUBTFUL` on.
    pub fn defects(&self) -> u32 {
        self.header.defects as u32
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines of the package `index`, without the empty line behind them; empty behind the last package.
    pub fn block(&self, index: usize) -> &'a [u8] {
        if index >= self.len() {
            return &[];
        }
        let block = self.text.get(self.blocks.get(index)..self.blocks.get(index + 1)).unwrap_or_default();
        let empty_lines = block.iter().rev().take_while(|&&byte| byte == b'\n').count().saturating_sub(1);
        &block[..block.len() - empty_lines]
    }

    /// How many names there are.
    pub fn names_len(&self) -> usize {
        self.header.names
    }

    /// The text of the name `index`.
    pub fn name(&self, index: usize) -> &'a [u8] {
        let (begin, length) =
            (self.names.get(index * NAME_NUMBERS), self.names.get(index * NAME_NUMBERS + 1));
        self.text.get(begin..begin.saturating_add(length)).unwrap_or_default()
    }

    /// The index of a name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let mask = self.header.slots - 1;
        let mut slot = hash(name) as usize & mask;
        for _ in 0..self.header.slots {
            let index = self.slots.get(slot).checked_sub(1)?;
            if self.name(index) == name {
                return Some(index);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// The packages that provide the name `index`, in the order of the index, each once.
    pub fn providers(&self, index: usize) -> impl Iterator<Item = usize> + 'a {
        self.list(self.providers, index, 2, self.header.providers)
    }

    /// The packages whose install_if speaks of the name `index`, in the order of the index, each once.
    pub fn install_ifs(&self, index: usize) -> impl Iterator<Item = usize> + 'a {
        self.list(self.install_ifs, index, 3, self.header.install_ifs)
    }

    fn list(
        &self,
        list: Numbers<'a>,
        name: usize,
        number: usize,
        most: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        let at = |name: usize| self.names.get(name * NAME_NUMBERS + number).min(most);
        (at(name)..at(name + 1)).map(move |index| list.get(index))
    }
}

/// The hash of names: FNV's constants over words of eight bytes, as names are short and many.
fn hash(name: &[u8]) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325 ^ name.len() as u64;
    let (words, rest) = name.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    for &byte in rest {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"C:Q1x\nP:a\nV:1\np:x=1 y a=2\n\nP:b\nV:2\ni:a !c>1\np:y\nF:etc\nR:p\nP:no\n\nP:c\nV:3\n\n";

    fn listed(catalog: &Catalog, name: &str) -> (Vec<usize>, Vec<usize>) {
        let index = catalog.find(name.as_bytes()).unwrap();
        (catalog.providers(index).collect(), catalog.install_ifs(index).collect())
    }

    #[test]
    fn names_are_found() {
        let bytes = build(TEXT.to_vec()).unwrap();
        let catalog = Catalog::new(&bytes).unwrap();
        assert_eq!(catalog.len(), 3);
        assert_eq!(catalog.block(2), b"P:c\nV:3\n");
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
    fn damage_is_noticed_or_harmless() {
        let bytes = build(TEXT.to_vec()).unwrap();
        for cut in 0..bytes.len() {
            assert!(Catalog::new(&bytes[..cut]).is_none(), "{cut}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            if let Some(catalog) = Catalog::new(&damaged) {
                for name in [b"a".as_slice(), b"y", b"zz"] {
                    if let Some(index) = catalog.find(name) {
                        assert!(catalog.providers(index).chain(catalog.install_ifs(index)).count() < 100);
                    }
                }
                assert!((0..catalog.len().min(10)).all(|index| catalog.block(index).len() <= bytes.len()));
            }
        }
    }
}
