//! manifest — manifest.toml beside an image's files: what they are, of what, and their checksums.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::format::Parts;
use super::output;
use super::root::Kind;

pub(crate) const MANIFEST: &str = "manifest.toml";

#[derive(Serialize)]
struct Manifest<'a> {
    profile: &'a str,
    version: &'a str,
    arch: &'a str,
    /// The kernel's release, as `uname -r` prints it.
    kernel: &'a str,
    cmdline: &'a str,
    /// Every time stamp in the image.
    source_date_epoch: u64,
    file: Vec<Record>,
    /// The regular files of the root.
    content: Vec<Record>,
}

#[derive(Serialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Record {
    pub(crate) fn of(name: &str, bytes: &[u8]) -> Record {
        Record { name: name.to_string(), bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
    }
}

/// Writes the manifest of the files `names`.
pub(crate) fn write(parts: &Parts<'_>, kernel: &str, names: &[String]) -> Result<()> {
    let mut file = Vec::new();
    for name in names {
        let path = parts.folder.join(name);
        file.push(Record::of(name, &fs::read(&path).with_context(|| path.display().to_string())?));
    }
    let content = parts.root.iter().filter_map(|(path, entry)| match &entry.kind {
        Kind::File(contents) => Some(Record::of(&format!("/{path}"), contents)),
        _ => None,
    });
    let manifest = Manifest {
        profile: parts.profile,
        version: parts.version,
        arch: parts.arch.name(),
        kernel,
        cmdline: parts.cmdline,
        source_date_epoch: parts.epoch,
        file,
        content: content.collect(),
    };
    let text = toml::to_string(&manifest).context("cannot write the manifest")?;
    output::write(&parts.folder, MANIFEST, |out| Ok(std::io::Write::write_all(out, text.as_bytes())?))?;
    Ok(())
}

/// The names of the files that the manifest in `folder` lists, with their sizes.
pub(crate) fn files(folder: &Path) -> Result<Vec<(String, u64)>> {
    let table = read(folder)?;
    let records = table.get("file").and_then(toml::Value::as_array).into_iter().flatten();
    let pairs = records.filter_map(|record| {
        Some((record.get("name")?.as_str()?.to_string(), record.get("bytes")?.as_integer()? as u64))
    });
    Ok(pairs.collect())
}

/// The command line that the manifest in `folder` names.
pub(crate) fn cmdline(folder: &Path) -> Result<String> {
    let table = read(folder)?;
    let cmdline = table.get("cmdline").and_then(toml::Value::as_str);
    let cmdline =
        cmdline.with_context(|| format!("{}: names no cmdline", folder.join(MANIFEST).display()))?;
    Ok(cmdline.to_string())
}

fn read(folder: &Path) -> Result<toml::Table> {
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.parse().with_context(|| path.display().to_string())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
