//! configuration — folders of files such as /etc/sysctl.d.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The files `*.conf` of several folders in the order of their names; of two of one name, the one whose folder comes
/// first counts. A folder that cannot be read is an empty one.
///
/// Source: modprobe.d(5), sysctl.d(5).
pub fn files(folders: &[&Path]) -> Vec<PathBuf> {
    let mut found: Vec<(OsString, PathBuf)> = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !name.as_bytes().ends_with(b".conf") {
                continue;
            }
            if let Err(place) = found.binary_search_by(|(known, _)| known.cmp(&name)) {
                found.insert(place, (name, entry.path()));
            }
        }
    }
    found.into_iter().map(|(_, path)| path).collect()
}
