//! keys — what is pressed on a terminal, from the bytes that it sends.
//!
//! Source: ECMA-48 and xterm's control sequences for the keys that send more than a character.

/// How long the rest of a key's sequence may take; ESC alone is a key, too.
const PAUSE_MS: u64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A character; control characters by their codes, so ESC is `\x1b`.
    Char(char),
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Insert,
    Delete,
}

/// A terminal's keys.
pub(crate) struct Keys {
    fd: i32,
    /// What was read behind ESC and did not belong to it.
    pushed: Option<u8>,
}

impl Keys {
    /// Those of the terminal behind `fd`.
    pub(crate) fn new(fd: i32) -> Keys {
        Keys { fd, pushed: None }
    }

    /// Waits for a key. None: the terminal is gone.
    pub(crate) fn read(&mut self) -> Option<Key> {
        let first = self.byte()?;
        if first == 0x1b && sys::line::wait_for_input(self.fd, Some(PAUSE_MS)) {
            return Some(self.sequence().unwrap_or(Key::Char('\x1b')));
        }
        let more = match first {
            0xc2..0xe0 => 1,
            0xe0..0xf0 => 2,
            0xf0..0xf5 => 3,
            _ => 0,
        };
        let mut bytes = vec![first];
        for _ in 0..more {
            bytes.push(self.byte()?);
        }
        let text = String::from_utf8_lossy(&bytes);
        text.chars().next().map(Key::Char)
    }

    /// Waits for a key at most so long. Whether there is one.
    pub(crate) fn wait(&self, limit_ms: u64) -> bool {
        self.pushed.is_some() || sys::line::wait_for_input(self.fd, Some(limit_ms))
    }

    fn byte(&mut self) -> Option<u8> {
        if let Some(byte) = self.pushed.take() {
            return Some(byte);
        }
        let mut byte = [0];
        matches!(sys::fd::read(self.fd, &mut byte), Ok(1)).then_some(byte[0])
    }

    /// What stands behind ESC: `[A`, `OA`, `[5~`, `[1;5C`. None: ESC was a key of its own.
    fn sequence(&mut self) -> Option<Key> {
        let opened = self.byte()?;
        if !matches!(opened, b'[' | b'O') {
            self.pushed = Some(opened);
            return None;
        }
        let mut number = 0_u32;
        loop {
            let next = self.byte()?;
            match next {
                b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(u32::from(next - b'0')),
                b';' | b'[' | b'?' => {}
                _ => return Some(named(next, number)),
            }
        }
    }
}

fn named(last: u8, number: u32) -> Key {
    match (last, number) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', 1 | 7) => Key::Home,
        (b'F', _) | (b'~', 4 | 8) => Key::End,
        (b'~', 2) => Key::Insert,
        (b'~', 3) => Key::Delete,
        (b'~', 5) => Key::PageUp,
        (b'~', 6) => Key::PageDown,
        _ => Key::Char('\x1b'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_keys() {
        let (reading, writing) = sys::descriptor::pipe().unwrap();
        sys::fd::write_all(writing, "a\u{e9}\x1b[A\x1bOH\x1b[5~\x1b[1;5C\x1b[99q\x1bj\x1b".as_bytes())
            .unwrap();
        let mut keys = Keys::new(reading);
        sys::descriptor::close(writing);
        for key in [
            Key::Char('a'),
            Key::Char('\u{e9}'),
            Key::Up,
            Key::Home,
            Key::PageUp,
            Key::Right,
            Key::Char('\x1b'),
            Key::Char('\x1b'),
            Key::Char('j'),
            Key::Char('\x1b'),
        ] {
            assert_eq!(keys.read(), Some(key));
        }
        // The end of input can be read at once, and nothing is there.
        assert_eq!(keys.read(), None);
        sys::descriptor::close(reading);
    }
}
