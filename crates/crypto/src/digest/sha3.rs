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

/// Keccak-f[1600].
fn permute(state: &mut [u64; 25]) {
    // The round constants come from a linear feedback shift register.
    let mut register = 1u8;
    for _ in 0..24 {
        let mut parity = [0u64; 5];
        for column in 0..5 {
            parity[column] = state[column]
                ^ state[column + 5]
                ^ state[column + 10]
                ^ state[column + 15]
                ^ state[column + 20];
        }
        for column in 0..5 {
            let mixed = parity[(column + 4) % 5] ^ parity[(column + 1) % 5].rotate_left(1);
            for row in 0..5 {
                state[column + 5 * row] ^= mixed;
            }
        }
        let (mut column, mut row) = (1, 0);
        let mut moved = state[1];
        for step in 0..24u32 {
            (column, row) = (row, (2 * column + 3 * row) % 5);
            let place = column + 5 * row;
            let rotated = moved.rotate_left((step + 1) * (step + 2) / 2 % 64);
            moved = std::mem::replace(&mut state[place], rotated);
        }
        for row in 0..5 {
            let line: [u64; 5] = std::array::from_fn(|column| state[5 * row + column]);
            for column in 0..5 {
                state[5 * row + column] = line[column] ^ (!line[(column + 1) % 5] & line[(column + 2) % 5]);
            }
        }
        for bit in 0..7 {
            if register & 1 != 0 {
                state[0] ^= 1 << ((1u32 << bit) - 1);
            }
            register = register << 1 ^ if register >> 7 != 0 { 0x71 } else { 0 };
        }
    }
}
