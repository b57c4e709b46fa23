//! owners — which package owns a path, and who wins where two want it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use super::folders::split;
use crate::database::installed::{Entry, Installed};
use crate::dependency::Dependency;

/// A package that owns something, or did.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    pub name: Vec<u8>,
    pub version: Vec<u8>,
    pub origin: Vec<u8>,
    pub replaces: Vec<Dependency>,
    pub replaces_priority: u32,
    /// It will be removed by a later step: what it owns is free.
    pub leaves: bool,
}

impl Owner {
    fn replaces(&self, other: &Owner) -> bool {
        self.replaces.iter().any(|dependency| {
            *dependency.name == *other.name
                && dependency.satisfied_by(&other.name, &other.version) != dependency.conflict
        })
    }
}

/// What becomes of a path that another package owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The new package gets it.
    Take,
    /// The owner keeps it; the new package goes without.
    Leave,
    /// Neither says that it may replace the other.
    Conflict,
}

/// Who gets a path that `owner` has and `new` brings.
pub fn judge(new: &Owner, owner: &Owner) -> Verdict {
    if owner.leaves || owner.name == new.name {
        return Verdict::Take;
    }
    let (takes, keeps) = (new.replaces(owner), owner.replaces(new));
    if takes && keeps {
        return if new.replaces_priority >= owner.replaces_priority { Verdict::Take } else { Verdict::Leave };
    }
    match (takes, keeps) {
        (true, _) => Verdict::Take,
        (_, true) => Verdict::Leave,
        _ if !new.origin.is_empty() && new.origin == owner.origin => Verdict::Take,
        _ => Verdict::Conflict,
    }
}

/// A place in memory where a path lies, in two parts.
#[derive(Clone, Copy)]
struct Slot {
    folder: (u32, u32),
    name: (u32, u32),
    owner: u32,
    /// Index plus one of the next slot with the same hash.
    next: u32,
}

/// The owners of all paths. Paths are kept as ranges of one text.
#[derive(Default)]
pub struct Owners {
    text: Vec<u8>,
    slots: Vec<Slot>,
    heads: HashMap<u64, u32>,
    pub packages: Vec<Owner>,
    /// Changes since `mark`: slot and owner before.
    changes: Vec<(u32, u32)>,
    /// How many packages have a folder.
    folders: HashMap<Vec<u8>, u32>,
}

const NOBODY: u32 = u32::MAX;

impl Owners {
    /// What is installed. The numbers of owners are the positions of packages.
    pub fn new(installed: &Installed) -> Owners {
        let mut owners = Owners::default();
        for (number, record) in installed.packages().iter().enumerate() {
            let (replaces, replaces_priority) = installed.replaces(record);
            owners.packages.push(Owner {
                name: installed.name(record).to_vec(),
                version: installed.version(record).to_vec(),
                origin: installed.fact(record, b'o').to_vec(),
                replaces,
                replaces_priority,
                leaves: false,
            });
            let start = owners.text.len() as u32;
            owners.text.extend_from_slice(installed.files(record));
            let base = installed.files(record).as_ptr() as usize;
            let mut folder = (start, 0);
            for entry in installed.entries(record) {
                let at = |part: &[u8]| (start + (part.as_ptr() as usize - base) as u32, part.len() as u32);
                match entry {
                    Entry::Folder { path, .. } => {
                        folder = at(path);
                        *owners.folders.entry(path.to_vec()).or_default() += 1;
                    }
                    Entry::File { name, .. } => owners.insert(folder, at(name), number as u32),
                }
            }
        }
        owners
    }

    /// Adds a package; gives its number.
    pub fn add_package(&mut self, owner: Owner) -> usize {
        self.packages.push(owner);
        self.packages.len() - 1
    }

    fn part(&self, (start, length): (u32, u32)) -> &[u8] {
        &self.text[start as usize..(start + length) as usize]
    }

    fn insert(&mut self, folder: (u32, u32), name: (u32, u32), owner: u32) {
        let hash = hash(self.part(folder), self.part(name));
        self.slots.push(Slot { folder, name, owner, next: 0 });
        let index = self.slots.len() as u32;
        let head = self.heads.insert(hash, index).unwrap_or(0);
        self.slots[index as usize - 1].next = head;
    }

    fn find(&self, path: &[u8]) -> Option<usize> {
        let (folder, name) = split(path);
        let mut at = self.heads.get(&hash(folder, name)).copied().unwrap_or(0);
        while at != 0 {
            let slot = &self.slots[at as usize - 1];
            if self.part(slot.folder) == folder && self.part(slot.name) == name {
                return Some(at as usize - 1);
            }
            at = slot.next;
        }
        None
    }

    /// The number of the package that owns the path.
    pub fn owner(&self, path: &[u8]) -> Option<usize> {
        let slot = &self.slots[self.find(path)?];
        (slot.owner != NOBODY).then_some(slot.owner as usize)
    }

    /// Makes the package the owner of the path.
    pub fn set_owner(&mut self, path: &[u8], owner: usize) {
        if let Some(slot) = self.find(path) {
            let before = std::mem::replace(&mut self.slots[slot].owner, owner as u32);
            self.changes.push((slot as u32, before));
            return;
        }
        let (folder, name) = split(path);
        let start = self.text.len() as u32;
        self.text.extend_from_slice(folder);
        self.text.extend_from_slice(name);
        let folder = (start, folder.len() as u32);
        self.insert(folder, (start + folder.1, name.len() as u32), owner as u32);
        self.changes.push((self.slots.len() as u32 - 1, NOBODY));
    }

    /// Forgets what was changed so far.
    pub fn mark(&mut self) {
        self.changes.clear();
    }

    /// Takes back what was changed since the mark.
    pub fn take_back(&mut self) {
        while let Some((slot, before)) = self.changes.pop() {
            self.slots[slot as usize].owner = before;
        }
    }

    /// The paths that were taken from other packages since the mark, and the packages' numbers.
    pub fn taken(&self) -> Vec<(Vec<u8>, usize)> {
        let changes = self
            .changes
            .iter()
            .filter(|(slot, before)| *before != NOBODY && *before != self.slots[*slot as usize].owner);
        changes
            .map(|&(slot, before)| {
                let slot = &self.slots[slot as usize];
                (super::folders::join(self.part(slot.folder), self.part(slot.name)), before as usize)
            })
            .collect()
    }

    /// The path is nobody's, if it is `owner`'s.
    pub fn release(&mut self, path: &[u8], owner: usize) {
        if let Some(slot) = self.find(path).filter(|&slot| self.slots[slot].owner == owner as u32) {
            self.slots[slot].owner = NOBODY;
            self.changes.push((slot as u32, owner as u32));
        }
    }

    /// One more package has the folder.
    pub fn add_folder(&mut self, path: &[u8]) {
        *self.folders.entry(path.to_vec()).or_default() += 1;
    }

    /// One package less has the folder.
    pub fn drop_folder(&mut self, path: &[u8]) {
        if let Some(count) = self.folders.get_mut(path) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether any package has the folder.
    pub fn has_folder(&self, path: &[u8]) -> bool {
        self.folders.get(path).is_some_and(|&count| count > 0)
    }
}

fn hash(folder: &[u8], name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(folder);
    hasher.write_u8(b'/');
    hasher.write(name);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency;

    fn owner(name: &str, replaces: &str, priority: u32) -> Owner {
        Owner {
            name: name.as_bytes().to_vec(),
            version: b"1".to_vec(),
            origin: Vec::new(),
            replaces: dependency::parse_list(replaces.as_bytes()).unwrap(),
            replaces_priority: priority,
            leaves: false,
        }
    }

    #[test]
    fn who_gets_a_path() {
        for (new, old, expected) in [
            (owner("a", "", 0), owner("b", "", 0), Verdict::Conflict),
            (owner("a", "b", 0), owner("b", "", 0), Verdict::Take),
            (owner("a", "b>1", 0), owner("b", "", 0), Verdict::Conflict),
            (owner("a", "", 0), owner("b", "a", 0), Verdict::Leave),
            (owner("a", "b", 1), owner("b", "a", 2), Verdict::Leave),
            (owner("a", "b", 2), owner("b", "a", 1), Verdict::Take),
            (owner("a", "", 0), owner("a", "", 0), Verdict::Take),
        ] {
            assert_eq!(judge(&new, &old), expected, "{new:?} {old:?}");
        }
        let mut leaving = owner("b", "", 0);
        leaving.leaves = true;
        assert_eq!(judge(&owner("a", "", 0), &leaving), Verdict::Take);
        let (mut one, mut two) = (owner("a", "", 0), owner("b", "", 0));
        (one.origin, two.origin) = (b"o".to_vec(), b"o".to_vec());
        assert_eq!(judge(&one, &two), Verdict::Take);
    }

    #[test]
    fn paths_change_hands() {
        let text = b"P:a\nV:1\nF:\nR:top\nF:x\nR:y\nR:z\n\n".to_vec();
        let mut owners = Owners::new(&Installed::parse(text, false).unwrap());
        assert_eq!(owners.owner(b"x/y"), Some(0));
        assert_eq!(owners.owner(b"top"), Some(0));
        assert_eq!(owners.owner(b"x/q"), None);
        let new = owners.add_package(Owner::default());
        owners.set_owner(b"x/y", new);
        owners.set_owner(b"x/q", new);
        owners.release(b"x/y", 0);
        owners.release(b"x/z", 0);
        assert_eq!((owners.owner(b"x/y"), owners.owner(b"x/z")), (Some(1), None));
        assert_eq!(owners.owner(b"x/q"), Some(1));
        assert!(owners.has_folder(b"x"));
        owners.drop_folder(b"x");
        assert!(!owners.has_folder(b"x"));
    }
}
