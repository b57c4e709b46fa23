//! daemon — leaving the terminal.

use std::io;

/// Goes on in a child of init's, without a terminal and with /dev/null as its three standard files; the process that was
/// started ends with status 0. The working directory stays.
///
/// Must be called while there is only one thread, as the others do not come along.
pub fn detach() -> io::Result<()> {
    // SAFETY: daemon takes two numbers; the child has this thread alone and continues behind the call.
    if unsafe { libc::daemon(1, 0) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
