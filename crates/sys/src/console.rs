//! console — virtual terminals, and what their keyboard sends.
//!
//! Source: ioctl_console(2), ioctl_vt(2), linux/kd.h, linux/vt.h of Linux 6.12.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::ioctl::{by_pointer, by_value};

const VT_OPENQRY: u32 = 0x5600;
const VT_GETSTATE: u32 = 0x5603;
const VT_ACTIVATE: u32 = 0x5606;
const VT_WAITACTIVE: u32 = 0x5607;
const VT_DISALLOCATE: u32 = 0x5608;
const KDGKBTYPE: u32 = 0x4b33;
const KDGKBMODE: u32 = 0x4b44;
const KDSKBMODE: u32 = 0x4b45;
const KDGKBENT: u32 = 0x4b46;
const KDSKBENT: u32 = 0x4b47;
const TIOCCONS: u32 = 0x541d;

/// Whether the terminal is a virtual one, with a keyboard.
pub fn is_virtual(console: &File) -> bool {
    by_pointer(console.as_raw_fd(), KDGKBTYPE, &mut 0u8).is_ok()
}

/// Shows terminal `number`, and waits until it is there.
pub fn activate(console: &File, number: u32) -> io::Result<()> {
    by_value(console.as_raw_fd(), VT_ACTIVATE, number as usize)?;
    by_value(console.as_raw_fd(), VT_WAITACTIVE, number as usize).map(drop)
}

/// Gives back the memory of terminal `number`, or with 0 of all that nobody uses.
pub fn deallocate(console: &File, number: u32) -> io::Result<()> {
    by_value(console.as_raw_fd(), VT_DISALLOCATE, number as usize).map(drop)
}

/// The number of the terminal that is shown.
pub fn active(console: &File) -> io::Result<u16> {
    let mut state = [0u16; 3];
    by_pointer(console.as_raw_fd(), VT_GETSTATE, &mut state)?;
    Ok(state[0])
}

/// The number of a terminal that nobody has open; None: all are.
pub fn free(console: &File) -> io::Result<Option<u32>> {
    let mut number = 0i32;
    by_pointer(console.as_raw_fd(), VT_OPENQRY, &mut number)?;
    Ok(u32::try_from(number).ok().filter(|&number| number > 0))
}

/// How keys are handed on: 0 raw, 1 characters, 2 key codes, 3 UTF-8, 4 not at all.
pub fn keyboard_mode(console: &File) -> io::Result<u32> {
    let mut mode = 0i32;
    by_pointer(console.as_raw_fd(), KDGKBMODE, &mut mode)?;
    Ok(mode as u32)
}

pub fn set_keyboard_mode(console: &File, mode: u32) -> io::Result<()> {
    by_value(console.as_raw_fd(), KDSKBMODE, mode as usize).map(drop)
}

/// `struct kbentry`
#[repr(C)]
struct Entry {
    table: u8,
    key: u8,
    value: u16,
}

/// What a key means with the modifiers of `table`.
pub fn key(console: &File, table: u8, key: u8) -> io::Result<u16> {
    let mut entry = Entry { table, key, value: 0 };
    by_pointer(console.as_raw_fd(), KDGKBENT, &mut entry)?;
    Ok(entry.value)
}

pub fn set_key(console: &File, table: u8, key: u8, value: u16) -> io::Result<()> {
    by_pointer(console.as_raw_fd(), KDSKBENT, &mut Entry { table, key, value }).map(drop)
}

/// What is written to /dev/console appears on this terminal.
pub fn redirect_output(terminal: &File) -> io::Result<()> {
    by_value(terminal.as_raw_fd(), TIOCCONS, 0).map(drop)
}
