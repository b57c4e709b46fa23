//! motion — from where the cursor is to where a key leads.
//!
//! Source: POSIX.1-2024 `vi`, motion commands.

use super::buffer::Buffer;

/// How what lies between cursor and target belongs to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Up to the target, or with it.
    Exclusive,
    Inclusive,
    /// Whole lines.
    Lines,
}

/// Blank, letter, or another sign. With `big` words all that is not blank is one.
fn class(buffer: &Buffer, at: usize, big: bool) -> u8 {
    match buffer.byte(at) {
        b' ' | b'\t' | b'\n' => 0,
        _ if big => 1,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80.. => 1,
        _ => 2,
    }
}

pub(super) fn next_word(buffer: &Buffer, mut at: usize, big: bool) -> usize {
    let end = buffer.len() - 1;
    let start = class(buffer, at, big);
    while start != 0 && at < end && class(buffer, at, big) == start {
        at = buffer.next(at);
    }
    while at < end && class(buffer, at, big) == 0 {
        // An empty line is a word.
        if buffer.byte(at) == b'\n' && buffer.byte(at + 1) == b'\n' {
            return at + 1;
        }
        at = buffer.next(at);
    }
    at
}

pub(super) fn end_of_word(buffer: &Buffer, mut at: usize, big: bool) -> usize {
    let end = buffer.len() - 1;
    at = buffer.next(at).min(end);
    while at < end && class(buffer, at, big) == 0 {
        at = buffer.next(at);
    }
    let own = class(buffer, at, big);
    while buffer.next(at) < end && class(buffer, buffer.next(at), big) == own {
        at = buffer.next(at);
    }
    at
}

pub(super) fn word_before(buffer: &Buffer, mut at: usize, big: bool) -> usize {
    at = buffer.before(at);
    while at > 0 && class(buffer, at, big) == 0 {
        if buffer.byte(at) == b'\n' && buffer.byte(at - 1) == b'\n' {
            return at;
        }
        at = buffer.before(at);
    }
    let own = class(buffer, at, big);
    while at > 0 && class(buffer, buffer.before(at), big) == own {
        at = buffer.before(at);
    }
    at
}

/// The next empty line, or the one before.
pub(super) fn paragraph(buffer: &Buffer, at: usize, forward: bool) -> usize {
    let mut line = buffer.line_start(at);
    let mut seen_text = false;
    loop {
        let next = if forward { buffer.next_line(line) } else { buffer.line_before(line) };
        let Some(next) = next else { return if forward { buffer.last_in_line(line) } else { 0 } };
        let is_empty = buffer.byte(next) == b'\n';
        if is_empty && (seen_text || buffer.byte(line) != b'\n') {
            return next;
        }
        seen_text |= !is_empty;
        line = next;
    }
}

/// `f F t T`: the `count`-th such character in the line, or the place before it.
pub(super) fn find(buffer: &Buffer, at: usize, command: char, wanted: &[u8], count: usize) -> Option<usize> {
    let forward = matches!(command, 'f' | 't');
    let mut place = at;
    for _ in 0..count {
        loop {
            if !forward && place == buffer.line_start(at) {
                return None;
            }
            place = if forward { buffer.next(place) } else { buffer.before(place) };
            if buffer.byte(place) == b'\n' || place >= buffer.len() {
                return None;
            }
            if buffer.text()[place..].starts_with(wanted) {
                break;
            }
        }
    }
    Some(match command {
        't' => buffer.before(place),
        'T' => buffer.next(place),
        _ => place,
    })
}

/// `%`: the bracket that belongs to the first one at or behind the cursor.
pub(super) fn bracket(buffer: &Buffer, at: usize) -> Option<usize> {
    const BRACKETS: &[u8; 6] = b"()[]{}";
    let end = buffer.line_end(at);
    let start = (at..end).find(|&place| BRACKETS.contains(&buffer.byte(place)))?;
    let own = buffer.byte(start);
    let index = BRACKETS.iter().position(|&bracket| bracket == own)?;
    let other = BRACKETS[index ^ 1];
    let mut depth = 0_usize;
    let mut place = start;
    loop {
        let byte = buffer.byte(place);
        if byte == own {
            depth += 1;
        } else if byte == other {
            depth -= 1;
            if depth == 0 {
                return Some(place);
            }
        }
        place = if index % 2 == 0 {
            Some(place + 1).filter(|&next| next < buffer.len())
        } else {
            place.checked_sub(1)
        }?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves() {
        let buffer = Buffer::new(b"one two.three\n\n  (a [b] c)\nend\n".to_vec());
        assert_eq!(next_word(&buffer, 0, false), 4);
        assert_eq!(next_word(&buffer, 4, false), 7);
        assert_eq!(next_word(&buffer, 4, true), 14);
        assert_eq!(next_word(&buffer, 14, false), 17);
        assert_eq!(end_of_word(&buffer, 0, false), 2);
        assert_eq!(end_of_word(&buffer, 2, true), 12);
        assert_eq!(word_before(&buffer, 8, false), 7);
        assert_eq!(word_before(&buffer, 17, false), 14);
        assert_eq!(word_before(&buffer, 2, false), 0);
        assert_eq!((paragraph(&buffer, 0, true), paragraph(&buffer, 20, false)), (14, 14));
        assert_eq!(find(&buffer, 0, 'f', b"t", 2), Some(8));
        assert_eq!(find(&buffer, 0, 't', b"t", 1), Some(3));
        assert_eq!(find(&buffer, 8, 'F', b"n", 1), Some(1));
        assert_eq!(find(&buffer, 0, 'f', b"z", 1), None);
        assert_eq!(
            (bracket(&buffer, 15), bracket(&buffer, 25), bracket(&buffer, 0)),
            (Some(25), Some(17), None)
        );
    }
}
