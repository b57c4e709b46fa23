//! dependencies — crates of others that end in an image are named, with a reason, in `xtask/dependencies.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::arch::Arch;
use crate::{build, process};

/// What is used of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    /// None for the workspace's own.
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// None for normal dependencies, else `dev` or `build`.
    kind: Option<String>,
}

const LIST: &str = "xtask/dependencies.toml";

pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let path = root.join(LIST);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let allowed: BTreeMap<String, String> =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    let used = external(&metadata(root)?);
    let missing = used.iter().filter(|name| !allowed.contains_key(*name)).map(|name| {
        format!("{LIST}: {name} would end in an image: name it with its reason, or do without it")
    });
    let stale =
        allowed.keys().filter(|name| !used.contains(*name)).map(|name| format!("{LIST}: {name} is not used"));
    Ok(missing.chain(stale).collect())
}

fn metadata(root: &Path) -> Result<Metadata> {
    let text = process::output(
        Command::new("cargo")
            .current_dir(root)
            .args(["metadata", "--format-version", "1", "--offline", "--locked"])
            .args(["--filter-platform", Arch::X86_64.musl_target()]),
    )?;
    serde_json::from_str(&text).context("cargo metadata printed what is not understood")
}

/// The names of the crates of others that the image's programs are linked with.
fn external(metadata: &Metadata) -> BTreeSet<String> {
    let packages: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut open: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none() && build::PROGRAMS.contains(&package.name.as_str()))
        .map(|package| package.id.as_str())
        .collect();
    let mut seen = BTreeSet::new();
    let mut names = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(package) = packages.get(id).filter(|package| package.source.is_some()) {
            names.insert(package.name.clone());
        }
        let linked = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        open.extend(
            linked
                .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()))
                .map(|dependency| dependency.pkg.as_str()),
        );
    }
    names
}
