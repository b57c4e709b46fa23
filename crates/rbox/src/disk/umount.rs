//! umount — detach file systems.
//!
//! Source: umount2(2); BusyBox 1.37 for options and messages.

use std::fs::{self, File};

use block::mounts::{self, Entry};
use sys::mount::{flag, unmount_flag};

use super::common::{kind_matches, options_match};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "umount",
    links: &["/bin/umount"],
    usage: "\
umount [-rlfdnaD] [-t FSTYPE] [-O OPT] FILESYSTEM|DIRECTORY...

Unmount file systems.

  -a, --all             Unmount all file systems
  -r, --read-only       Remount read-only if busy
  -l, --lazy            Detach now, clean up when nobody uses it any more
  -f, --force           Force (an NFS server that cannot be reached)
  -d, --detach-loop     Free the loop device
  -D                    Do not free the loop device
  -n, --no-mtab         Ignored (there is no mtab)
  -v, --verbose         Say what is unmounted
  -t, --types=FSTYPE    Only these types, separated by commas
  -O, --test-opts=OPT   Only file systems with these options (-a only)
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mounted = mounts::mounted().at("/proc/mounts")?;
    if options.has('a') {
        let kinds = options.value('t').map(OsStr::as_bytes);
        let wanted = options.value('O').map_or(&b""[..], OsStr::as_bytes);
        let chosen = mounted.iter().rev().filter(|entry| {
            kinds.is_none_or(|list| kind_matches(entry.kind.as_bytes(), list))
                && options_match(&entry.options, wanted)
        });
        for entry in chosen {
            unmount(cx, &options, &entry.target, Some(entry));
        }
        return Ok(());
    }
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        let entry = find(&mounted, operand);
        // Not in the table (a bind mount of a file that was replaced, another namespace): the kernel decides.
        let target = entry.map_or(Path::new(operand), |entry| &entry.target);
        unmount(cx, &options, target, entry);
    }
    Ok(())
}

/// The last mount at that place, or of that device.
fn find<'a>(mounted: &'a [Entry], name: &OsStr) -> Option<&'a Entry> {
    let device = block::find::resolve(name)?;
    // A mount point on a server that does not answer must not be looked at: first by the name alone.
    let by_name =
        mounted.iter().rev().find(|entry| entry.target == device || entry.source == device.as_os_str());
    by_name.or_else(|| {
        let real = fs::canonicalize(&device).ok()?;
        mounted.iter().rev().find(|entry| entry.target == real || entry.source == real.as_os_str())
    })
}

fn unmount(cx: &mut Cx<'_>, options: &Options, target: &Path, entry: Option<&Entry>) {
    let mut flags = 0;
    for (option, value) in [('f', unmount_flag::FORCE), ('l', unmount_flag::DETACH)] {
        if options.has(option) {
            flags |= value;
        }
    }
    match sys::mount::unmount(target, flags) {
        Ok(()) => {
            if options.has('v') {
                writeln!(cx.out, "umount: {} unmounted", target.display());
            }
            if options.has('d')
                && !options.has('D')
                && let Some(entry) = entry
            {
                free_loop(&entry.source);
            }
        }
        Err(error) if options.has('r') && error.kind() == io::ErrorKind::ResourceBusy => {
            let source = entry.map_or(OsStr::new("none"), |entry| &entry.source);
            match sys::mount::mount(source, target, OsStr::new(""), flag::REMOUNT | flag::RDONLY, b"") {
                Ok(()) => cx.warn(&format!("{} busy - remounted read-only", source.display())),
                Err(_) => {
                    cx.report(Error::message(format_args!("can't remount {} read-only", source.display())))
                }
            }
        }
        Err(error) => {
            cx.report(Error::io(format_args!("can't unmount {}", target.display()), error));
        }
    }
}

/// A device with autoclear has freed itself already.
fn free_loop(source: &OsStr) {
    if source.as_bytes().starts_with(b"/dev/loop")
        && let Ok(device) = File::open(source)
    {
        let _ = sys::loop_device::detach(&device);
    }
}
