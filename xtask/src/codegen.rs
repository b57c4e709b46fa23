//! codegen — writes the committed tables that are derived from the sources: rbox's modules and its applet table.
//!
//! An applet is one file (or folder) in a domain's folder; nobody edits the tables. A test fails while they are stale.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Rewrite the generated tables (rbox's `mod.rs` files and applet table).
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only check, and fail if a table is stale.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut stale = Vec::new();
    for (path, text) in generate(&workspace::root().join("crates/rbox/src"))? {
        if fs::read_to_string(&path).ok().as_deref() == Some(&text) {
            continue;
        }
        if arguments.check {
            stale.push(path.display().to_string());
        } else {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
            println!("wrote {}", path.display());
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask codegen`", stale.join(", "));
    }
    Ok(())
}

/// The generated files and their texts.
pub(crate) fn generate(rbox: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut domains: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut applets: BTreeMap<String, String> = BTreeMap::new();
    for domain in sorted(rbox)? {
        if !domain.is_dir() {
            continue;
        }
        let domain_name = stem(&domain);
        let mut modules = Vec::new();
        for entry in sorted(&domain)? {
            let module = stem(&entry);
            let source = if entry.is_dir() { entry.join("mod.rs") } else { entry.clone() };
            if module == "mod" || source.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(&source).with_context(|| source.display().to_string())?;
            let path = format!("{domain_name}::{}", module_path(&module));
            for (index, name) in applet_names(&text).into_iter().enumerate() {
                let constant = if text.contains("const APPLETS:") {
                    format!("&{path}::APPLETS[{index}]")
                } else {
                    format!("&{path}::APPLET")
                };
                if let Some(other) = applets.insert(name.clone(), constant) {
                    bail!("{}: applet {name} is also {other}", source.display());
                }
            }
            modules.push(module);
        }
        if !modules.is_empty() {
            domains.insert(domain_name, modules);
        }
    }
    let mut files = Vec::new();
    for (domain, modules) in &domains {
        let mut text = "// Written by `cargo xtask codegen`.\n\n".to_string();
        for module in modules {
            text += &format!("pub(crate) mod {};\n", module_path(module));
        }
        files.push((rbox.join(domain).join("mod.rs"), text));
    }
    let mut table =
        "//! applets — the table of all applets, sorted by name.\n// Written by `cargo xtask codegen`.\n\n\
                     use cli::applet::Applet;\n\n"
            .to_string();
    for domain in domains.keys() {
        table += &format!("#[path = \"{domain}/mod.rs\"]\npub(crate) mod {domain};\n");
    }
    table += "\n#[rustfmt::skip]\npub(crate) static APPLETS: &[&Applet] = &[\n";
    for constant in applets.values() {
        table += &format!("    {constant},\n");
    }
    table += "];\n";
    files.push((rbox.join("applets.rs"), table));
    Ok(files)
}

/// How many applets there are.
pub(crate) fn applet_count() -> Result<u64> {
    let files = generate(&workspace::root().join("crates/rbox/src"))?;
    let table = files.last().map_or("", |(_, text)| text.as_str());
    Ok(table.lines().filter(|line| line.starts_with("    &")).count() as u64)
}

/// `true.rs` is the module `r#true`.
fn module_path(module: &str) -> String {
    const KEYWORDS: &[&str] = &["true", "false", "move", "match", "type", "loop", "yield", "async", "final"];
    if KEYWORDS.contains(&module) { format!("r#{module}") } else { module.to_string() }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// Every applet of rbox with the paths of its links, sorted by name. Known from the sources, so that an image for another
/// architecture needs to run nothing.
pub(crate) fn applet_links(rbox: &Path) -> Result<Vec<Declaration>> {
    let mut declarations = Vec::new();
    for domain in sorted(rbox)?.into_iter().filter(|path| path.is_dir()) {
        for entry in sorted(&domain)? {
            let source = if entry.is_dir() { entry.join("mod.rs") } else { entry };
            if source.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&source).with_context(|| source.display().to_string())?;
                declarations.extend(declared(&text).with_context(|| source.display().to_string())?);
            }
        }
    }
    declarations.sort();
    Ok(declarations)
}

/// What a source file says of an applet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) links: Vec<String>,
}

/// The names that a source file declares.
fn applet_names(text: &str) -> Vec<String> {
    declarations(text).map(|part| part.0.to_string()).collect()
}

/// The declarations of a source file. Errors: links that are not written out in place.
fn declared(text: &str) -> Result<Vec<Declaration>> {
    declarations(text)
        .map(|(name, rest)| {
            let links = rest
                .split_once("links: &[")
                .and_then(|(_, list)| list.split_once(']'))
                .with_context(|| format!("applet {name}: `links` is not a list of paths in place"))?;
            let links = links.0.split('"').skip(1).step_by(2).map(str::to_string).collect();
            Ok(Declaration { name: name.to_string(), links })
        })
        .collect()
}

/// Name and remaining text of each `Applet { name: "…"` in the constants, which come before the functions.
fn declarations(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let constants = if text.contains("const APPLET") { text } else { "" };
    let end = constants.find("\nfn ").unwrap_or(constants.len());
    constants[..end]
        .split("Applet {")
        .filter_map(|part| part.trim_start().strip_prefix("name: \"")?.split_once("\","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_tables_are_fresh() {
        for (path, text) in generate(&workspace::root().join("crates/rbox/src")).unwrap() {
            assert_eq!(
                fs::read_to_string(&path).unwrap(),
                text,
                "{}: run `cargo xtask codegen`",
                path.display()
            );
        }
    }

    #[test]
    fn finds_names() {
        let text = "pub(crate) const APPLET: Applet = Applet {\n    name: \"true\",\n";
        assert_eq!(applet_names(text), ["true"]);
        let text = "const APPLETS: &[Applet] = &[\n    Applet { name: \"[\", run },\n    Applet { name: \"[[\", run },\n";
        assert_eq!(applet_names(text), ["[", "[["]);
        assert!(applet_names("    name: \"x\",\n").is_empty());
        let two = "const APPLETS: &[Applet] = &[\n    Applet { name: \"[\", links: &[\"/usr/bin/[\"], run },\n\
                   Applet {\n        name: \"b\",\n        links: &[\n  \"/bin/b\",\n  \"/bin/c\",\n ],\n    },\n];\n";
        let links: Vec<_> = declared(two).unwrap().into_iter().flat_map(|applet| applet.links).collect();
        assert_eq!(links, ["/usr/bin/[", "/bin/b", "/bin/c"]);
        assert!(declared("const APPLET: Applet = Applet { name: \"x\", links: LINKS }").is_err());
    }

    #[test]
    fn the_links_are_those_that_rbox_prints() {
        let mut links: Vec<String> = applet_links(&workspace::root().join("crates/rbox/src"))
            .unwrap()
            .into_iter()
            .flat_map(|applet| applet.links)
            .map(|link| link.trim_start_matches('/').to_string())
            .collect();
        links.sort();
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.current_dir(workspace::root()).args([
            "run",
            "--quiet",
            "--package",
            "rbox",
            "--",
            "--list-full",
        ]);
        let printed = crate::process::output(&mut cargo).unwrap();
        assert_eq!(links, printed.lines().collect::<Vec<_>>());
    }
}
