//! mounts — the kernel's own file systems, mounted where an initramfs has not done it already.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::mount::{MsFlags, mount};

struct Early {
    kind: &'static str,
    target: &'static str,
    flags: MsFlags,
    options: &'static str,
    /// Whether the directory is made. The kernel makes those below /sys where it has the feature.
    make: bool,
}

const NO_PROGRAMS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);

const EARLY: &[Early] = &[
    Early { kind: "proc", target: "/proc", flags: NO_PROGRAMS, options: "", make: true },
    Early { kind: "sysfs", target: "/sys", flags: NO_PROGRAMS, options: "", make: true },
    Early { kind: "devtmpfs", target: "/dev", flags: MsFlags::MS_NOSUID, options: "mode=0755", make: true },
    Early {
        kind: "tmpfs",
        target: "/run",
        flags: MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV),
        options: "mode=0755",
        make: true,
    },
    Early {
        kind: "devpts",
        target: "/dev/pts",
        flags: MsFlags::MS_NOSUID.union(MsFlags::MS_NOEXEC),
        options: "gid=5,mode=0620,ptmxmode=0666",
        make: true,
    },
    Early { kind: "tmpfs", target: "/dev/shm", flags: NO_PROGRAMS, options: "mode=1777", make: true },
    Early { kind: "mqueue", target: "/dev/mqueue", flags: NO_PROGRAMS, options: "", make: true },
    Early {
        kind: "cgroup2",
        target: "/sys/fs/cgroup",
        flags: NO_PROGRAMS,
        options: "nsdelegate,memory_recursiveprot",
        make: false,
    },
    Early {
        kind: "securityfs",
        target: "/sys/kernel/security",
        flags: NO_PROGRAMS,
        options: "",
        make: false,
    },
    Early {
        kind: "efivarfs",
        target: "/sys/firmware/efi/efivars",
        flags: NO_PROGRAMS,
        options: "",
        make: false,
    },
    Early { kind: "pstore", target: "/sys/fs/pstore", flags: NO_PROGRAMS, options: "", make: false },
];

/// Mounts what is missing. A failure is not fatal: a kernel without a file system lives without it.
pub(crate) fn mount_early() {
    for early in EARLY {
        let target = Path::new(early.target);
        if early.make && !target.is_dir() && fs::create_dir(target).is_err() || !target.is_dir() {
            continue;
        }
        if !is_mount_point(target) {
            let options = (!early.options.is_empty()).then_some(early.options);
            let _ = mount(Some(early.kind), target, Some(early.kind), early.flags, options);
        }
    }
    link_descriptors();
}

/// Whether something is mounted there: it lies on another device than the directory above it.
fn is_mount_point(target: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev());
    let above = target.parent().unwrap_or(Path::new("/"));
    matches!((device(target), device(above)), (Ok(here), Ok(above)) if here != above)
}

/// The links in /dev that the kernel leaves to others.
fn link_descriptors() {
    for (link, target) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ] {
        // Present already, or a /dev that cannot be written: both stay as they are.
        let _ = std::os::unix::fs::symlink(target, link);
    }
}
