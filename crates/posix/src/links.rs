//! links — files that have several names: which of them was met already.
//!
//! One map for all commands, so that it is compiled once.

use std::collections::BTreeMap;

/// Numbers of files, by device and inode.
#[derive(Default)]
pub struct Seen(BTreeMap<(u64, u64), usize>);

impl Seen {
    /// The number that the file was given last.
    pub fn get(&self, device: u64, inode: u64) -> Option<usize> {
        self.0.get(&(device, inode)).copied()
    }

    /// Gives the file a number; the one that it had.
    pub fn insert(&mut self, device: u64, inode: u64, number: usize) -> Option<usize> {
        self.0.insert((device, inode), number)
    }
}

/// The first names of files, by device and inode.
#[derive(Default)]
pub struct FirstNames {
    seen: Seen,
    names: Vec<Vec<u8>>,
}

impl FirstNames {
    /// The name under which the file was met first.
    pub fn get(&self, device: u64, inode: u64) -> Option<&[u8]> {
        self.names.get(self.seen.get(device, inode)?).map(Vec::as_slice)
    }

    /// Notes the name of a file that was not met before.
    pub fn add(&mut self, device: u64, inode: u64, name: &[u8]) {
        self.seen.insert(device, inode, self.names.len());
        self.names.push(name.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_file_again() {
        let mut names = FirstNames::default();
        for (device, inode, name) in [(1, 5, "a"), (2, 5, "b"), (1, 4, "c")] {
            assert_eq!(names.get(device, inode), None, "{name}");
            names.add(device, inode, name.as_bytes());
        }
        assert_eq!(names.get(2, 5), Some(&b"b"[..]));
        let mut seen = Seen::default();
        assert_eq!((seen.insert(1, 1, 7), seen.insert(1, 1, 8), seen.get(1, 1)), (None, Some(7), Some(8)));
    }
}
