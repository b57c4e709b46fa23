//! sources — rules that can be seen in a file's text: where `unsafe` stands, that applets leave applets alone, that a
//! file says what it is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(&root.join("crates"), &mut files)?;
    collect(&root.join("xtask/src"), &mut files)?;
    let mut problems = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        problems.extend(problems_of(&name, &text).into_iter().map(|problem| format!("{name}: {problem}")));
    }
    for crate_name in fs::read_dir(root.join("crates"))?.flatten().map(|entry| entry.file_name()) {
        let crate_name = crate_name.to_string_lossy().into_owned();
        let manifest = root.join("crates").join(&crate_name).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        // The workspace's lints forbid unsafe code.
        if !["sys", "loader"].contains(&crate_name.as_str()) && !text.contains("[lints]\nworkspace = true") {
            problems.push(format!("crates/{crate_name}/Cargo.toml: does not take the workspace's lints"));
        }
    }
    problems.sort();
    Ok(problems)
}

fn problems_of(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let generated = text.contains("// Written by `cargo xtask codegen`.");
    if !text.starts_with("//!") && !generated {
        problems.push("does not say on its first line what it is".to_string());
    }
    let allows =
        text.lines().any(|line| line.trim_start().starts_with("#[allow(") && !line.contains("reason"));
    if allows {
        problems.push("has an `allow` without a reason: `expect` with one".to_string());
    }
    if let Some(own) = applet_path(name) {
        for (domain, applet) in imports(text) {
            let common = applet == "common";
            let same_folder = own == (domain.as_str(), applet.as_str());
            if !common && !same_folder {
                problems.push(format!(
                    "imports the applet {domain}/{applet}: what two need lies in common.rs or below"
                ));
            } else if common && own.0 != domain {
                problems.push(format!(
                    "imports the common code of {domain}: what two domains need lies in a crate below"
                ));
            }
        }
    }
    problems
}

/// Domain and applet of a file of rbox, if it is one.
fn applet_path(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix("crates/rbox/src/")?;
    let (domain, file) = rest.split_once('/')?;
    let applet = file.split('/').next()?.trim_end_matches(".rs");
    (applet != "mod").then_some((domain, applet))
}

const DOMAINS: &[&str] =
    &["files", "text", "script", "process", "users", "system", "disk", "kernel", "net", "archive", "edit"];

/// Every `applets::<domain>::<module>` or `super::<module>` that a file of rbox names.
fn imports(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut rest = line;
        while let Some(at) = rest.find("applets::") {
            rest = &rest[at + "applets::".len()..];
            let mut parts = rest.split("::");
            let domain = parts.next().unwrap_or_default().to_string();
            let module: String = parts
                .next()
                .unwrap_or_default()
                .chars()
                .take_while(|character| character.is_ascii_alphanumeric() || *character == '_')
                .collect();
            if DOMAINS.contains(&domain.as_str()) && !module.is_empty() {
                found.push((domain, module));
            }
        }
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applets_leave_applets_alone() {
        let name = "crates/rbox/src/text/head.rs";
        let problems = |text: &str| problems_of(name, &format!("//! head\n{text}")).len();
        assert_eq!(problems("use crate::applets::text::common::lines;"), 0);
        assert_eq!(problems("use crate::applets::text::head::own;"), 0);
        assert_eq!(problems("use crate::applets::text::tail::follow;"), 1);
        assert_eq!(problems("use crate::applets::files::common::walk;"), 1);
        assert_eq!(problems("#[allow(dead_code)]"), 1);
    }
}
