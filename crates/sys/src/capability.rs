//! capability — what a process may do without being root, and flags that exec keeps.
//!
//! Source: capabilities(7), capget(2), prctl(2).

use std::io;

/// Sets of capabilities, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    pub effective: u64,
    pub permitted: u64,
    pub inheritable: u64,
}

const VERSION_3: u32 = 0x2008_0522;

/// capget(2) of this process.
pub fn sets() -> io::Result<Sets> {
    let header = [VERSION_3, 0];
    let mut data = [0u32; 6];
    // SAFETY: version 3 has a header of two words and data of twice three words, which the arrays are.
    let result = unsafe { libc::syscall(libc::SYS_capget, header.as_ptr(), data.as_mut_ptr()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let set = |index: usize| u64::from(data[index + 3]) << 32 | u64::from(data[index]);
    Ok(Sets { effective: set(0), permitted: set(1), inheritable: set(2) })
}

/// capset(2) of this process.
pub fn set(sets: &Sets) -> io::Result<()> {
    let header = [VERSION_3, 0];
    let Sets { effective, permitted, inheritable } = *sets;
    let data = [effective, permitted, inheritable, effective >> 32, permitted >> 32, inheritable >> 32]
        .map(|word| word as u32);
    // SAFETY: as for capget; the kernel only reads.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn prctl(option: i32, one: u32, other: u32) -> io::Result<i32> {
    let [one, other] = [one, other].map(libc::c_ulong::from);
    // SAFETY: the options of this module take numbers.
    let result = unsafe { libc::prctl(option, one, other, 0 as libc::c_ulong, 0 as libc::c_ulong) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether the bounding set has it.
///
/// Errors: EINVAL, the kernel does not know that capability.
pub fn is_bounded(capability: u32) -> io::Result<bool> {
    prctl(libc::PR_CAPBSET_READ, capability, 0).map(|result| result == 1)
}

/// Takes it out of the bounding set.
pub fn drop_bounded(capability: u32) -> io::Result<()> {
    prctl(libc::PR_CAPBSET_DROP, capability, 0).map(drop)
}

pub fn is_ambient(capability: u32) -> io::Result<bool> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET as u32, capability).map(|result| result == 1)
}

pub fn set_ambient(capability: u32, on: bool) -> io::Result<()> {
    let change = if on { libc::PR_CAP_AMBIENT_RAISE } else { libc::PR_CAP_AMBIENT_LOWER };
    prctl(libc::PR_CAP_AMBIENT, change as u32, capability).map(drop)
}

/// Whether set-user-id bits and file capabilities give nothing.
pub fn has_no_new_privileges() -> io::Result<bool> {
    prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0).map(|result| result == 1)
}

/// From now on they give nothing, to this process and its children.
pub fn refuse_new_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0).map(drop)
}
