//! space — whether what will be installed has room, asked before the first change.
//!
//! Source: statfs(2). The question is whether it cannot fit in any case: packages do not say which file system a file will be on,
//! and what is replaced makes room only afterwards. What is not noticed here ends when a disk is full, and is undone.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use sys::at;
use sys::filesystem::Usage;

use super::Step;
use super::folders::Folders;
use crate::error::{Kind, Result};
use crate::output::size;

/// Folders that have file systems of their own in some systems.
const FOLDERS: [&[u8]; 12] = [
    b"",
    b"boot",
    b"etc",
    b"home",
    b"lib",
    b"opt",
    b"srv",
    b"usr",
    b"usr/lib",
    b"usr/local",
    b"usr/share",
    b"var",
];

/// File systems that write less than files are long: what they have left says little. (linux/magic.h, zfs)
const COMPRESSING: [u64; 5] = [0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0xca45_1a4e, 0x2405_1905];

/// Checks that the file systems of the root have together what the new packages need.
///
/// Errors: `Message`, that there is no space left: how much would be needed, and how much there is.
pub(super) fn check(root: &File, steps: &[Step<'_>]) -> Result {
    let news = steps.iter().filter_map(|step| step.new.as_ref()).filter(|new| new.open.is_some());
    let needed = news.fold(0u64, |sum, new| sum.saturating_add(new.installed_size));
    compare(needed, available(root))
}

/// Checks that a folder has room for files of so many bytes.
///
/// Errors: as `check`.
pub fn check_folder(folder: &Path, needed: u64) -> Result {
    compare(needed, sys::filesystem::usage(folder).ok().map(|usage| left(&usage)))
}

fn compare(needed: u64, available: Option<u64>) -> Result {
    let Some(available) = available.filter(|available| needed > *available) else { return Ok(()) };
    let (needed, available) = (size::human(needed), size::human(available));
    Err(Kind::Message(format!("No space left on device: {needed} needed, {available} available")).into())
}

/// What this user may write, in bytes.
fn left(usage: &Usage) -> u64 {
    let blocks = if sys::user::effective_id() == 0 { usage.free } else { usage.available };
    blocks.saturating_mul(usage.fragment_size)
}

/// What the file systems of the root have left. None where that cannot be told.
fn available(root: &File) -> Option<u64> {
    let mut folders = Folders::new(root);
    let mut devices = HashSet::new();
    let mut sum = 0u64;
    for path in FOLDERS {
        let Ok(open) = folders.open(path) else { continue };
        if !devices.insert(at::stat_fd(open).ok()?.device) {
            continue;
        }
        let usage = sys::filesystem::usage_of(open).ok()?;
        if COMPRESSING.contains(&usage.magic) {
            return None;
        }
        sum = sum.saturating_add(left(&usage));
    }
    Some(sum)
}
