//! say — messages: to the kernel's log always, to the console unless it is to be quiet.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on only errors are shown.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

pub(crate) fn progress(text: &str) {
    log(6, text);
    if !QUIET.load(Ordering::Relaxed) {
        show(text);
    }
}

pub(crate) fn error(text: &str) {
    log(3, text);
    show(text);
}

/// The kernel's log keeps the message for `dmesg`. Its own copy to the console, if any, comes by its level.
fn log(level: u8, text: &str) {
    if let Ok(mut log) = OpenOptions::new().write(true).open("/dev/kmsg") {
        let _ = log.write_all(format!("<{level}>initramfs: {text}\n").as_bytes());
    }
}

/// A closed or missing console leaves nobody to tell.
pub(crate) fn show(text: &str) {
    let _ = std::io::stderr().write_all(format!("initramfs: {text}\n").as_bytes());
}
