//! swapon, swapoff — start and stop swapping to devices and files.
//!
//! Source: swapon(2), fstab(5); BusyBox 1.37 for options and messages.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use block::mounts::{self, Entry};
use sys::swap;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "swapon",
        links: &["/sbin/swapon"],
        usage: "\
swapon [-a] [-e] [-d[POL]] [-p PRI] [DEVICE]

Start swapping on DEVICE.

  -a, --all            Start swapping on all swap devices of /etc/fstab
  -d, --discard[=POL]  Discard blocks at swapon (POL=once), as freed (POL=pages), or both
  -e, --ifexists       Silently skip devices that do not exist
  -p, --priority=PRI   Set swap device priority, 0 to 32767
",
        process: Process::Fork,
        run: |cx| run(cx, true),
    },
    Applet {
        name: "swapoff",
        links: &["/sbin/swapoff"],
        usage: "\
swapoff [-a] [DEVICE]

Stop swapping on DEVICE.

  -a, --all  Stop swapping on all swap devices
",
        process: Process::Fork,
        run: |cx| run(cx, false),
    },
];

fn run(cx: &mut Cx<'_>, on: bool) -> Result {
    let options = cx.options()?;
    let flags = if on { flags(&options)? } else { 0 };
    let skip_missing = options.has('e');
    if options.has('a') {
        return if on { all_on(cx, flags, skip_missing) } else { all_off(cx) };
    }
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        let Some(device) = block::find::resolve(operand) else {
            if !skip_missing {
                cx.report(Error::message(format_args!("can't find {}", operand.display())));
            }
            continue;
        };
        if on {
            turn_on(cx, &device, flags, skip_missing);
        } else if let Err(error) = swap::off(&device).at(&device) {
            cx.report(error);
        }
    }
    Ok(())
}

fn flags(options: &Options) -> Result<i32> {
    let mut flags = 0;
    if options.has('d') {
        flags |= discard(options.value('d').map(OsStr::as_bytes))?;
    }
    if let Some(priority) = options.number('p')? {
        flags |= with_priority(i64::try_from(priority).unwrap_or(i64::MAX))?;
    }
    Ok(flags)
}

fn with_priority(priority: i64) -> Result<i32> {
    match i32::try_from(priority) {
        Ok(priority @ 0..=swap::PRIORITY_MAX) => Ok(swap::PREFER | priority),
        _ => Err(Error::message(format_args!("number {priority} is not in 0..{} range", swap::PRIORITY_MAX))),
    }
}

fn discard(policy: Option<&[u8]>) -> Result<i32> {
    match policy {
        None | Some(b"") => Ok(swap::DISCARD),
        Some(b"once") => Ok(swap::DISCARD | swap::DISCARD_ONCE),
        Some(b"pages") => Ok(swap::DISCARD | swap::DISCARD_PAGES),
        Some(other) => Err(Error::message(format_args!("invalid discard policy '{}'", other.escape_ascii()))),
    }
}

fn turn_on(cx: &mut Cx<'_>, device: &Path, flags: i32, skip_missing: bool) {
    match std::fs::metadata(device) {
        Err(error) if skip_missing && error.kind() == io::ErrorKind::NotFound => return,
        // What leaves memory must not be for everybody to read.
        Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 => {
            let mode = metadata.permissions().mode() & 0o7777;
            cx.warn(&format!("{}: insecure permissions {mode:04o}, 0600 suggested", device.display()));
        }
        Ok(metadata) if metadata.is_file() && metadata.blocks() * 512 < metadata.size() => {
            let error = Error::message(format_args!("{}: file has holes", device.display()));
            return cx.report(error);
        }
        _ => {}
    }
    if let Err(error) = swap::on(device, flags).at(device) {
        cx.report(error);
    }
}

/// The lines of fstab for swap, with what their options say.
fn all_on(cx: &mut Cx<'_>, given: i32, skip_missing: bool) -> Result {
    let entries = mounts::read(Path::new("/etc/fstab")).doing("can't open '/etc/fstab'")?;
    let active = active();
    for entry in entries.iter().filter(|entry| entry.kind == "swap" && !entry.has("noauto")) {
        let skip_missing = skip_missing || entry.has("nofail");
        let Some(device) = block::find::resolve(&entry.source) else {
            if !skip_missing {
                cx.report(Error::message(format_args!("can't find {}", entry.source.display())));
            }
            continue;
        };
        if active.contains(&std::fs::canonicalize(&device).unwrap_or_else(|_| device.clone())) {
            continue;
        }
        match entry_flags(entry) {
            Ok(own) => turn_on(cx, &device, if own == 0 { given } else { own }, skip_missing),
            Err(error) => cx.report(error),
        }
    }
    Ok(())
}

fn entry_flags(entry: &Entry) -> Result<i32> {
    let mut flags = 0;
    if let Some(policy) = entry.option("discard") {
        flags |= discard(Some(policy))?;
    }
    if let Some(priority) = entry.option("pri") {
        let text = String::from_utf8_lossy(priority);
        flags |= with_priority(
            text.parse().map_err(|_| Error::message(format_args!("invalid number '{text}'")))?,
        )?;
    }
    Ok(flags)
}

/// Paths that are swapped to.
fn active() -> Vec<PathBuf> {
    let text = std::fs::read("/proc/swaps").unwrap_or_default();
    let lines = text.split(|&byte| byte == b'\n').skip(1).filter(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split(|byte| matches!(byte, b' ' | b'\t')).next())
        .map(|name| PathBuf::from(OsString::from_vec(mounts::unescaped(name))))
        .collect()
}

fn all_off(cx: &mut Cx<'_>) -> Result {
    for device in active() {
        if let Err(error) = swap::off(&device).at(&device) {
            cx.report(error);
        }
    }
    Ok(())
}
