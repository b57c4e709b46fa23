//! block — cutting what comes into blocks of one size, and padding the last.

pub(super) struct Blocks<const SIZE: usize> {
    pending: [u8; SIZE],
    filled: usize,
    length: u64,
}

impl<const SIZE: usize> Blocks<SIZE> {
    pub(super) fn new() -> Blocks<SIZE> {
        Blocks { pending: [0; SIZE], filled: 0, length: 0 }
    }

    /// Bytes in all.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Calls `compress` for every block that is full.
    pub(super) fn update(&mut self, mut bytes: &[u8], compress: &mut dyn FnMut(&[u8; SIZE])) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.filled > 0 {
            let count = bytes.len().min(SIZE - self.filled);
            self.pending[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
            self.filled += count;
            bytes = &bytes[count..];
            if self.filled < SIZE {
                return;
            }
            compress(&self.pending);
            self.filled = 0;
        }
        while let Some((block, rest)) = bytes.split_first_chunk::<SIZE>() {
            compress(block);
            bytes = rest;
        }
        self.pending[..bytes.len()].copy_from_slice(bytes);
        self.filled = bytes.len();
    }

    /// Adds `first`, zeros, and `tail` at the end of a block.
    pub(super) fn pad(&mut self, first: u8, tail: &[u8], compress: &mut dyn FnMut(&[u8; SIZE])) {
        let zeros = [0; SIZE];
        self.update(&[first], compress);
        let rest = (2 * SIZE - tail.len() - self.filled) % SIZE;
        self.update(&zeros[..rest], compress);
        self.update(tail, compress);
    }
}
