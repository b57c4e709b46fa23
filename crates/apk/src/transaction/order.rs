//! order — the order in which the reference goes through folders and files.
//!
//! It keeps them in tables by their hash, and that order shows: in the arguments of triggers, of which scripts may look at
//! the first, and in what the audit misses. Found by experiment with apk-tools 3.0.6.

/// MurmurHash3 of 32 bits (Austin Appleby, public domain).
fn murmur3(bytes: &[u8], seed: u32) -> u32 {
    let mix = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let mut hash = seed;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        hash ^= mix(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let rest = words.remainder().iter().enumerate();
    hash ^= mix(rest.fold(0, |tail, (index, &byte)| tail | u32::from(byte) << (8 * index)));
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

const SEED: u32 = 5381;
/// Sizes of the tables.
const FOLDERS: u32 = 20_000;
const FILES: u32 = 200_000;

/// The place of a folder, by its path.
pub fn of_folder(path: &[u8]) -> u32 {
    murmur3(path, SEED) % FOLDERS
}

/// The place of a file.
pub fn of_file(folder: &[u8], name: &[u8]) -> u32 {
    murmur3(name, murmur3(folder, SEED)) % FILES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orders that apk-tools 3.0.6 was seen to give.
    #[test]
    fn as_the_reference() {
        let mut folders = ["d8", "d20", "d7", "", "d40", "d59", "d56"];
        folders.sort_by_key(|path| of_folder(path.as_bytes()));
        assert_eq!(folders, ["d40", "d59", "d20", "d7", "", "d8", "d56"]);
        let mut files =
            [("etc/apk", "own"), ("opt", "conf"), ("opt", "keep"), ("usr", "attr"), ("usr/a", "f")];
        files.sort_by_key(|(folder, name)| of_file(folder.as_bytes(), name.as_bytes()));
        let names = files.map(|(_, name)| name);
        assert_eq!(names, ["keep", "conf", "own", "f", "attr"]);
    }
}
