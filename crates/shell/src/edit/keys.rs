//! keys — from what a terminal sends to keys.
//!
//! Source: ECMA-48; xterm's control sequences.

use std::io;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// A byte of text.
    Text(u8),
    /// Control and a letter, as the letter.
    Control(u8),
    /// Escape or Alt and a byte.
    Alt(u8),
    Up,
    Down,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Delete,
    /// Alone, with nothing that follows at once.
    Escape,
    /// A sequence that means nothing here.
    Unknown,
    /// The terminal has another size, or something else interrupted.
    Interrupted,
    /// Nothing more will come.
    Closed,
}

/// Gives bytes; tests have their own.
pub(super) trait Bytes {
    fn next(&mut self) -> io::Result<Option<u8>>;
    /// Whether a byte comes at once: what tells the Escape key from a sequence.
    fn is_near(&mut self) -> bool;
}

/// Bytes that are there already.
pub(super) struct Stored<'a>(pub(super) &'a [u8]);

impl Bytes for Stored<'_> {
    fn next(&mut self) -> io::Result<Option<u8>> {
        Ok(self.0.split_off_first().copied())
    }

    fn is_near(&mut self) -> bool {
        !self.0.is_empty()
    }
}

pub(super) fn read(from: &mut dyn Bytes) -> io::Result<Key> {
    let byte = match from.next() {
        Ok(Some(byte)) => byte,
        Ok(None) => return Ok(Key::Closed),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(Key::Interrupted),
        Err(error) => return Err(error),
    };
    Ok(match byte {
        0x1b => escape(from)?,
        0x7f => Key::Control(b'H'),
        0..=0x1f => Key::Control(byte | 0x40),
        _ => Key::Text(byte),
    })
}

fn escape(from: &mut dyn Bytes) -> io::Result<Key> {
    if !from.is_near() {
        return Ok(Key::Escape);
    }
    Ok(match from.next()? {
        Some(b'[') => sequence(from)?,
        Some(b'O') => match from.next()? {
            Some(letter) => final_letter(letter, 1),
            None => Key::Unknown,
        },
        Some(0x7f | 8) => Key::Alt(0x7f),
        Some(byte) => Key::Alt(byte),
        None => Key::Unknown,
    })
}

/// Behind `ESC [`: numbers, and the letter that ends it.
fn sequence(from: &mut dyn Bytes) -> io::Result<Key> {
    let (mut numbers, mut index) = ([0u32; 2], 0);
    loop {
        let Some(byte) = from.next()? else { return Ok(Key::Unknown) };
        match byte {
            b'0'..=b'9' => {
                numbers[index] = numbers[index].saturating_mul(10).saturating_add(u32::from(byte - b'0'))
            }
            b';' => index = 1,
            b'~' => {
                return Ok(match numbers[0] {
                    1 | 7 => Key::Home,
                    4 | 8 => Key::End,
                    3 => Key::Delete,
                    _ => Key::Unknown,
                });
            }
            0x40..=0x7e => return Ok(final_letter(byte, numbers[1])),
            _ => {}
        }
    }
}

/// `modifier`: 3 is Alt, 5 is Control.
fn final_letter(letter: u8, modifier: u32) -> Key {
    let by_word = matches!(modifier, 3 | 5);
    match letter {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if by_word => Key::WordRight,
        b'D' if by_word => Key::WordLeft,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => Key::Unknown,
    }
}
