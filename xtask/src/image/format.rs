//! format — the kinds of files that an image is made into: a table, one row a format.
//!
//! A new format (disk, oci) is a file with a `make` and a row here.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::root::Root;
use super::{initramfs, iso, rootfs};
use crate::arch::Arch;

pub(crate) struct Format {
    /// As profiles and `--format` name it.
    pub(crate) name: &'static str,
    /// Formats whose files this one is made from.
    pub(crate) needs: &'static [&'static Format],
    /// Writes the files into the image's folder and gives their names.
    pub(crate) make: fn(&Parts<'_>) -> Result<Vec<String>>,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

pub(crate) const RAM: &Format = &Format { name: "ram", needs: &[], make: initramfs::make };
const ROOTFS: &Format = &Format { name: "rootfs", needs: &[], make: rootfs::make };
const ISO: &Format = &Format { name: "iso", needs: &[RAM], make: iso::make };

/// In the order in which they are made.
const ALL: &[&Format] = &[RAM, ROOTFS, ISO];

/// What formats are made from.
pub(crate) struct Parts<'a> {
    pub(crate) profile: &'a str,
    pub(crate) arch: Arch,
    pub(crate) version: &'a str,
    /// Seconds since 1970 that every time stamp is set to.
    pub(crate) epoch: u64,
    pub(crate) cmdline: &'a str,
    pub(crate) vmlinuz: &'a Path,
    pub(crate) modules: &'a Path,
    pub(crate) root: &'a Root,
    /// The folder of the workspace's programs for this architecture.
    pub(crate) bin: &'a Path,
    /// The UEFI boot loader, if a format needs it.
    pub(crate) loader: Option<&'a Path>,
    /// Where the files go.
    pub(crate) folder: PathBuf,
}

pub(crate) fn find(name: &str) -> Result<&'static Format> {
    match ALL.iter().find(|format| format.name == name) {
        Some(format) => Ok(format),
        None => {
            let names: Vec<&str> = ALL.iter().map(|format| format.name).collect();
            bail!("no format {name}: there is {}", names.join(", "))
        }
    }
}

/// `wanted` and what they need, in the order in which they are made, each once.
pub(crate) fn in_order(wanted: &[&'static Format]) -> Vec<&'static Format> {
    let needed = |format: &&'static Format| {
        wanted
            .iter()
            .any(|other| other.name == format.name || other.needs.iter().any(|need| need.name == format.name))
    };
    ALL.iter().copied().filter(needed).collect()
}

/// Whether a file of that name is one that a format writes.
pub(crate) fn is_output(name: &str) -> bool {
    let fixed = [initramfs::VMLINUZ, initramfs::INITRAMFS, initramfs::MODULES, rootfs::ROOTFS];
    fixed.contains(&name) || (name.starts_with("tarn-") && name.ends_with(".iso"))
}

/// Whether one of them starts by UEFI.
pub(crate) fn need_loader(formats: &[&'static Format]) -> bool {
    formats.iter().any(|format| format.name == ISO.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let names = |wanted: &[&'static Format]| -> Vec<&str> {
            in_order(wanted).iter().map(|format| format.name).collect()
        };
        assert_eq!(names(&[ISO, ISO]), ["ram", "iso"]);
        assert_eq!(names(&[ISO, ROOTFS, RAM]), ["ram", "rootfs", "iso"]);
        assert_eq!(names(&[ROOTFS]), ["rootfs"]);
        assert!(find("floppy").unwrap_err().to_string().ends_with("there is ram, rootfs, iso"));
    }
}
