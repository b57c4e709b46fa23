//! data — the same text, numbers and files for every run of the benchmarks.

use std::fmt::Write;
use std::fs;

use anyhow::Result;
use testkit::temporary::Directory;

/// xorshift64*: the sequence is all that matters.
pub(super) struct Sequence(pub(super) u64);

impl Sequence {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

/// `words.txt` (200,000 lines of prose-like words), `table.txt` (100,000 lines of 6 fields), `numbers.txt` (200,000
/// numbers), `binary` (16 MiB), `tree/` (2,000 files in 100 folders).
pub(super) fn make() -> Result<Directory> {
    let folder = Directory::new("bench")?;
    let mut sequence = Sequence(0x7461_726e);
    let vocabulary: Vec<String> = (0..5000)
        .map(|_| (0..2 + sequence.below(9)).map(|_| char::from(b'a' + sequence.below(26) as u8)).collect())
        .collect();
    let word = |sequence: &mut Sequence| vocabulary[sequence.below(5000) as usize].as_str();
    let mut words = String::new();
    for line in 0..200_000 {
        for _ in 0..3 + sequence.below(8) {
            words += word(&mut sequence);
            words.push(' ');
        }
        words += if line % 1000 == 0 { "Needle\n" } else { "\n" };
    }
    let mut table = String::new();
    for line in 0..100_000 {
        let (a, b) = (sequence.below(1000), sequence.below(1_000_000));
        writeln!(table, "{line}\t{a}\t{b}\t{}\t{}\tend", word(&mut sequence), word(&mut sequence))?;
    }
    let mut numbers = String::new();
    for _ in 0..200_000 {
        writeln!(numbers, "{}", sequence.below(10_000_000))?;
    }
    let binary: Vec<u8> = (0..16 << 20).map(|_| sequence.below(256) as u8).collect();
    fs::write(folder.path().join("words.txt"), words)?;
    fs::write(folder.path().join("table.txt"), table)?;
    fs::write(folder.path().join("numbers.txt"), numbers)?;
    fs::write(folder.path().join("binary"), binary)?;
    for directory in 0..100 {
        let path = folder.path().join(format!("tree/d{}/e{directory}", directory % 10));
        fs::create_dir_all(&path)?;
        for file in 0..20 {
            fs::write(path.join(format!("file{file}.txt")), format!("{directory} {file}\n"))?;
        }
    }
    Ok(folder)
}
