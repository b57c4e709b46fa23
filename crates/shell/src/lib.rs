//! shell — the POSIX shell engine as a library.
