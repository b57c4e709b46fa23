//! block — one package's lines in an index of version 2: a letter, a colon, a value.
//!
//! Source: apk-v2(5). The installed database has the same lines and more of its own.

use super::info::{add, number};
use crate::dependency::{self, Dependency};
use crate::error::{Error, Kind, Result};
use crate::identity::Digest;
use crate::package::Package;

/// What a field was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// A letter that indexes do not have.
    Unknown,
}

/// The blocks of an index's text: what stands between empty lines.
pub fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(behind) = rest.strip_prefix(b"\n") {
            rest = behind;
        }
        if rest.is_empty() {
            return None;
        }
        let end = rest.windows(2).position(|two| two == b"\n\n").map_or(rest.len(), |at| at + 1);
        let (block, behind) = rest.split_at(end);
        rest = behind;
        Some(block)
    })
}

/// The lines of a block as letter and value.
///
/// Errors: a line without a letter and a colon.
pub fn fields(block: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8])>> {
    block.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(|line| match line {
        [letter, b':', value @ ..] => Ok((*letter, value)),
        _ => Err(Error::detailed(
            Kind::V2IndexFormat,
            format!("line '{}' is no field", String::from_utf8_lossy(&line[..line.len().min(80)])),
        )),
    })
}

/// A package from its block. Letters that are unknown make it broken where they are capitals, and set `old` where they
/// are not: the index is of a newer format than this program knows.
///
/// Errors: as of `fields`; a malformed identity.
pub fn parse(block: &[u8], old: &mut bool) -> Result<Package> {
    let mut package = Package::default();
    for field in fields(block) {
        let (letter, value) = field?;
        if take(&mut package, letter, value)? == Taken::Unknown {
            match letter {
                b'A'..=b'Z' => package.broken.unknown_field = true,
                _ => *old = true,
            }
        }
    }
    Ok(package)
}

/// Takes one field into a package.
///
/// Errors: a malformed identity.
pub fn take(package: &mut Package, letter: u8, value: &[u8]) -> Result<Taken> {
    let text = || value.to_vec();
    match letter {
        b'C' => {
            let identity = Digest::parse(value);
            package.identity =
                Some(identity.ok_or_else(|| Error::detailed(Kind::V2IndexFormat, "malformed checksum"))?);
        }
        b'P' => package.name = text(),
        b'V' => package.version = text(),
        b'A' => package.arch = text(),
        b'S' => package.file_size = number(value),
        b'I' => package.installed_size = number(value),
        b'T' => package.description = text(),
        b'U' => package.url = text(),
        b'L' => package.license = text(),
        b'o' => package.origin = text(),
        b'm' => package.maintainer = text(),
        b't' => package.build_time = number(value),
        b'c' => package.commit = text(),
        b'k' => package.provider_priority = number(value) as u32,
        b'D' => package.broken.depends |= add(&mut package.depends, value),
        b'p' => package.broken.provides |= add(&mut package.provides, value),
        b'i' => package.broken.install_if |= add(&mut package.install_if, value),
        b'g' => package.tags = dependency::words(value).map(<[u8]>::to_vec).collect(),
        // What the installed database has, and old indexes may.
        b'F' | b'M' | b'R' | b'a' | b'Z' | b'r' | b'q' | b's' | b'f' => {}
        _ => return Ok(Taken::Unknown),
    }
    Ok(Taken::Yes)
}

/// Appends a package's lines, without the empty one behind them.
pub fn write(package: &Package, out: &mut Vec<u8>) {
    let mut line = |letter: u8, value: &[u8]| {
        out.extend_from_slice(&[letter, b':']);
        out.extend_from_slice(value);
        out.push(b'\n');
    };
    let mut identity = Vec::new();
    if let Some(digest) = &package.identity {
        digest.write(&mut identity);
    }
    line(b'C', &identity);
    line(b'P', &package.name);
    line(b'V', &package.version);
    let mut given = |letter: u8, value: &[u8]| {
        if !value.is_empty() {
            line(letter, value);
        }
    };
    given(b'A', &package.arch);
    let decimal = |value: u64| value.to_string().into_bytes();
    let positive = |value: u64| if value > 0 { decimal(value) } else { Vec::new() };
    line(b'S', &decimal(package.file_size));
    line(b'I', &decimal(package.installed_size));
    line(b'T', &package.description);
    line(b'U', &package.url);
    line(b'L', &package.license);
    let mut given = |letter: u8, value: &[u8]| {
        if !value.is_empty() {
            line(letter, value);
        }
    };
    given(b'o', &package.origin);
    given(b'm', &package.maintainer);
    given(b't', &positive(package.build_time));
    given(b'c', &package.commit);
    given(b'k', &positive(u64::from(package.provider_priority)));
    let list = |list: &[Dependency]| {
        let mut text = Vec::new();
        dependency::write_list(list, &mut text);
        text
    };
    given(b'D', &list(&package.depends));
    given(b'p', &list(&package.provides));
    given(b'i', &list(&package.install_if));
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"C:Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\nP:a\nV:1.0-r0\nA:x86_64\nS:10\nI:20\nT:text: with colon\nU:\nL:MIT\n\
        o:b\nm:me\nt:1\nc:ab\nk:5\nD:c>1 !d\np:e=1\ni:f g\n";

    #[test]
    fn comes_back_as_it_was() {
        let mut old = false;
        let package = parse(BLOCK, &mut old).unwrap();
        let mut text = Vec::new();
        write(&package, &mut text);
        assert_eq!(text.escape_ascii().to_string(), BLOCK.escape_ascii().to_string());
        assert!(!old && !package.broken.any());
    }

    #[test]
    fn what_is_unknown_is_noted() {
        let mut old = false;
        assert!(!parse(b"P:a\ny:1\n", &mut old).unwrap().broken.any());
        assert!(old);
        assert!(parse(b"P:a\nY:1\n", &mut old).unwrap().broken.unknown_field);
        assert!(parse(b"P:a\nD:b=x\n", &mut old).unwrap().broken.depends);
        assert!(parse(b"P:a\nnothing\n", &mut old).is_err());
        assert!(parse(b"C:Q1\n", &mut old).is_err());
    }

    #[test]
    fn blocks_are_split() {
        let blocks: Vec<&[u8]> = split(b"P:a\n\nP:b\nV:1\n\n\nP:c").collect();
        assert_eq!(blocks, [&b"P:a\n"[..], b"P:b\nV:1\n", b"P:c"]);
        assert_eq!(split(b"").count(), 0);
    }
}
