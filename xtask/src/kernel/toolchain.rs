//! toolchain — the compiler and the tools that leave their mark on the result.

use std::process::Command;

use anyhow::{Context, Result};

use crate::arch::Arch;

/// What one architecture is compiled with.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// `aarch64-linux-gnu-`, or empty where the host's own compiler is the right one.
    pub(crate) prefix: &'static str,
    /// The versions of everything whose output ends in the kernel or its modules, a line each.
    pub(crate) versions: Vec<String>,
}

impl Toolchain {
    /// Asks the host's tools for their versions.
    pub(crate) fn find(arch: Arch) -> Result<Toolchain> {
        let prefix = match arch {
            _ if arch.name() == std::env::consts::ARCH => "",
            Arch::X86_64 => "x86_64-linux-gnu-",
            Arch::Aarch64 => "aarch64-linux-gnu-",
        };
        let tools = [
            (format!("{prefix}gcc"), "--version"),
            (format!("{prefix}ld"), "--version"),
            ("zstd".to_string(), "--version"),
            ("mksquashfs".to_string(), "-version"),
            ("depmod".to_string(), "--version"),
        ];
        let versions = tools.iter().map(|(program, flag)| version(program, flag)).collect::<Result<_>>()?;
        Ok(Toolchain { prefix, versions })
    }
}

/// The first line that a program prints about itself. mksquashfs's exit status says nothing about success.
fn version(program: &str, flag: &str) -> Result<String> {
    let output = command(program)
        .arg(flag)
        .output()
        .with_context(|| format!("cannot run {program}; `cargo xtask deps` says where it comes from"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find(|line| !line.is_empty())
        .with_context(|| format!("{program} {flag} says nothing"))?;
    Ok(format!("{program}: {line}"))
}

/// A command in the fixed environment of the build: what a person's shell exports must not reach the result.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // depmod and mksquashfs may lie where only administrators' shells look.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command.env("LC_ALL", "C").env("TZ", "UTC");
    command
}
