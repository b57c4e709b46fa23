//! identity — which bytes a package, an index or a file is: digests, and their texts.
//!
//! Text forms: `Q1` and base64 of a SHA-1, `Q2` and base64 of a SHA-256 (`X1`, `X2` with hexadecimal digits). A `Q1` of the
//! length of a SHA-256 is one. Databases hold the first 20 bytes of a SHA-256 as `Q1`, too: a flag of the package says so.

use std::fmt;

pub use crypto::digest::{Sha as Hasher, hexadecimal};

/// Which digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// Bytes of the digest.
    pub fn size(self) -> usize {
        match self {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }

    pub fn start(self) -> Hasher {
        match self {
            Algorithm::Sha1 => Hasher::sha1(),
            Algorithm::Sha256 => Hasher::sha256(),
            Algorithm::Sha512 => Hasher::sha512(),
        }
    }

    /// The digest of `bytes`.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = self.start();
        hasher.update(bytes);
        hasher.finish()
    }
}

/// A digest of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    Sha1([u8; 20]),
    /// The first 20 bytes of a SHA-256.
    Sha256Cut([u8; 20]),
    Sha256([u8; 32]),
}

/// What tells one package from every other: of a version 2 package the SHA-1 of its control section, of a version 3 package
/// the SHA-256 of its metadata, whole or cut.
pub type Identity = Digest;

impl Digest {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Digest::Sha1(bytes) | Digest::Sha256Cut(bytes) => bytes,
            Digest::Sha256(bytes) => bytes,
        }
    }

    /// By length, as ADB files have them: 20 bytes are taken for SHA-1, 32 for SHA-256. None for other lengths.
    pub fn from_bytes(bytes: &[u8]) -> Option<Digest> {
        match bytes.len() {
            20 => bytes.try_into().ok().map(Digest::Sha1),
            32 => bytes.try_into().ok().map(Digest::Sha256),
            _ => None,
        }
    }

    /// The SHA-1 of bytes.
    pub fn sha1(bytes: &[u8]) -> Digest {
        of(Algorithm::Sha1, bytes)
    }

    /// The SHA-256 of bytes.
    pub fn sha256(bytes: &[u8]) -> Digest {
        of(Algorithm::Sha256, bytes)
    }

    /// What a hasher of this algorithm has come to; None for algorithms that are no identity.
    pub fn finish(hasher: Hasher, algorithm: Algorithm) -> Option<Digest> {
        let bytes = hasher.finish();
        match algorithm {
            Algorithm::Sha1 => bytes.try_into().ok().map(Digest::Sha1),
            Algorithm::Sha256 => bytes.try_into().ok().map(Digest::Sha256),
            Algorithm::Sha512 => None,
        }
    }

    /// The first 20 bytes of a SHA-256; others as they are.
    pub fn cut(self) -> Digest {
        match self {
            Digest::Sha256(bytes) => {
                let mut short = [0; 20];
                short.copy_from_slice(&bytes[..20]);
                Digest::Sha256Cut(short)
            }
            other => other,
        }
    }

    /// As the database has it: 20 bytes, whose text does not tell the algorithm.
    pub fn recorded(self) -> Digest {
        match self.cut() {
            Digest::Sha256Cut(bytes) => Digest::Sha1(bytes),
            other => other,
        }
    }

    /// The algorithm whose whole output, or start, this is.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Digest::Sha1(_) => Algorithm::Sha1,
            Digest::Sha256Cut(_) | Digest::Sha256(_) => Algorithm::Sha256,
        }
    }

    /// The name that `manifest` and checksums of queries put in front: sha1, sha256-160, sha256.
    pub fn algorithm_name(&self) -> &'static str {
        match self {
            Digest::Sha1(_) => "sha1",
            Digest::Sha256Cut(_) => "sha256-160",
            Digest::Sha256(_) => "sha256",
        }
    }

    pub fn hex(&self) -> String {
        hexadecimal(self.bytes())
    }

    /// Whether `other`, made of what was found, is this one. A whole SHA-256 is cut for the comparison where this one is.
    pub fn is(&self, other: &Digest) -> bool {
        match (self, other) {
            (Digest::Sha256Cut(_), Digest::Sha256(_)) => *self == other.cut(),
            _ => self == other,
        }
    }

    /// Reads `Q1…`, `Q2…`, `X1…`, `X2…`; None for anything else.
    pub fn parse(text: &[u8]) -> Option<Digest> {
        let (start, rest) = text.split_at_checked(2)?;
        let mut bytes = [0; 32];
        let length = match start {
            b"Q1" | b"Q2" => read_base64(rest, &mut bytes)?,
            b"X1" | b"X2" => read_hexadecimal(rest, &mut bytes)?,
            _ => return None,
        };
        match (start[1], length) {
            (b'1', 20) | (_, 32) => Digest::from_bytes(&bytes[..length]),
            _ => None,
        }
    }

    /// Appends the text form: `Q1…` for what has 20 bytes, else `Q2…`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.bytes().len() == 20 { b"Q1" } else { b"Q2" });
        write_base64(self.bytes(), out);
    }
}

fn of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    let mut hasher = algorithm.start();
    hasher.update(bytes);
    Digest::finish(hasher, algorithm).expect("called with SHA-1 and SHA-256 only")
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mut text = Vec::with_capacity(46);
        self.write(&mut text);
        out.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}:{}", self.algorithm_name(), self.hex())
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends base64 with its padding (RFC 4648, section 4).
pub fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let value = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let digit = BASE64[(value >> (18 - 6 * position) & 63) as usize];
            out.push(if position > group.len() { b'=' } else { digit });
        }
    }
}

/// Reads base64 with its padding; None where it is malformed.
pub fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 4 * 3];
    let length = read_base64(text, &mut bytes)?;
    bytes.truncate(length);
    Some(bytes)
}

/// The value of each digit of base64; `NO_DIGIT` for all other bytes.
const DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < BASE64.len() {
        values[BASE64[value] as usize] = value as u8;
        value += 1;
    }
    values
};
const NO_DIGIT: u8 = 0xff;

/// Reads base64 with its padding into `out`, and gives the number of bytes; None where it is malformed or longer.
fn read_base64(text: &[u8], out: &mut [u8]) -> Option<usize> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let length = text.len() / 4 * 3 - padding;
    let out = out.get_mut(..length)?;
    let groups = text[..text.len() - padding].chunks(4);
    for (group, out) in groups.zip(out.chunks_mut(3)) {
        let (mut value, mut seen) = (0u32, 0);
        for &byte in group {
            let digit = DIGITS[usize::from(byte)];
            seen |= digit;
            value = value << 6 | u32::from(digit);
        }
        value <<= 6 * (4 - group.len());
        // Bits that no byte has would let one identity be written in several ways.
        if seen == NO_DIGIT || value & (0x00ff_ffff >> (8 * out.len())) != 0 {
            return None;
        }
        out.copy_from_slice(&value.to_be_bytes()[1..=out.len()]);
    }
    Some(length)
}

/// Reads hexadecimal digits of either case into `out`, and gives the number of bytes; None where they are malformed or more.
pub(crate) fn read_hexadecimal(text: &[u8], out: &mut [u8]) -> Option<usize> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let out = out.get_mut(..text.len() / 2)?;
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    for (pair, out) in text.chunks(2).zip(out.iter_mut()) {
        *out = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out.len())
}

/// Reads hexadecimal digits of either case; None where it is malformed.
pub fn from_hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    read_hexadecimal(text, &mut bytes)?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let sha1 = Digest::sha1(b"abc");
        assert_eq!(sha1.to_string(), "Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        assert_eq!(Digest::parse(b"Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), Some(sha1));
        assert_eq!(Digest::parse(b"X1a9993e364706816aba3e25717850c26c9cd0d89d"), Some(sha1));
        let sha256 = Digest::sha256(b"");
        let text = sha256.to_string();
        assert!(text.starts_with("Q2"), "{text}");
        assert_eq!(Digest::parse(text.as_bytes()), Some(sha256));
        // A Q1 that is too long for SHA-1.
        assert_eq!(Digest::parse(text.replace("Q2", "Q1").as_bytes()), Some(sha256));
        assert!(sha256.cut().is(&sha256) && !sha256.is(&sha256.cut()));
        assert_eq!(Digest::sha1(b"").hex(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }

    #[test]
    fn malformed_texts() {
        for text in [
            "",
            "Q",
            "Q1",
            "Q3qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0",
            "X1a9",
            "X1a",
            "Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J1=",
            "Q1====",
            "Q1qZk=NkcGgWq6PiVxeFDCbJzQ2J0=",
        ] {
            assert_eq!(Digest::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn base64_comes_back() {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 37) as u8).collect();
            let mut text = Vec::new();
            write_base64(&bytes, &mut text);
            assert_eq!(from_base64(&text), Some(bytes));
        }
    }
}
