//! boot — the time from the kernel's first message to the login prompt, beside an init that only prints and powers off.
//!
//! Both start from the same kernel and machine, taking turns. The difference is what userland costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use archive::cpio;
use testkit::machine::{Accelerator, Machine};
use testkit::temporary::Directory;
use testkit::vm::scenario::Image;
use testkit::vm::{Limits, Vm};

use crate::arch::Arch;
use crate::test::vm;
use crate::{image, process, workspace};

const MEMORY_MIB: u32 = 256;
/// What the kernel prints first.
const FIRST: &str = "Linux version";

pub(super) fn run(arch: Arch, runs: usize) -> Result<()> {
    let folder = Directory::new("bench-boot")?;
    let image = vm::read(&image::ensure_named("virt", arch)?)?;
    let bare = Image { initramfs: bare_initramfs(arch, folder.path())?, ..image.clone() };
    let accelerator = vm::accelerator_of(arch)?;
    let (mut ours, mut kernel) = (Vec::new(), Vec::new());
    for _ in 0..runs.max(1) {
        ours.push(seconds(arch, &image, accelerator, "login:", folder.path())?);
        kernel.push(seconds(arch, &bare, accelerator, "bare init", folder.path())?);
    }
    for times in [&mut ours, &mut kernel] {
        times.sort_by(f64::total_cmp);
    }
    let show = |times: &[f64]| format!("min {:.2} s, median {:.2} s", times[0], times[times.len() / 2]);
    println!("{}, {MEMORY_MIB} MiB, {accelerator:?}, {} runs each, from '{FIRST}':", arch.name(), ours.len());
    println!("  to the login prompt   {}", show(&ours));
    println!("  to a bare init        {}", show(&kernel));
    println!("  userland              min {:.2} s, median {:.2} s", ours[0] - kernel[0], {
        ours[ours.len() / 2] - kernel[kernel.len() / 2]
    });
    Ok(())
}

/// Seconds from the kernel's first message to `text`.
fn seconds(arch: Arch, image: &Image, accelerator: Accelerator, text: &str, folder: &Path) -> Result<f64> {
    let machine = Machine::load(workspace::root(), arch.name()).map_err(anyhow::Error::msg)?;
    let mut command = machine.command(accelerator, MEMORY_MIB, 1);
    machine.add_kernel(&mut command, &image.kernel, &image.initramfs, &image.cmdline);
    let limits = Limits { total: Duration::from_secs(180), silence: Duration::from_secs(60) };
    let mut machine = Vm::start(command, &folder.join("log"), limits)?;
    machine.wait_for(text)?;
    let start = machine.seconds_to(FIRST).context("the kernel printed no version")?;
    let end = machine.seconds_to(text).context("the text was printed and is not in the log")?;
    Ok(end - start)
}

/// An initramfs with the bare init alone.
fn bare_initramfs(arch: Arch, folder: &Path) -> Result<PathBuf> {
    let program = folder.join("bare-init");
    process::run(
        Command::new("rustc")
            .current_dir(workspace::root()) // where the pinned toolchain is chosen
            .args(["--edition", "2024", "-Copt-level=z", "-Cstrip=symbols", "-Cpanic=abort"])
            .args(["-Clinker=rust-lld", "-Clinker-flavor=ld.lld", "--target", arch.musl_target(), "-o"])
            .arg(&program)
            .arg("qemu/bench/bare-init.rs"),
    )?;
    let contents = fs::read(&program).with_context(|| program.display().to_string())?;
    let mut archive = Vec::new();
    let mut writer = cpio::Writer::new(&mut archive);
    let meta = cpio::Meta { permissions: 0o755, ..cpio::Meta::default() };
    writer.entry(b"dev", &meta, &cpio::Kind::Directory)?;
    writer.entry(b"dev/console", &meta, &cpio::Kind::CharDevice { major: 5, minor: 1 })?;
    writer.file(&[b"init"], &meta, contents.len() as u64, &mut &*contents)?;
    writer.finish()?;
    let path = folder.join("bare-initramfs");
    fs::write(&path, archive).with_context(|| path.display().to_string())?;
    Ok(path)
}
