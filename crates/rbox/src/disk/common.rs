//! common — what several disk applets need: filters by type and option, loop devices, devices by name.

use crate::prelude::*;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use sys::loop_device::{self, Setup};

/// Whether `kind` is in `list`, types separated by commas; a leading "no" turns the meaning of the whole list.
pub(crate) fn kind_matches(kind: &[u8], list: &[u8]) -> bool {
    let (list, wanted) = match list.strip_prefix(b"no") {
        Some(rest) => (rest, false),
        None => (list, true),
    };
    let listed = list
        .split(|&byte| byte == b',')
        .any(|word| word.strip_prefix(b"no").unwrap_or(word) == kind || word == kind);
    listed == wanted
}

/// Whether `options` have every word of `list`, where "noWORD" asks that WORD be absent.
pub(crate) fn options_match(options: &[u8], list: &[u8]) -> bool {
    list.split(|&byte| byte == b',').filter(|word| !word.is_empty()).all(|word| {
        let has = |wanted: &[u8]| options.split(|&byte| byte == b',').any(|option| option == wanted);
        match word.strip_prefix(b"no") {
            Some(absent) => has(word) || !has(absent),
            None => has(word),
        }
    })
}

/// Opens a device for an ioctl that only needs it open, without waiting for a medium or a carrier.
pub(crate) fn open_device(path: &Path, write: bool) -> io::Result<File> {
    OpenOptions::new().read(true).write(write).open(path)
}

/// The numbers of the loop devices that are there.
pub(crate) fn loop_numbers() -> Vec<u32> {
    let entries = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut numbers: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix("loop")?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// Makes a free loop device show `file`, and returns it open with its path.
///
/// A file that is on a device already, at the same offset and for as long as mounts last, is not put on a second
/// one: two would write over each other.
pub(crate) fn attach_loop(file: &Path, wanted: Option<&Path>, setup: Setup) -> io::Result<(PathBuf, File)> {
    let mut setup = setup;
    let opened = match open_device(file, !setup.read_only) {
        Err(error) if !setup.read_only && is_write_refused(&error) => {
            setup.read_only = true;
            open_device(file, false)?
        }
        result => result?,
    };
    if let Some(device) = wanted {
        let loop_file = open_device(device, !setup.read_only)?;
        loop_device::attach(&loop_file, &opened, file, setup)?;
        return Ok((device.to_path_buf(), loop_file));
    }
    if setup.autoclear
        && let Some(found) = loop_of(&opened, setup)
    {
        return Ok(found);
    }
    // Between the question for a free number and its use somebody else may take it.
    for _ in 0..16 {
        let path = loop_device::path(loop_device::free_number()?);
        let loop_file = open_device(&path, !setup.read_only)?;
        match loop_device::attach(&loop_file, &opened, file, setup) {
            Ok(()) => return Ok((path, loop_file)),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::ResourceBusy))
}

/// Whether opening for writing failed for a reason that does not stand against reading.
pub(crate) fn is_write_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn loop_of(file: &File, setup: Setup) -> Option<(PathBuf, File)> {
    let metadata = file.metadata().ok()?;
    loop_numbers().into_iter().find_map(|number| {
        let path = loop_device::path(number);
        let device = open_device(&path, !setup.read_only).ok()?;
        let status = loop_device::status(&device).ok()?;
        let same = status.device == metadata.dev()
            && status.inode == metadata.ino()
            && (status.offset, status.size_limit) == (setup.offset, setup.size_limit)
            && status.autoclear
            && status.read_only == setup.read_only;
        same.then_some((path, device))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        for (kind, list, expected) in [
            ("ext4", "ext4", true),
            ("ext4", "vfat,ext4", true),
            ("ext4", "vfat", false),
            ("ext4", "novfat", true),
            ("ext4", "noext4,vfat", false),
            ("vfat", "noext4,novfat", false),
        ] {
            assert_eq!(kind_matches(kind.as_bytes(), list.as_bytes()), expected, "{kind} {list}");
        }
        for (options, list, expected) in [
            ("rw,_netdev", "_netdev", true),
            ("rw", "_netdev", false),
            ("rw", "no_netdev", true),
            ("rw,noatime", "noatime,rw", true),
            ("rw", "", true),
        ] {
            assert_eq!(options_match(options.as_bytes(), list.as_bytes()), expected, "{options} {list}");
        }
    }
}
