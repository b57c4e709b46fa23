//! usermode-helper — the one program that the kernel starts by itself, standing in front of those it asks for.
//!
//! A kernel with STATIC_USERMODEHELPER executes this file whatever program it wants, with that one's path as argv[0]:
//! who overwrites a path in the kernel's memory (modprobe, core_pattern, a cgroup's release_agent) gains nothing. Only
//! the programs below are started, and those that root lists in /etc/usermode-helper.conf, a path a line.
//!
//! *Source:* kernel/umh.c, security/Kconfig (STATIC_USERMODEHELPER).

#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code))]

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const LIST: &str = "/etc/usermode-helper.conf";

/// What the kernel itself has reasons to start: module loading, key requests, an orderly end when it overheats.
const BUILT_IN: &[&[u8]] = &[b"/sbin/modprobe", b"/sbin/request-key", b"/sbin/poweroff", b"/sbin/reboot"];

#[cfg(not(test))]
sys::start!(run);

fn run(arguments: Vec<OsString>) -> i32 {
    let Some(program) = arguments.first() else { return 127 };
    let path = program.as_bytes();
    if !BUILT_IN.contains(&path) && !listed(path, Path::new(LIST)) {
        log(&format!("{} is not on the list: not started", program.to_string_lossy()));
        return 126;
    }
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let error = sys::process::exec(Path::new(program), &arguments, &environment);
    // A kernel asks for modules on systems that have none: a missing modprobe is no news.
    if fs::symlink_metadata(program).is_ok() {
        log(&format!("{}: {}", program.to_string_lossy(), sys::error::text(&error)));
    }
    127
}

/// Whether root's list has the path. A list that others may write is no list.
fn listed(path: &[u8], list: &Path) -> bool {
    let Ok(mut file) = File::open(list) else { return false };
    let Ok(metadata) = file.metadata() else { return false };
    if metadata.uid() != 0 || metadata.mode() & 0o022 != 0 {
        log(&format!("{}: not root's alone: ignored", list.display()));
        return false;
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).is_ok() && path.starts_with(b"/") && lists(&text, path)
}

fn lists(text: &[u8], path: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .any(|line| !line.starts_with(b"#") && line == path)
}

/// To the kernel's log: nobody else listens here.
fn log(text: &str) {
    if let Ok(mut log) = OpenOptions::new().write(true).open("/dev/kmsg") {
        let _ = log.write_all(format!("<4>usermode-helper: {text}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use testkit::temporary::Directory;

    #[test]
    fn the_list_is_exact() {
        let text = b"# cores\n/usr/bin/core\n  /sbin/x  \n#/sbin/off\n";
        for (path, expected) in
            [("/usr/bin/core", true), ("/sbin/x", true), ("/sbin/off", false), ("/usr/bin/cor", false)]
        {
            assert_eq!(lists(text, path.as_bytes()), expected, "{path}");
        }
    }

    #[test]
    fn a_list_that_others_may_write_is_ignored() {
        let folder = Directory::new("helper").unwrap();
        let list = folder.path().join("list");
        fs::write(&list, "/sbin/x\n").unwrap();
        fs::set_permissions(&list, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!listed(b"/sbin/x", &list));
        fs::set_permissions(&list, fs::Permissions::from_mode(0o644)).unwrap();
        let is_root = fs::metadata(&list).unwrap().uid() == 0;
        assert_eq!(listed(b"/sbin/x", &list), is_root);
        assert!(!listed(b"/sbin/x", &folder.path().join("none")));
    }
}
