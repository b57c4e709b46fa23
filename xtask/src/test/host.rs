//! host — the rings that need no virtual machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::counts::Counts;
use crate::arch::Arch;
use crate::build::{self, Variant};
use crate::{size, workspace};

/// Formatting, lints, unit and golden tests, the release programs of `arches` under the same golden tests, sizes.
pub(super) fn all(arches: &[Arch]) -> Result<Counts> {
    let mut counts = Counts::default();
    step("formatting");
    counts += Counts::one(cargo(&["fmt", "--all", "--check"]).status()?.success());
    step("lints");
    counts += Counts::one(
        cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
            .status()?
            .success(),
    );
    step("unit and golden tests");
    counts += Counts::of(&mut cargo(&["test", "--workspace", "--no-fail-fast"]))?;
    for &arch in arches {
        step(&format!("release programs for {}, and the golden tests with them", arch.name()));
        counts += release_golden(arch)?;
        step(&format!("sizes for {}", arch.name()));
        counts += sizes(arch);
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

fn sizes(arch: Arch) -> Counts {
    match size::check(arch) {
        Ok(kept) => {
            for line in &kept {
                println!("{line}");
            }
            Counts { passed: kept.len() as u64, ..Counts::default() }
        }
        Err(error) => {
            println!("{error:#}");
            Counts::one(false)
        }
    }
}

pub(super) fn step(name: &str) {
    println!("\n== {name}");
}

fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root()).args(words);
    command
}
