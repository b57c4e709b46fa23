//! build — the programs of the image: static musl, position independent, small.
//!
//! The standard library is built along (`-Zbuild-std`) with panics that abort at once: the backtrace machinery of the
//! shipped one is 220 KB that a stripped binary cannot use. docs/decisions/0001-rebuilt-std.md has the reasons.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::arch::{Arch, ArchChoice};
use crate::{deps, elf, process, workspace};

/// The programs that go into images, each a package of the same name.
pub(crate) const PROGRAMS: &[&str] = &["rbox", "init", "initramfs", "usermode-helper", "suid-helper", "apk"];

/// Build the workspace's programs for the image into target/out/<arch>/bin.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, value_enum, default_value = "all")]
    arch: ArchChoice,
    /// Keep the symbols (target/out/<arch>/twin), for `cargo xtask size`.
    #[arg(long)]
    twin: bool,
    /// Only apk as an initramfs has it: small, without https and without what makes packages and indexes
    /// (target/out/<arch>/initramfs).
    #[arg(long, conflicts_with = "twin")]
    initramfs: bool,
    /// What runs the compiler: cargo here, or cross in a container (Cross.toml).
    #[arg(long, value_enum, default_value = "cargo")]
    builder: Builder,
    /// Install missing tools without asking.
    #[arg(long)]
    yes: bool,
}

/// What runs the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Builder {
    Cargo,
    Cross,
}

/// Which of the release builds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// What images hold.
    Stripped,
    /// The same code with symbols.
    Twin,
    /// apk without its default features, by a profile of its own.
    Initramfs,
}

impl Variant {
    /// The profile of cargo.
    fn profile(self) -> &'static str {
        match self {
            Variant::Stripped => "release",
            Variant::Twin => "twin",
            Variant::Initramfs => "initramfs",
        }
    }

    /// The folder below target/out/<arch>.
    fn folder(self) -> &'static str {
        match self {
            Variant::Stripped => "bin",
            Variant::Twin => "twin",
            Variant::Initramfs => "initramfs",
        }
    }

    fn programs(self) -> &'static [&'static str] {
        match self {
            Variant::Stripped | Variant::Twin => PROGRAMS,
            Variant::Initramfs => &["apk"],
        }
    }

    /// Flags of the compiler that only this build has: nobody waits for its inner loops.
    fn rustflags(self) -> &'static [&'static str] {
        match self {
            Variant::Stripped | Variant::Twin => &[],
            Variant::Initramfs => &[
                "-Cllvm-args=-enable-machine-outliner=always",
                "-Cllvm-args=-inline-max-stacksize=128", // large frames cost four bytes an access
            ],
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    deps::require(deps::Verb::Build, arguments.arch.each(), arguments.yes)?;
    let variant = match (arguments.twin, arguments.initramfs) {
        (true, _) => Variant::Twin,
        (_, true) => Variant::Initramfs,
        _ => Variant::Stripped,
    };
    for &arch in arguments.arch.each() {
        let start = Instant::now();
        for program in programs_by(arguments.builder, arch, variant)? {
            println!("{:>10}  {}", fs::metadata(&program)?.len(), program.display());
        }
        println!("{}: built in {:.1} s", arch.name(), start.elapsed().as_secs_f32());
    }
    Ok(())
}

/// Builds the programs and gives their paths. Files that did not change keep their times.
pub(crate) fn programs(arch: Arch, variant: Variant) -> Result<Vec<PathBuf>> {
    programs_by(Builder::Cargo, arch, variant)
}

fn programs_by(builder: Builder, arch: Arch, variant: Variant) -> Result<Vec<PathBuf>> {
    let profile = variant.profile();
    let mut flags = rustflags(builder, arch)?;
    flags.extend(variant.rustflags().iter().map(|flag| flag.to_string()));
    let target_dir = workspace::target().join("image");
    let mut command = match builder {
        Builder::Cargo => Command::new("cargo"),
        Builder::Cross if deps::in_path("cross") => Command::new("cross"),
        Builder::Cross => bail!("cross is not in PATH: `cargo install cross`, and a container engine for it"),
    };
    command
        .current_dir(workspace::root())
        .args(["build", "--profile", profile, "--target", arch.musl_target()])
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .env("RUSTC_BOOTSTRAP", "1") // -Zbuild-std on the pinned stable compiler
        .env("CARGO_TARGET_DIR", &target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    if variant == Variant::Initramfs {
        command.arg("--no-default-features");
    }
    for program in variant.programs() {
        command.args(["--package", program]);
    }
    process::run(&mut command)?;

    let out = workspace::out(arch).join(variant.folder());
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let mut made = Vec::new();
    for program in variant.programs() {
        let from = target_dir.join(arch.musl_target()).join(profile).join(program);
        let to = out.join(program);
        let problems = elf::problems(&from)?;
        if !problems.is_empty() {
            bail!("not fit for an image:\n{}", problems.join("\n"));
        }
        let bytes = fs::read(&from).with_context(|| from.display().to_string())?;
        if fs::read(&to).ok().as_ref() != Some(&bytes) {
            // Written beside and renamed: an interrupted copy is never taken for a program.
            let part = out.join(format!(".{program}.part"));
            fs::copy(&from, &part).with_context(|| part.display().to_string())?;
            fs::rename(&part, &to).with_context(|| to.display().to_string())?;
        }
        made.push(to);
    }
    Ok(made)
}

/// Compiler flags of a release build.
fn rustflags(builder: Builder, arch: Arch) -> Result<Vec<String>> {
    let sysroot = match builder {
        Builder::Cargo => process::output(Command::new("rustc").args(["--print", "sysroot"]))?,
        Builder::Cross => "/rust".to_string(), // where cross shows the host's toolchain in the container
    };
    let sysroot = PathBuf::from(sysroot.trim());
    let mut flags: Vec<String> = [
        "-Zunstable-options",
        "-Cpanic=immediate-abort",
        "-Zlocation-detail=none",   // nothing prints where a panic was
        "-Zfmt-debug=none",         // nothing prints the texts of `{:?}`
        "-Cforce-unwind-tables=no", // nothing unwinds
        "-Clinker=rust-lld",
        "-Clinker-flavor=ld.lld",
        "-Clink-args=-znow",
        "-Clink-args=-zrelro",
        "-Clink-args=--build-id=none",
        "-Clink-args=--icf=all", // generic code that came out the same stands once
        "-Clink-args=-zpack-relative-relocs", // a relocation of a static program is a bit, not 24 bytes
    ]
    .map(str::to_string)
    .to_vec();
    // The same bytes wherever the checkout, the registry and the toolchain lie.
    flags.push(format!("--remap-path-prefix={}=/tarn", workspace::root().display()));
    flags.push(format!("--remap-path-prefix={}=/rust", sysroot.display()));
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    if let Some(home) = cargo_home {
        flags.push(format!("--remap-path-prefix={}=/cargo", home.display()));
    }
    if arch == Arch::Aarch64 {
        // rustc does not know static-pie for this target: pass what it passes for x86_64.
        let objects = sysroot.join("lib/rustlib").join(arch.musl_target()).join("lib/self-contained");
        let objects = objects.display();
        flags.extend(["-Crelocation-model=pic".into(), "-Clink-self-contained=no".into()]);
        for object in ["rcrt1.o", "crti.o", "crtbeginS.o"] {
            flags.push(format!("-Zpre-link-args={objects}/{object}"));
        }
        for argument in ["-pie", "--no-dynamic-linker", "-ztext"] {
            flags.push(format!("-Clink-args={argument}"));
        }
        flags.push(format!("-Clink-args=-L{objects}"));
        for object in ["crtendS.o", "crtn.o"] {
            flags.push(format!("-Clink-args={objects}/{object}"));
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_knows_both_targets_and_is_given_its_own_paths() {
        let text = fs::read_to_string(workspace::root().join("Cross.toml")).unwrap();
        let file: toml::Table = toml::from_str(&text).unwrap();
        for arch in [Arch::X86_64, Arch::Aarch64] {
            assert!(file["target"].get(arch.musl_target()).is_some());
            let flags = rustflags(Builder::Cross, arch).unwrap().join(" ");
            assert_eq!(flags.contains("/rust/lib/rustlib"), arch == Arch::Aarch64, "{flags}");
        }
        let passed = file["build"]["env"]["passthrough"].as_array().unwrap();
        assert!(passed.iter().any(|name| name.as_str() == Some("CARGO_ENCODED_RUSTFLAGS")));
    }
}
