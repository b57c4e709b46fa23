//! shutdown — the orderly end: processes, file systems, then the machine.
//!
//! Every wait has a limit, and a second request for the end cuts the rest short: a machine that was told to go down
//! goes down.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::console;
use crate::inittab::Action;
use crate::signals::{End, Event, Signals};
use crate::supervise::{Init, SHUTDOWN_STEP};

/// How long processes may take after TERM, and after KILL.
const AFTER_TERM: Duration = Duration::from_secs(5);
const AFTER_KILL: Duration = Duration::from_secs(2);
/// Writing back, unmounting and remounting may take this long on a slow or dead device.
const FILE_SYSTEMS: Duration = Duration::from_secs(45);

/// File systems without data of their own, and those that a remount would only disturb.
const KERNEL_ONLY: &[&[u8]] = &[
    b"proc",
    b"sysfs",
    b"devtmpfs",
    b"devpts",
    b"cgroup2",
    b"cgroup",
    b"securityfs",
    b"efivarfs",
    b"pstore",
    b"mqueue",
    b"rootfs",
    b"debugfs",
    b"tracefs",
    b"bpf",
    b"configfs",
    b"fusectl",
];

/// Stops everything that runs and brings the file systems to rest.
pub(crate) fn stop(init: &mut Init, container: bool) {
    for entry in init.of_action(Action::Shutdown) {
        init.run_step(&entry, Some(SHUTDOWN_STEP));
    }
    // Shells that talk to somebody ignore TERM and end by a hang-up.
    init.signal_processes(libc::SIGHUP);
    let signals = &init.signals;
    // To all but PID 1 itself, of which there may be none. CONT, because a stopped process could not act on TERM.
    let _ = sys::kill::send(-1, libc::SIGTERM);
    let _ = sys::kill::send(-1, libc::SIGCONT);
    if !wait_for_children(signals, AFTER_TERM) {
        let _ = sys::kill::send(-1, libc::SIGKILL);
        wait_for_children(signals, AFTER_KILL);
    }
    if container {
        return; // the mounts belong to who started the container
    }
    if sys::process::fork(&mut rest_file_systems).is_ok() && !wait_for_children(signals, FILE_SYSTEMS) {
        console::say("the file systems do not come to rest: going on");
    }
}

/// Waits until no child is left. False: the time is over, or another request came, which means now.
fn wait_for_children(signals: &Signals, limit: Duration) -> bool {
    let start = Instant::now();
    loop {
        // Orphans are children of PID 1 too, so no child means no process but the kernel's own.
        loop {
            match sys::process::reap() {
                Ok(Some(_)) => continue,
                Ok(None) => break,
                Err(_) => return true,
            }
        }
        match limit.checked_sub(start.elapsed()) {
            None => return false,
            Some(left) => {
                if let Event::End(_) = signals.wait(Some(left)) {
                    return false;
                }
            }
        }
    }
}

/// Writes everything back, ends swapping, unmounts what can be unmounted, makes the rest read-only. In a child: any
/// of these may hang on a dead device.
fn rest_file_systems() -> i32 {
    nix::unistd::sync();
    swap_off();
    // A file system on a loop device goes before the one that holds its image, which a second pass then unmounts.
    for _ in 0..3 {
        let busy = unmount_all();
        let detached = detach_loops();
        if !busy && !detached {
            break;
        }
    }
    let root = mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, None::<&str>);
    nix::unistd::sync();
    i32::from(root.is_err())
}

fn swap_off() {
    let text = fs::read("/proc/swaps").unwrap_or_default();
    for line in text.split(|&byte| byte == b'\n').skip(1) {
        if let Some(device) = line.split(|&byte| byte == b' ').next().filter(|device| !device.is_empty()) {
            // Too little memory to take the pages back: the machine goes down with its swap in use.
            let _ = sys::swap::off(&unescaped(device));
        }
    }
}

/// Unmounts the newest first. Returns whether something stayed that was not made read-only either.
fn unmount_all() -> bool {
    let text = fs::read("/proc/self/mounts").unwrap_or_default();
    let mut busy = false;
    for target in mounts(&text).iter().rev() {
        if umount2(target, MntFlags::UMOUNT_NOFOLLOW).is_ok() {
            continue;
        }
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        busy |= mount(None::<&str>, target, None::<&str>, flags, None::<&str>).is_err();
    }
    busy
}

/// The mount points with data, in mount order, without the root.
fn mounts(text: &[u8]) -> Vec<PathBuf> {
    let mut targets = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b' ');
        let (Some(_device), Some(target), Some(kind)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if !KERNEL_ONLY.contains(&kind) && target != b"/" && target != b"/dev" && target != b"/run" {
            targets.push(unescaped(target));
        }
    }
    targets
}

/// A path of /proc/mounts: blanks and the like are written as three octal digits behind a backslash.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, behind)) = rest.split_first() {
        let code = match behind {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] if first == b'\\' => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &behind[3..] } else { behind };
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Detaches the loop devices that hold a file. Returns whether there were some.
fn detach_loops() -> bool {
    let mut detached = false;
    for entry in fs::read_dir("/sys/block").into_iter().flatten().flatten() {
        if entry.path().join("loop/backing_file").exists()
            && let Ok(device) = File::open(Path::new("/dev").join(entry.file_name()))
        {
            detached |= sys::loop_device::detach(&device).is_ok();
        }
    }
    detached
}

/// Ends the machine, or the container. Returns only where the kernel refuses.
pub(crate) fn end_machine(end: End) {
    let command = match end {
        End::Halt => libc::RB_HALT_SYSTEM,
        End::PowerOff => libc::RB_POWER_OFF,
        End::Reboot | End::Restart => libc::RB_AUTOBOOT,
    };
    console::say(match end {
        End::Halt => "halting",
        End::PowerOff => "powering off",
        End::Reboot | End::Restart => "rebooting",
    });
    drain_console();
    // In a child: a kernel that cannot power off ends the process that asked, and PID 1 must not end.
    let child = sys::process::fork(&mut || {
        let error = sys::process::reboot(command);
        console::say(&format!("the kernel refuses: {}", sys::error::text(&error)));
        1
    });
    if child.is_err() {
        sys::process::reboot(command);
    }
}

/// Lets the last lines reach a slow serial line, for half a second at most.
fn drain_console() {
    let start = Instant::now();
    while sys::tty::output_queued(1) > 0 && start.elapsed() < Duration::from_millis(500) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_with_data_are_found() {
        let text = b"tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\n/dev/vda1 /mnt/a\\040b ext4 rw 0 0\n\
                     tmpfs /run tmpfs rw 0 0\n/dev/vdb /mnt/a\\040b/c\\134 vfat ro 0 0\n";
        assert_eq!(mounts(text), [Path::new("/mnt/a b"), Path::new("/mnt/a b/c\\")]);
    }

    #[test]
    fn octal_escapes_are_undone() {
        for (field, path) in
            [("/a\\040b", "/a b"), ("/a\\0", "/a\\0"), ("\\", "\\"), ("/\\9", "/\\9"), ("\\134040", "\\040")]
        {
            assert_eq!(unescaped(field.as_bytes()), Path::new(path), "{field}");
        }
    }
}
