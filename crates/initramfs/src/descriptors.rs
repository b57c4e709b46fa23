//! descriptors — 0 to 2, which the kernel leaves closed where there is no console.

use std::fs::OpenOptions;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::OpenOptionsExt;

/// Fills 0 to 2 with anything, so that no file opened later becomes standard output by accident.
pub(crate) fn fill() {
    let path = if std::path::Path::new("/dev/null").exists() { "/dev/null" } else { "/" };
    while let Ok(file) = OpenOptions::new().read(true).open(path) {
        let fd = file.into_raw_fd();
        if fd > 2 {
            sys::fd::close(fd);
            return;
        }
    }
}

/// Makes 0 to 2 the console, now that /dev is there; else /dev/null.
pub(crate) fn use_console() {
    for path in ["/dev/console", "/dev/null"] {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK) // a line without carrier must not stop the boot
            .open(path);
        if let Ok(file) = opened {
            let fd = file.into_raw_fd();
            let _ = sys::fd::set_blocking(fd);
            for standard in 0..=2 {
                let _ = sys::fd::duplicate_to(fd, standard);
            }
            if fd > 2 {
                sys::fd::close(fd);
            }
            return;
        }
    }
}
