//! host — the rings that need no virtual machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::counts::Counts;
use crate::arch::Arch;
use crate::build::{self, Variant};
use crate::{deps, size, workspace};

/// Formatting, lints, unit and golden tests, the release programs of `arches` under the same golden tests, sizes.
pub(super) fn all(arches: &[Arch]) -> Result<Counts> {
    let mut counts = Counts::default();
    step("formatting");
    counts += Counts::one(cargo(&["fmt", "--all", "--check"]).status()?.success(), "formatting");
    counts += Counts::one(loader(&["fmt", "--check"]).status()?.success(), "formatting of crates/loader");
    step("lints");
    counts += Counts::one(
        cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
            .status()?
            .success(),
        "lints",
    );
    for &arch in arches {
        let words = ["clippy", "--quiet", "--locked", "--target", arch.uefi_target(), "--", "-D", "warnings"];
        counts += Counts::one(loader(&words).status()?.success(), "lints of crates/loader");
    }
    step("unit and golden tests");
    counts += Counts::of(&mut cargo(&["test", "--workspace", "--no-fail-fast"]))?;
    for &arch in arches {
        step(&format!("release programs for {}, and the golden tests with them", arch.name()));
        counts += release_golden(arch)?;
    }
    Ok(counts)
}

/// The golden tests with the debug build, or with a reference.
pub(super) fn golden(reference: Option<&Path>, filter: Option<&str>) -> Result<Counts> {
    let mut command = cargo(&["test", "--package", "rbox", "--test", "golden", "--"]);
    command.args(filter);
    if let Some(reference) = reference {
        command.env("TARN_REFERENCE", reference);
    }
    Counts::of(&mut command)
}

fn release_golden(arch: Arch) -> Result<Counts> {
    let programs = build::programs(arch, Variant::Stripped)?;
    let rbox = programs
        .iter()
        .find(|path| path.file_name().is_some_and(|name| name == "rbox"))
        .context("rbox was not built")?;
    let mut command = cargo(&["test", "--package", "rbox", "--test", "golden"]);
    command.env("TARN_RBOX", rbox);
    if arch.name() != std::env::consts::ARCH {
        let Some(emulator) = emulator(arch) else {
            println!("skipped: no qemu-{} for programs of {} on this host", arch.name(), arch.name());
            return Ok(Counts { skipped: 1, ..Counts::default() });
        };
        command.env("TARN_RUNNER", emulator);
    }
    Counts::of(&mut command)
}

/// QEMU's emulator for single programs.
fn emulator(arch: Arch) -> Option<PathBuf> {
    ["-static", ""]
        .iter()
        .map(|suffix| PathBuf::from(format!("/usr/bin/qemu-{}{suffix}", arch.name())))
        .find(|path| path.exists())
}

/// Makes the kernels and holds their hardening against the accepted exceptions.
pub(super) fn kernels(arches: &[Arch]) -> Result<Counts> {
    let mut counts = Counts::default();
    for &arch in arches {
        step(&format!("kernel for {}", arch.name()));
        let xtask = std::env::current_exe().context("where xtask itself lies")?;
        let verb = |words: &[&str]| -> Result<bool> {
            let mut command = Command::new(&xtask);
            command.current_dir(workspace::root()).args(["kernel", "--arch", arch.name()]).args(words);
            Ok(command.status()?.success())
        };
        counts += Counts::one(verb(&[])?, &format!("kernel for {}", arch.name()));
        let named = std::env::var_os("KERNEL_HARDENING_CHECKER").is_some_and(|path| !path.is_empty());
        if named || deps::in_path("kernel-hardening-checker") {
            counts += Counts::one(verb(&["--check"])?, &format!("kernel --check for {}", arch.name()));
        } else {
            println!("skipped: no kernel-hardening-checker in PATH or $KERNEL_HARDENING_CHECKER");
            counts += Counts { skipped: 1, ..Counts::default() };
        }
    }
    Ok(counts)
}

/// Programs and images against their budgets.
pub(super) fn sizes(arch: Arch) -> Counts {
    step(&format!("sizes for {}", arch.name()));
    match size::check(arch) {
        Ok(kept) => {
            for line in &kept {
                println!("{line}");
            }
            Counts { passed: kept.len() as u64, ..Counts::default() }
        }
        Err(error) => {
            println!("{error:#}");
            Counts::one(false, &format!("sizes for {}: {error:#}", arch.name()))
        }
    }
}

pub(super) fn step(name: &str) {
    println!("\n== {name}");
}

/// Cargo for the UEFI loader, which is no member of the workspace.
fn loader(words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root().join("crates/loader")).args(words);
    command.env("CARGO_TARGET_DIR", workspace::target().join("loader"));
    command
}

fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root()).args(words);
    command
}
