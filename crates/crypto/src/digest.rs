//! digest — the digests by their names: MD5, SHA-1, SHA-2, SHA-3.
//!
//! SHA-1 and SHA-256 come from the crates `sha1` and `sha2`, which use the processor's instructions where it has them.

mod block;
mod md5;
mod sha3;
mod sha512;

use sha2::digest::Digest as _;

/// Which digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    /// 224, 256, 384 or 512 bits.
    Sha3(u16),
}

/// A digest that is being made.
pub struct Digest(State);

enum State {
    Md5(md5::Md5),
    Sha224(sha2::Sha224),
    Sha(Sha),
    Sha3(sha3::Sha3),
}

/// One of the digests that signatures are made of: a program that needs no others has no others linked.
pub struct Sha(ShaState);

enum ShaState {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha512::Sha512),
}

impl Sha {
    pub fn sha1() -> Sha {
        Sha(ShaState::Sha1(sha1::Sha1::new()))
    }

    pub fn sha256() -> Sha {
        Sha(ShaState::Sha256(sha2::Sha256::new()))
    }

    pub fn sha512() -> Sha {
        Sha(ShaState::Sha512(sha512::Sha512::new(512)))
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            ShaState::Sha1(state) => state.update(bytes),
            ShaState::Sha256(state) => state.update(bytes),
            ShaState::Sha512(state) => state.update(bytes),
        }
    }

    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            ShaState::Sha1(state) => state.finalize().to_vec(),
            ShaState::Sha256(state) => state.finalize().to_vec(),
            ShaState::Sha512(state) => state.finish(),
        }
    }
}

impl Algorithm {
    /// Bytes of the digest.
    pub fn size(self) -> usize {
        match self {
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha224 => 28,
            Algorithm::Sha256 => 32,
            Algorithm::Sha384 => 48,
            Algorithm::Sha512 => 64,
            Algorithm::Sha3(bits) => usize::from(bits / 8),
        }
    }

    pub fn start(self) -> Digest {
        Digest(match self {
            Algorithm::Md5 => State::Md5(md5::Md5::new()),
            Algorithm::Sha1 => State::Sha(Sha::sha1()),
            Algorithm::Sha224 => State::Sha224(sha2::Sha224::new()),
            Algorithm::Sha256 => State::Sha(Sha::sha256()),
            Algorithm::Sha384 => State::Sha(Sha(ShaState::Sha512(sha512::Sha512::new(384)))),
            Algorithm::Sha512 => State::Sha(Sha::sha512()),
            Algorithm::Sha3(bits) => State::Sha3(sha3::Sha3::new(usize::from(bits))),
        })
    }

    /// The digest of `bytes`.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        let mut digest = self.start();
        digest.update(bytes);
        digest.finish()
    }
}

impl Digest {
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Md5(state) => state.update(bytes),
            State::Sha224(state) => state.update(bytes),
            State::Sha(state) => state.update(bytes),
            State::Sha3(state) => state.update(bytes),
        }
    }

    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Md5(state) => state.finish(),
            State::Sha224(state) => state.finalize().to_vec(),
            State::Sha(state) => state.finish(),
            State::Sha3(state) => state.finish(),
        }
    }
}

/// Lower case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests of "", "abc" and a million "a": RFC 1321, FIPS 180-4 and 202 and their examples.
    #[test]
    fn agrees_with_the_standards() {
        for (algorithm, empty, abc) in [
            (Algorithm::Md5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
            (
                Algorithm::Sha1,
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "a9993e364706816aba3e25717850c26c9cd0d89d",
            ),
            (
                Algorithm::Sha256,
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Algorithm::Sha224,
                "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
                "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            ),
            (
                Algorithm::Sha384,
                "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                Algorithm::Sha512,
                "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
            (
                Algorithm::Sha3(224),
                "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7",
                "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
            ),
            (
                Algorithm::Sha3(256),
                "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
                "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            ),
        ] {
            assert_eq!(hexadecimal(&algorithm.of(b"")), empty, "{algorithm:?}");
            assert_eq!(hexadecimal(&algorithm.of(b"abc")), abc, "{algorithm:?}");
            assert_eq!(algorithm.of(b"").len(), algorithm.size());
        }
        let million = vec![b'a'; 1_000_000];
        assert_eq!(hexadecimal(&Algorithm::Md5.of(&million)), "7707d6ae4e027c70eea2a935c2296f21");
        assert_eq!(
            hexadecimal(&Algorithm::Sha256.of(&million)),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
    }

    #[test]
    fn does_not_depend_on_the_pieces() {
        let text: Vec<u8> = (0..1000u32).map(|number| (number * 31 % 251) as u8).collect();
        for algorithm in
            [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha3(384), Algorithm::Sha3(512)]
        {
            for piece in [1, 3, 8, 63, 64, 65, 137] {
                let mut digest = algorithm.start();
                text.chunks(piece).for_each(|piece| digest.update(piece));
                assert_eq!(digest.finish(), algorithm.of(&text), "{algorithm:?} {piece}");
            }
        }
    }
}
