//! sha3 — the SHA-3 digests.
//!
//! Source: FIPS 202.

pub(super) struct Sha3 {
    state: [u64; 25],
    /// Bytes of the block that were taken in.
    filled: usize,
    /// Block size and digest size in bytes.
    rate: usize,
    size: usize,
}

impl Sha3 {
    pub(super) fn new(bits: usize) -> Sha3 {
        Sha3 { state: [0; 25], filled: 0, rate: 200 - bits / 4, size: bits / 8 }
    }

    fn absorb(&mut self, byte: u8) {
        self.state[self.filled / 8] ^= u64::from(byte) << (self.filled % 8 * 8);
        self.filled += 1;
        if self.filled == self.rate {
            permute(&mut self.state);
            self.filled = 0;
        }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !self.filled.is_multiple_of(8)
            && let Some((&byte, rest)) = bytes.split_first()
        {
            self.absorb(byte);
            bytes = rest;
        }
        while let Some((word, rest)) = bytes.split_first_chunk::<8>() {
            self.state[self.filled / 8] ^= u64::from_le_bytes(*word);
            self.filled += 8;
            if self.filled == self.rate {
                permute(&mut self.state);
                self.filled = 0;
            }
            bytes = rest;
        }
        bytes.iter().for_each(|&byte| self.absorb(byte));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.state[self.filled / 8] ^= 6 << (self.filled % 8 * 8);
        self.state[self.rate / 8 - 1] ^= 1 << 63;
        permute(&mut self.state);
        self.state.iter().flat_map(|word| word.to_le_bytes()).take(self.size).collect()
    }
}

/// Where each step of ρ and π puts the word that it moves, and by how many bits it turns it.
const MOVES: [(u8, u8); 24] = {
    let mut moves = [(0, 0); 24];
    let (mut column, mut row, mut step) = (1, 0, 0);
    while step < 24 {
        (column, row) = (row, (2 * column + 3 * row) % 5);
        moves[step] = (column + 5 * row, ((step + 1) * (step + 2) / 2 % 64) as u8);
        step += 1;
    }
    moves
};

/// The constants of ι, which come from a linear feedback shift register.
static CONSTANTS: [u64; 24] = {
    let mut constants = [0u64; 24];
    let (mut register, mut round) = (1u8, 0);
    while round < 24 {
        let mut bit = 0;
        while bit < 7 {
            if register & 1 != 0 {
                constants[round] ^= 1 << ((1u32 << bit) - 1);
            }
            register = register << 1 ^ if register >> 7 != 0 { 0x71 } else { 0 };
            bit += 1;
        }
        round += 1;
    }
    constants
};

/// Keccak-f[1600].
fn permute(state: &mut [u64; 25]) {
    for constant in &CONSTANTS {
        let mut parity = [0u64; 5];
        for line in state.as_chunks::<5>().0 {
            for (parity, word) in parity.iter_mut().zip(line) {
                *parity ^= word;
            }
        }
        let [a, b, c, d, e] = parity;
        let mixed = [(e, b), (a, c), (b, d), (c, e), (d, a)].map(|(left, right)| left ^ right.rotate_left(1));
        for line in state.as_chunks_mut::<5>().0 {
            for (word, mixed) in line.iter_mut().zip(mixed) {
                *word ^= mixed;
            }
        }
        let mut moved = state[1];
        for (place, bits) in MOVES {
            let rotated = moved.rotate_left(bits.into());
            moved = std::mem::replace(&mut state[usize::from(place)], rotated);
        }
        for line in state.as_chunks_mut::<5>().0 {
            let [a, b, c, d, e] = *line;
            *line = [a ^ (!b & c), b ^ (!c & d), c ^ (!d & e), d ^ (!e & a), e ^ (!a & b)];
        }
        state[0] ^= constant;
    }
}
