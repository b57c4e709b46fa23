//! prompt — keys, from whatever the firmware takes for its console: keyboard, serial line or both.

use alloc::string::String;
use core::time::Duration;

use uefi::proto::console::text::{Key, ScanCode};
use uefi::{boot, print, println, system};

const TICK: Duration = Duration::from_millis(10);
const TICKS_PER_S: u32 = 100;

/// Waits for a key that is pressed from now on; whether there was one.
pub(crate) fn wait_for_key(seconds: u32) -> bool {
    for _ in 0..seconds.saturating_mul(TICKS_PER_S) {
        if read_key().is_some() {
            return true;
        }
        boot::stall(TICK);
    }
    false
}

/// Lets the user change the end of a line, until Enter. Escape brings the line back as it was.
pub(crate) fn edit(line: &mut String) {
    // Five minutes after it started a loader, the firmware resets the machine.
    let _ = boot::set_watchdog_timer(0, 0x1_0000, None);
    let original = line.clone();
    println!("Enter starts, Backspace deletes, Ctrl-U deletes all, Escape takes changes back.");
    print!("> {line}");
    loop {
        match wait() {
            Key::Printable(character) => match char::from(character) {
                '\r' | '\n' => break,
                '\u{8}' | '\u{7f}' => erase(line, 1),
                '\u{15}' => erase(line, usize::MAX),
                character if (' '..='~').contains(&character) => {
                    line.push(character);
                    print!("{character}");
                }
                _ => {}
            },
            Key::Special(ScanCode::DELETE) => erase(line, 1),
            Key::Special(ScanCode::ESCAPE) => {
                erase(line, usize::MAX);
                line.push_str(&original);
                print!("{line}");
            }
            Key::Special(_) => {}
        }
    }
    println!();
}

/// Takes characters off the end of the line and off the screen.
fn erase(line: &mut String, count: usize) {
    for _ in 0..count {
        if line.pop().is_none() {
            return;
        }
        print!("\u{8} \u{8}");
    }
}

fn wait() -> Key {
    loop {
        if let Some(key) = read_key() {
            return key;
        }
        boot::stall(TICK);
    }
}

fn read_key() -> Option<Key> {
    system::with_stdin(|input| input.read_key().ok().flatten())
}
