//! signal — dispositions that a program sets once at its start.

/// Gives SIGPIPE its default action back. Rust ignores it, which turns `yes | head` into an error message.
pub fn default_sigpipe() {
    // SAFETY: SIG_DFL is a valid disposition, and no handler of ours is replaced.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}
