//! run — boots an image in QEMU with its console on this terminal.
//!
//! The machine comes from qemu/machines/<arch>.toml, as in the VM tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use testkit::machine::{self, Accelerator, Machine, Slot};

use crate::arch::Arch;
use crate::{deps, image, workspace};

/// Boot an image in QEMU with its console on this terminal (Ctrl-A x ends it).
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A profile of boot/profiles, or the path of a file.
    #[arg(long, value_name = "NAME|FILE", default_value = "virt")]
    profile: String,
    /// The kind of machine [default: this host's].
    #[arg(long, value_enum)]
    arch: Option<Arch>,
    /// Start from the ISO, through a firmware, and not the kernel directly.
    #[arg(long)]
    iso: bool,
    /// The ISO is a USB stick and not a CD (implies --iso).
    #[arg(long)]
    usb: bool,
    /// bios or uefi (implies --iso) [default: bios on x86_64, uefi on aarch64].
    #[arg(long, value_name = "KIND")]
    firmware: Option<String>,
    /// Open a window with screen and keyboard (on aarch64 implies --iso: a firmware must set the screen up).
    #[arg(long)]
    graphic: bool,
    #[arg(long, value_name = "MiB", value_parser = clap::value_parser!(u32).range(16..))]
    memory: Option<u32>,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cpus: Option<u32>,
    /// Forward this port of 127.0.0.1 to the guest's port 22.
    #[arg(long, value_name = "PORT")]
    ssh_port: Option<u16>,
    /// Add a disk, which the guest may write to: a raw image.
    #[arg(long = "disk", value_name = "FILE")]
    disks: Vec<PathBuf>,
    /// Add words to the kernel's command line (only without --iso: an ISO's is edited in its boot loader).
    #[arg(long, value_name = "WORDS")]
    append: Option<String>,
    /// What runs the guest's instructions: auto takes KVM where a guest really runs under it.
    #[arg(long, value_enum, default_value = "auto")]
    accel: Choice,
    /// Boot what lies in target/out, without looking whether it is what the sources give.
    #[arg(long)]
    as_is: bool,
    /// Install what the host lacks without asking.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    Auto,
    Kvm,
    Tcg,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let arch = arguments.arch.unwrap_or_else(Arch::host);
    let iso = arguments.iso
        || arguments.usb
        || arguments.firmware.is_some()
        || (arguments.graphic && arch == Arch::Aarch64);
    if iso && arguments.append.is_some() {
        bail!("--append: an ISO has its own command line; press a key in its boot loader to edit it");
    }
    for disk in &arguments.disks {
        if !disk.is_file() {
            bail!("--disk: {}: no such file (`truncate -s 1G FILE` makes an empty one)", disk.display());
        }
    }
    let machine = Machine::load(workspace::root(), arch.name()).map_err(|why| anyhow!(why))?;
    let image = match arguments.as_is {
        true => image::lying(&arguments.profile, arch)?,
        false => {
            deps::require(deps::Verb::Run, &[arch], arguments.yes)?;
            image::fresh(&arguments.profile, arch, if iso { "iso" } else { "ram" })?
        }
    };
    let mut command = qemu(arguments, arch, &machine)?;
    if iso {
        add_iso(&mut command, arguments, &machine, &image)?;
    } else {
        add_ram(&mut command, arguments, &machine, &image);
    }
    eprintln!("{}: Ctrl-A x ends it, Ctrl-A c is QEMU's monitor", machine.qemu);
    let status = command.status().with_context(|| format!("cannot run {}", machine.qemu))?;
    if !status.success() {
        bail!("{}: {status}", machine.qemu);
    }
    Ok(())
}

/// The machine with its console, network and disks.
fn qemu(arguments: &Arguments, arch: Arch, machine: &Machine) -> Result<Command> {
    let accelerator = match arguments.accel {
        Choice::Kvm => Accelerator::Kvm,
        Choice::Tcg => Accelerator::Tcg,
        Choice::Auto => machine::accelerator(machine, arch.name(), &workspace::target()),
    };
    let memory = arguments.memory.unwrap_or(machine.memory_mib);
    let mut command = machine.command(accelerator, memory, arguments.cpus.unwrap_or(machine.cpus));
    command.args(["-name", "tarn", "-serial", "mon:stdio"]);
    if arguments.graphic {
        machine.add_graphic(&mut command);
    } else {
        command.args(["-display", "none"]);
    }
    let forwards: Vec<(u16, u16)> = arguments.ssh_port.map(|port| (port, 22)).into_iter().collect();
    machine.add_network(&mut command, &forwards);
    for (index, disk) in arguments.disks.iter().enumerate() {
        machine.add_disk(&mut command, disk, index);
    }
    Ok(command)
}

/// Kernel and initramfs, and the modules as one more disk.
fn add_ram(command: &mut Command, arguments: &Arguments, machine: &Machine, image: &image::Files) {
    let index = arguments.disks.len();
    machine.add_read_only_disk(command, &image.modules(), index);
    let mut cmdline = format!("{} modloop=/dev/{}", image.cmdline, disk_name(index));
    if let Some(words) = &arguments.append {
        cmdline = format!("{cmdline} {words}");
    }
    machine.add_kernel(command, &image.vmlinuz(), &image.initramfs(), &cmdline);
}

/// What the guest calls its virtio disk `index`: vda to vdz, and then vdaa.
fn disk_name(index: usize) -> String {
    let letter = |index: usize| char::from(b'a' + (index % 26) as u8);
    match index / 26 {
        0 => format!("vd{}", letter(index)),
        first => format!("vd{}{}", letter(first - 1), letter(index)),
    }
}

/// The ISO, and the firmware that reads it. Its variables are kept, as those of a real machine are.
fn add_iso(
    command: &mut Command,
    arguments: &Arguments,
    machine: &Machine,
    image: &image::Files,
) -> Result<()> {
    let kind = arguments.firmware.as_deref().unwrap_or(&machine.firmware.default);
    let folder = image.folder.parent().unwrap_or(Path::new(".")).join("run");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    machine.add_firmware(command, kind, &folder).map_err(|why| anyhow!(why))?;
    let slot = if arguments.usb { Slot::Usb } else { Slot::Cd };
    machine.add_medium(command, &image.iso()?, slot);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_disks() {
        for (index, name) in [(0, "vda"), (25, "vdz"), (26, "vdaa"), (51, "vdaz"), (52, "vdba")] {
            assert_eq!(disk_name(index), name);
        }
    }
}
