//! switch_root — from the initramfs to the real root: free the one, make the other `/`, start its init.
//!
//! Source: the kernel's Documentation/filesystems/ramfs-rootfs-initramfs.rst (Linux 6.12); BusyBox 1.37 for `-c`.
//! The root of the initramfs cannot be unmounted, so its memory is freed by deleting what lies in it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use sys::mount::{self, flag};

use crate::prelude::*;
use sys::command::Command;

pub(crate) const APPLET: Applet = Applet {
    name: "switch_root",
    links: &["/sbin/switch_root"],
    usage: "\
switch_root [-c CONSOLE_DEV] NEW_ROOT NEW_INIT [ARGS]

Free the initramfs and switch to another root: move NEW_ROOT to /, delete all
that was in /, execute NEW_INIT. The process must be PID 1, and NEW_ROOT a
mount point.

  -c DEV  Reopen stdin, stdout and stderr to DEV after the switch
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options_first()?;
    options.expect_operands(2, usize::MAX)?;
    let operands = options.operands();
    let (new_root, init) = (Path::new(&operands[0]), Path::new(&operands[1]));
    std::env::set_current_dir(new_root).map_err(|error| {
        Error::io(format_args!("can't change directory to '{}'", new_root.display()), error)
    })?;
    // Everything that can go wrong is looked at before anything is deleted.
    let old = check(new_root)?;
    check_init(init)?;
    for folder in ["dev", "proc", "sys", "run"] {
        carry_over(folder);
    }
    delete_contents(Path::new("/"), old);
    mount::mount(OsStr::new("."), Path::new("/"), OsStr::new(""), flag::MOVE, b"")
        .doing("error moving root")?;
    std::os::unix::fs::chroot(".").doing("can't change root directory to '.'")?;
    std::env::set_current_dir("/").at("/")?;
    let mut command = Command::new(init);
    command.args(&operands[2..]);
    if let Some(console) = options.value('c')
        && let Err(error) = reopen(&mut command, Path::new(console))
    {
        // Without a console the system is still better off than with a panic.
        cx.warn(&format!("can't open '{}': {}", console.display(), sys::error::text(&error)));
    }
    Err(failed(init, command.exec()))
}

/// The device of the old root, once it is sure that it may be emptied.
fn check(new_root: &Path) -> Result<u64> {
    if std::process::id() != 1 {
        return Err(Error::message("PID is not 1"));
    }
    let (root, new) = (fs::metadata("/").at("/")?, fs::metadata(".").at(new_root)?);
    if root.dev() == new.dev() {
        return Err(Error::message(format_args!("'{}' must be a mountpoint", new_root.display())));
    }
    let magic = mount::magic(Path::new("/")).at("/")?;
    if magic != mount::RAMFS_MAGIC && magic != mount::TMPFS_MAGIC {
        return Err(Error::message("root filesystem is not ramfs/tmpfs"));
    }
    if !fs::metadata("/init").is_ok_and(|init| init.is_file()) {
        return Err(Error::message("'/init' is not a regular file"));
    }
    Ok(root.dev())
}

/// Whether the new root has that program; its links are its own and lead nowhere from here.
fn check_init(init: &Path) -> Result {
    let inside = Path::new(".").join(init.strip_prefix("/").unwrap_or(init));
    let metadata = fs::symlink_metadata(&inside).map_err(|error| failed(init, error))?;
    let runs = metadata.is_symlink() || metadata.is_file() && metadata.permissions().mode() & 0o111 != 0;
    if runs { Ok(()) } else { Err(failed(init, io::Error::from(io::ErrorKind::PermissionDenied))) }
}

fn failed(init: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't execute '{}'", init.display()), error)
}

/// A mount that still lies in the old root (the caller did not move it) goes along, or goes away.
fn carry_over(folder: &str) {
    let (old, new) = (Path::new("/").join(folder), Path::new(".").join(folder));
    let is_mount = |path: &Path, above: &Path| {
        fs::metadata(path).ok().zip(fs::metadata(above).ok()).is_some_and(|(a, b)| a.dev() != b.dev())
    };
    if !is_mount(&old, Path::new("/")) {
        return;
    }
    let moved = !is_mount(&new, Path::new("."))
        && mount::mount(old.as_os_str(), &new, OsStr::new(""), flag::MOVE, b"").is_ok();
    if !moved {
        // What is left mounted would only be hidden below the new root.
        let _ = mount::unmount(&old, mount::unmount_flag::DETACH);
    }
}

/// Deletes what lies in `folder` on the device `device`; other file systems that are mounted there stay whole, and
/// links are deleted, not followed.
fn delete_contents(folder: &Path, device: u64) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.dev() != device {
            continue;
        }
        // What cannot be deleted (the folder of a mount point) costs a few hundred bytes and is hidden soon.
        if metadata.is_dir() {
            delete_contents(&path, device);
            let _ = fs::remove_dir(&path);
        } else {
            let _ = fs::remove_file(&path);
        }
    }
}

fn reopen(command: &mut Command, console: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(console)?;
    command.stdin(file.try_clone()?).stdout(file.try_clone()?).stderr(file);
    Ok(())
}
