//! iso — one file that starts as a CD and as a USB stick: on x86_64 by BIOS and UEFI, on aarch64 by UEFI.
//!
//! BIOS finds isolinux, as El Torito's boot image or through the boot sector of a disk. UEFI finds the ESP, which lies in
//! the file once, as a partition, and which El Torito's catalogue names too. Kernel and initramfs are there twice: a
//! firmware reads FAT and isolinux reads ISO 9660.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::esp::{self, Source};
use super::format::Parts;
use super::initramfs::{INITRAMFS, MODULES, VMLINUZ};
use super::output;
use crate::arch::Arch;
use crate::process;

/// What initramfs and init need to find the modules on the medium.
const MODLOOP: &str = "modloop=/boot/modules";

/// GPT's type of an EFI system partition.
const ESP_TYPE: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";

/// Where distributions keep the parts of syslinux that start from BIOS.
const SYSLINUX: &[Syslinux] = &[
    // Debian, Ubuntu
    Syslinux { isolinux: "/usr/lib/ISOLINUX", modules: "/usr/lib/syslinux/modules/bios" },
    // Alpine, Fedora
    Syslinux { isolinux: "/usr/share/syslinux", modules: "/usr/share/syslinux" },
    // Arch Linux
    Syslinux { isolinux: "/usr/lib/syslinux/bios", modules: "/usr/lib/syslinux/bios" },
];

struct Syslinux {
    isolinux: &'static str,
    modules: &'static str,
}

pub(crate) fn name(parts: &Parts<'_>) -> String {
    format!("tarn-{}-{}-{}.iso", parts.profile, parts.version, parts.arch.name())
}

pub(crate) fn make(parts: &Parts<'_>) -> Result<Vec<String>> {
    let folder = &parts.folder;
    let cmdline = format!("{} {MODLOOP}", parts.cmdline);
    let esp = output::part(folder, "esp.img");
    write_esp(parts, &cmdline, &esp)?;
    let name = name(parts);
    let mut xorriso = Command::new("xorriso");
    // Relative names: xorriso would take a '=' in the folder's name for a sign of its own.
    xorriso.current_dir(folder).env("SOURCE_DATE_EPOCH", parts.epoch.to_string());
    xorriso.args(["-as", "mkisofs", "-quiet", "-o", &format!("{name}.part")]);
    xorriso.args(["-V", &volume(parts.version), "-r", "-J"]);
    xorriso.args(["--set_all_file_dates", &format!("={}", parts.epoch)]);
    let mut grafts = [VMLINUZ, INITRAMFS, MODULES].map(|name| format!("boot/{name}={name}")).to_vec();
    let config = output::part(folder, "isolinux.cfg");
    if parts.arch == Arch::X86_64 {
        fs::write(&config, isolinux_config(parts, &cmdline)).with_context(|| config.display().to_string())?;
        let syslinux = find_syslinux()?;
        grafts.push("boot/isolinux/isolinux.cfg=isolinux.cfg.part".to_string());
        grafts.push(format!("boot/isolinux/isolinux.bin={}/isolinux.bin", syslinux.isolinux));
        grafts.push(format!("boot/isolinux/ldlinux.c32={}/ldlinux.c32", syslinux.modules));
        xorriso.args(["-b", "boot/isolinux/isolinux.bin", "-c", "boot/isolinux/boot.cat", "-no-emul-boot"]);
        xorriso.args(["-boot-load-size", "4", "-boot-info-table"]);
        xorriso.args([
            "-isohybrid-mbr",
            &format!("{}/isohdpfx.bin", syslinux.isolinux),
            "-eltorito-alt-boot",
        ]);
    }
    xorriso.args(["-e", "--interval:appended_partition_2:all::", "-no-emul-boot"]);
    xorriso.args(["-append_partition", "2", ESP_TYPE, "esp.img.part", "-appended_part_as_gpt"]);
    xorriso.arg("-graft-points").args(grafts);
    process::output(&mut xorriso)?;
    for part in [esp, config] {
        if part.exists() {
            fs::remove_file(&part).with_context(|| part.display().to_string())?;
        }
    }
    output::publish(folder, &name)?;
    Ok(vec![name])
}

fn write_esp(parts: &Parts<'_>, cmdline: &str, image: &Path) -> Result<()> {
    let loader = parts.loader.context("an ISO needs the UEFI loader")?;
    let (vmlinuz, initramfs) = (parts.folder.join(VMLINUZ), parts.folder.join(INITRAMFS));
    let config = loader_config(&title(parts), cmdline);
    esp::write(
        image,
        &[
            (esp::loader_name(parts.arch), Source::File(loader)),
            ("loader.conf", Source::Bytes(config.as_bytes())),
            (VMLINUZ, Source::File(&vmlinuz)),
            (INITRAMFS, Source::File(&initramfs)),
        ],
    )
}

/// The loader's configuration: crates/loader/src/config.rs reads it.
pub(crate) fn loader_config(title: &str, cmdline: &str) -> String {
    format!(
        "# What EFI/BOOT starts. Paths are on this volume; edit the words at will.\n\
         title   {title}\n\
         kernel  \\{VMLINUZ}\n\
         initrd  \\{INITRAMFS}\n\
         timeout 1\n\
         cmdline {cmdline}\n"
    )
}

/// What a boot loader says it starts.
fn title(parts: &Parts<'_>) -> String {
    format!("Tarn Linux {} ({})", parts.version, parts.profile)
}

/// Source: syslinux 6 doc/syslinux.txt. A key within a second stops the clock at `boot:`, where words can be added.
fn isolinux_config(parts: &Parts<'_>, cmdline: &str) -> String {
    format!(
        "SERIAL 0 115200\n\
         SAY {}: starts in a second; to add words to its command line, type: tarn WORDS\n\
         DEFAULT tarn\n\
         PROMPT 1\n\
         TIMEOUT 10\n\
         LABEL tarn\n\
         \x20LINUX /boot/{VMLINUZ}\n\
         \x20INITRD /boot/{INITRAMFS}\n\
         \x20APPEND {cmdline}\n",
        title(parts)
    )
}

/// A volume name in the characters of ISO 9660.
fn volume(version: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("TARN_{version}").chars().map(legal).take(32).collect()
}

/// The host's files that end in an ISO; none where they are missing, which `make` says.
pub(crate) fn host_files(arch: Arch) -> Vec<PathBuf> {
    match find_syslinux() {
        Ok(place) if arch == Arch::X86_64 => [
            (place.isolinux, "isolinux.bin"),
            (place.isolinux, "isohdpfx.bin"),
            (place.modules, "ldlinux.c32"),
        ]
        .map(|(folder, name)| Path::new(folder).join(name))
        .to_vec(),
        _ => Vec::new(),
    }
}

fn find_syslinux() -> Result<&'static Syslinux> {
    let whole = |place: &&Syslinux| {
        Path::new(place.isolinux).join("isolinux.bin").exists()
            && Path::new(place.isolinux).join("isohdpfx.bin").exists()
            && Path::new(place.modules).join("ldlinux.c32").exists()
    };
    SYSLINUX.iter().find(whole).context(
        "isolinux.bin, isohdpfx.bin and ldlinux.c32 are not together on this host: cargo xtask deps image",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_names() {
        assert_eq!(volume("0.1.0-rc1"), "TARN_0_1_0_RC1");
        assert_eq!(volume(&"9".repeat(40)).len(), 32);
    }
}
