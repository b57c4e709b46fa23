//! signature — who vouches for a tree.

use crate::error::{Error, Kind, Result};
use crate::identity::Algorithm;
use crate::trust::{Keys, SigningKey, Trust};

/// Longer signature blocks are refused.
pub const SIGNATURE_MAX: u64 = 2048;

/// Version, digest and key id in front of the signature's bytes.
const HEADER: usize = 18;
const VERSION: u8 = 0;
const SHA512: u8 = 4;

/// What is signed: the schema, the signature's header, and the digest of the tree.
fn message(schema: u32, header: &[u8], digest: &[u8]) -> Vec<u8> {
    [&schema.to_le_bytes()[..], header, digest].concat()
}

/// The payload of a signature block for a tree.
pub fn make(key: &SigningKey, schema: u32, tree: &[u8]) -> Result<Vec<u8>> {
    let mut block = vec![VERSION, SHA512];
    block.extend_from_slice(&key.id);
    let message = message(schema, &block, &Algorithm::Sha512.of(tree));
    block.extend_from_slice(&key.sign(Algorithm::Sha512, &Algorithm::Sha512.of(&message))?);
    Ok(block)
}

/// The key's id in a signature block; None where the block is not understood.
pub fn key_id(block: &[u8]) -> Option<&[u8]> {
    match block {
        [VERSION, _, ..] if block.len() >= HEADER => Some(&block[2..HEADER]),
        _ => None,
    }
}

/// Whether a signature block is of this tree and by a key that is trusted.
pub fn is_good(keys: &Keys, schema: u32, tree: &[u8], block: &[u8]) -> bool {
    let Some(key) = key_id(block).and_then(|id| keys.by_id(id)) else { return false };
    if block[1] != SHA512 {
        return false;
    }
    let (header, signature) = block.split_at(HEADER);
    let message = message(schema, header, &Algorithm::Sha512.of(tree));
    key.verify(Algorithm::Sha512, &Algorithm::Sha512.of(&message), signature).is_ok()
}

/// Whether a tree with these signatures is trusted.
///
/// Errors: it is another one than the identity says (`AdbIntegrity`), or nobody who is trusted has signed it.
pub fn check(trust: &Trust, schema: u32, tree: &[u8], signatures: &[Vec<u8>]) -> Result {
    // Only whole digests decide: 20 bytes may be anything's.
    if let Some(expected) = trust.identity.filter(|identity| identity.bytes().len() == 32) {
        let found = Algorithm::Sha256.of(tree);
        let is_it = found == expected.bytes();
        return if is_it { Ok(()) } else { Err(Kind::AdbIntegrity.into()) };
    }
    if trust.allow_untrusted || signatures.iter().any(|block| is_good(trust.keys, schema, tree, block)) {
        return Ok(());
    }
    Err(Error::new(Kind::SignatureUntrusted))
}
