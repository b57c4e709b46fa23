//! spec — what `kernel-config/kernel.toml` declares: version, merge order, flavours, sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::arch::Arch;
use crate::workspace;

/// The declaration of the kernel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) version: String,
    pub(crate) revision: u32,
    /// Seconds since 1970 for every time stamp in what is built.
    pub(crate) released: u64,
    /// Names of the fragments that every kernel has, in merge order.
    fragments: Vec<String>,
    flavours: BTreeMap<String, Flavour>,
    #[serde(rename = "source")]
    sources: Vec<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flavour {
    #[expect(dead_code, reason = "for readers of the file")]
    summary: String,
}

/// A place that the source code comes from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) name: String,
    /// The tarball's name in the download folder.
    pub(crate) file: String,
    /// A source without a checksum is never used.
    pub(crate) sha256: Option<String>,
    #[serde(default)]
    pub(crate) urls: Vec<String>,
    /// Where a package of the host puts the tarball.
    pub(crate) installed: Option<PathBuf>,
    pub(crate) package: Option<Package>,
}

/// A Debian package that holds the tarball.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    /// `name=version`, as apt-get takes it.
    pub(crate) apt: String,
    pub(crate) file: String,
    pub(crate) sha256: String,
    /// The tarball's path in the package.
    pub(crate) member: String,
    pub(crate) urls: Vec<String>,
}

impl Spec {
    /// Reads `kernel-config/kernel.toml`.
    pub(crate) fn read() -> Result<Spec> {
        let path = folder().join("kernel.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Spec::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Spec> {
        let spec: Spec = toml::from_str(text)?;
        if !spec.version.split('.').all(|number| number.parse::<u16>().is_ok()) {
            bail!("version {:?} is not like 6.12.1", spec.version);
        }
        for source in &spec.sources {
            let package = source.package.as_ref().map(|package| &package.sha256);
            for sum in source.sha256.iter().chain(package) {
                if sum.len() != 64 || !sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                    bail!("source {}: {sum:?} is not a SHA-256 in lower-case hexadecimal", source.name);
                }
            }
        }
        if spec.pinned().next().is_none() {
            bail!("no source has a sha256, so there is nothing to build from");
        }
        Ok(spec)
    }

    /// The sources that may be used, in the order in which they are tried; each with its checksum.
    pub(crate) fn pinned(&self) -> impl Iterator<Item = (&Source, &str)> {
        self.sources.iter().filter_map(|source| Some((source, source.sha256.as_deref()?)))
    }

    /// The name that seeds are derived from.
    pub(crate) fn seed_name(&self) -> String {
        format!("tarn-{}-{}", self.version, self.revision)
    }

    /// The fragments of one kernel, in merge order, without the last two where they do not exist.
    pub(crate) fn fragment_paths(&self, arch: Arch, flavour: &str) -> Result<Vec<PathBuf>> {
        if !self.flavours.contains_key(flavour) {
            let known: Vec<&str> = self.flavours.keys().map(String::as_str).collect();
            bail!(
                "there is no kernel flavour {flavour:?}; kernel-config/kernel.toml has: {}",
                known.join(", ")
            );
        }
        let mut paths: Vec<PathBuf> = self.fragments.iter().map(|name| fragment(name)).collect();
        paths.push(fragment(arch.name()));
        paths.push(fragment(flavour));
        let both = fragment(&format!("{flavour}-{}", arch.name()));
        if both.exists() {
            paths.push(both);
        }
        Ok(paths)
    }
}

fn fragment(name: &str) -> PathBuf {
    folder().join(format!("{name}.config"))
}

/// `kernel-config/`.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("kernel-config")
}

/// A path as people name it: from the top of the checkout on.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(workspace::root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_declaration_is_sound() {
        let spec = Spec::read().unwrap();
        for arch in [Arch::X86_64, Arch::Aarch64] {
            for path in spec.fragment_paths(arch, "virt").unwrap() {
                assert!(path.is_file(), "{}", path.display());
            }
        }
        let error = spec.fragment_paths(Arch::X86_64, "nope").unwrap_err().to_string();
        assert!(error.contains("\"nope\"") && error.contains("virt"), "{error}");
    }

    #[test]
    fn an_unpinned_source_is_left_out_and_a_bad_checksum_refused() {
        let head = "version = \"6.12.1\"\nrevision = 1\nreleased = 1\nfragments = []\n[flavours.virt]\nsummary = \"\"\n";
        let unpinned = "[[source]]\nname = \"a\"\nfile = \"a\"\n";
        let pinned = format!("[[source]]\nname = \"b\"\nfile = \"b\"\nsha256 = \"{}\"\n", "0".repeat(64));
        let spec = Spec::parse(&format!("{head}{unpinned}{pinned}")).unwrap();
        assert_eq!(spec.pinned().map(|(source, _)| source.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(Spec::parse(&format!("{head}{unpinned}")).is_err());
        assert!(Spec::parse(&format!("{head}{}", pinned.replace('0', "X"))).is_err());
        assert!(Spec::parse(&format!("{head}{pinned}").replace("6.12.1", "../x")).is_err());
    }
}
