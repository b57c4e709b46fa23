//! machine — QEMU's machines as data (`qemu/machines/<arch>.toml`) and the command lines that follow from them.
//!
//! `cargo xtask run` and the VM tests both start their guests from here. This module starts nothing but the probe of
//! [`accelerator`]; consoles and monitors are added by whoever runs the guest.

mod accelerator;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

pub use accelerator::{Accelerator, accelerator};

/// A machine as its file describes it.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    pub qemu: String,
    /// The value of `-machine`.
    pub machine: String,
    pub memory_mib: u32,
    pub cpus: u32,
    /// The guest's name of the first serial port.
    pub console: String,
    /// Devices that every guest has.
    pub devices: Vec<String>,
    /// The network card, for the netdev `net`.
    pub network: String,
    /// The kind of a disk; its drive is added.
    pub disk: String,
    /// Screen and keyboard.
    pub graphic: Vec<String>,
    pub cpu: Cpu,
    pub medium: MediumDevices,
    pub firmware: FirmwareTable,
}

/// The CPU model for each accelerator.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    pub tcg: String,
    pub kvm: String,
}

/// Devices that show the drive `medium` to the guest.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct MediumDevices {
    pub cd: Vec<String>,
    pub usb: Vec<String>,
}

/// The firmware kinds of a machine with the places where distributions keep them.
#[derive(Deserialize, Clone, Debug)]
pub struct FirmwareTable {
    pub default: String,
    #[serde(flatten)]
    pub kinds: BTreeMap<String, Vec<FirmwareFiles>>,
}

/// One place of a UEFI firmware.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct FirmwareFiles {
    /// Who puts it there: a distribution and its package.
    pub of: String,
    pub code: PathBuf,
    pub vars: PathBuf,
}

/// How a medium is put in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    Cd,
    Usb,
}

impl Machine {
    /// Reads `qemu/machines/<arch>.toml` below `root`, the top of the checkout.
    pub fn load(root: &Path, arch: &str) -> Result<Machine, String> {
        let path = root.join("qemu/machines").join(format!("{arch}.toml"));
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let machine: Machine =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if !machine.firmware.kinds.contains_key(&machine.firmware.default) {
            return Err(format!("{}: firmware.{} is missing", path.display(), machine.firmware.default));
        }
        Ok(machine)
    }

    /// QEMU with the machine, its CPU and its devices, and nothing that was not asked for.
    pub fn command(&self, accelerator: Accelerator, memory_mib: u32, cpus: u32) -> Command {
        let (name, cpu) = match accelerator {
            Accelerator::Tcg => ("tcg", &self.cpu.tcg),
            Accelerator::Kvm => ("kvm", &self.cpu.kvm),
        };
        let mut command = Command::new(&self.qemu);
        command.args(["-nodefaults", "-no-user-config"]);
        command.args(["-machine", &self.machine, "-accel", name, "-cpu", cpu]);
        command.args(["-m", &memory_mib.to_string(), "-smp", &cpus.to_string()]);
        add_devices(&mut command, &self.devices);
        command
    }

    /// Starts a kernel without firmware's help.
    pub fn add_kernel(&self, command: &mut Command, kernel: &Path, initrd: &Path, cmdline: &str) {
        command.arg("-kernel").arg(kernel).arg("-initrd").arg(initrd).args(["-append", cmdline]);
    }

    /// Puts a medium in, read-only, as the first thing to start from.
    pub fn add_medium(&self, command: &mut Command, image: &Path, slot: Slot) {
        let (media, devices) = match slot {
            Slot::Cd => (",media=cdrom", &self.medium.cd),
            Slot::Usb => ("", &self.medium.usb),
        };
        let options = format!("id=medium,if=none,format=raw,readonly=on{media}");
        command.arg("-drive").arg(drive(&options, image));
        add_devices(command, devices);
    }

    /// Adds a disk that the guest may write to: `index` tells disks apart.
    pub fn add_disk(&self, command: &mut Command, image: &Path, index: usize) {
        self.add_drive(command, image, index, "");
    }

    /// The same, but the guest may only read it.
    pub fn add_read_only_disk(&self, command: &mut Command, image: &Path, index: usize) {
        self.add_drive(command, image, index, ",readonly=on");
    }

    fn add_drive(&self, command: &mut Command, image: &Path, index: usize, options: &str) {
        command.arg("-drive").arg(drive(&format!("id=disk{index},if=none,format=raw{options}"), image));
        command.args(["-device", &format!("{},drive=disk{index}", self.disk)]);
    }

    /// Adds QEMU's user network; each pair forwards a port of 127.0.0.1 to one of the guest.
    pub fn add_network(&self, command: &mut Command, forwards: &[(u16, u16)]) {
        let mut netdev = "user,id=net".to_string();
        for (host, guest) in forwards {
            netdev += &format!(",hostfwd=tcp:127.0.0.1:{host}-:{guest}");
        }
        command.args(["-netdev", &netdev, "-device", &self.network]);
    }

    /// Adds screen and keyboard.
    pub fn add_graphic(&self, command: &mut Command) {
        add_devices(command, &self.graphic);
    }

    /// Adds the firmware `kind`; its variables are copied into `folder`, which must live as long as the guest.
    pub fn add_firmware(&self, command: &mut Command, kind: &str, folder: &Path) -> Result<(), String> {
        let Some(files) = self.find_firmware(kind)? else { return Ok(()) };
        let vars = folder.join("firmware-vars.fd");
        // Not fs::copy: the original is often read-only, and so would the copy be.
        let bytes = fs::read(&files.vars).map_err(|error| format!("{}: {error}", files.vars.display()))?;
        fs::write(&vars, bytes).map_err(|error| format!("{}: {error}", vars.display()))?;
        command.arg("-drive").arg(drive("if=pflash,unit=0,format=raw,readonly=on", &files.code));
        command.arg("-drive").arg(drive("if=pflash,unit=1,format=raw", &vars));
        Ok(())
    }

    /// Where the firmware `kind` lies on this host; `None` if QEMU has it built in.
    pub fn find_firmware(&self, kind: &str) -> Result<Option<&FirmwareFiles>, String> {
        let Some(places) = self.firmware.kinds.get(kind) else {
            let kinds: Vec<&str> = self.firmware.kinds.keys().map(String::as_str).collect();
            return Err(format!("{}: no firmware {kind}: there is {}", self.qemu, kinds.join(", ")));
        };
        if places.is_empty() {
            return Ok(None);
        }
        match places.iter().find(|files| files.code.exists() && files.vars.exists()) {
            Some(files) => Ok(Some(files)),
            None => {
                let mut message = format!("no {kind} firmware for {} on this host; looked for:", self.qemu);
                for files in places {
                    message += &format!("\n  {} ({})", files.code.display(), files.of);
                }
                Err(message)
            }
        }
    }
}

fn add_devices(command: &mut Command, devices: &[String]) {
    for device in devices {
        command.args(["-device", device]);
    }
}

/// A value of `-drive`: in QEMU's option lists a comma in a file's name is written twice.
fn drive(options: &str, file: &Path) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut value = format!("{options},file=").into_bytes();
    for &byte in file.as_os_str().as_bytes() {
        value.push(byte);
        if byte == b',' {
            value.push(b',');
        }
    }
    OsString::from_vec(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn the_machines_of_the_tree_are_whole() {
        for (arch, kinds) in [("x86_64", vec!["bios", "uefi"]), ("aarch64", vec!["uefi"])] {
            let machine = Machine::load(&root(), arch).unwrap();
            assert_eq!(machine.firmware.kinds.keys().collect::<Vec<_>>(), kinds, "{arch}");
            assert!(machine.qemu.ends_with(arch));
        }
    }

    #[test]
    fn a_mistyped_field_is_named() {
        let folder = crate::temporary::Directory::new("machine").unwrap();
        fs::create_dir_all(folder.path().join("qemu/machines")).unwrap();
        let text = fs::read_to_string(root().join("qemu/machines/x86_64.toml")).unwrap();
        let bad = text.replace("memory_mib", "memory_mb");
        fs::write(folder.path().join("qemu/machines/bad.toml"), bad).unwrap();
        let message = Machine::load(folder.path(), "bad").unwrap_err();
        assert!(message.contains("bad.toml") && message.contains("memory_mb"), "{message}");
    }

    #[test]
    fn command_lines() {
        let machine = Machine::load(&root(), "x86_64").unwrap();
        let mut command = machine.command(Accelerator::Tcg, 64, 2);
        machine.add_medium(&mut command, Path::new("/a,b.iso"), Slot::Usb);
        machine.add_network(&mut command, &[(2222, 22)]);
        let line: Vec<String> =
            command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let line = line.join(" ");
        for part in [
            "-accel tcg -cpu max -m 64 -smp 2",
            "id=medium,if=none,format=raw,readonly=on,file=/a,,b.iso",
            "usb-storage,bus=stick.0,drive=medium,bootindex=0",
            "user,id=net,hostfwd=tcp:127.0.0.1:2222-:22",
        ] {
            assert!(line.contains(part), "{part} not in {line}");
        }
    }
}
