//! find — from LABEL=, UUID=, PARTUUID= and PARTLABEL= to the device that is meant.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::probe::{self, Identity};
use crate::table;

/// What names a device other than by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag<'a> {
    Label(&'a [u8]),
    Uuid(&'a [u8]),
    PartLabel(&'a [u8]),
    PartUuid(&'a [u8]),
}

impl<'a> Tag<'a> {
    /// `LABEL=root`, also with quotes around the value as fstab allows. None: not a tag.
    pub fn parse(spec: &'a [u8]) -> Option<Tag<'a>> {
        let end = spec.iter().position(|&byte| byte == b'=')?;
        let (key, mut value) = (&spec[..end], &spec[end + 1..]);
        if let [quote @ (b'"' | b'\''), inner @ .., last] = value
            && quote == last
        {
            value = inner;
        }
        match key {
            b"LABEL" => Some(Tag::Label(value)),
            b"UUID" => Some(Tag::Uuid(value)),
            b"PARTLABEL" => Some(Tag::PartLabel(value)),
            b"PARTUUID" => Some(Tag::PartUuid(value)),
            _ => None,
        }
    }

    fn matches(self, device: &Path) -> bool {
        match self {
            Tag::Label(label) => identify(device).is_some_and(|identity| identity.label == label),
            Tag::Uuid(uuid) => identify(device).is_some_and(|identity| {
                !uuid.is_empty() && identity.uuid.as_bytes().eq_ignore_ascii_case(uuid)
            }),
            Tag::PartLabel(label) => partition(device).is_some_and(|partition| partition.label == label),
            Tag::PartUuid(uuid) => partition(device)
                .is_some_and(|partition| partition.uuid.as_bytes().eq_ignore_ascii_case(uuid)),
        }
    }
}

/// The device for `tag`; the first one where several fit.
pub fn find(tag: Tag<'_>) -> Option<PathBuf> {
    devices().into_iter().find(|device| tag.matches(device))
}

/// A device name or tag of a command line or fstab as a path. None: a tag that no device has.
pub fn resolve(spec: &OsStr) -> Option<PathBuf> {
    match Tag::parse(spec.as_bytes()) {
        Some(tag) => find(tag),
        None => Some(PathBuf::from(spec)),
    }
}

/// Every block device that the kernel has, as a path in /dev; device mapper's under the name in /dev/mapper.
///
/// Partitions come before whole disks: a disk's first sectors may show a file system that a partition holds.
pub fn devices() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/partitions").unwrap_or_default();
    let (mut parts, mut disks) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let mut fields = line.split_ascii_whitespace();
        let (Some(_major), Some(_minor), Some(blocks), Some(name)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        // An extended partition is a table of 1 KiB, an empty drive has no blocks at all.
        if matches!(blocks, "0" | "1") {
            continue;
        }
        let sysfs = Path::new("/sys/class/block").join(name);
        let path = match fs::read_to_string(sysfs.join("dm/name")) {
            Ok(mapped) => Path::new("/dev/mapper").join(mapped.trim_end()),
            // sysfs writes '!' for the '/' of names such as cciss/c0d0.
            Err(_) => Path::new("/dev").join(name.replace('!', "/")),
        };
        if sysfs.join("partition").exists() { parts.push(path) } else { disks.push(path) }
    }
    parts.append(&mut disks);
    parts
}

/// What `device` holds; None also where it cannot be read.
pub fn identify(device: &Path) -> Option<Identity> {
    probe::identify(&File::open(device).ok()?).ok()?
}

/// The entry of the partition table that made `device`; None where it is a whole disk.
pub fn partition(device: &Path) -> Option<table::Partition> {
    let real = fs::canonicalize(device).ok()?;
    let sysfs = Path::new("/sys/class/block").join(real.file_name()?);
    let number: u32 = fs::read_to_string(sysfs.join("partition")).ok()?.trim().parse().ok()?;
    let disk = fs::canonicalize(&sysfs).ok()?.parent()?.file_name()?.to_os_string();
    let table = read_table(&Path::new("/dev").join(disk)).ok()??;
    table.partitions.into_iter().find(|partition| partition.number == number)
}

/// The partition table of a disk or an image.
pub fn read_table(disk: &Path) -> io::Result<Option<table::Table>> {
    let file = File::open(disk)?;
    let sector = sys::block::sector_size(&file).unwrap_or(512);
    table::read(&file, u64::from(sector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags() {
        for (text, tag) in [
            ("LABEL=a b", Some(Tag::Label(b"a b"))),
            ("UUID=\"12-34\"", Some(Tag::Uuid(b"12-34"))),
            ("PARTUUID=x", Some(Tag::PartUuid(b"x"))),
            ("PARTLABEL='y'", Some(Tag::PartLabel(b"y"))),
            ("LABEL='", Some(Tag::Label(b"'"))),
            ("/dev/sda1", None),
            ("overlay=x", None),
        ] {
            assert_eq!(Tag::parse(text.as_bytes()), tag, "{text}");
        }
    }
}
