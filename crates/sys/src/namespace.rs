//! namespace — leaving and entering namespaces.
//!
//! Source: namespaces(7), unshare(2), setns(2).

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

pub const MOUNT: i32 = libc::CLONE_NEWNS;
pub const UTS: i32 = libc::CLONE_NEWUTS;
pub const IPC: i32 = libc::CLONE_NEWIPC;
pub const NETWORK: i32 = libc::CLONE_NEWNET;
pub const PID: i32 = libc::CLONE_NEWPID;
pub const USER: i32 = libc::CLONE_NEWUSER;
pub const CGROUP: i32 = libc::CLONE_NEWCGROUP;

/// unshare(2): new namespaces for this process (of PIDs: for its children).
pub fn unshare(kinds: i32) -> io::Result<()> {
    // SAFETY: takes a number only.
    if unsafe { libc::unshare(kinds) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// setns(2): the namespace behind an open file of /proc/PID/ns.
pub fn enter(namespace: &File, kind: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    if unsafe { libc::setns(namespace.as_raw_fd(), kind) } < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
