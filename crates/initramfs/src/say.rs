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
    const INFORMATION: u8 = 6;
    if !log(INFORMATION, text) && !QUIET.load(Ordering::Relaxed) {
        show(text);
    }
}

pub(crate) fn error(text: &str) {
    const WARNING: u8 = 4;
    if !log(WARNING, text) {
        show(text);
    }
}

/// The kernel's log keeps the message for `dmesg`. Returns whether the kernel also shows it on the console.
fn log(level: u8, text: &str) -> bool {
    let Ok(mut log) = OpenOptions::new().write(true).open("/dev/kmsg") else { return false };
    let written = log.write_all(format!("<{level}>initramfs: {text}\n").as_bytes()).is_ok();
    written && level < console_level()
}

/// Messages of lower numbers are shown on the console.
fn console_level() -> u8 {
    let text = std::fs::read("/proc/sys/kernel/printk").unwrap_or_default();
    let first = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    std::str::from_utf8(first).ok().and_then(|first| first.parse().ok()).unwrap_or(0)
}

/// A closed or missing console leaves nobody to tell.
pub(crate) fn show(text: &str) {
    let _ = std::io::stderr().write_all(format!("initramfs: {text}\n").as_bytes());
}
