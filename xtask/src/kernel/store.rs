//! store — finished kernels, kept by the hash of what they were made from.
//!
//! An entry is a folder `<arch>-<flavour>-<hash>` that was written beside, completed by its manifest and renamed: one
//! under its own name is whole. Sizes are checked whenever an entry is used, checksums whenever it is copied.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::digest;

pub(crate) const MANIFEST: &str = "manifest.toml";
/// The files of a kernel, in the order in which they are listed.
pub(crate) const FILES: [&str; 4] = ["vmlinuz", "modules", "config", "System.map"];

/// What an entry holds and what it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// As `uname -r` prints it.
    pub(crate) release: String,
    pub(crate) version: String,
    pub(crate) arch: String,
    pub(crate) flavour: String,
    /// Name of the source in kernel.toml, and the checksum of its tarball.
    pub(crate) source: String,
    pub(crate) source_sha256: String,
    /// The checksum of the certificate that the kernel trusts, and whose it is: `developer` or `release`.
    pub(crate) certificate_sha256: String,
    pub(crate) signed_by: String,
    pub(crate) tools: Vec<String>,
    pub(crate) modules: usize,
    #[serde(rename = "file")]
    pub(crate) files: Vec<FileRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRecord {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl FileRecord {
    fn of(folder: &Path, name: &str) -> Result<FileRecord> {
        let path = folder.join(name);
        let bytes = fs::metadata(&path).with_context(|| path.display().to_string())?.len();
        Ok(FileRecord { name: name.to_string(), bytes, sha256: digest::file(&path)? })
    }
}

/// The records of the files of a kernel that lie in `folder`.
pub(crate) fn records(folder: &Path) -> Result<Vec<FileRecord>> {
    FILES.iter().map(|name| FileRecord::of(folder, name)).collect()
}

/// The manifest of a folder whose files all have their sizes; `None` if anything is missing or different.
pub(crate) fn read(folder: &Path) -> Option<Manifest> {
    let text = fs::read_to_string(folder.join(MANIFEST)).ok()?;
    let manifest: Manifest = toml::from_str(&text).ok()?;
    let complete = FILES.iter().all(|name| manifest.files.iter().any(|file| file.name == *name));
    let sized = manifest
        .files
        .iter()
        .all(|file| fs::metadata(folder.join(&file.name)).is_ok_and(|data| data.len() == file.bytes));
    (complete && sized).then_some(manifest)
}

/// Completes `part` by its manifest and gives it its name.
pub(crate) fn publish(part: &Path, entry: &Path, manifest: &Manifest) -> Result<()> {
    for name in FILES {
        let path = part.join(name);
        File::open(&path).and_then(|file| file.sync_all()).with_context(|| path.display().to_string())?;
    }
    write_manifest(part, manifest)?;
    if entry.exists() {
        // Not whole, or it would have been used.
        fs::remove_dir_all(entry).with_context(|| entry.display().to_string())?;
    }
    fs::rename(part, entry).with_context(|| entry.display().to_string())
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<()> {
    let path = folder.join(MANIFEST);
    let text = toml::to_string(manifest).context("cannot write the manifest")?;
    let part = folder.join(format!("{MANIFEST}.part"));
    fs::write(&part, text).with_context(|| part.display().to_string())?;
    File::open(&part).and_then(|file| file.sync_all()).with_context(|| part.display().to_string())?;
    fs::rename(&part, &path).with_context(|| path.display().to_string())
}

/// Copies an entry's files to `folder`, unless they are there. Fails if the entry is damaged.
pub(crate) fn install(entry: &Path, manifest: &Manifest, folder: &Path) -> Result<()> {
    if read(folder).as_ref() == Some(manifest) {
        return Ok(());
    }
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    // Without its manifest the folder is nobody's kernel until the last file is in place.
    let old = folder.join(MANIFEST);
    if old.exists() {
        fs::remove_file(&old).with_context(|| old.display().to_string())?;
    }
    for file in &manifest.files {
        let from = entry.join(&file.name);
        let part = folder.join(format!("{}.part", file.name));
        let mut to = File::create(&part).with_context(|| part.display().to_string())?;
        let sha256 = digest::copy(&from, &mut to).with_context(|| part.display().to_string())?;
        if sha256 != file.sha256 {
            fs::remove_file(&part).with_context(|| part.display().to_string())?;
            bail!("{}: SHA-256 is {sha256}, its manifest says {}", from.display(), file.sha256);
        }
        let target = folder.join(&file.name);
        fs::rename(&part, &target).with_context(|| target.display().to_string())?;
    }
    write_manifest(folder, manifest)
}

/// The entry's place.
pub(crate) fn entry(cache: &Path, arch: &str, flavour: &str, key: &str) -> PathBuf {
    // 64 bits of the hash: enough against chance, and nobody chooses the inputs to collide.
    cache.join("kernel").join(format!("{arch}-{flavour}-{}", key.get(..16).unwrap_or(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Cache(PathBuf);

    impl Cache {
        fn new(test: &str) -> Cache {
            let folder = std::env::temp_dir().join(format!("tarn-store-{test}-{}", std::process::id()));
            let part = folder.join("part");
            fs::create_dir_all(&part).unwrap();
            for name in FILES {
                fs::write(part.join(name), format!("content of {name}")).unwrap();
            }
            let manifest = manifest(records(&part).unwrap());
            publish(&part, &folder.join("entry"), &manifest).unwrap();
            Cache(folder)
        }
    }

    impl Drop for Cache {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn manifest(files: Vec<FileRecord>) -> Manifest {
        let text = || "x".to_string();
        Manifest {
            release: text(),
            version: text(),
            arch: text(),
            flavour: text(),
            source: text(),
            source_sha256: text(),
            certificate_sha256: text(),
            signed_by: text(),
            tools: vec!["gcc: \"quoted\"".to_string()],
            modules: 3,
            files,
        }
    }

    #[test]
    fn what_is_published_is_read_and_installed() {
        let cache = Cache::new("whole");
        let (entry, out) = (cache.0.join("entry"), cache.0.join("out"));
        let manifest = read(&entry).unwrap();
        install(&entry, &manifest, &out).unwrap();
        assert_eq!(read(&out), Some(manifest.clone()));
        assert_eq!(fs::read_to_string(out.join("vmlinuz")).unwrap(), "content of vmlinuz");
        // The second time nothing is read or written: the entry may even be gone.
        fs::remove_dir_all(&entry).unwrap();
        install(&entry, &manifest, &out).unwrap();
    }

    #[test]
    fn half_an_entry_is_not_trusted() {
        for name in FILES.iter().chain([&MANIFEST]) {
            let cache = Cache::new("half");
            let entry = cache.0.join("entry");
            fs::remove_file(entry.join(name)).unwrap();
            assert_eq!(read(&entry), None, "without {name}");
        }
        for name in FILES.iter().chain([&MANIFEST]) {
            let cache = Cache::new("short");
            let entry = cache.0.join("entry");
            fs::write(entry.join(name), "content").unwrap();
            assert_eq!(read(&entry), None, "with a cut {name}");
        }
    }

    #[test]
    fn damage_is_found_when_copying_and_leaves_no_kernel() {
        let cache = Cache::new("damage");
        let (entry, out) = (cache.0.join("entry"), cache.0.join("out"));
        let manifest = read(&entry).unwrap();
        fs::write(entry.join("modules"), "content of mod~les").unwrap();
        assert_eq!(read(&entry).as_ref(), Some(&manifest), "the size is the same");
        let error = install(&entry, &manifest, &out).unwrap_err().to_string();
        assert!(error.contains("modules: SHA-256 is"), "{error}");
        assert_eq!(read(&out), None);
    }
}
