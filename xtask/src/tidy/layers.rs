//! layers — who may import whom: arrows point down only.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The layers, lowest first: a crate may import crates of lower layers only. `testkit` and `xtask` are on the host.
const LAYERS: &[&[&str]] = &[
    &["sys"],
    &["cli", "matching"],
    &["archive", "block", "crypto", "posix"],
    &["shell", "apk"],
    &["rbox", "init", "initramfs", "usermode-helper", "suid-helper"],
];

/// Crates that are on the host, or no part of the workspace.
const OUTSIDE: &[&str] = &["testkit", "loader"];

pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (layer, crates) in LAYERS.iter().enumerate() {
        let below: Vec<&str> = LAYERS[..layer].iter().flat_map(|crates| crates.iter().copied()).collect();
        for name in *crates {
            let manifest = root.join("crates").join(name).join("Cargo.toml");
            let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
            for dependency in dependencies(&text) {
                let ours = LAYERS.iter().any(|crates| crates.contains(&dependency.as_str()));
                if ours && !below.contains(&dependency.as_str()) {
                    problems.push(format!("crates/{name}/Cargo.toml: {name} may not import {dependency}"));
                }
                if dependency == "testkit" {
                    problems.push(format!("crates/{name}/Cargo.toml: testkit is for tests only"));
                }
            }
        }
    }
    let folder = root.join("crates");
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let placed = LAYERS.iter().any(|crates| crates.contains(&name.as_str()));
        if !placed && !OUTSIDE.contains(&name.as_str()) {
            problems.push(format!("crates/{name}: has no layer in xtask/src/tidy/layers.rs"));
        }
    }
    Ok(problems)
}

/// The names in the `[dependencies]` table of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && let Some(end) = line.find(['.', ' ', '=']) {
            names.push(line[..end].to_string());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dependencies() {
        assert_eq!(dependencies("[dependencies]\nsys.workspace = true\n[lints]\nx = 1\n"), ["sys"]);
    }
}
