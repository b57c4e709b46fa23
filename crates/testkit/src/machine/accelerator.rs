//! accelerator — whether guests really run under KVM here, found out by running one.
//!
//! /dev/kvm says little: inside some virtual machines it opens and QEMU then dies on a CPU register, or the guest hangs
//! at its first interrupt. The probe starts the machine's own firmware with a program of a few bytes that ends QEMU.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Machine;
use crate::temporary;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accelerator {
    /// QEMU translates the guest's instructions: works everywhere.
    Tcg,
    Kvm,
}

/// Under KVM a working probe takes a fifth of a second.
const LIMIT: Duration = Duration::from_secs(5);

/// KVM if guests of this architecture run under it. The answer is kept in `cache` until the host or QEMU changes, since
/// a host that hangs its guests costs the whole time limit.
pub fn accelerator(machine: &Machine, arch: &str, cache: &Path) -> Accelerator {
    if arch != std::env::consts::ARCH || fs::File::options().write(true).open("/dev/kvm").is_err() {
        return Accelerator::Tcg;
    }
    let file = cache.join(format!("qemu-accelerator-{arch}"));
    let host = host(machine);
    if let Ok(text) = fs::read_to_string(&file)
        && let Some(answer) = text.strip_prefix(&host)
    {
        return if answer == "kvm\n" { Accelerator::Kvm } else { Accelerator::Tcg };
    }
    let works = probe(machine, arch, Accelerator::Kvm, LIMIT);
    // Without a cache the next caller probes again: no reason to fail.
    let _ = fs::create_dir_all(cache);
    let _ = fs::write(&file, format!("{host}{}\n", if works { "kvm" } else { "tcg" }));
    if works { Accelerator::Kvm } else { Accelerator::Tcg }
}

/// What the answer depends on: this boot of the host, QEMU, and the CPU asked for.
fn host(machine: &Machine) -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let version = Command::new(&machine.qemu).arg("--version").output();
    let version =
        version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let version = version.lines().next().unwrap_or_default();
    format!("{} {version} {} ", boot.trim(), machine.cpu.kvm)
}

/// Whether a guest reaches its own code and ends by it, within `limit`.
fn probe(machine: &Machine, arch: &str, accelerator: Accelerator, limit: Duration) -> bool {
    let Ok(folder) = temporary::Directory::new("tarn-probe") else { return false };
    let image = folder.path().join("probe");
    let mut command = machine.command(accelerator, machine.memory_mib, 1);
    let (program, ended) = if arch == "x86_64" {
        command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]);
        machine.add_disk(&mut command, &image, 0);
        (boot_sector(), 33) // QEMU ends with twice the value, plus one
    } else {
        command.arg("-kernel").arg(&image);
        (psci_off(), 0)
    };
    if fs::write(&image, program).is_err() {
        return false;
    }
    command.args(["-display", "none", "-no-reboot"]);
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let start = Instant::now();
    while start.elapsed() < limit {
        match child.try_wait() {
            Ok(Some(status)) => return status.code() == Some(ended),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// `mov dx, 0xf4; mov al, 0x10; out dx, al; jmp $` as the boot sector of a disk, which SeaBIOS starts if it has a cylinder.
fn boot_sector() -> Vec<u8> {
    let mut sector = vec![0; 1 << 20];
    sector[..8].copy_from_slice(&[0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xeb, 0xfe]);
    sector[510..512].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// `mov w0, 0x84000008; hvc 0; b .`: PSCI's SYSTEM_OFF.
fn psci_off() -> Vec<u8> {
    [0x5280_0100_u32, 0x72b0_8000, 0xd400_0002, 0x1400_0000]
        .iter()
        .flat_map(|instruction| instruction.to_le_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probes_end_their_guests() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for arch in ["x86_64", "aarch64"] {
            let machine = Machine::load(&root, arch).unwrap();
            if Command::new(&machine.qemu).arg("--version").output().is_err() {
                eprintln!("{} is not installed: its probe is not tested", machine.qemu);
                continue;
            }
            assert!(probe(&machine, arch, Accelerator::Tcg, Duration::from_secs(60)), "{arch}");
        }
    }
}
