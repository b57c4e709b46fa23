//! tar — entries of the archive in a version 2 file, with what Alpine puts into pax headers: checksums and attributes.
//!
//! Stricter than `archive::tar`, as the reference is: ustar only, numbers in octal, nothing behind the end.
//! Source: POSIX.1-2024 `pax`, "ustar Interchange Format"; apk-v2(5).

use crate::error::{Error, Kind, Result};
use crate::identity::Digest;

pub const BLOCK: usize = 512;

/// Longer names and targets are refused.
pub const NAME_MAX: usize = 4085;

/// Longer pax headers are refused.
pub const PAX_MAX: u64 = 1 << 20;

pub(crate) type Block = [u8; BLOCK];

/// What an entry's header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    pub name: Vec<u8>,
    pub link: Vec<u8>,
    /// The letter of the type: '0' file, '1' hard link, '2' symlink, '3' and '4' devices, '5' folder, '6' fifo.
    pub kind: u8,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub user: Vec<u8>,
    pub group: Vec<u8>,
    pub mtime: i64,
    pub size: u64,
    pub device: (u32, u32),
    pub sha1: Option<Digest>,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What headers in front said about the next entry.
#[derive(Default, Debug)]
pub(crate) struct Said {
    pub(crate) name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    sha1: Option<Digest>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

#[cold]
pub(crate) fn malformed(what: &str) -> Error {
    Error::detailed(Kind::V2PackageFormat, format!("tar: {what}"))
}

fn text(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|&byte| byte == 0).unwrap_or(field.len())]
}

/// Octal digits, ended by a blank or a zero byte.
fn number(field: &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for &byte in field {
        match byte {
            b'0'..=b'7' => value = value << 3 | u64::from(byte - b'0'),
            b' ' | 0 => break,
            _ => return Err(malformed("number that is not octal")),
        }
    }
    Ok(value)
}

fn id(field: &[u8]) -> Result<u32> {
    u32::try_from(number(field)?).map_err(|_| malformed("number that is too large"))
}

/// The sum of a block's bytes; 0 for a block of zeros.
pub(crate) fn sum(block: &Block) -> u64 {
    matching::bytes::sum(block)
}

/// The size and the type of the entry whose header `block` is, with the sum of its bytes: what is needed before `said` is
/// complete.
pub(crate) fn size_and_kind(block: &Block, sum: u64) -> Result<(u64, u8)> {
    if &block[257..262] != b"ustar" {
        return Err(malformed("no magic"));
    }
    let stored = number(&block[148..156])?;
    let own: u64 = block[148..156].iter().map(|&byte| u64::from(byte)).sum();
    if stored != sum - own + 8 * u64::from(b' ') {
        return Err(malformed("wrong checksum of a header"));
    }
    Ok((number(&block[124..136])?, block[156]))
}

/// The entry of a header, with what `size_and_kind` said of it.
pub(crate) fn header(block: &Block, size: u64, kind: u8, said: Said) -> Result<Header> {
    let prefix = text(&block[345..500]);
    let mut name = text(&block[..100]).to_vec();
    if !prefix.is_empty() {
        name = [prefix, b"/", &name].concat();
    }
    let kind = match kind {
        0 | b'7' => b'0',
        other => other,
    };
    let header = Header {
        name: said.name.unwrap_or(name),
        link: said.link.unwrap_or_else(|| text(&block[157..257]).to_vec()),
        kind,
        mode: id(&block[100..108])? & 0o7777,
        uid: id(&block[108..116])?,
        gid: id(&block[116..124])?,
        user: text(&block[265..297]).to_vec(),
        group: text(&block[297..329]).to_vec(),
        mtime: i64::try_from(number(&block[136..148])?).unwrap_or(i64::MAX),
        size: if kind == b'0' { size } else { 0 },
        device: (id(&block[329..337])?, id(&block[337..345])?),
        sha1: said.sha1,
        xattrs: said.xattrs,
    };
    if header.name.len() > NAME_MAX || header.link.len() > NAME_MAX {
        return Err(malformed("name that is too long"));
    }
    Ok(header)
}

/// The name in a GNU header of a long name.
pub(crate) fn long_name(contents: &[u8]) -> Vec<u8> {
    text(contents).to_vec()
}

impl Said {
    /// Takes the records of a pax header: "LENGTH KEY=VALUE\n".
    pub(crate) fn take(&mut self, mut records: &[u8]) -> Result<()> {
        while !records.is_empty() {
            let (key, value, rest) = record(records).ok_or_else(|| malformed("malformed pax header"))?;
            records = rest;
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"APK-TOOLS.checksum.SHA1" => {
                    let mut bytes = [0; 20];
                    if crate::identity::read_hexadecimal(value, &mut bytes) != Some(bytes.len()) {
                        return Err(malformed("malformed checksum"));
                    }
                    self.sha1 = Some(Digest::Sha1(bytes));
                }
                _ => {
                    if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                        self.xattrs.push((name.to_vec(), value.to_vec()));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The first record's key and value, and what is behind it.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = records.iter().position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(&records[..blank]).ok()?.parse().ok()?;
    let record = records.get(blank + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &records[length..]))
}

/// A header block as abuild's tar and the reference write it.
pub(crate) fn block_of(header: &Header) -> Block {
    let mut block = [0; BLOCK];
    let mut put = |start: usize, length: usize, text: &[u8]| {
        let length = text.len().min(length);
        block[start..start + length].copy_from_slice(&text[..length]);
    };
    let octal = |value: u64, width: usize| format!("{value:0width$o}").into_bytes();
    put(0, 100, &header.name);
    put(100, 7, &octal(u64::from(header.mode), 7));
    put(108, 7, &octal(u64::from(header.uid), 7));
    put(116, 7, &octal(u64::from(header.gid), 7));
    // Twelve digits, without an end.
    put(124, 12, &octal(header.size, 12));
    put(136, 12, &octal(header.mtime.max(0) as u64, 12));
    put(156, 1, &[header.kind]);
    put(157, 100, &header.link);
    put(257, 8, b"ustar  \0"); // GNU's, as the reference writes it
    put(265, 31, &header.user);
    put(297, 31, &header.group);
    if matches!(header.kind, b'3' | b'4') {
        put(329, 7, &octal(u64::from(header.device.0), 7));
        put(337, 7, &octal(u64::from(header.device.1), 7));
    }
    put(148, 8, b"        ");
    let sum: u64 = block.iter().map(|&byte| u64::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        let header_in = Header {
            name: b"usr/bin/x".to_vec(),
            link: b"y".to_vec(),
            kind: b'2',
            mode: 0o755,
            uid: 1,
            gid: 2,
            user: b"root".to_vec(),
            group: b"wheel".to_vec(),
            mtime: 1_700_000_000,
            ..Header::default()
        };
        let block = block_of(&header_in);
        let read = |block: &Block| {
            let (size, kind) = size_and_kind(block, sum(block))?;
            header(block, size, kind, Said::default())
        };
        assert_eq!(read(&block).unwrap(), header_in);
        for index in (0..BLOCK).step_by(13) {
            let mut damaged = block;
            damaged[index] ^= 1;
            assert!(read(&damaged).is_err(), "byte {index}");
        }
    }

    #[test]
    fn pax_headers() {
        let mut said = Said::default();
        said.take(b"12 path=a/b\n27 SCHILY.xattr.user.x=y\0z\n68 APK-TOOLS.checksum.SHA1=a9993e364706816aba3e25717850c26c9cd0d89d\n")
            .unwrap();
        assert_eq!(said.name.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(said.sha1, Some(Digest::sha1(b"abc")));
        assert_eq!(said.xattrs, [(b"user.x".to_vec(), b"y\0z".to_vec())]);
        for bad in [
            &b"x"[..],
            b"5 a\n",
            b"99 path=a\n",
            b"0 a=b\n",
            b"3 \n",
            b"18446744073709551616 a=b\n",
            b"29 APK-TOOLS.checksum.SHA1=a\n",
            b"33 APK-TOOLS.checksum.SHA1=a9999\n",
        ] {
            assert!(Said::default().take(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
