//! signal — dispositions that a program sets once at its start.

/// Gives SIGPIPE its default action back. Rust ignores it, which turns `yes | head` into an error message.
pub fn default_sigpipe() {
    // SAFETY: SIG_DFL is a valid disposition, and no handler of ours is replaced.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

/// The signal of Ctrl-C.
pub const INTERRUPT: i32 = libc::SIGINT;

/// Ignores a signal from now on; programs that are started inherit that.
pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN is a valid disposition; a number that is no signal is refused by the call.
    unsafe {
        libc::signal(signal, libc::SIG_IGN);
    }
}
