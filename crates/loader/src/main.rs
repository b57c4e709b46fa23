//! loader — starts Tarn's kernel from UEFI: reads loader.conf from the volume it lies on, lets the user edit the command
//! line for a moment, hands the initramfs over and starts the kernel's own EFI stub.
//!
//! *Source:* UEFI 2.10, 7.4 (images), 13.4 (file systems), 12.3 (text input); Linux 6.12 Documentation/arch/x86/boot.rst
//! and drivers/firmware/efi/libstub/efi-stub-helper.c for what the stub asks of a loader.

#![no_std]
#![no_main]

extern crate alloc;

mod config;
mod files;
mod handover;
mod prompt;

use alloc::format;
use alloc::string::String;

use uefi::prelude::*;
use uefi::println;

/// What went wrong, and with which file.
type Result<T> = core::result::Result<T, String>;

const CONFIG: &str = "\\loader.conf";

#[entry]
fn main() -> Status {
    let Err(message) = start();
    println!("\nloader: {message}");
    println!("Press a key to go back to the firmware.");
    prompt::wait_for_key(60);
    Status::LOAD_ERROR
}

/// Returns only if no kernel runs.
fn start() -> Result<core::convert::Infallible> {
    let mut volume = files::own_volume()?;
    let text = files::read(&mut volume, CONFIG)?;
    let text = core::str::from_utf8(&text).map_err(|_| format!("{CONFIG}: is not UTF-8"))?;
    let config =
        config::parse(text).map_err(|problem| format!("{CONFIG}:{}: {}", problem.line, problem.what))?;
    println!("\n{}: {} {}", config.title, config.kernel, config.cmdline);
    let mut cmdline = String::from(config.cmdline);
    if config.timeout_s > 0 {
        println!("Press a key within {} s to edit the command line.", config.timeout_s);
        if prompt::wait_for_key(config.timeout_s) {
            prompt::edit(&mut cmdline);
        }
    }
    let kernel = files::read(&mut volume, config.kernel)?;
    let initrd = match config.initrd {
        "" => None,
        path => Some(files::read(&mut volume, path)?),
    };
    handover::start(kernel, initrd, &cmdline).map_err(|why| format!("{}: {why}", config.kernel))
}
