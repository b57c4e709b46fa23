//! crc32 — the sum that gzip, zip and xz keep of their contents.
//!
//! Source: RFC 1952, section 8: the polynomial 0xEDB88320, bits from the lowest.

/// A running sum.
#[derive(Clone, Copy, Debug)]
pub struct Crc32(u32);

/// Four tables: four bytes are taken in one step.
static TABLES: [[u32; 256]; 4] = tables();

const fn tables() -> [[u32; 256]; 4] {
    let mut tables = [[0; 256]; 4];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        tables[0][index] = value;
        index += 1;
    }
    let mut index = 0;
    while index < 256 {
        let mut table = 1;
        while table < 4 {
            let before = tables[table - 1][index];
            tables[table][index] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            table += 1;
        }
        index += 1;
    }
    tables
}

impl Default for Crc32 {
    fn default() -> Crc32 {
        Crc32::new()
    }
}

impl Crc32 {
    pub fn new() -> Crc32 {
        Crc32(u32::MAX)
    }

    pub fn update(&mut self, bytes: &[u8]) {
        let mut sum = self.0;
        let mut fours = bytes.chunks_exact(4);
        for four in &mut fours {
            let word = sum ^ u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
            sum = TABLES[3][(word & 0xff) as usize]
                ^ TABLES[2][(word >> 8 & 0xff) as usize]
                ^ TABLES[1][(word >> 16 & 0xff) as usize]
                ^ TABLES[0][(word >> 24) as usize];
        }
        for byte in fours.remainder() {
            sum = sum >> 8 ^ TABLES[0][((sum ^ u32::from(*byte)) & 0xff) as usize];
        }
        self.0 = sum;
    }

    pub fn value(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_as_the_standard_says() {
        for (text, sum) in [(&b""[..], 0), (b"123456789", 0xcbf4_3926), (b"a", 0xe8b7_be43)] {
            let mut crc = Crc32::new();
            crc.update(text);
            assert_eq!(crc.value(), sum);
        }
        let mut crc = Crc32::new();
        for part in b"123456789".chunks(2) {
            crc.update(part);
        }
        assert_eq!(crc.value(), 0xcbf4_3926);
    }
}
