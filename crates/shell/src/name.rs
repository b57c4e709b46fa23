//! name — names as small numbers, so that variables, functions and commands are found without hashing.

/// A variable's, function's or command's name, as its number in a `Names`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name(u32);

impl Name {
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn from_index(index: usize) -> Name {
        Name(index as u32)
    }
}

macro_rules! known {
    ($($constant:ident $text:literal,)*) => {
        /// Names that the engine itself uses; every `Names` begins with them, in this order.
        pub(crate) const KNOWN: &[&str] = &[$($text),*];
        known!(@ 0; $($constant,)*);
    };
    (@ $n:expr; $constant:ident, $($rest:ident,)*) => {
        pub const $constant: Name = Name($n);
        known!(@ $n + 1; $($rest,)*);
    };
    (@ $n:expr;) => {
        /// How many names are known from the start.
        pub(crate) const KNOWN_COUNT: usize = $n;
    };
}

known! {
    IFS "IFS",
    PATH "PATH",
    OPTIND "OPTIND",
    LINENO "LINENO",
    RANDOM "RANDOM",
    SECONDS "SECONDS",
    EPOCHSECONDS "EPOCHSECONDS",
    EPOCHREALTIME "EPOCHREALTIME",
    HOME "HOME",
    PWD "PWD",
    OLDPWD "OLDPWD",
    OPTARG "OPTARG",
    PS1 "PS1",
    PS2 "PS2",
    PS4 "PS4",
    PPID "PPID",
    ENV "ENV",
    CDPATH "CDPATH",
    REPLY "REPLY",
    HISTFILE "HISTFILE",
    HISTSIZE "HISTSIZE",
    TMOUT "TMOUT",
}

/// All names, each once.
pub struct Names {
    /// Open addressing: 0 is empty, else the number of a name plus one. The length is a power of two.
    table: Vec<u32>,
    /// Where each name ends in `text`, and its hash.
    entries: Vec<(u32, u32)>,
    text: Vec<u8>,
}

impl Default for Names {
    fn default() -> Names {
        Names::new()
    }
}

impl Names {
    pub fn new() -> Names {
        let mut names =
            Names { table: vec![0; 256], entries: Vec::with_capacity(128), text: Vec::with_capacity(1024) };
        for known in KNOWN {
            names.intern(known.as_bytes());
        }
        names
    }

    /// The name of that text, made if it is new.
    pub fn intern(&mut self, text: &[u8]) -> Name {
        let hash = hash(text);
        let slot = match self.slot(text, hash) {
            Ok(name) => return name,
            Err(slot) => slot,
        };
        let name = Name(self.entries.len() as u32);
        self.text.extend_from_slice(text);
        self.entries.push((self.text.len() as u32, hash));
        self.table[slot] = name.0 + 1;
        if self.entries.len() * 2 > self.table.len() {
            self.grow();
        }
        name
    }

    /// The name of that text if it was ever used.
    pub fn find(&self, text: &[u8]) -> Option<Name> {
        self.slot(text, hash(text)).ok()
    }

    pub fn text(&self, name: Name) -> &[u8] {
        let start = if name.0 == 0 { 0 } else { self.entries[name.index() - 1].0 as usize };
        &self.text[start..self.entries[name.index()].0 as usize]
    }

    /// Sorts names by their text.
    pub fn sort(&self, names: &mut [Name]) {
        names.sort_unstable_by(|&a, &b| self.text(a).cmp(self.text(b)));
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name, or the free place in the table where it would go.
    fn slot(&self, text: &[u8], hash: u32) -> Result<Name, usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            match self.table[slot] {
                0 => return Err(slot),
                number => {
                    let name = Name(number - 1);
                    if self.entries[name.index()].1 == hash && self.text(name) == text {
                        return Ok(name);
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = self.table.len() * 2;
        self.table = vec![0; size];
        for (number, &(_, hash)) in self.entries.iter().enumerate() {
            let mut slot = hash as usize & (size - 1);
            while self.table[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.table[slot] = number as u32 + 1;
        }
    }
}

/// FNV-1a: short keys, no setup.
fn hash(text: &[u8]) -> u32 {
    text.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Whether `text` can be a variable's name.
pub fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && !text[0].is_ascii_digit() && text.iter().all(|&byte| is_name_byte(byte))
}

#[inline]
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_it_has_seen() {
        let mut names = Names::new();
        assert_eq!(names.find(b"PATH"), Some(PATH));
        assert_eq!(names.text(TMOUT), b"TMOUT");
        let many: Vec<Name> = (0..1000).map(|n| names.intern(format!("v{n}").as_bytes())).collect();
        assert_eq!(names.find(b"v777"), Some(many[777]));
        assert_eq!(names.text(many[999]), b"v999");
        assert_eq!(names.find(b"none"), None);
    }
}
