//! loader — builds crates/loader, the UEFI boot loader, which is no member of the workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{manifest, output};
use crate::arch::Arch;
use crate::{process, workspace};

const PROGRAM: &str = "loader.efi";

/// The loader for `arch`, in target/out/<arch>/bin. Cargo is asked only if a source has changed: its no-op for another
/// workspace costs a quarter of a second.
pub(crate) fn build(arch: Arch) -> Result<PathBuf> {
    let source = workspace::root().join("crates/loader");
    let folder = workspace::out(arch).join("bin");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let (program, stamp) = (folder.join(PROGRAM), folder.join(".loader-stamp"));
    let key = key(&source)?;
    if program.exists() && fs::read_to_string(&stamp).is_ok_and(|text| text == key) {
        return Ok(program);
    }
    let target = workspace::target().join("loader");
    process::run(
        Command::new("cargo")
            .current_dir(&source)
            .args(["build", "--quiet", "--locked", "--release", "--target", arch.uefi_target()])
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_ENCODED_RUSTFLAGS", remap().join("\x1f")),
    )?;
    let built = target.join(arch.uefi_target()).join("release").join(PROGRAM);
    let bytes = fs::read(&built).with_context(|| built.display().to_string())?;
    output::write(&folder, PROGRAM, |out| Ok(std::io::Write::write_all(out, &bytes)?))?;
    output::write(&folder, ".loader-stamp", |out| Ok(std::io::Write::write_all(out, key.as_bytes())?))?;
    Ok(program)
}

/// No path of this host in the program.
fn remap() -> Vec<String> {
    let mut pairs = vec![(workspace::root().to_path_buf(), "/tarn")];
    let home = |variable: &str, below: &str| {
        let named = std::env::var_os(variable).map(PathBuf::from);
        named.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(below)))
    };
    pairs.extend(home("CARGO_HOME", ".cargo").map(|path| (path, "/cargo")));
    pairs.extend(home("RUSTUP_HOME", ".rustup").map(|path| (path, "/rust")));
    pairs.iter().map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display())).collect()
}

/// A digest of the sources and the compiler's pin.
fn key(source: &Path) -> Result<String> {
    let mut files = vec![
        workspace::root().join("rust-toolchain.toml"),
        source.join("Cargo.toml"),
        source.join("Cargo.lock"),
    ];
    let folder = source.join("src");
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        files.push(entry?.path());
    }
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(bytes);
    }
    Ok(manifest::hex(&hash.finalize()))
}
