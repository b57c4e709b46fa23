//! writer — version 2 files: members of tar and gzip, and signatures in front.

use super::tar::{self, BLOCK, Header};
use crate::deflate;
use crate::error::Result;
use crate::identity::Algorithm;
use crate::trust::SigningKey;

/// One member: entries of a tar, packed.
#[derive(Debug, Default)]
pub struct Member {
    tar: Vec<u8>,
}

impl Member {
    pub fn new() -> Member {
        Member::default()
    }

    /// Appends an entry with its content, whose length is put into the header.
    pub fn entry(&mut self, header: &Header, content: &[u8]) {
        let header = Header { size: content.len() as u64, ..header.clone() };
        self.tar.extend_from_slice(&tar::block_of(&header));
        self.tar.extend_from_slice(content);
        self.tar.resize(self.tar.len().next_multiple_of(BLOCK), 0);
    }

    /// Appends a file of mode 0644, owned by root.
    pub fn file(&mut self, name: &[u8], mtime: i64, content: &[u8]) {
        let root = || b"root".to_vec();
        let header = Header {
            name: name.to_vec(),
            kind: b'0',
            mode: 0o644,
            mtime,
            user: root(),
            group: root(),
            ..Header::default()
        };
        self.entry(&header, content);
    }

    /// The member's bytes; `is_last` where the archive ends with it.
    pub fn pack(mut self, is_last: bool) -> Result<Vec<u8>> {
        if is_last {
            self.tar.resize(self.tar.len() + 2 * BLOCK, 0);
        }
        deflate::gzip(&self.tar, 9)
    }
}

/// The signature member for a control or index member: `.SIGN.RSA.NAME` with SHA-1, `.SIGN.RSA256.NAME` with SHA-256.
/// `key_name` is the name of the public key's file.
pub fn signature(key: &SigningKey, key_name: &str, algorithm: Algorithm, member: &[u8]) -> Result<Vec<u8>> {
    let bytes = key.sign(algorithm, &algorithm.of(member))?;
    let kind = match algorithm {
        Algorithm::Sha256 => "RSA256",
        Algorithm::Sha512 => "RSA512",
        _ => "RSA",
    };
    let mut signature = Member::new();
    signature.file(format!(".SIGN.{kind}.{key_name}").as_bytes(), 0, &bytes);
    signature.pack(false)
}
