//! deps — what the host must have for each verb, and how to get it.
//!
//! One table. A verb asks `require` before it does anything, so that a missing tool is one message with the whole list
//! and not a failure half way through a build.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arch::Arch;
use crate::process;

/// Show what the host lacks for which verb, and how to get it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Install what is missing.
    #[arg(long)]
    install: bool,
    /// Only what this verb needs.
    #[arg(value_enum)]
    verb: Option<Verb>,
}

/// What a need belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Verb {
    Build,
    Kernel,
    Image,
    Run,
    Test,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Verb::Build => "build",
            Verb::Kernel => "kernel",
            Verb::Image => "image",
            Verb::Run => "run",
            Verb::Test => "test",
        };
        f.write_str(name)
    }
}

/// How it is seen that a need is there.
enum Probe {
    /// A program in PATH.
    Program(&'static str),
    /// One of these files.
    File(&'static [&'static str]),
    /// A header that the compiler of that name finds below its plugin folder.
    PluginHeader(&'static str),
    /// A target of the pinned Rust toolchain.
    Target(&'static str),
    /// A component of the pinned Rust toolchain: its rustup name, and a path below the sysroot that it brings.
    Component(&'static str, &'static str),
}

/// Something that the host must have.
struct Need {
    name: &'static str,
    probe: Probe,
    /// For which verbs, and for one architecture only or for all.
    verbs: &'static [Verb],
    arch: Option<Arch>,
    /// Package names for apt, apk, dnf and pacman; "" where rustup brings it or none is known.
    packages: [&'static str; 4],
}

use Probe::{Component, File, PluginHeader, Program, Target};
use Verb::{Build, Image, Kernel, Run, Test};

const ALL: &[Verb] = &[Build, Image, Run, Test];
const NEEDS: &[Need] = &[
    need("rust-std for x86_64 musl", Target("x86_64-unknown-linux-musl"), ALL, Some(Arch::X86_64), [""; 4]),
    need(
        "rust-std for aarch64 musl",
        Target("aarch64-unknown-linux-musl"),
        ALL,
        Some(Arch::Aarch64),
        [""; 4],
    ),
    need(
        "rust-std for x86_64 UEFI",
        Target("x86_64-unknown-uefi"),
        &[Image, Run, Test],
        Some(Arch::X86_64),
        [""; 4],
    ),
    need(
        "rust-std for aarch64 UEFI",
        Target("aarch64-unknown-uefi"),
        &[Image, Run, Test],
        Some(Arch::Aarch64),
        [""; 4],
    ),
    need(
        "the standard library's source",
        Component("rust-src", "lib/rustlib/src/rust/library/std"),
        ALL,
        None,
        [""; 4],
    ),
    need("clippy", Component("clippy", "bin/cargo-clippy"), &[Test], None, [""; 4]),
    need("rustfmt", Component("rustfmt", "bin/cargo-fmt"), &[Test], None, [""; 4]),
    need("make", Program("make"), KERNEL, None, ["make", "make", "make", "make"]),
    need("gcc", Program("gcc"), KERNEL, None, ["gcc", "gcc", "gcc", "gcc"]),
    need("g++", Program("g++"), KERNEL, None, ["g++", "g++", "gcc-c++", "gcc"]),
    need("bc", Program("bc"), KERNEL, None, ["bc", "bc", "bc", "bc"]),
    need("flex", Program("flex"), KERNEL, None, ["flex", "flex", "flex", "flex"]),
    need("bison", Program("bison"), KERNEL, None, ["bison", "bison", "bison", "bison"]),
    need("perl", Program("perl"), KERNEL, None, ["perl", "perl", "perl", "perl"]),
    need("rsync", Program("rsync"), KERNEL, None, ["rsync", "rsync", "rsync", "rsync"]),
    need("xz", Program("xz"), KERNEL, None, ["xz-utils", "xz", "xz", "xz"]),
    need("zstd", Program("zstd"), KERNEL, None, ["zstd", "zstd", "zstd", "zstd"]),
    need("openssl", Program("openssl"), KERNEL, None, ["openssl", "openssl", "openssl", "openssl"]),
    need("depmod", Program("depmod"), KERNEL, None, ["kmod", "kmod", "kmod", "kmod"]),
    need(
        "mksquashfs",
        Program("mksquashfs"),
        KERNEL,
        None,
        ["squashfs-tools", "squashfs-tools", "squashfs-tools", "squashfs-tools"],
    ),
    need("curl", Program("curl"), KERNEL, None, ["curl", "curl", "curl", "curl"]),
    need(
        "libelf's headers",
        File(&["/usr/include/libelf.h"]),
        KERNEL,
        None,
        ["libelf-dev", "elfutils-dev", "elfutils-libelf-devel", "libelf"],
    ),
    need(
        "OpenSSL's headers",
        File(&["/usr/include/openssl/ssl.h"]),
        KERNEL,
        None,
        ["libssl-dev", "openssl-dev", "openssl-devel", "openssl"],
    ),
    need(
        "the headers for GCC plugins",
        PluginHeader("gcc"),
        KERNEL,
        Some(Arch::X86_64),
        ["gcc-12-plugin-dev", "gcc", "gcc-plugin-devel", "gcc"],
    ),
    need(
        "aarch64-linux-gnu-gcc",
        Program("aarch64-linux-gnu-gcc"),
        KERNEL,
        Some(Arch::Aarch64),
        ["gcc-aarch64-linux-gnu", "", "gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc"],
    ),
    need(
        "the headers for aarch64's GCC plugins",
        PluginHeader("aarch64-linux-gnu-gcc"),
        KERNEL,
        Some(Arch::Aarch64),
        ["gcc-12-plugin-dev-aarch64-linux-gnu", "", "gcc-plugin-devel", "aarch64-linux-gnu-gcc"],
    ),
    need(
        "xorriso",
        Program("xorriso"),
        &[Image, Run, Test],
        None,
        ["xorriso", "xorriso", "xorriso", "libisoburn"],
    ),
    need(
        "isolinux.bin",
        File(&[
            "/usr/lib/ISOLINUX/isolinux.bin",
            "/usr/share/syslinux/isolinux.bin",
            "/usr/lib/syslinux/bios/isolinux.bin",
        ]),
        &[Image, Run, Test],
        Some(Arch::X86_64),
        ["isolinux", "syslinux", "syslinux", "syslinux"],
    ),
    need(
        "ldlinux.c32",
        File(&[
            "/usr/lib/syslinux/modules/bios/ldlinux.c32",
            "/usr/share/syslinux/ldlinux.c32",
            "/usr/lib/syslinux/bios/ldlinux.c32",
        ]),
        &[Image, Run, Test],
        Some(Arch::X86_64),
        ["syslinux-common", "syslinux", "syslinux", "syslinux"],
    ),
    need(
        "qemu-system-x86_64",
        Program("qemu-system-x86_64"),
        &[Run, Test],
        Some(Arch::X86_64),
        ["qemu-system-x86", "qemu-system-x86_64", "qemu-system-x86-core", "qemu-system-x86"],
    ),
    need(
        "OVMF",
        File(&[
            "/usr/share/OVMF/OVMF_CODE_4M.fd",
            "/usr/share/OVMF/OVMF_CODE.fd",
            "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
            "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        ]),
        &[Run, Test],
        Some(Arch::X86_64),
        ["ovmf", "ovmf", "edk2-ovmf", "edk2-ovmf"],
    ),
    need(
        "qemu-system-aarch64",
        Program("qemu-system-aarch64"),
        &[Run, Test],
        Some(Arch::Aarch64),
        ["qemu-system-arm", "qemu-system-aarch64", "qemu-system-aarch64-core", "qemu-system-aarch64"],
    ),
    need(
        "AAVMF",
        File(&["/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/edk2/aarch64/QEMU_EFI.fd"]),
        &[Run, Test],
        Some(Arch::Aarch64),
        ["qemu-efi-aarch64", "aavmf", "edk2-aarch64", "edk2-aarch64"],
    ),
    need(
        "qemu-aarch64 for single programs",
        File(&["/usr/bin/qemu-aarch64-static", "/usr/bin/qemu-aarch64"]),
        &[Test],
        Some(Arch::Aarch64),
        ["qemu-user-static", "qemu-aarch64", "qemu-user-static", "qemu-user-static"],
    ),
    need("dash", Program("dash"), &[Test], None, ["dash", "dash-binsh", "dash", "dash"]),
];
const KERNEL: &[Verb] = &[Kernel, Image, Run, Test];

const fn need(
    name: &'static str,
    probe: Probe,
    verbs: &'static [Verb],
    arch: Option<Arch>,
    packages: [&'static str; 4],
) -> Need {
    Need { name, probe, verbs, arch, packages }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |need: &&Need| arguments.verb.is_none_or(|verb| need.verbs.contains(&verb));
    let missing = missing(NEEDS.iter().filter(wanted))?;
    if missing.is_empty() {
        println!("nothing is missing ({} needs checked)", NEEDS.iter().filter(wanted).count());
        return Ok(());
    }
    if arguments.install {
        return install(&missing);
    }
    print!("{}", list(&missing));
    Ok(())
}

/// Makes sure that everything `verb` needs for `arches` is there: installs it with `yes`, offers to on a terminal, and
/// else fails with the whole list.
pub(crate) fn require(verb: Verb, arches: &[Arch], yes: bool) -> Result<()> {
    let wanted = NEEDS
        .iter()
        .filter(|need| need.verbs.contains(&verb) && need.arch.is_none_or(|arch| arches.contains(&arch)));
    let missing = missing(wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    if yes || (std::io::stdin().is_terminal() && confirmed(&missing)?) {
        return install(&missing);
    }
    bail!(
        "`cargo xtask {verb}` needs what this host lacks:\n{}`cargo xtask deps --install` or --yes installs it",
        list(&missing)
    );
}

fn missing<'a>(needs: impl Iterator<Item = &'a Need>) -> Result<Vec<&'a Need>> {
    let sysroot = PathBuf::from(process::output(Command::new("rustc").args(["--print", "sysroot"]))?.trim());
    Ok(needs.filter(|need| !present(&need.probe, &sysroot)).collect())
}

fn present(probe: &Probe, sysroot: &Path) -> bool {
    match probe {
        Program(name) => in_path(name),
        File(paths) => paths.iter().any(|path| Path::new(path).exists()),
        PluginHeader(compiler) => {
            let folder = process::output(Command::new(compiler).arg("-print-file-name=plugin"));
            folder.is_ok_and(|folder| Path::new(folder.trim()).join("include/gcc-plugin.h").exists())
        }
        Target(target) => sysroot.join("lib/rustlib").join(target).join("lib").exists(),
        Component(_, path) => sysroot.join(path).exists(),
    }
}

/// Whether a program of that name is found in PATH or where administrators' tools lie.
pub(crate) fn in_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .any(|folder| folder.join(name).is_file())
}

/// The missing needs, a line each: what, for which verbs, in which package.
fn list(missing: &[&Need]) -> String {
    let manager = manager();
    let mut text = String::new();
    for need in missing {
        let verbs: Vec<String> = need.verbs.iter().map(Verb::to_string).collect();
        let source = match &need.probe {
            Target(target) => format!("rustup target add {target}"),
            Component(component, _) => format!("rustup component add {component}"),
            _ => match manager.map(|manager| need.packages[manager]) {
                Some("") => "no package known: see its project's pages".to_string(),
                Some(package) => format!("{} {package}", MANAGERS[manager.unwrap_or(0)].1.join(" ")),
                None => format!("package {} (apt's name)", need.packages[0]),
            },
        };
        text += &format!("  {:<40} for {:<28} {source}\n", need.name, verbs.join(", "));
    }
    text
}

/// Program and installing words of each package manager, in the order of `Need::packages`.
const MANAGERS: [(&str, &[&str]); 4] = [
    ("apt-get", &["apt-get", "install", "-y", "--no-install-recommends"]),
    ("apk", &["apk", "add"]),
    ("dnf", &["dnf", "install", "-y"]),
    ("pacman", &["pacman", "-S", "--needed", "--noconfirm"]),
];

fn manager() -> Option<usize> {
    MANAGERS.iter().position(|(program, _)| in_path(program))
}

fn confirmed(missing: &[&Need]) -> Result<bool> {
    print!("missing on this host:\n{}Install now? [Y/n] ", list(missing));
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

fn install(missing: &[&Need]) -> Result<()> {
    for need in missing {
        let (kind, name) = match &need.probe {
            Target(target) => ("target", target),
            Component(component, _) => ("component", component),
            _ => continue,
        };
        process::run(Command::new("rustup").args([kind, "add", name]))?;
    }
    let system: Vec<&&Need> =
        missing.iter().filter(|need| !matches!(need.probe, Target(_) | Component(..))).collect();
    if system.is_empty() {
        return Ok(());
    }
    let manager = manager()
        .context("none of apt-get, apk, dnf and pacman is on this host: install the list by hand")?;
    let mut packages: Vec<&str> =
        system.iter().map(|need| need.packages[manager]).filter(|name| !name.is_empty()).collect();
    packages.sort_unstable();
    packages.dedup();
    let (program, words) = MANAGERS[manager];
    if program == "apt-get" {
        process::run(as_root(&["apt-get", "update", "-q"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    let words: Vec<&str> = words.iter().copied().chain(packages).collect();
    process::run(as_root(&words).env("DEBIAN_FRONTEND", "noninteractive"))?;
    let still = self::missing(missing.iter().copied())?;
    if !still.is_empty() {
        bail!("still missing after the installation:\n{}", list(&still));
    }
    Ok(())
}

/// A command run as root: directly where we are it, else by sudo.
fn as_root(words: &[&str]) -> Command {
    let root =
        std::fs::metadata("/proc/self").is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0);
    let mut command = if root { Command::new(words[0]) } else { Command::new("sudo") };
    command.args(if root { &words[1..] } else { words });
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_says_where_it_comes_from() {
        for need in NEEDS {
            let by_rustup = matches!(need.probe, Target(_) | Component(..));
            assert_eq!(by_rustup, need.packages[0].is_empty(), "{}", need.name);
            assert!(!need.verbs.is_empty(), "{}", need.name);
        }
    }

    #[test]
    fn finds_programs_and_notices_missing_ones() {
        let sysroot = Path::new("/nonexistent");
        assert!(present(&Program("sh"), sysroot));
        assert!(!present(&Program("no-such-program-here"), sysroot));
        assert!(!present(&Target("x86_64-unknown-linux-musl"), sysroot));
    }
}
