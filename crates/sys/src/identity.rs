//! identity — whose rights this process has.

use std::io;

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Becomes this group with these further ones, then this user (None: stays), for good.
pub fn set(user: Option<u32>, group: Option<u32>, groups: &[u32]) -> io::Result<()> {
    if let Some(group) = group {
        // SAFETY: the pointer and length are of one slice.
        check(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })?;
        // SAFETY: takes numbers only.
        check(unsafe { libc::setresgid(group, group, group) })?;
    }
    match user {
        // SAFETY: takes numbers only.
        Some(user) => check(unsafe { libc::setresuid(user, user, user) }),
        None => Ok(()),
    }
}

/// The same without touching the further groups.
pub fn set_ids(user: Option<u32>, group: Option<u32>) -> io::Result<()> {
    if let Some(group) = group {
        // SAFETY: takes numbers only.
        check(unsafe { libc::setresgid(group, group, group) })?;
    }
    match user {
        // SAFETY: takes numbers only.
        Some(user) => check(unsafe { libc::setresuid(user, user, user) }),
        None => Ok(()),
    }
}

/// Real and effective group.
pub fn groups() -> (u32, u32) {
    // SAFETY: neither call takes anything or can fail.
    unsafe { (libc::getgid(), libc::getegid()) }
}

/// The further groups.
pub fn further_groups() -> io::Result<Vec<u32>> {
    // SAFETY: a size of 0 asks for the count and writes nothing.
    let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
    check(count)?;
    let mut groups = vec![0; count as usize];
    // SAFETY: the pointer and length are of one vector.
    let count = unsafe { libc::getgroups(count, groups.as_mut_ptr()) };
    check(count)?;
    groups.truncate(count as usize);
    Ok(groups)
}
