//! order — the order in which names follow each other where the result depends on it and nothing else decides.
//!
//! The reference keeps names in a hash table and walks lists of names in the order of its buckets: what depends on a
//! name, and what it completes by install_if, come in that order. The hash is MurmurHash3 (x86, 32 bits; Austin
//! Appleby, public domain).
//!
//! *Differs:* names in one bucket follow each other by text, not by when they were first read.

use crate::universe::{NameId, Universe};

const BUCKETS: u32 = 20_000;
const SEED: u32 = 5381;

/// Sorts names as described above; each stays once.
pub(crate) fn sort(universe: &Universe<'_>, names: &mut Vec<NameId>) {
    if names.len() > 1 {
        names.sort_unstable();
        names.dedup();
        names.sort_by_cached_key(|&name| {
            let text = universe.name_of(name).text;
            (hash(text) % BUCKETS, text)
        });
    }
}

fn hash(text: &[u8]) -> u32 {
    let (words, rest) = text.as_chunks::<4>();
    let mut hash = SEED;
    for word in words {
        hash ^= scramble(u32::from_le_bytes(*word));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    hash ^= scramble(u32::from_le_bytes(last));
    hash ^= text.len() as u32;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

fn scramble(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_each_other_as_in_the_reference() {
        // As apk-tools 3.0.6 installs packages that all have the same install_if.
        let expected = "mnaoihd ophlhho lco f gidigna am mkn p ci jcf if lnlakoa aaa kngjjp amegnb ijokpp amgnah a \
                        dfmlpa and lgnp opmgdpa mbphmnf ha aihi bjmf hffcibc jd ghmlloi";
        let mut universe = Universe::new(Vec::new(), Vec::new(), 0);
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let mut names: Vec<NameId> = expected.iter().map(|text| universe.name(text.as_bytes())).collect();
        names.reverse();
        names.push(names[0]);
        sort(&universe, &mut names);
        let got: Vec<String> = names
            .iter()
            .map(|&name| String::from_utf8_lossy(universe.name_of(name).text).into_owned())
            .collect();
        assert_eq!(got, expected);
    }
}
