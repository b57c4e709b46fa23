//! owners — which package owns a path, and who wins where two want it.

use std::hash::Hasher;

use super::folders::split;
use crate::database::installed::{Installed, Named};
use crate::dependency::Dependency;
use crate::fast_hash::{FastHasher, FastMap};

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

/// A part of the text: begin and length.
type Part = (u32, u32);

/// A path, in two parts, and whose it is.
#[derive(Clone, Copy)]
struct Slot {
    folder: Part,
    name: Part,
    hash: u32,
    owner: u32,
    /// Index plus one of the next slot in the same chain.
    next: u32,
}

/// How many packages have a folder.
#[derive(Clone, Copy, Default)]
struct Holders {
    /// When all is done.
    stay: u32,
    /// That are going to leave it, and have not yet.
    leave: u32,
}

/// The owners of all paths. Paths are kept as parts of one text: that of the database, and behind it what came since.
pub struct Owners<'i> {
    installed: &'i Installed,
    added: Vec<u8>,
    slots: Vec<Slot>,
    /// Where chains of slots begin: index plus one of the first. As many as a power of two.
    heads: Vec<u32>,
    pub packages: Vec<Owner>,
    /// Changes since `mark`: slot and owner before.
    changes: Vec<(u32, u32)>,
    folders: FastMap<Vec<u8>, Holders>,
}

const NOBODY: u32 = u32::MAX;

impl<'i> Owners<'i> {
    /// What is installed. The numbers of owners are the positions of packages.
    pub fn new(installed: &'i Installed) -> Owners<'i> {
        let mut owners = Owners {
            installed,
            added: Vec::new(),
            slots: Vec::new(),
            heads: vec![0; 1024],
            packages: Vec::with_capacity(installed.packages().len()),
            changes: Vec::new(),
            folders: FastMap::default(),
        };
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
            let start = installed.files_start(record) as u32;
            let base = installed.files(record).as_ptr() as usize;
            let mut folder = (start, 0);
            for place in installed.named(record) {
                let at = |part: &[u8]| (start + (part.as_ptr() as usize - base) as u32, part.len() as u32);
                match place {
                    Named::Folder(path) => {
                        folder = at(path);
                        owners.add_folder(path);
                    }
                    Named::File(name) => owners.insert(folder, at(name), number as u32),
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

    fn part(&self, (start, length): Part) -> &[u8] {
        let (start, length) = (start as usize, length as usize);
        match start.checked_sub(self.installed.text_len()) {
            Some(start) => &self.added[start..start + length],
            None => self.installed.part(&(start..start + length)),
        }
    }

    fn insert(&mut self, folder: Part, name: Part, owner: u32) {
        if self.slots.len() >= self.heads.len() {
            self.rebuild(self.heads.len() * 4);
        }
        let hash = hash(self.part(folder), self.part(name));
        self.slots.push(Slot { folder, name, hash, owner, next: 0 });
        self.chain(self.slots.len() - 1);
    }

    fn chain(&mut self, index: usize) {
        let head = self.slots[index].hash as usize & (self.heads.len() - 1);
        self.slots[index].next = std::mem::replace(&mut self.heads[head], index as u32 + 1);
    }

    fn rebuild(&mut self, heads: usize) {
        self.heads.clear();
        self.heads.resize(heads, 0);
        (0..self.slots.len()).for_each(|index| self.chain(index));
    }

    fn find(&self, path: &[u8]) -> Option<usize> {
        let (folder, name) = split(path);
        let hash = hash(folder, name);
        let mut at = self.heads[hash as usize & (self.heads.len() - 1)];
        while at != 0 {
            let slot = &self.slots[at as usize - 1];
            if slot.hash == hash && self.part(slot.name) == name && self.part(slot.folder) == folder {
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
        let start = (self.installed.text_len() + self.added.len()) as u32;
        self.added.extend_from_slice(folder);
        self.added.extend_from_slice(name);
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
        match self.folders.get_mut(path) {
            Some(holders) => holders.stay += 1,
            None => {
                self.folders.insert(path.to_vec(), Holders { stay: 1, leave: 0 });
            }
        }
    }

    /// A package that has the folder is going to leave it.
    pub fn drop_folder(&mut self, path: &[u8]) {
        if let Some(holders) = self.folders.get_mut(path) {
            holders.stay = holders.stay.saturating_sub(1);
            holders.leave += 1;
        }
    }

    /// The next of the packages that leave the folder does so. True where it is the last, and none stays.
    pub fn leave_folder(&mut self, path: &[u8]) -> bool {
        let Some(holders) = self.folders.get_mut(path) else { return false };
        holders.leave = holders.leave.saturating_sub(1);
        holders.stay == 0 && holders.leave == 0
    }
}

fn hash(folder: &[u8], name: &[u8]) -> u32 {
    let mut hasher = FastHasher::default();
    hasher.write(folder);
    hasher.write_u8(b'/');
    hasher.write(name);
    hasher.finish() as u32
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
        let installed = Installed::parse(text, false).unwrap();
        let mut owners = Owners::new(&installed);
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
        owners.add_folder(b"x");
        owners.drop_folder(b"x");
        owners.drop_folder(b"x");
        assert!(!owners.leave_folder(b"x"));
        assert!(owners.leave_folder(b"x"));
        assert!(!owners.leave_folder(b"unknown"));
        owners.drop_folder(b"");
        owners.add_folder(b"");
        assert!(!owners.leave_folder(b""));
    }

    #[test]
    fn many_paths() {
        let installed = Installed::parse(b"P:a\nV:1\nF:x\nR:f7\n\n".to_vec(), false).unwrap();
        let mut owners = Owners::new(&installed);
        let new = owners.add_package(Owner::default());
        let path = |number: usize| format!("x/f{number}").into_bytes();
        (0..5000).filter(|number| number % 2 == 0).for_each(|number| owners.set_owner(&path(number), new));
        for number in 0..5000 {
            let expected = if number % 2 == 0 { Some(new) } else { (number == 7).then_some(0) };
            assert_eq!(owners.owner(&path(number)), expected, "{number}");
        }
    }
}
