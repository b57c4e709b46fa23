//! root — the archive's files moved into a tmpfs that is a mount like any other.
//!
//! The kernel unpacks the archive into its rootfs, which can be neither unmounted nor given to pivot_root(2), so no
//! container could start there. Each file is copied and removed before the next: no more memory is needed than for
//! the largest.
//!
//! Source: Documentation/filesystems/ramfs-rootfs-initramfs.rst in the kernel; switch_root(8) for the last steps.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, mknod, utimensat};
use nix::sys::time::TimeSpec;

const NEW: &str = "/sysroot";
/// The kernel's file systems, which move along. All are mounted by now.
const MOVED: &[&str] = &["/dev", "/proc", "/sys", "/run"];
/// Beyond the largest file: directories, names, page tables.
const SLACK_BYTES: u64 = 4 * 1024 * 1024;

/// Moves the root into a tmpfs and goes there. `options` are those of the tmpfs.
///
/// Errors: nothing has changed then, and the system can be used where it is.
pub(crate) fn switch(options: &str) -> Result<(), String> {
    let old = fs::symlink_metadata("/").map_err(|error| text("/", &error))?;
    let largest = largest_file(Path::new("/"), old.dev());
    if let Some(free) = free_bytes().filter(|free| *free < largest + SLACK_BYTES) {
        return Err(format!("too little memory: {} KiB free", free / 1024));
    }
    fs::create_dir_all(NEW).map_err(|error| text(NEW, &error))?;
    let flags = MsFlags::empty();
    mount(Some("tmpfs"), NEW, Some("tmpfs"), flags, Some(options))
        .map_err(|error| text(NEW, &error.into()))?;
    let mut links = BTreeMap::new();
    if let Err((path, error)) = move_tree(Path::new("/"), Path::new(NEW), old.dev(), &mut links) {
        let back = fs::symlink_metadata(NEW).map(|new| new.dev()).map_err(|error| text(NEW, &error))?;
        // What fitted a moment ago fits again.
        let _ = move_tree(Path::new(NEW), Path::new("/"), back, &mut BTreeMap::new());
        let _ = umount2(NEW, MntFlags::MNT_DETACH);
        return Err(text(&path.display().to_string(), &error));
    }
    enter().map_err(|error| text(NEW, &error))
}

/// The last steps: everything else moves along, then the new root covers the old one.
fn enter() -> io::Result<()> {
    let none = None::<&str>;
    for path in MOVED {
        let target = format!("{NEW}{path}");
        fs::create_dir_all(&target)?;
        // One that is not mounted leaves an empty directory, as before.
        let _ = mount(Some(*path), target.as_str(), none, MsFlags::MS_MOVE, none);
    }
    std::env::set_current_dir(NEW)?;
    mount(Some("."), "/", none, MsFlags::MS_MOVE, none)?;
    nix::unistd::chroot(".")?;
    std::env::set_current_dir("/")
}

/// Moves all below `from` on `device` to below `to`. Errors: the file it stopped at.
fn move_tree(
    from: &Path,
    to: &Path,
    device: u64,
    links: &mut BTreeMap<u64, PathBuf>,
) -> Result<(), (PathBuf, io::Error)> {
    let entries = fs::read_dir(from).map_err(|error| (from.to_path_buf(), error))?;
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    for name in names {
        let source = from.join(&name);
        let target = to.join(&name);
        let Ok(metadata) = fs::symlink_metadata(&source) else { continue };
        if metadata.dev() != device || source == Path::new(NEW) {
            // A mount point: its directory is made, what is mounted there moves later.
            continue;
        }
        if metadata.is_dir() {
            make_directory(&target, &metadata).map_err(|error| (source.clone(), error))?;
            move_tree(&source, &target, device, links)?;
            let _ = fs::remove_dir(&source); // a mount point in it keeps it
            let _ = keep_times(&target, &metadata);
        } else if source == Path::new("/init") {
            // This very program, not needed again. Removing the name frees it at exec.
            let _ = fs::remove_file(&source);
        } else {
            move_file(&source, &target, &metadata, links).map_err(|error| (source.clone(), error))?;
        }
    }
    Ok(())
}

fn make_directory(target: &Path, metadata: &Metadata) -> io::Result<()> {
    if !target.is_dir() {
        fs::create_dir(target)?;
    }
    give(target, metadata)?;
    fs::set_permissions(target, metadata.permissions())
}

fn move_file(
    source: &Path,
    target: &Path,
    metadata: &Metadata,
    links: &mut BTreeMap<u64, PathBuf>,
) -> io::Result<()> {
    let kind = metadata.file_type();
    // A further name of a file that has been moved. The first move keeps the inode alive as long as names are left.
    if let Some(first) = links.get(&metadata.ino()) {
        fs::hard_link(first, target)?;
        return fs::remove_file(source);
    }
    if kind.is_symlink() {
        symlink(fs::read_link(source)?, target)?;
        give(target, metadata)?;
    } else if kind.is_file() {
        copy(source, target)?;
        give(target, metadata)?;
        // Behind chown, which takes away the set-id bits.
        fs::set_permissions(target, fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
    } else {
        let device_kind = if kind.is_char_device() {
            SFlag::S_IFCHR
        } else if kind.is_block_device() {
            SFlag::S_IFBLK
        } else if kind.is_fifo() {
            SFlag::S_IFIFO
        } else {
            SFlag::S_IFSOCK
        };
        mknod(target, device_kind, Mode::from_bits_truncate(metadata.mode() & 0o7777), metadata.rdev())?;
        give(target, metadata)?;
    }
    keep_times(target, metadata)?;
    if metadata.nlink() > 1 {
        links.insert(metadata.ino(), target.to_path_buf());
    }
    fs::remove_file(source)
}

/// Gives what was just made its owner, unless that is root already: PID 1 makes everything as root.
fn give(target: &Path, metadata: &Metadata) -> io::Result<()> {
    match (metadata.uid(), metadata.gid()) {
        (0, 0) => Ok(()),
        (uid, gid) => lchown(target, Some(uid), Some(gid)),
    }
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut input = File::open(source)?;
    let mut output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(target)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        output.write_all(&buffer[..count])?;
    }
}

fn keep_times(target: &Path, metadata: &Metadata) -> io::Result<()> {
    let accessed = TimeSpec::new(metadata.atime(), metadata.atime_nsec());
    let modified = TimeSpec::new(metadata.mtime(), metadata.mtime_nsec());
    let path = CString::new(target.as_os_str().as_bytes())?;
    let here = nix::fcntl::AT_FDCWD;
    utimensat(here, path.as_c_str(), &accessed, &modified, UtimensatFlags::NoFollowSymlink)
        .map_err(io::Error::from)
}

/// The size of the largest file on `device`.
fn largest_file(folder: &Path, device: u64) -> u64 {
    let mut largest = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.dev() != device {
            continue;
        }
        let size = if metadata.is_dir() { largest_file(&entry.path(), device) } else { metadata.len() };
        largest = largest.max(size);
    }
    largest
}

/// What /proc/meminfo calls MemAvailable.
fn free_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn text(what: &str, error: &io::Error) -> String {
    format!("{what}: {}", sys::error::text(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::temporary::Directory;

    #[test]
    fn a_tree_is_moved_whole() {
        let folder = Directory::new("root").unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("d/e")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("d/file"), b"text").unwrap();
        fs::set_permissions(from.join("d/file"), fs::Permissions::from_mode(0o4711)).unwrap();
        fs::set_permissions(from.join("d/e"), fs::Permissions::from_mode(0o1777)).unwrap();
        fs::hard_link(from.join("d/file"), from.join("d/e/again")).unwrap();
        symlink("nowhere", from.join("link")).unwrap();
        nix::unistd::mkfifo(&from.join("fifo"), Mode::S_IRUSR).unwrap();
        let before = fs::metadata(from.join("d/file")).unwrap();
        let device = fs::metadata(&from).unwrap().dev();

        move_tree(&from, &to, device, &mut BTreeMap::new()).unwrap();

        assert_eq!(fs::read_dir(&from).unwrap().count(), 0);
        let after = fs::metadata(to.join("d/file")).unwrap();
        assert_eq!(fs::read(to.join("d/file")).unwrap(), b"text");
        assert_eq!((after.mode(), after.mtime()), (before.mode(), before.mtime()));
        assert_eq!(after.ino(), fs::metadata(to.join("d/e/again")).unwrap().ino());
        assert_eq!(fs::metadata(to.join("d/e")).unwrap().mode() & 0o7777, 0o1777);
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("nowhere"));
        assert!(fs::symlink_metadata(to.join("fifo")).unwrap().file_type().is_fifo());
    }

    #[test]
    fn finds_the_largest_file() {
        let folder = Directory::new("root").unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("d/big"), [0; 5000]).unwrap();
        fs::write(folder.path().join("small"), [0; 10]).unwrap();
        let device = fs::metadata(folder.path()).unwrap().dev();
        assert_eq!(largest_file(folder.path(), device), 5000);
    }
}
