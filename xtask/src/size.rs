//! size — what the programs cost: bytes per program, per crate and per applet, held against budgets.
//!
//! The bytes come from the symbols of the twin build, which is the release build with its symbols kept. What the
//! optimiser inlined counts where it ended; read-only data without a symbol (texts, tables of `match`) is one row.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use serde::Deserialize;

use crate::arch::{Arch, ArchChoice};
use crate::build::{self, Variant};
use crate::{codegen, deps, process, workspace};

/// Show what each program, crate and applet costs, and check the budgets.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_enum, default_value = "x86_64")]
    arch: ArchChoice,
    /// Show what changed against this revision, symbol by symbol.
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Only check the budgets.
    #[arg(long)]
    check: bool,
    /// Install missing tools without asking.
    #[arg(long)]
    yes: bool,
}

/// `xtask/size.toml`, by architecture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Budgets {
    /// Bytes of each program's file.
    programs: BTreeMap<String, u64>,
    /// Bytes of rbox beyond the shell, divided by the number of applets.
    per_applet: u64,
    /// Bytes of the shell in rbox.
    shell: u64,
    /// Bytes of files of an image: `<profile>/<file>`, several joined by `+`.
    #[serde(default)]
    images: BTreeMap<String, u64>,
}

/// The budget of apk as an initramfs has it.
const INITRAMFS_APK: &str = "apk-initramfs";

/// The bytes of one program by symbol and by group.
#[derive(Default)]
struct Program {
    symbols: BTreeMap<String, u64>,
    crates: BTreeMap<String, u64>,
    applets: BTreeMap<String, u64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    deps::require(deps::Verb::Build, arguments.arch.each(), arguments.yes)?;
    for &arch in arguments.arch.each() {
        if let Some(revision) = &arguments.base {
            compare(arch, revision)?;
        } else if !arguments.check {
            report(arch)?;
        }
        for line in check(arch)? {
            println!("{line}");
        }
    }
    Ok(())
}

/// Checks every budget of `arch`: a line for each one kept.
///
/// Errors: all that is over its budget, with what to do.
pub(crate) fn check(arch: Arch) -> Result<Vec<String>> {
    let path = workspace::root().join("xtask/size.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut all: BTreeMap<String, Budgets> =
        toml::from_str(&text).with_context(|| path.display().to_string())?;
    let Some(budgets) = all.remove(arch.name()) else {
        bail!("{}: no budgets for {}", path.display(), arch.name());
    };
    let mut kept = Vec::new();
    let mut over = Vec::new();
    let mut hold = |what: String, bytes: u64, budget: u64| {
        let line = format!("{:<58} {bytes:>9} of {budget:>9}", format!("{} {what}", arch.name()));
        if bytes > budget { over.push(line) } else { kept.push(line) }
    };
    let programs = build::programs(arch, Variant::Stripped)?;
    let mut rbox_bytes = 0;
    for program in &programs {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::metadata(program)?.len();
        let Some(&budget) = budgets.programs.get(&name) else {
            bail!("{}: no budget for {name}, which has {bytes} bytes", path.display());
        };
        if name == "rbox" {
            rbox_bytes = bytes;
        }
        hold(name, bytes, budget);
    }
    if let Some(&budget) = budgets.programs.get(INITRAMFS_APK) {
        for program in build::programs(arch, Variant::Initramfs)? {
            hold(INITRAMFS_APK.to_string(), fs::metadata(program)?.len(), budget);
        }
    }
    let shell = shell_bytes(&measure(&twin(arch, "rbox")?)?);
    let applets = codegen::applet_count()?;
    hold("the shell in rbox".to_string(), shell, budgets.shell);
    hold(
        format!("rbox beyond the shell, for each of {applets} applets"),
        (rbox_bytes - shell.min(rbox_bytes)) / applets.max(1),
        budgets.per_applet,
    );
    for (files, &budget) in &budgets.images {
        let paths: Vec<PathBuf> = files.split('+').map(|file| workspace::out(arch).join(file)).collect();
        // An image that was not made on this host has no size to check.
        if let Some(bytes) = paths.iter().map(|path| fs::metadata(path).ok().map(|data| data.len())).sum() {
            hold(files.clone(), bytes, budget);
        }
    }
    if !over.is_empty() {
        bail!(
            "over budget; make it smaller, or raise {} with a reason:\n{}",
            path.display(),
            over.join("\n")
        );
    }
    Ok(kept)
}

fn shell_bytes(rbox: &Program) -> u64 {
    rbox.crates.get("shell").copied().unwrap_or(0)
}

fn report(arch: Arch) -> Result<()> {
    for name in build::PROGRAMS {
        let program = measure(&twin(arch, name)?)?;
        let total: u64 = program.crates.values().sum();
        println!("\n{name}, {}: {total} bytes in symbols", arch.name());
        rows(&program.crates, total);
        if !program.applets.is_empty() {
            println!("\napplets of {name}:");
            rows(&program.applets, total);
        }
    }
    println!();
    Ok(())
}

fn rows(sizes: &BTreeMap<String, u64>, total: u64) {
    let mut rows: Vec<(&String, &u64)> = sizes.iter().collect();
    rows.sort_by_key(|&(name, &bytes)| (std::cmp::Reverse(bytes), name));
    for (name, &bytes) in rows {
        println!("{bytes:>10} {:>5.1} %  {name}", bytes as f64 * 100.0 / total.max(1) as f64);
    }
}

/// What changed in each program since `revision`, which is built beside, in a worktree of its own.
fn compare(arch: Arch, revision: &str) -> Result<()> {
    let folder = workspace::target().join("size-base");
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(workspace::root()).args(words);
        process::output(&mut command)
    };
    let place = folder.display().to_string();
    if folder.exists() {
        git(&["worktree", "remove", "--force", &place])?;
    }
    git(&["worktree", "add", "--detach", &place, revision])?;
    let built = process::run(
        Command::new("cargo")
            .current_dir(&folder)
            .args(["xtask", "build", "--twin", "--arch", arch.name()])
            .env("CARGO_TARGET_DIR", workspace::target().join("size-base-target")),
    );
    git(&["worktree", "remove", "--force", &place])?;
    built?;
    for name in build::PROGRAMS {
        let old = workspace::target().join("size-base-target/out").join(arch.name()).join("twin").join(name);
        let old = if old.exists() { measure(&old)? } else { Program::default() };
        let new = measure(&twin(arch, name)?)?;
        let mut changes: Vec<(i64, String)> = Vec::new();
        for symbol in
            old.symbols.keys().chain(new.symbols.keys().filter(|name| !old.symbols.contains_key(*name)))
        {
            let bytes = |program: &Program| program.symbols.get(symbol).copied().unwrap_or(0) as i64;
            let change = bytes(&new) - bytes(&old);
            if change != 0 {
                changes.push((change, symbol.clone()));
            }
        }
        changes.sort_by_key(|(change, _)| std::cmp::Reverse(change.abs()));
        let total: i64 = changes.iter().map(|(change, _)| change).sum();
        println!("\n{name}, {}: {total:+} bytes since {revision}", arch.name());
        for (change, symbol) in changes.iter().take(60) {
            println!("{change:>+10}  {symbol}");
        }
    }
    Ok(())
}

fn twin(arch: Arch, name: &str) -> Result<PathBuf> {
    build::programs(arch, Variant::Twin)?
        .into_iter()
        .find(|path| path.file_name().is_some_and(|file| file == name))
        .with_context(|| format!("no program {name}"))
}

/// Adds the symbols of a program up.
fn measure(path: &Path) -> Result<Program> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let file = object::File::parse(&*bytes).with_context(|| path.display().to_string())?;
    let mut program = Program::default();
    let mut with_symbols = 0;
    for symbol in file.symbols() {
        if symbol.size() == 0 || !matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data) {
            continue;
        }
        let name = format!("{:#}", rustc_demangle::demangle(symbol.name().unwrap_or("?")));
        with_symbols += symbol.size();
        let crate_name = crate_of(&name);
        if let Some(applet) = applet_of(&name) {
            *program.applets.entry(applet).or_default() += symbol.size();
        }
        *program.crates.entry(crate_name.to_string()).or_default() += symbol.size();
        *program.symbols.entry(name).or_default() += symbol.size();
    }
    let loaded: u64 = file
        .sections()
        .filter(|section| {
            matches!(section.kind(), SectionKind::Text | SectionKind::Data | SectionKind::ReadOnlyData)
        })
        .map(|section| section.size())
        .sum();
    program
        .crates
        .insert("(data without a symbol: texts, tables)".to_string(), loaded.saturating_sub(with_symbols));
    Ok(program)
}

/// The crate that a demangled symbol belongs to; for `<A as B>::f`, that of A, unless A is a built-in type.
fn crate_of(symbol: &str) -> &str {
    let path = symbol
        .trim_start_matches(['<', '&', '*', '(', '['])
        .trim_start_matches("mut ")
        .trim_start_matches("dyn ");
    match path.find("::") {
        Some(end)
            if path[..end].chars().all(|character| character.is_ascii_alphanumeric() || character == '_') =>
        {
            &path[..end]
        }
        _ if symbol.contains("core::") => "core",
        _ if symbol.starts_with('<') => "core",
        _ => "libc",
    }
}

/// `text/head` for the symbols of rbox's applets.
fn applet_of(symbol: &str) -> Option<String> {
    let path = &symbol[symbol.find("rbox::applets::")? + "rbox::applets".len()..];
    let mut parts = path.split("::");
    let (_, domain, applet) = (parts.next()?, parts.next()?, parts.next()?);
    let known = domain.chars().all(|character| character.is_ascii_lowercase())
        && domain != "driver"
        && domain != "applets";
    let applet = applet.trim_start_matches("r#");
    (known && applet.chars().all(|character| character.is_ascii_alphanumeric() || character == '_'))
        .then(|| format!("{domain}/{applet}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_belong_to_crates_and_applets() {
        for (symbol, crate_name, applet) in [
            ("rbox::applets::text::head::run", "rbox", Some("text/head")),
            ("<cli::output::Output as std::io::Write>::write", "cli", None),
            ("<&mut shell::exec::Shell as core::fmt::Debug>::fmt", "shell", None),
            ("core::fmt::write", "core", None),
            ("memcpy", "libc", None),
            ("rbox::driver::run", "rbox", None),
            ("rbox::applets::script::r#true::run", "rbox", Some("script/true")),
        ] {
            assert_eq!(crate_of(symbol), crate_name, "{symbol}");
            assert_eq!(applet_of(symbol).as_deref(), applet, "{symbol}");
        }
    }
}
