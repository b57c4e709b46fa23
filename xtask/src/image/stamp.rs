//! stamp — whether an image's files are those that its inputs would give: a hidden file, written last.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::format::Parts;
use super::root::{Kind, Root};
use super::{iso, manifest, output};

const STAMP: &str = ".stamp";

/// What was made, and from what.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    key: String,
    formats: BTreeSet<String>,
    /// Name, size and time of each file: what somebody changed by hand is made again.
    files: BTreeSet<String>,
}

impl Stamp {
    /// The stamp in `folder`; an empty one if there is none or if a file is not as it says.
    pub(crate) fn read(folder: &Path) -> Stamp {
        let Ok(text) = fs::read_to_string(folder.join(STAMP)) else { return Stamp::default() };
        let mut stamp = Stamp::default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("key", key)) => stamp.key = key.to_string(),
                Some(("format", name)) => drop(stamp.formats.insert(name.to_string())),
                Some(("file", file)) => drop(stamp.files.insert(file.to_string())),
                _ => return Stamp::default(),
            }
        }
        let unchanged = |file: &String| {
            let name = file.split(' ').next().unwrap_or_default();
            describe(folder, name).is_ok_and(|now| now == *file)
        };
        if stamp.files.iter().all(unchanged) { stamp } else { Stamp::default() }
    }

    /// The formats that need not be made again for `key`.
    pub(crate) fn made(&self, key: &str) -> BTreeSet<String> {
        if self.key == key { self.formats.clone() } else { BTreeSet::new() }
    }

    /// Says that `names` in `folder` were made from `key`.
    pub(crate) fn write(
        folder: &Path,
        key: &str,
        formats: &BTreeSet<String>,
        names: &[String],
    ) -> Result<()> {
        let mut text = format!("key {key}\n");
        for format in formats {
            text += &format!("format {format}\n");
        }
        for name in names.iter().map(String::as_str).chain([manifest::MANIFEST]) {
            text += &format!("file {}\n", describe(folder, name)?);
        }
        output::write(folder, STAMP, |out| Ok(std::io::Write::write_all(out, text.as_bytes())?))?;
        Ok(())
    }

    /// Takes the stamp away, before the first file of its folder changes.
    pub(crate) fn remove(folder: &Path) -> Result<()> {
        let path = folder.join(STAMP);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| path.display().to_string())
            }
            _ => Ok(()),
        }
    }
}

fn describe(folder: &Path, name: &str) -> Result<String> {
    let path = folder.join(name);
    let data = fs::metadata(&path).with_context(|| path.display().to_string())?;
    Ok(format!("{name} {} {}.{}", data.size(), data.mtime(), data.mtime_nsec()))
}

/// A digest of everything that an image's bytes depend on, the formats apart.
pub(crate) fn key(parts: &Parts<'_>, kernel: &str) -> Result<String> {
    let mut hash = Sha256::new();
    // This program: its build time stands for its code.
    let own = std::env::current_exe().context("cannot find this program's file")?;
    for text in [
        &describe(Path::new("/"), &own.display().to_string())?,
        kernel,
        parts.profile,
        parts.version,
        parts.cmdline,
    ] {
        field(&mut hash, text.as_bytes());
    }
    field(&mut hash, parts.arch.name().as_bytes());
    field(&mut hash, &parts.epoch.to_le_bytes());
    add_root(&mut hash, parts.root);
    let mut files: Vec<PathBuf> =
        vec![parts.vmlinuz.into(), parts.modules.into(), parts.bin.join("initramfs")];
    files.extend(parts.loader.map(PathBuf::from));
    files.extend(iso::host_files(parts.arch));
    for path in files {
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        field(&mut hash, &bytes);
    }
    Ok(manifest::hex(&hash.finalize()))
}

fn add_root(hash: &mut Sha256, root: &Root) {
    for (path, entry) in root.iter() {
        field(hash, path.as_bytes());
        for number in [entry.mode, entry.uid, entry.gid] {
            hash.update(number.to_le_bytes());
        }
        match &entry.kind {
            Kind::Directory => field(hash, b"directory"),
            Kind::File(contents) => field(hash, contents),
            Kind::Symlink(target) => field(hash, format!("-> {target}").as_bytes()),
            Kind::CharDevice { major, minor } => field(hash, format!("c {major} {minor}").as_bytes()),
        }
    }
}

/// Adds a field behind its length, so that no two lists of fields look alike.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_holds_until_a_file_changes() {
        let folder = testkit::temporary::Directory::new("tarn-stamp").unwrap();
        let folder = folder.path();
        fs::write(folder.join("vmlinuz"), "kernel").unwrap();
        fs::write(folder.join(manifest::MANIFEST), "x = 1\n").unwrap();
        let formats = BTreeSet::from(["ram".to_string()]);
        Stamp::write(folder, "k", &formats, &["vmlinuz".to_string()]).unwrap();
        assert_eq!(Stamp::read(folder).made("k"), formats);
        assert_eq!(Stamp::read(folder).made("other"), BTreeSet::new());
        let good = fs::read_to_string(folder.join(STAMP)).unwrap();
        fs::write(folder.join("vmlinuz"), "kernel, cut").unwrap();
        assert_eq!(Stamp::read(folder), Stamp::default());
        Stamp::write(folder, "k", &formats, &["vmlinuz".to_string()]).unwrap();
        assert_ne!(Stamp::read(folder), Stamp::default());
        fs::remove_file(folder.join("vmlinuz")).unwrap();
        assert_eq!(Stamp::read(folder), Stamp::default());
        fs::write(folder.join(STAMP), &good[..good.len() / 2]).unwrap();
        assert_eq!(Stamp::read(folder).made("k"), BTreeSet::new());
        Stamp::remove(folder).unwrap();
        Stamp::remove(folder).unwrap();
    }
}
