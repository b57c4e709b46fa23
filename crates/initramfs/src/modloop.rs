//! modloop — the kernel's modules, which lie in a squashfs image on the medium that was booted from.
//!
//! `modloop=PATH` names the image on any medium; `modloop=/dev/NAME` is the image itself. Devices come when they come:
//! the kernel's events are waited for, for a limited time.
//!
//! Source: Alpine's modloop service for the word, `/.modloop` and the layout `modules/RELEASE`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::say;

const MOUNT: &str = "/.modloop";
const WAIT_SECONDS: u64 = 20;

/// Mounts the modules of the running kernel. What fails is said: a system without modules still boots.
pub(crate) fn mount_modules(image: &Path, wait_seconds: Option<u64>) {
    let release = release();
    let search = Search { image, release: &release, found_other: false };
    let wait = Duration::from_secs(wait_seconds.unwrap_or(WAIT_SECONDS));
    match search.run(wait) {
        Ok(device) => say::progress(&format!("modules: {} on {device}", image.display())),
        Err(why) => say::error(&format!("modules: {why}; the system starts without modules")),
    }
}

/// `uname -r`.
fn release() -> String {
    nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default()
}

struct Search<'a> {
    image: &'a Path,
    release: &'a str,
    /// Whether an image of that name was seen whose modules are another kernel's.
    found_other: bool,
}

impl Search<'_> {
    /// Tries every block device, then each that appears, until one has the modules. Returns its name.
    fn run(mut self, wait: Duration) -> Result<String, String> {
        // Opened before the first look, so that no device falls between the two.
        let events = sys::uevent::Socket::open().map_err(|error| sys::error::text(&error))?;
        let start = Instant::now();
        let mut buffer = vec![0; 16 * 1024];
        if let Some(found) = self.try_all() {
            return Ok(found);
        }
        let mut told = false;
        while let Some(left) = wait.checked_sub(start.elapsed()) {
            let patience = if told { left } else { left.min(Duration::from_secs(3)) };
            match events.next(&mut buffer, patience) {
                None if !told => {
                    told = true;
                    say::progress(&format!("modules: waiting for a medium with {}", self.image.display()));
                }
                None => {}
                Some([]) => {
                    if let Some(found) = self.try_all() {
                        return Ok(found);
                    }
                }
                Some(event) => {
                    if sys::uevent::variable(event, "SUBSYSTEM") == Some(b"block")
                        && sys::uevent::variable(event, "ACTION") != Some(b"remove")
                        && let Some(name) = sys::uevent::variable(event, "DEVNAME")
                        && let Some(found) = self.try_device(&String::from_utf8_lossy(name))
                    {
                        return Ok(found);
                    }
                }
            }
        }
        if self.found_other {
            return Err(format!("{} has none for Linux {}", self.image.display(), self.release));
        }
        Err(format!("no medium with {} after {} s", self.image.display(), wait.as_secs()))
    }

    fn try_all(&mut self) -> Option<String> {
        let mut names: Vec<String> = fs::read_dir("/sys/class/block")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with("loop") && !name.starts_with("ram"))
            .collect();
        names.sort();
        names.iter().find_map(|name| self.try_device(name))
    }

    /// Looks for the image on one device. The device's name, if it has it.
    fn try_device(&mut self, name: &str) -> Option<String> {
        let device = Path::new("/dev").join(name);
        if self.image.starts_with("/dev") {
            if device != self.image || kind_of(&device)? != "squashfs" {
                return None;
            }
            return self.use_image(&device).then(|| name.to_string());
        }
        let kind = kind_of(&device).filter(|kind| *kind != "squashfs")?;
        let medium = mount_point(name);
        fs::create_dir_all(&medium).ok()?;
        let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(Some(&device), &medium, Some(kind), flags, None::<&str>).ok()?;
        let inside = self.image.strip_prefix("/").unwrap_or(self.image);
        if self.use_file(&medium.join(inside)) {
            return Some(name.to_string());
        }
        let _ = umount2(&medium, MntFlags::MNT_DETACH);
        let _ = fs::remove_dir(&medium); // not empty: it was there before
        None
    }

    fn use_file(&mut self, path: &Path) -> bool {
        let Ok(image) = File::open(path) else { return false };
        match attach(&image, path) {
            Ok((_kept_until_mounted, device)) => self.use_image(&device),
            Err(error) => {
                say::error(&format!("modules: {}: {}", path.display(), sys::error::text(&error)));
                false
            }
        }
    }

    /// Mounts an image and shows its modules at /lib/modules, if they are this kernel's.
    fn use_image(&mut self, device: &Path) -> bool {
        let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        if fs::create_dir_all(MOUNT).is_err()
            || mount(Some(device), MOUNT, Some("squashfs"), flags, None::<&str>).is_err()
        {
            return false;
        }
        for folder in ["modules", "lib/modules", ""] {
            let modules = Path::new(MOUNT).join(folder);
            if modules.join(self.release).is_dir() && show(&modules, "/lib/modules") {
                let firmware = modules.with_file_name("firmware");
                if firmware.is_dir() {
                    show(&firmware, "/lib/firmware");
                }
                return true;
            }
        }
        self.found_other = true;
        let _ = umount2(MOUNT, MntFlags::MNT_DETACH);
        false
    }
}

/// Makes an image a block device that goes away with its mount.
fn attach(image: &File, path: &Path) -> io::Result<(File, PathBuf)> {
    use sys::loop_device::{Setup, attach, free_number};
    loop {
        let number = free_number()?;
        let device_path = sys::loop_device::path(number);
        let device = File::open(&device_path)?;
        let setup = Setup { read_only: true, autoclear: true, ..Setup::default() };
        match attach(&device, image, path, setup) {
            // Somebody else took the number in between.
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            result => return result.map(|()| (device, device_path)),
        }
    }
}

/// Binds a folder of the image to where programs look.
fn show(folder: &Path, target: &str) -> bool {
    fs::create_dir_all(target).is_ok()
        && mount(Some(folder), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).is_ok()
}

/// Where a medium is mounted: by what it is, else by its device's name.
fn mount_point(name: &str) -> PathBuf {
    let path = fs::canonicalize(Path::new("/sys/class/block").join(name)).unwrap_or_default();
    mount_point_of(name, &path)
}

fn mount_point_of(name: &str, device: &Path) -> PathBuf {
    let on_usb = device.components().any(|part| part.as_os_str().to_string_lossy().starts_with("usb"));
    let folder = if name.starts_with("sr") {
        "cdrom"
    } else if on_usb {
        "usb"
    } else {
        name
    };
    Path::new("/media").join(folder)
}

/// The file system on a device that is worth mounting: by its magic number, which is cheaper than a failing mount.
fn kind_of(device: &Path) -> Option<&'static str> {
    let device = File::open(device).ok()?;
    let mut start = vec![0; 2048];
    device.read_exact_at(&mut start, 0).ok()?;
    let mut volume = [0; 6];
    // A device too small for a volume descriptor has none.
    let _ = device.read_exact_at(&mut volume, 16 * 2048);
    kind(&start, &volume)
}

/// Source: magic numbers of ECMA-119 8.1.2, ext4 (s_magic), squashfs, and the FAT boot sector's type fields.
fn kind(start: &[u8], volume: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| start.get(offset..offset + magic.len()) == Some(magic);
    if volume.get(1..6) == Some(b"CD001") {
        Some("iso9660")
    } else if at(0, b"hsqs") {
        Some("squashfs")
    } else if at(1080, b"\x53\xef") {
        Some("ext4")
    } else if at(510, b"\x55\xaa") && (at(54, b"FAT") || at(82, b"FAT32")) {
        Some("vfat")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_file_systems_by_their_magic() {
        let with = |offset: usize, magic: &[u8]| {
            let mut start = vec![0; 2048];
            start[510..512].copy_from_slice(b"\x55\xaa");
            start[offset..offset + magic.len()].copy_from_slice(magic);
            start
        };
        for (offset, magic, expected) in [
            (0, &b"hsqs"[..], Some("squashfs")),
            (1080, b"\x53\xef", Some("ext4")),
            (54, b"FAT16   ", Some("vfat")),
            (82, b"FAT32   ", Some("vfat")),
            (3, b"NTFS", None),
        ] {
            assert_eq!(kind(&with(offset, magic), &[0; 6]), expected);
        }
        assert_eq!(kind(&with(54, b"FAT16"), b"\x01CD001"), Some("iso9660"));
        assert_eq!(kind(&[], &[]), None);
    }

    #[test]
    fn media_have_their_places() {
        for (name, device, expected) in [
            ("sr0", "/sys/devices/pci/ata2/block/sr0", "/media/cdrom"),
            ("sda1", "/sys/devices/pci/usb2/2-1/host2/block/sda/sda1", "/media/usb"),
            ("vda", "/sys/devices/pci/virtio1/block/vda", "/media/vda"),
        ] {
            assert_eq!(mount_point_of(name, Path::new(device)), Path::new(expected));
        }
    }
}
