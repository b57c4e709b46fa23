//! dependencies — crates of others that end in an image are named, with a reason, in `xtask/dependencies.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::arch::Arch;
use crate::{build, process};

const LIST: &str = "xtask/dependencies.toml";

pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let path = root.join(LIST);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let allowed: BTreeMap<String, String> =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    let used = external(&tree(root)?);
    let missing = used.iter().filter(|name| !allowed.contains_key(*name)).map(|name| {
        format!("{LIST}: {name} would end in an image: name it with its reason, or do without it")
    });
    let stale =
        allowed.keys().filter(|name| !used.contains(*name)).map(|name| format!("{LIST}: {name} is not used"));
    Ok(missing.chain(stale).collect())
}

/// What the programs are linked with, a line each. Only their own features count: what the build system or the tests
/// turn on in a crate that they share does not reach an image.
fn tree(root: &Path) -> Result<String> {
    let mut command = Command::new("cargo");
    command
        .current_dir(root)
        .args(["tree", "--locked", "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"])
        .args(["--target", Arch::X86_64.musl_target()]);
    for program in build::PROGRAMS {
        command.args(["--package", program]);
    }
    process::output(&mut command)
}

/// The names of the crates of others in the output of `tree`: the workspace's own are followed by their folder.
fn external(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter(|line| !line.is_empty() && !line.contains("(/"))
        .filter_map(|line| line.split(' ').next())
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_own_crates_from_others() {
        let tree = "rbox v0.1.0 (/home/a/tarn/crates/rbox)\nlibc v0.2.1\n\nlibc v0.2.1 (*)\n";
        assert_eq!(external(tree).into_iter().collect::<Vec<_>>(), ["libc"]);
    }
}
