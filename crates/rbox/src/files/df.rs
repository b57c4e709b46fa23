//! df — how full file systems are.
//!
//! Source: POSIX.1-2024 `df`; BusyBox 1.37 for options, columns and rounding.

use super::common::size;
use crate::prelude::*;
use block::mounts::{self, Entry};
use sys::at::{self, Kind, Links};
use sys::filesystem;

pub(crate) const APPLET: Applet = Applet {
    name: "df",
    links: &["/bin/df"],
    usage: "\
df [-PkmhTai] [-B SIZE] [-t TYPE] [FILE]...

Print how full file systems are: all, or those that hold FILEs.

  -P, --portability     The format of POSIX
  -k                    In KiB (default)
  -m                    In MiB
  -B, --block-size=SIZE In units of SIZE
  -h, --human-readable  As 1K 243M 2G
  -T, --print-type      The type too
  -t, --type=TYPE       Only file systems of TYPE
  -a, --all             Those without blocks too
  -i, --inodes          Inodes instead of blocks
",
    process: Process::Fork,
    run,
};

struct Table {
    posix: bool,
    human: bool,
    unit: u64,
    kinds: bool,
    inodes: bool,
    all: bool,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let unit = match options.last_of("kmB") {
        Some('m') => 1 << 20,
        Some('B') => options.value('B').map(size::parse).transpose()?.unwrap_or(1024),
        _ => 1024,
    };
    if unit == 0 {
        return Err(Error::message("a block has no size"));
    }
    let table = Table {
        posix: options.has('P'),
        human: options.has('h'),
        unit,
        kinds: options.has('T'),
        inodes: options.has('i'),
        all: options.has('a'),
    };
    let mounts = mounts::mounted().at("/proc/mounts")?;
    let wanted = options.value('t').map(OsStr::as_bytes);
    table.title(cx);
    if options.operands().is_empty() {
        for mount in mounts.iter().filter(|mount| wanted.is_none_or(|kind| mount.kind.as_bytes() == kind)) {
            if let Err(error) = table.line(cx, mount, false) {
                cx.report(error);
            }
        }
        return Ok(());
    }
    for operand in options.operands() {
        match mount_of(&mounts, Path::new(operand)) {
            Some(mount) if wanted.is_some_and(|kind| mount.kind.as_bytes() != kind) => {}
            Some(mount) => {
                if let Err(error) = table.line(cx, mount, true) {
                    cx.report(error);
                }
            }
            None => {
                let path = Path::new(operand).display();
                cx.report(Error::message(format_args!("{path}: can't find mount point")));
            }
        }
    }
    Ok(())
}

/// The mount whose target holds `path`: the last one of those on the same device with the longest target above it.
/// A block device that is mounted stands for its file system.
fn mount_of<'a>(mounts: &'a [Entry], path: &Path) -> Option<&'a Entry> {
    let stat = at::stat(at::CWD, path, Links::Follow).ok()?;
    if stat.kind() == Kind::BlockDevice {
        let of_device = |mount: &&Entry| {
            at::stat(at::CWD, Path::new(&mount.source), Links::Follow)
                .is_ok_and(|source| source.kind() == Kind::BlockDevice && source.node == stat.node)
        };
        if let Some(mount) = mounts.iter().find(of_device) {
            return Some(mount);
        }
    }
    let whole = path.canonicalize().ok()?;
    mounts
        .iter()
        .filter(|mount| whole.starts_with(&mount.target))
        .max_by_key(|mount| mount.target.as_os_str().len())
}

impl Table {
    fn title(&self, cx: &mut Cx<'_>) {
        let kinds = if self.kinds { "Type       " } else { "" };
        let (size, share) = match (self.inodes, self.human, self.posix) {
            (true, _, _) => (format!("{:>9}      Used", "Inodes"), "Use%"),
            (false, true, false) => (format!("{:>9}      Used", "Size"), "Use%"),
            (false, true, true) => (format!("{:>9}      Used", "Size"), "Capacity"),
            (false, false, true) => (format!("{:<14} Used", format!("{}-blocks", self.unit)), "Capacity"),
            (false, false, false) => (format!("{:>9}      Used", unit_name(self.unit) + "-blocks"), "Use%"),
        };
        writeln!(cx.out, "Filesystem           {kinds}{size} Available {share} Mounted on");
    }

    /// One file system; those without blocks only with -a or where they are `named`.
    fn line(&self, cx: &mut Cx<'_>, mount: &Entry, named: bool) -> Result {
        let usage = match filesystem::usage(&mount.target) {
            // Others' mounts under a directory that may not be looked into are no news in a list of all.
            Err(error) if !named && error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            other => other.at(&mount.target)?,
        };
        if usage.blocks == 0 && !named && !self.all {
            return Ok(());
        }
        let (total, free, available, unit) = if self.inodes {
            (usage.inodes, usage.inodes_free, usage.inodes_free, 1)
        } else {
            (usage.blocks, usage.free, usage.available, usage.fragment_size)
        };
        let used = total.saturating_sub(free);
        let mut name = mount.source.to_string_lossy().into_owned();
        if self.kinds {
            name = format!("{name:<20} {:<10}", mount.kind.display());
        }
        let width = if self.kinds { 31 } else { 20 };
        // A name that is too long has a line of its own, unless programs read the table.
        let long = if self.kinds { mount.source.len() > 20 } else { name.len() > 20 };
        if long && !self.posix {
            let blank = if self.kinds { name.split_off(mount.source.len() + 1) } else { String::new() };
            writeln!(cx.out, "{}", name.trim_end());
            name = format!("{:>width$}", blank);
        }
        write!(
            cx.out,
            "{name:<width$} {:>9} {:>9} {:>9} {:>3}% ",
            self.amount(total, unit),
            self.amount(used, unit),
            self.amount(available, unit),
            share(used, available)
        );
        cx.out.write(mount.target.as_os_str().as_bytes());
        cx.out.write(b"\n");
        Ok(())
    }

    fn amount(&self, count: u64, unit: u64) -> String {
        if self.human {
            return size::human(count.saturating_mul(unit));
        }
        if self.inodes {
            return count.to_string();
        }
        // Rounded to the nearest; no file system has 2^128 bytes.
        let bytes = u128::from(count) * u128::from(unit);
        ((bytes + u128::from(self.unit) / 2) / u128::from(self.unit)).to_string()
    }
}

/// Hundredths, rounded up, of what a user could fill.
fn share(used: u64, available: u64) -> u128 {
    let all = u128::from(used) + u128::from(available);
    if all == 0 { 0 } else { (u128::from(used) * 100).div_ceil(all) }
}

/// "4K" for 4096; a size that no unit divides by itself.
fn unit_name(unit: u64) -> String {
    for (letter, size) in [('G', 1u64 << 30), ('M', 1 << 20), ('K', 1 << 10)] {
        if unit.is_multiple_of(size) {
            return format!("{}{letter}", unit / size);
        }
    }
    unit.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_up() {
        for (used, available, expected) in
            [(0, 0, 0), (0, 9, 0), (1, 999, 1), (50, 50, 50), (9, 0, 100), (33, 67, 33)]
        {
            assert_eq!(share(used, available), expected);
        }
        assert_eq!(share(u64::MAX, u64::MAX), 50);
    }
}
