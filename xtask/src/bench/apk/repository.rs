//! repository — packages and indexes for the benchmark of apk, the same for every run.
//!
//! Version 2 files as abuild writes them: signature, control and data as members of gzip over cut tars. The key is made
//! for the run.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use crypto::digest::{Algorithm, hexadecimal};
use flate2::{Compression, GzBuilder};

use crate::bench::data::Sequence;
use crate::process;

pub(super) const ARCH: &str = "x86_64";
/// When everything was made, in seconds since 1970.
const TIME: u64 = 1_700_000_000;
const BLOCK: usize = 512;

/// The name of the public key's file.
pub(super) const KEY: &str = "bench.rsa.pub";

/// A pair of keys, made by openssl.
pub(super) struct Signer {
    private: PathBuf,
    folder: PathBuf,
}

impl Signer {
    /// Makes the keys; the public one is `folder/keys/KEY`.
    pub(super) fn new(folder: &Path) -> Result<Signer> {
        let keys = folder.join("keys");
        fs::create_dir_all(&keys)?;
        let signer = Signer { private: folder.join("bench.rsa"), folder: folder.to_path_buf() };
        process::output(Command::new("openssl").args(["genrsa", "-out"]).arg(&signer.private).arg("2048"))?;
        process::output(
            Command::new("openssl")
                .args(["rsa", "-pubout", "-in"])
                .arg(&signer.private)
                .arg("-out")
                .arg(keys.join(KEY)),
        )?;
        Ok(signer)
    }

    /// The signature member for a control or index member.
    fn sign(&self, member: &[u8]) -> Result<Vec<u8>> {
        let (message, signature) = (self.folder.join("message"), self.folder.join("signature"));
        fs::write(&message, member)?;
        process::output(
            Command::new("openssl")
                .args(["dgst", "-sha1", "-sign"])
                .arg(&self.private)
                .arg("-out")
                .arg(&signature)
                .arg(&message),
        )?;
        let mut tar = Tar::default();
        tar.file(&format!(".SIGN.RSA.{KEY}"), &fs::read(&signature)?);
        gzip(&tar.0, 9)
    }
}

/// A tar without its end.
#[derive(Default)]
struct Tar(Vec<u8>);

impl Tar {
    fn file(&mut self, name: &str, content: &[u8]) {
        self.header(name, b'0', 0o644, content.len());
        self.content(content);
    }

    /// A file of a package: its digest stands in a header of its own.
    fn package_file(&mut self, name: &str, mode: u32, content: &[u8]) {
        let record = format!(" APK-TOOLS.checksum.SHA1={}\n", hexadecimal(&Algorithm::Sha1.of(content)));
        // The length counts its own two digits.
        let record = format!("{}{record}", record.len() + 2);
        self.header(name, b'x', 0o644, record.len());
        self.content(record.as_bytes());
        self.header(name, b'0', mode, content.len());
        self.content(content);
    }

    fn folder(&mut self, name: &str) {
        self.header(&format!("{name}/"), b'5', 0o755, 0);
    }

    fn header(&mut self, name: &str, kind: u8, mode: u32, size: usize) {
        let mut block = [0; BLOCK];
        let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        put(100, format!("{mode:07o}").as_bytes());
        put(108, b"0000000");
        put(116, b"0000000");
        put(124, format!("{size:011o}").as_bytes());
        put(136, format!("{TIME:011o}").as_bytes());
        put(148, b"        ");
        put(156, &[kind]);
        put(257, b"ustar\x0000");
        put(265, b"root");
        put(297, b"root");
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&block);
    }

    fn content(&mut self, content: &[u8]) {
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
    }

    /// With its end.
    fn finish(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        self.0
    }
}

fn gzip(bytes: &[u8], level: u32) -> Result<Vec<u8>> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::new(level));
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// The text of an identity.
fn identity(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "Q1".to_string();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .chain([&0, &0])
            .take(3)
            .fold(0usize, |number, &byte| number << 8 | usize::from(byte));
        for place in 0..4 {
            let digit = DIGITS[number >> (18 - 6 * place) & 63];
            text.push(if place > three.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// Writes `folder/x86_64/APKINDEX.tar.gz`.
fn write_index(signer: &Signer, folder: &Path, text: &str) -> Result<()> {
    let mut tar = Tar::default();
    tar.file("DESCRIPTION", b"bench 1.0");
    tar.file("APKINDEX", text.as_bytes());
    let member = gzip(&tar.finish(), 9)?;
    let folder = folder.join(ARCH);
    fs::create_dir_all(&folder)?;
    let path = folder.join("APKINDEX.tar.gz");
    fs::write(&path, [signer.sign(&member)?, member].concat()).with_context(|| path.display().to_string())
}

/// A word of two to four syllables.
fn word(sequence: &mut Sequence) -> String {
    const SYLLABLES: [&str; 24] = [
        "net", "lib", "gra", "ta", "ris", "mo", "ka", "den", "xi", "po", "ser", "val", "qui", "bor", "li",
        "an", "tor", "us", "em", "ac", "fe", "go", "ry", "pix",
    ];
    (0..2 + sequence.below(3)).map(|_| SYLLABLES[sequence.below(24) as usize]).collect()
}

/// An index of `count` packages that are not there: what a distribution has, in families of a program, its library, its
/// headers and its manual. Gives names whose closure has about 200 packages, and one that is in the middle.
pub(super) fn index_only(signer: &Signer, folder: &Path, count: usize) -> Result<(Vec<String>, String)> {
    /// Families that need each other only among themselves.
    const GROUP: usize = 40;
    let mut sequence = Sequence(0x61_706b);
    let mut text = String::new();
    let mut names: Vec<String> = Vec::new();
    let mut written = 0;
    while written < count {
        let number = names.len();
        let name = match number % 9 {
            0 => format!("py3-{}{number}", word(&mut sequence)),
            1 => format!("{}-{}{number}", word(&mut sequence), word(&mut sequence)),
            _ => format!("{}{number}", word(&mut sequence)),
        };
        let version = format!(
            "{}.{}.{}-r{}",
            sequence.below(9),
            sequence.below(30),
            sequence.below(12),
            sequence.below(6)
        );
        let mut needs = "so:libc.musl-x86_64.so.1".to_string();
        let in_group = number % GROUP;
        let most = in_group.min(4) as u64;
        for _ in 0..most {
            let other = number - 1 - sequence.below(in_group.min(12) as u64) as usize;
            let soname = format!("so:lib{}.so.1", names[other]);
            if !needs.contains(&soname) {
                write!(needs, " {soname}")?;
            }
        }
        let family: [(&str, String, String, String); 4] = [
            (
                "",
                format!("{needs} so:lib{name}.so.1"),
                format!("cmd:{name}={version} cmd:{name}ctl={version}"),
                String::new(),
            ),
            ("-libs", needs.clone(), format!("so:lib{name}.so.1=1.{}", sequence.below(20)), String::new()),
            (
                "-dev",
                format!("{name}-libs={version} pkgconfig"),
                format!("pc:{name}={}", &version[..version.len() - 3]),
                String::new(),
            ),
            ("-doc", String::new(), String::new(), format!("docs {name}={version}")),
        ];
        for (suffix, depends, provides, install_if) in family {
            let random: Vec<u8> = (0..40).map(|_| sequence.below(256) as u8).collect();
            write!(
                text,
                "C:{}\nP:{name}{suffix}\nV:{version}\nA:{ARCH}\nS:{}\nI:{}\nT:A {} for the {} of {} and {}\nU:https://{}.example.org/\n\
                 L:GPL-2.0-or-later\no:{name}\nm:{} {} <{}@example.org>\nt:{}\nc:{}\n",
                identity(&random[..20]),
                1000 + sequence.below(900_000),
                4096 * (1 + sequence.below(900)),
                word(&mut sequence),
                word(&mut sequence),
                word(&mut sequence),
                word(&mut sequence),
                word(&mut sequence),
                word(&mut sequence),
                word(&mut sequence),
                word(&mut sequence),
                TIME + sequence.below(10_000_000),
                hexadecimal(&random[20..]),
            )?;
            for (letter, list) in [('D', depends), ('p', provides), ('i', install_if)] {
                if !list.is_empty() {
                    writeln!(text, "{letter}:{list}")?;
                }
            }
            text.push('\n');
            written += 1;
        }
        names.push(name);
    }
    for (name, provides) in
        [("musl", "so:libc.musl-x86_64.so.1=1"), ("pkgconfig", "cmd:pkg-config=1"), ("docs", "")]
    {
        let identity = identity(&Algorithm::Sha1.of(name.as_bytes()));
        write!(
            text,
            "C:{identity}\nP:{name}\nV:1.2.3-r4\nA:{ARCH}\nS:400000\nI:600000\nT:Base\nU:https://example.org\nL:MIT\np:{provides}\n\n"
        )?;
    }
    write_index(signer, folder, &text)?;
    let tops = (1..=5).map(|group| names[group * GROUP * 2 - 1].clone()).collect();
    Ok((tops, names[names.len() / 2].clone()))
}

/// Packages to install: `count` of about `files` files, together `bytes` large. Gives their names.
pub(super) struct Packages<'a> {
    pub(super) prefix: &'a str,
    pub(super) count: usize,
    /// The least and the most files of a package.
    pub(super) files: (u64, u64),
    /// The least and the most bytes of a file.
    pub(super) bytes: (u64, u64),
    pub(super) version: &'a str,
    pub(super) level: u32,
}

impl Packages<'_> {
    /// Writes the packages and their index.
    pub(super) fn write(&self, signer: &Signer, folder: &Path) -> Result<Vec<String>> {
        let mut sequence = Sequence(0x66_696c);
        let mut index = String::new();
        let mut names = Vec::new();
        fs::create_dir_all(folder.join(ARCH))?;
        for number in 0..self.count {
            let name = format!("{}{number}", self.prefix);
            let block = self.write_one(signer, folder, &name, &mut sequence)?;
            index.push_str(&block);
            names.push(name);
        }
        write_index(signer, folder, &index)?;
        Ok(names)
    }

    /// Writes one package and gives its block of the index.
    fn write_one(
        &self,
        signer: &Signer,
        folder: &Path,
        name: &str,
        sequence: &mut Sequence,
    ) -> Result<String> {
        let mut tar = Tar::default();
        for folder in ["etc", "usr", "usr/bin", "usr/lib", "usr/share"] {
            tar.folder(folder);
        }
        for folder in ["etc", "usr/lib", "usr/share"] {
            tar.folder(&format!("{folder}/{name}"));
        }
        let files = self.files.0 + sequence.below(self.files.1 - self.files.0 + 1);
        let mut total = 0;
        for number in 0..files {
            let size = self.bytes.0 + sequence.below(self.bytes.1 - self.bytes.0 + 1);
            // Half of the files are the same in every version.
            let text = if number % 2 == 0 { "" } else { self.version };
            let (path, mode) = match number {
                0 => (format!("usr/bin/{name}"), 0o755),
                1 => (format!("etc/{name}/{name}.conf"), 0o644),
                _ if number % 3 == 0 => (format!("usr/lib/{name}/module{number}.so"), 0o755),
                _ => (format!("usr/share/{name}/data{number}.txt"), 0o644),
            };
            tar.package_file(&path, mode, &content(sequence, text, size as usize));
            total += size;
        }
        let data = gzip(&tar.finish(), self.level)?;
        let (version, description) = (self.version, format!("The package {name} of a benchmark"));
        let info = format!(
            "# Generated\npkgname = {name}\npkgver = {version}\npkgdesc = {description}\nurl = https://example.org/\nbuilddate = {TIME}\n\
             packager = Nobody <nobody@example.org>\nsize = {total}\narch = {ARCH}\norigin = {name}\nlicense = MIT\n\
             provides = cmd:{name}={version}\ndatahash = {}\n",
            hexadecimal(&Algorithm::Sha256.of(&data))
        );
        let mut control = Tar::default();
        control.file(".PKGINFO", info.as_bytes());
        let control = gzip(&control.0, 9)?;
        let package = [signer.sign(&control)?, control.clone(), data].concat();
        let path = folder.join(ARCH).join(format!("{name}-{version}.apk"));
        fs::write(&path, &package).with_context(|| path.display().to_string())?;
        Ok(format!(
            "C:{}\nP:{name}\nV:{version}\nA:{ARCH}\nS:{}\nI:{total}\nT:{description}\nU:https://example.org/\nL:MIT\no:{name}\nt:{TIME}\n\
             p:cmd:{name}={version}\n\n",
            identity(&Algorithm::Sha1.of(&control)),
            package.len(),
        ))
    }
}

/// Bytes that compress to about half.
fn content(sequence: &mut Sequence, lead: &str, size: usize) -> Vec<u8> {
    let mut bytes = lead.as_bytes().to_vec();
    while bytes.len() < size {
        let number = sequence.below(1 << 30);
        match number % 3 {
            0 => bytes.extend_from_slice(&(number * number).to_le_bytes()),
            _ => bytes.extend_from_slice(word(sequence).as_bytes()),
        }
    }
    bytes.truncate(size);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_text() {
        let digest = Algorithm::Sha1.of(b"");
        assert_eq!(identity(&digest), "Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    }

    #[test]
    fn the_length_of_a_record_counts_itself() {
        let mut tar = Tar::default();
        tar.package_file("a", 0o644, b"");
        let record = &tar.0[BLOCK..BLOCK + 68];
        assert!(record.starts_with(b"68 APK-TOOLS.checksum.SHA1=da39a3ee") && record.ends_with(b"\n"));
    }
}
