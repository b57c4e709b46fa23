//! key — public keys, and whether a signature is theirs.
//!
//! Source: RFC 8017 (RSASSA-PKCS1-v1_5), FIPS 186-5 (ECDSA), RFC 5280 (SubjectPublicKeyInfo).

use std::fs;
use std::path::Path;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

use super::der;
use crate::error::{Error, Kind, Result};
use crate::identity::Algorithm;

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// 1.2.840.10045.2.1
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
/// 1.2.840.10045.3.1.7
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// A trusted key.
pub struct Key {
    /// The name of its file, by which version 2 signatures find it.
    pub name: Vec<u8>,
    /// The first half of the SHA-512 of the key, by which version 3 signatures find it.
    pub id: [u8; 16],
    kind: PublicKey,
}

enum PublicKey {
    Rsa(crypto::rsa::PublicKey),
    P256(Box<VerifyingKey>),
}

impl Key {
    /// Reads a PEM file `PUBLIC KEY`.
    ///
    /// Errors: it is none, or its algorithm is not supported.
    pub fn from_pem(name: &[u8], pem: &[u8]) -> Result<Key> {
        let (label, bytes) = der::from_pem(pem)?;
        if label != "PUBLIC KEY" {
            return Err(Error::detailed(Kind::CryptoKeyFormat, format!("a {label} is no public key")));
        }
        let Info { object, curve, point } = public_key_info(&bytes).ok_or(Kind::CryptoKeyFormat)?;
        let kind = match object {
            RSA => {
                let numbers = der::Reader::two_numbers(point);
                let key =
                    numbers.and_then(|(modulus, exponent)| crypto::rsa::PublicKey::new(modulus, exponent));
                PublicKey::Rsa(key.ok_or(Kind::CryptoKeyFormat)?)
            }
            EC if curve == Some(P256) => {
                let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| Kind::CryptoKeyFormat)?;
                PublicKey::P256(Box::new(key))
            }
            _ => return Err(Kind::CryptoUnsupported.into()),
        };
        Ok(Key { name: name.to_vec(), id: id_of(point), kind })
    }

    /// Whether `signature` is this key's, of what has `digest`.
    ///
    /// Errors: `SignatureInvalid` where it is not.
    pub fn verify(&self, algorithm: Algorithm, digest: &[u8], signature: &[u8]) -> Result {
        let is_good = match &self.kind {
            PublicKey::Rsa(key) => {
                digest.len() == algorithm.size()
                    && key.verifies(&[info_prefix(algorithm), digest].concat(), signature)
            }
            PublicKey::P256(key) => ecdsa_signature(signature)
                .is_some_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
        };
        if is_good { Ok(()) } else { Err(Kind::SignatureInvalid.into()) }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "Key({})", String::from_utf8_lossy(&self.name))
    }
}

/// A `SubjectPublicKeyInfo`: the algorithm, the curve where one is named, and the bits of the key.
struct Info<'a> {
    object: &'a [u8],
    curve: Option<&'a [u8]>,
    point: &'a [u8],
}

fn public_key_info(bytes: &[u8]) -> Option<Info<'_>> {
    let mut outer = der::Reader::new(bytes);
    let mut info = outer.sequence()?;
    let mut algorithm = info.sequence()?;
    let object = algorithm.value(der::OBJECT)?;
    let curve = algorithm.value(der::OBJECT);
    let point = info.bits()?;
    (info.is_empty() && outer.is_empty()).then_some(Info { object, curve, point })
}

fn ecdsa_signature(bytes: &[u8]) -> Option<Signature> {
    let (r, s) = der::Reader::two_numbers(bytes)?;
    Signature::from_scalars(scalar(r)?, scalar(s)?).ok()
}

/// A number as wide as the group's order.
fn scalar(digits: &[u8]) -> Option<[u8; 32]> {
    let mut wide = [0; 32];
    wide[32usize.checked_sub(digits.len())?..].copy_from_slice(digits);
    Some(wide)
}

/// The id of a key whose bits, as a `SubjectPublicKeyInfo` holds them, are `point`.
pub(super) fn id_of(point: &[u8]) -> [u8; 16] {
    let digest = Algorithm::Sha512.of(point);
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

/// The DER that stands before a digest in a signature (RFC 8017, section 9.2, note 1).
pub(super) fn info_prefix(algorithm: Algorithm) -> &'static [u8] {
    match algorithm {
        Algorithm::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
        Algorithm::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
        Algorithm::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
    }
}

/// All keys that are trusted.
#[derive(Debug, Default)]
pub struct Keys {
    keys: Vec<Key>,
    /// Names that were seen, of keys that could not be read, too: they hide the same names in later folders.
    names: Vec<Vec<u8>>,
}

impl Keys {
    /// None at all: nothing is trusted.
    pub const fn none() -> Keys {
        Keys { keys: Vec::new(), names: Vec::new() }
    }

    /// Trusts the keys in `folder`, in the order of names. A name that an earlier folder had is passed over, and so are
    /// names that begin with a dot, and files that are no keys.
    ///
    /// Returns whether the folder could be read. A folder that is not there holds no keys.
    pub fn load(&mut self, folder: &Path) -> bool {
        use std::os::unix::ffi::OsStrExt;
        let Ok(entries) = fs::read_dir(folder) else { return false };
        let mut names: Vec<Vec<u8>> =
            entries.flatten().map(|entry| entry.file_name().as_bytes().to_vec()).collect();
        names.sort();
        for name in names {
            if name.starts_with(b".") || self.names.contains(&name) {
                continue;
            }
            let path = folder.join(std::ffi::OsStr::from_bytes(&name));
            if let Ok(pem) = fs::read(path) {
                // What is no key trusts nobody: there is nothing to report.
                let _ = self.add(&name, &pem);
            } else {
                self.names.push(name);
            }
        }
        true
    }

    /// Trusts a key.
    ///
    /// Errors: as of `Key::from_pem`.
    pub fn add(&mut self, name: &[u8], pem: &[u8]) -> Result {
        self.names.push(name.to_vec());
        self.keys.push(Key::from_pem(name, pem)?);
        Ok(())
    }

    /// A number for the whole of the keys and their names: other keys have another.
    pub fn fingerprint(&self) -> u64 {
        let mut all: Vec<u8> = Vec::new();
        for key in &self.keys {
            all.extend_from_slice(&key.id);
            all.extend_from_slice(&(key.name.len() as u64).to_le_bytes());
            all.extend_from_slice(&key.name);
        }
        let digest = Algorithm::Sha256.of(&all);
        digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// The key in the file of this name.
    pub fn by_name(&self, name: &[u8]) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The key of this id.
    pub fn by_id(&self, id: &[u8]) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == *id)
    }
}
