//! digest — SHA-256 of files and texts, in hexadecimal.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write};
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

/// The checksum of a text.
pub(crate) fn text(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// The checksum of a file.
pub(crate) fn file(path: &Path) -> Result<String> {
    copy(path, &mut std::io::sink())
}

/// Copies a file and gives the checksum of what was copied.
pub(crate) fn copy(from: &Path, to: &mut dyn Write) -> Result<String> {
    let mut source = File::open(from).with_context(|| from.display().to_string())?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let length = source.read(&mut buffer).with_context(|| from.display().to_string())?;
        if length == 0 {
            return Ok(hexadecimal(&hasher.finalize()));
        }
        hasher.update(&buffer[..length]);
        to.write_all(&buffer[..length]).context("cannot write the copy")?;
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn known_digest() {
        // FIPS 180-4, example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::text("abc"), expected);
    }
}
