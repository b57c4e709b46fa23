//! tidy — checks of the house's rules that the compiler does not make: who may import whom.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Check the rules of the house: layering, unsafe code, dependencies.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    let problems = problems(workspace::root())?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("tidy: {} problems", problems.len());
    }
    println!("tidy: no problems");
    Ok(())
}

/// The layers, lowest first: a crate may import crates of lower layers only. `testkit` and `xtask` are on the host.
const LAYERS: &[&[&str]] = &[
    &["sys"],
    &["cli"],
    &["archive", "block", "crypto", "posix"],
    &["shell"],
    &["rbox", "init", "initramfs", "usermode-helper"],
];

/// Everything that breaks a rule, a line each.
pub(crate) fn problems(root: &Path) -> Result<Vec<String>> {
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
    fn the_house_is_tidy() {
        assert_eq!(problems(workspace::root()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn reads_dependencies() {
        assert_eq!(dependencies("[dependencies]\nsys.workspace = true\n[lints]\nx = 1\n"), ["sys"]);
    }
}
