//! random — bytes that nobody can guess.
//!
//! Source: getrandom(2).

use std::io;

/// Fills `bytes`; waits at most for the kernel's generator to be seeded once after boot.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut bytes[filled..];
        // By number: the standard library refers to the C library's function weakly, and a static link with LTO then
        // leaves it out, for everybody.
        // SAFETY: `rest` is valid for writes of its length for the whole call.
        let count = unsafe { libc::syscall(libc::SYS_getrandom, rest.as_mut_ptr(), rest.len(), 0) };
        match usize::try_from(count) {
            Ok(count) => filled += count,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// As many random bytes as are to be had at once; whether the generator was seeded.
pub fn fill_now(bytes: &mut [u8]) -> io::Result<bool> {
    const NON_BLOCKING: libc::c_long = 1;
    const INSECURE: libc::c_long = 4;
    for (flag, seeded) in [(NON_BLOCKING, true), (INSECURE, false)] {
        // SAFETY: `bytes` is valid for writes of its length for the whole call.
        let count = unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), bytes.len(), flag) };
        if usize::try_from(count) == Ok(bytes.len()) {
            return Ok(seeded);
        }
    }
    Err(io::Error::last_os_error())
}

/// Mixes a seed into the kernel's generator; `credit`: it counts as random.
///
/// Source: random(4), RNDADDENTROPY.
pub fn add(device: &std::fs::File, seed: &[u8], credit: bool) -> io::Result<()> {
    const RNDADDENTROPY: u32 = 0x4008_5203;
    const SEED_MAX: usize = 512;
    #[repr(C)]
    struct Pool {
        bits: i32,
        size: i32,
        bytes: [u8; SEED_MAX],
    }
    let length = seed.len().min(SEED_MAX);
    let mut pool =
        Pool { bits: if credit { length as i32 * 8 } else { 0 }, size: length as i32, bytes: [0; SEED_MAX] };
    pool.bytes[..length].copy_from_slice(&seed[..length]);
    crate::ioctl::by_pointer(std::os::fd::AsRawFd::as_raw_fd(device), RNDADDENTROPY, &mut pool).map(drop)
}
