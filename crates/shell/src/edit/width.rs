//! width — how many columns of a terminal the characters of a line take, and where they begin.

/// The length of the character at the beginning of `text`, in bytes and in columns. A byte that begins none is one
/// character of one column; a control character is shown as two.
pub(super) fn character(text: &[u8]) -> (usize, usize) {
    let Some(&first) = text.first() else { return (0, 0) };
    if first < 0x80 {
        return (1, if first < 0x20 || first == 0x7f { 2 } else { 1 });
    }
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let decoded = text
        .get(..length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|text| text.chars().next());
    match decoded {
        None => (1, 1),
        Some(character) => (length, posix::width::of_char(character)),
    }
}

/// Where the character before `at` begins, with the marks that belong to it.
pub(super) fn previous(text: &[u8], at: usize) -> usize {
    let mut start = at;
    while start > 0 {
        let end = start;
        start -= 1;
        while start > 0 && text[start] & 0xc0 == 0x80 {
            start -= 1;
        }
        let (length, columns) = character(&text[start..]);
        if length != end - start {
            // Bytes that are no character stand for themselves.
            return end - 1;
        }
        if columns > 0 {
            break;
        }
    }
    start
}

/// Where the character behind the one at `at` begins.
pub(super) fn next(text: &[u8], at: usize) -> usize {
    let mut end = at + character(&text[at..]).0;
    while end < text.len() && character(&text[end..]).1 == 0 {
        end += character(&text[end..]).0;
    }
    end.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures() {
        for (text, expected) in [
            ("a", (1, 1)),
            ("é", (2, 1)),
            ("語", (3, 2)),
            ("\u{301}", (2, 0)),
            ("\x01", (1, 2)),
            ("", (0, 0)),
        ] {
            assert_eq!(character(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(character(b"\xff"), (1, 1));
        assert_eq!(previous("xé".as_bytes(), 3), 1);
        assert_eq!(previous("e\u{301}".as_bytes(), 3), 0);
        assert_eq!(next("e\u{301}x".as_bytes(), 0), 3);
        assert_eq!(previous(b"a\xff", 2), 1);
    }
}
