//! scripts — the scripts of installed packages, in one tar archive: `NAME-VERSION.X1HEX.SCRIPT`.
//!
//! Source: POSIX.1-2024 `pax`, "ustar Interchange Format"; long names as GNU tar has them. Archives that the reference
//! wrote are read, and the other way round.

use crate::entry::Script;
use crate::error::{Error, Kind, Result};
use crate::identity::Digest;

const BLOCK: usize = 512;

/// One script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// `NAME-VERSION`.
    pub package: Vec<u8>,
    pub identity: Digest,
    pub script: Script,
    /// Seconds since 1970: the package's build time.
    pub mtime: u64,
    pub text: Vec<u8>,
}

/// Reads the unpacked archive. Entries whose name does not say whose they are are left out.
///
/// Errors: `V2DatabaseFormat` where the archive is cut or no archive.
pub fn parse(tar: &[u8]) -> Result<Vec<Stored>> {
    let mut scripts = Vec::new();
    let mut position = 0;
    let mut long_name = None;
    let wrong = |at: usize| Error::detailed(Kind::V2DatabaseFormat, format!("scripts.tar, at byte {at}"));
    while let Some(header) = tar.get(position..position + BLOCK) {
        if header.iter().all(|&byte| byte == 0) {
            return Ok(scripts);
        }
        let size = octal(&header[124..136]) as usize;
        let content = position + BLOCK;
        let end = content.checked_add(size).ok_or_else(|| wrong(position))?;
        let text = tar.get(content..end).ok_or_else(|| wrong(position))?;
        position = content + size.next_multiple_of(BLOCK);
        if header[156] == b'L' {
            long_name = Some(until_zero(text).to_vec());
            continue;
        }
        let name = long_name.take().unwrap_or_else(|| until_zero(&header[..100]).to_vec());
        if let Some((package, identity, script)) = split_name(&name) {
            let mtime = octal(&header[136..148]);
            scripts.push(Stored { package: package.to_vec(), identity, script, mtime, text: text.to_vec() });
        }
    }
    if tar.is_empty() { Ok(scripts) } else { Err(wrong(position)) }
}

/// The archive.
pub fn write(scripts: &[Stored]) -> Vec<u8> {
    let mut out = Vec::new();
    for stored in scripts {
        let digits = stored.identity.hex();
        let kind = if stored.identity.bytes().len() == 20 { '1' } else { '2' };
        let mut name = stored.package.clone();
        name.extend_from_slice(format!(".X{kind}{digits}.{}", stored.script.name()).as_bytes());
        if name.len() > 100 {
            name.push(0);
            put_entry(&mut out, b"././@LongLink", b'L', 0, &name);
            name.pop();
        }
        put_entry(&mut out, &name, b'0', stored.mtime, &stored.text);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn put_entry(out: &mut Vec<u8>, name: &[u8], kind: u8, mtime: u64, content: &[u8]) {
    let mut header = [0u8; BLOCK];
    let length = name.len().min(100);
    header[..length].copy_from_slice(&name[..length]);
    let mut field = |start: usize, digits: usize, value: u64| {
        let text = format!("{value:0digits$o}");
        let length = text.len().min(digits.max(8));
        header[start..start + length].copy_from_slice(&text.as_bytes()[..length]);
    };
    field(100, 7, 0o755);
    field(108, 7, 0);
    field(116, 7, 0);
    // Twelve digits, without an end, as the reference writes them.
    field(124, 12, content.len() as u64);
    field(136, 12, mtime);
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar  \0");
    header[265..269].copy_from_slice(b"root");
    header[297..301].copy_from_slice(b"root");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// Package, identity and script of an entry's name.
fn split_name(name: &[u8]) -> Option<(&[u8], Digest, Script)> {
    let last = name.iter().rposition(|&byte| byte == b'.')?;
    let script = Script::parse(&name[last + 1..])?;
    let middle = name[..last].iter().rposition(|&byte| byte == b'.')?;
    Some((&name[..middle], Digest::parse(&name[middle + 1..last])?, script))
}

fn until_zero(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len())]
}

fn octal(field: &[u8]) -> u64 {
    let digits =
        field.iter().skip_while(|&&byte| byte == b' ').take_while(|byte| (b'0'..=b'7').contains(byte));
    digits.fold(0, |number, digit| number << 3 | u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let stored = |package: &str, script, text: &str| Stored {
            package: package.as_bytes().to_vec(),
            identity: Digest::sha1(b"x"),
            script,
            mtime: 1_000_000,
            text: text.as_bytes().to_vec(),
        };
        let scripts = [
            stored("a-1.0-r0", Script::PreInstall, "#!/bin/sh\n"),
            stored(&format!("{}-1", "long".repeat(30)), Script::Trigger, ""),
        ];
        let tar = write(&scripts);
        assert_eq!(tar.len() % BLOCK, 0);
        assert_eq!(parse(&tar).unwrap(), scripts);
        assert!(parse(&tar[..700]).is_err());
        assert!(parse(&[]).unwrap().is_empty());
        assert!(parse(&[b'x'; 100]).is_err());
    }
}
