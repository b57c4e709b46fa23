//! sha1 — the SHA-1 digest.
//!
//! Source: FIPS 180-4.

use super::block::Blocks;

pub(super) struct Sha1 {
    state: [u32; 5],
    blocks: Blocks<64>,
}

impl Sha1 {
    pub(super) fn new() -> Sha1 {
        Sha1 {
            state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0],
            blocks: Blocks::new(),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let state = &mut self.state;
        self.blocks.update(bytes, &mut |block| compress(state, block));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = self.blocks.length().wrapping_mul(8).to_be_bytes();
        let state = &mut self.state;
        self.blocks.pad(0x80, &length, &mut |block| compress(state, block));
        self.state.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

fn compress(state: &mut [u32; 5], block: &[u8; 64]) {
    if !sys::sha_instructions::sha1(state, block) {
        compress_plain(state, block);
    }
}

fn compress_plain(state: &mut [u32; 5], block: &[u8; 64]) {
    let mut words = [0u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.try_into().map_or(0, u32::from_be_bytes);
    }
    for step in 16..80 {
        let mixed = words[step - 3] ^ words[step - 8] ^ words[step - 14] ^ words[step - 16];
        words[step] = mixed.rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    let mut round = |words: &[u32], constant: u32, mix: fn(u32, u32, u32) -> u32| {
        for word in words {
            let sum = a.rotate_left(5).wrapping_add(mix(b, c, d)).wrapping_add(e).wrapping_add(constant);
            (e, d, c, b) = (d, c, b.rotate_left(30), a);
            a = sum.wrapping_add(*word);
        }
    };
    round(&words[..20], 0x5a82_7999, |b, c, d| d ^ (b & (c ^ d)));
    round(&words[20..40], 0x6ed9_eba1, |b, c, d| b ^ c ^ d);
    round(&words[40..60], 0x8f1b_bcdc, |b, c, d| (b & c) | (d & (b | c)));
    round(&words[60..], 0xca62_c1d6, |b, c, d| b ^ c ^ d);
    for (word, added) in state.iter_mut().zip([a, b, c, d, e]) {
        *word = word.wrapping_add(added);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_the_processors_instructions() {
        let block: [u8; 64] = std::array::from_fn(|index| (index * 37 % 251) as u8);
        let (mut one, mut other) = ([1, 2, 3, 4, u32::MAX], [1, 2, 3, 4, u32::MAX]);
        for _ in 0..3 {
            compress(&mut one, &block);
            compress_plain(&mut other, &block);
            assert_eq!(one, other);
        }
    }
}
