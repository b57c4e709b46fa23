//! workspace — where things lie.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::arch::Arch;

/// The top of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Cargo's target folder, which `CARGO_TARGET_DIR` may move.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(path) => root().join(path),
        None => root().join("target"),
    }
}

/// What is made for `arch`: `target/out/<arch>`.
pub(crate) fn out(arch: Arch) -> PathBuf {
    target().join("out").join(arch.name())
}

/// Downloads and kernels, kept outside the checkout: `$TARN_CACHE`, `$XDG_CACHE_HOME/tarn` or `~/.cache/tarn`.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TARN_CACHE") {
        return Ok(PathBuf::from(path));
    }
    if let Some(path) = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        return Ok(Path::new(&path).join("tarn"));
    }
    let home = std::env::var_os("HOME")
        .context("neither TARN_CACHE nor HOME is set, so there is no place for the cache")?;
    Ok(Path::new(&home).join(".cache/tarn"))
}

/// Seconds since 1970 that every timestamp of an image is set to: `$SOURCE_DATE_EPOCH`, else the time of the commit,
/// else 2026-01-01 for a source tree without history.
pub(crate) fn source_date_epoch() -> u64 {
    const WITHOUT_HISTORY: u64 = 1_767_225_600;
    if let Some(epoch) = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok()) {
        return epoch;
    }
    let log = Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()).output();
    log.ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().ok())
        .unwrap_or(WITHOUT_HISTORY)
}

/// The version of the release that is built.
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
