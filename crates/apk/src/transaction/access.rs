//! access — owners and modes of folders, set anew as the packages have them.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;

use sys::at;

use super::folders::Folders;
use crate::database::installed::{Access, Entry, Installed};

/// Sets owner and mode of every folder that a package has. Where packages do not agree, the one with the highest priority of
/// its `replaces` decides, then the one that is its own origin, then the first by name. What cannot be set stays.
pub fn reset(root: &File, installed: &Installed, keeps_owner: bool) {
    let mut wanted: HashMap<&[u8], ((u32, bool), Access)> = HashMap::new();
    for record in installed.packages() {
        let name = installed.name(record);
        let weight = (installed.replaces(record).1, installed.fact(record, b'o') == name);
        for entry in installed.entries(record) {
            let Entry::Folder { path, access } = entry else { continue };
            if path.is_empty() {
                continue;
            }
            let known = wanted.entry(path).or_insert((weight, access));
            if weight > known.0 {
                *known = (weight, access);
            }
        }
    }
    let mut folders = Folders::new(root);
    for (path, (_, access)) in wanted {
        let Ok(Some(stat)) = folders.stat(path) else { continue };
        if !stat.is_directory() {
            continue;
        }
        let Ok((folder, name)) = folders.parent(path) else { continue };
        let fd = folder.as_raw_fd();
        let mut mode_is_lost = stat.permissions() != access.mode;
        if !keeps_owner && (stat.uid, stat.gid) != (access.uid, access.gid) {
            let _ = at::chown(fd, name, Some(access.uid), Some(access.gid), at::Links::Keep);
            mode_is_lost |= access.mode & 0o6000 != 0;
        }
        if mode_is_lost {
            let _ = at::chmod(fd, name, access.mode, at::Links::Follow);
        }
    }
}
