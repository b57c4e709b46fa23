//! rebuild — `image --rebuild-check`: the same sources, copied to a folder of another name and built there from nothing,
//! must give the same bytes. The kernel comes from the cache both times: `kernel --rebuild-check` is its own test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::manifest;
use crate::arch::Arch;
use crate::{process, workspace};

/// Builds the image that lies in `folder` again, and fails if a file differs.
pub(crate) fn check(profile: &str, arch: Arch, formats: &[&str], folder: &Path) -> Result<()> {
    let copy = workspace::target().join("rebuild").join("a-copy-of-the-tree");
    copy_tree(&copy)?;
    let target = copy.join("target");
    let profile_file = Path::new(profile);
    let profile = match profile_file.is_file() {
        true => profile_file.canonicalize()?.into_os_string(),
        false => profile.into(),
    };
    let mut cargo = Command::new("cargo");
    cargo.current_dir(&copy).args(["xtask", "image", "--arch", arch.name(), "--profile"]).arg(profile);
    cargo.args(["--format", &formats.join(",")]);
    cargo
        .env("CARGO_TARGET_DIR", &target)
        .env("SOURCE_DATE_EPOCH", workspace::source_date_epoch().to_string());
    process::run(&mut cargo)?;
    let again = target.join("out").join(arch.name()).join(folder.file_name().unwrap_or_default());
    let (one, two) = (sums(folder)?, sums(&again)?);
    let differing: Vec<&str> =
        one.iter().filter(|(name, sum)| two.get(*name) != Some(sum)).map(|(name, _)| name.as_str()).collect();
    if !differing.is_empty() || one.len() != two.len() {
        bail!("built again in {}, these differ: {}", again.display(), differing.join(", "));
    }
    println!("{}: built again in {}: {} files, all the same", arch.name(), again.display(), one.len());
    fs::remove_dir_all(&copy).with_context(|| copy.display().to_string())
}

/// Copies what git knows or would add, as it lies in the working tree.
fn copy_tree(copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).with_context(|| copy.display().to_string())?;
    }
    let mut git = Command::new("git");
    git.current_dir(workspace::root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = process::output(&mut git)?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (workspace::root().join(name), copy.join(name));
        if !from.is_file() {
            continue; // deleted in the working tree
        }
        let folder = to.parent().map(PathBuf::from).unwrap_or_default();
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        fs::copy(&from, &to).with_context(|| from.display().to_string())?;
    }
    Ok(())
}

/// The checksums that a manifest lists, the manifest's own among them.
fn sums(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    let names = manifest::files(folder)?.into_iter().map(|(name, _)| name);
    for name in names.chain([manifest::MANIFEST.to_string()]) {
        let path = folder.join(&name);
        let record =
            manifest::Record::of(&name, &fs::read(&path).with_context(|| path.display().to_string())?);
        sums.insert(name, record.sha256);
    }
    Ok(sums)
}
