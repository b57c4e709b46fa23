//! crc — checksums of 32 bits: that of `cksum`, and that of gzip and Ethernet.
//!
//! Source: POSIX.1-2024 `cksum`; RFC 1952, section 8.

/// The POSIX checksum: most significant bit first, and the length behind the bytes.
pub struct Posix {
    table: Box<[[u32; 256]; 4]>,
    sum: u32,
    length: u64,
}

impl Default for Posix {
    fn default() -> Posix {
        Posix::new()
    }
}

impl Posix {
    pub fn new() -> Posix {
        let mut table = Box::new([[0; 256]; 4]);
        for byte in 0..256 {
            let mut sum = (byte as u32) << 24;
            for _ in 0..8 {
                sum = sum << 1 ^ if sum >> 31 != 0 { 0x04c1_1db7 } else { 0 };
            }
            table[0][byte] = sum;
        }
        for slice in 1..4 {
            for byte in 0..256 {
                let sum: u32 = table[slice - 1][byte];
                table[slice][byte] = sum << 8 ^ table[0][(sum >> 24) as usize];
            }
        }
        Posix { table, sum: 0, length: 0 }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let mut sum = self.sum;
        let mut words = bytes.chunks_exact(4);
        for word in &mut words {
            let [a, b, c, d] = (sum ^ word.try_into().map_or(0, u32::from_be_bytes)).to_be_bytes();
            sum = self.table[3][usize::from(a)]
                ^ self.table[2][usize::from(b)]
                ^ self.table[1][usize::from(c)]
                ^ self.table[0][usize::from(d)];
        }
        for &byte in words.remainder() {
            sum = sum << 8 ^ self.table[0][usize::from((sum >> 24) as u8 ^ byte)];
        }
        self.sum = sum;
    }

    /// The checksum and the number of bytes.
    pub fn finish(mut self) -> (u32, u64) {
        let length = self.length;
        let bytes = length.to_le_bytes();
        let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        self.update(&bytes[..used]);
        (!self.sum, length)
    }
}

/// The checksum of gzip: least significant bit first.
pub struct Gzip {
    table: Box<[[u32; 256]; 4]>,
    sum: u32,
}

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip::new()
    }
}

impl Gzip {
    pub fn new() -> Gzip {
        let mut table = Box::new([[0; 256]; 4]);
        for byte in 0..256 {
            let mut sum = byte as u32;
            for _ in 0..8 {
                sum = sum >> 1 ^ if sum & 1 != 0 { 0xedb8_8320 } else { 0 };
            }
            table[0][byte] = sum;
        }
        for slice in 1..4 {
            for byte in 0..256 {
                let sum: u32 = table[slice - 1][byte];
                table[slice][byte] = sum >> 8 ^ table[0][(sum & 255) as usize];
            }
        }
        Gzip { table, sum: u32::MAX }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        let mut sum = self.sum;
        let mut words = bytes.chunks_exact(4);
        for word in &mut words {
            let [a, b, c, d] = (sum ^ word.try_into().map_or(0, u32::from_le_bytes)).to_le_bytes();
            sum = self.table[3][usize::from(a)]
                ^ self.table[2][usize::from(b)]
                ^ self.table[1][usize::from(c)]
                ^ self.table[0][usize::from(d)];
        }
        for &byte in words.remainder() {
            sum = sum >> 8 ^ self.table[0][usize::from(sum as u8 ^ byte)];
        }
        self.sum = sum;
    }

    pub fn finish(self) -> u32 {
        !self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_check_values() {
        for piece in [1, 2, 5, 9] {
            let (mut posix, mut gzip) = (Posix::new(), Gzip::new());
            for piece in b"123456789".chunks(piece) {
                posix.update(piece);
                gzip.update(piece);
            }
            assert_eq!(posix.finish(), (930_766_865, 9));
            assert_eq!(gzip.finish(), 0xcbf4_3926);
        }
        assert_eq!(Posix::new().finish(), (4_294_967_295, 0));
    }
}
