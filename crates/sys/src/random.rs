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
