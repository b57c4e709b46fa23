//! glob — shell patterns: `*`, `?`, bracket expressions, and backslash for what is meant literally.
//!
//! Characters are those of UTF-8, whatever the locale; a byte that is part of none counts as one. No file is looked at
//! here.
//!
//! Source: POSIX.1-2024 XCU 2.14, XBD 9.3.5 for bracket expressions.

/// Whether all of `text` is matched.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after a star: it is enough to remember the last one.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() {
            if pattern[p] == b'*' {
                while pattern.get(p) == Some(&b'*') {
                    p += 1;
                }
                if p == pattern.len() {
                    return true;
                }
                star = Some((p, t));
                continue;
            }
            if t < text.len()
                && let Some((next, length)) = one(pattern, p, &text[t..])
            {
                p = next;
                t += length;
                continue;
            }
        } else if t == text.len() {
            return true;
        }
        let Some((after, from)) = star else { return false };
        if from >= text.len() {
            return false;
        }
        let next = from + width(&text[from..]);
        (p, t) = (after, next);
        star = Some((after, next));
    }
}

/// How many bytes the first character of `text`, which is not empty, takes.
#[inline]
fn width(text: &[u8]) -> usize {
    if text[0] < 0x80 { 1 } else { character(text).1 }
}

/// The first character of `text` and its length. A stray byte has a value that no character has.
fn character(text: &[u8]) -> (u32, usize) {
    let length = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        first => return (first.map_or(0, |&byte| if byte < 0x80 { 0 } else { STRAY } | u32::from(byte)), 1),
    };
    match text.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()?.chars().next()) {
        Some(c) => (c as u32, length),
        None => (STRAY | u32::from(text[0]), 1),
    }
}

const STRAY: u32 = 1 << 31;

/// Whether a character of `text` begins at `at`, as far as the bytes around it tell.
#[inline]
fn is_boundary(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(0x80..=0xbf) => !(1..=at.min(3)).any(|back| width(&text[at - back..]) > back),
        _ => true,
    }
}

/// The end of the pattern element at `p` if it matches the beginning of `text`, which is not empty, and how much of it.
#[inline]
fn one(pattern: &[u8], p: usize, text: &[u8]) -> Option<(usize, usize)> {
    match pattern[p] {
        b'?' => Some((p + 1, width(text))),
        b'[' => {
            let (c, length) = character(text);
            match bracket(pattern, p, c) {
                Some((true, end)) => Some((end, length)),
                Some((false, _)) => None,
                None => (text[0] == b'[').then_some((p + 1, 1)),
            }
        }
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == text[0]).then_some((p + 2, 1)),
        literal => (literal == text[0]).then_some((p + 1, 1)),
    }
}

/// Whether the bracket expression at `p` matches `wanted`, and its end; None if it is not closed and so an ordinary `[`.
fn bracket(pattern: &[u8], p: usize, wanted: u32) -> Option<(bool, usize)> {
    let mut at = p + 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut found = false;
    loop {
        let c = *pattern.get(at)?;
        if c == b']' && at > first {
            return Some((found != negated, at + 1));
        }
        if c == b'['
            && pattern.get(at + 1) == Some(&b':')
            && let Some(end) = closing(pattern, at + 2, b':')
        {
            found |= u8::try_from(wanted).is_ok_and(|byte| in_class(&pattern[at + 2..end], byte));
            at = end + 2;
            continue;
        }
        let (low, next) = element(pattern, at)?;
        at = next;
        let ranged = pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|&c| c != b']');
        if ranged {
            let (high, next) = element(pattern, at + 1)?;
            at = next;
            found |= (low..=high).contains(&wanted);
        } else {
            found |= low == wanted;
        }
    }
}

/// One literal character of a bracket expression, and what follows it.
fn element(pattern: &[u8], at: usize) -> Option<(u32, usize)> {
    let (c, length) = character(pattern.get(at..).filter(|rest| !rest.is_empty())?);
    let Ok(byte) = u8::try_from(c) else { return Some((c, at + length)) };
    match (byte, pattern.get(at + 1)) {
        (b'\\', Some(_)) => {
            let (escaped, length) = character(&pattern[at + 1..]);
            Some((escaped, at + 1 + length))
        }
        (b'[', Some(&kind @ (b'.' | b'='))) => match closing(pattern, at + 2, kind) {
            // Elements of one byte are all there are in the POSIX locale.
            Some(end) if end == at + 3 => Some((u32::from(pattern[at + 2]), end + 2)),
            _ => Some((c, at + 1)),
        },
        _ => Some((c, at + length)),
    }
}

/// Where `kind]` stands at or after `from`.
fn closing(pattern: &[u8], from: usize, kind: u8) -> Option<usize> {
    (from..pattern.len().saturating_sub(1)).find(|&at| pattern[at] == kind && pattern[at + 1] == b']')
}

/// Whether `byte` belongs to a named class of the POSIX locale; an unknown name has no members.
pub fn in_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"print" => (b' '..=b'~').contains(&byte),
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Whether the pattern holds anything but literal text.
pub fn is_special(pattern: &[u8]) -> bool {
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'*' | b'?' | b'[' => return true,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    false
}

/// The literal text of a pattern: escapes taken away.
pub fn unescape(pattern: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(pattern.len());
    let mut at = 0;
    while at < pattern.len() {
        if pattern[at] == b'\\' && at + 1 < pattern.len() {
            at += 1;
        }
        text.push(pattern[at]);
        at += 1;
    }
    text
}

/// Adds `text` to a pattern so that it is meant literally.
pub fn escape_onto(pattern: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'-' | b'!' | b'^') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
}

/// Which of several matches is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    Shortest,
    Longest,
}

/// How many bytes at the beginning of `text` the pattern matches.
pub fn prefix(pattern: &[u8], text: &[u8], length: Length) -> Option<usize> {
    if !is_special(pattern) {
        let literal = unescape(pattern);
        return text.starts_with(&literal).then_some(literal.len());
    }
    // A match ends with the pattern's last byte where that is a literal one: saves most of the tries.
    let last = last_literal(pattern);
    let fits = |&end: &usize| {
        last.is_none_or(|last| end > 0 && text[end - 1] == last)
            && is_boundary(text, end)
            && matches(pattern, &text[..end])
    };
    match length {
        Length::Shortest => (0..=text.len()).find(fits),
        Length::Longest => (0..=text.len()).rev().find(fits),
    }
}

/// Where the end of `text` that the pattern matches begins.
pub fn suffix(pattern: &[u8], text: &[u8], length: Length) -> Option<usize> {
    if !is_special(pattern) {
        let literal = unescape(pattern);
        return text.ends_with(&literal).then(|| text.len() - literal.len());
    }
    let first = first_literal(pattern);
    let fits = |&start: &usize| {
        first.is_none_or(|first| text.get(start) == Some(&first))
            && is_boundary(text, start)
            && matches(pattern, &text[start..])
    };
    match length {
        Length::Shortest => (0..=text.len()).rev().find(fits),
        Length::Longest => (0..=text.len()).find(fits),
    }
}

/// The first place at or after `from` where the pattern matches, as long as it can: start and end.
pub fn find(pattern: &[u8], text: &[u8], from: usize) -> Option<(usize, usize)> {
    let first = first_literal(pattern);
    for start in from..=text.len() {
        if first.is_some_and(|first| text.get(start) != Some(&first)) || !is_boundary(text, start) {
            continue;
        }
        if let Some(end) = prefix(pattern, &text[start..], Length::Longest) {
            return Some((start, start + end));
        }
    }
    None
}

/// The byte that every match begins with, if the pattern begins with a literal one.
fn first_literal(pattern: &[u8]) -> Option<u8> {
    match pattern {
        [b'\\', byte, ..] => Some(*byte),
        [b'*' | b'?' | b'[', ..] | [] => None,
        [byte, ..] => Some(*byte),
    }
}

/// The byte that every match ends with, where that is plain to see.
fn last_literal(pattern: &[u8]) -> Option<u8> {
    match pattern {
        [] | [.., b'*' | b'?' | b']'] => None,
        [.., byte] => Some(*byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_posix_says() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("*.tar.*", "x.tar.gz", true),
            ("?", "", false),
            ("??", "ab", true),
            ("?", "é", true),
            ("*???", "日a", false),
            ("[à-ï]x", "éx", true),
            ("[!é]", "é", false),
            ("?", "\u{1f600}", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]", "b", false),
            ("[^a-c]", "d", true),
            ("[]a]", "]", true),
            ("[!]a]", "]", false),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[[:digit:]_]", "7", true),
            ("[[:digit:]_]", "_", true),
            ("[[:digit:]_]", "a", false),
            ("[[.-.]]", "-", true),
            ("[[=a=]b]", "a", true),
            ("[a\\-c]", "b", false),
            ("[a\\]b]", "]", true),
            ("[abc", "[abc", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a\\", "a\\", true),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*\u{ff}", "\u{ff}", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn takes_off_both_ends() {
        use Length::{Longest, Shortest};
        for (pattern, text, shortest, longest) in [
            ("*/", "a/b/c", Some(2), Some(4)),
            ("a", "b", None, None),
            ("*", "ab", Some(0), Some(2)),
            ("a\\*", "a*b", Some(2), Some(2)),
        ] {
            assert_eq!(prefix(pattern.as_bytes(), text.as_bytes(), Shortest), shortest, "{pattern}");
            assert_eq!(prefix(pattern.as_bytes(), text.as_bytes(), Longest), longest, "{pattern}");
        }
        assert_eq!(suffix(b".*", b"a.b.c", Shortest), Some(3));
        assert_eq!(suffix(b".*", b"a.b.c", Longest), Some(1));
        assert_eq!(suffix(b"x", b"abc", Longest), None);
        assert_eq!(find(b"b*", b"abc", 0), Some((1, 3)));
        assert_eq!(find(b"z", b"abc", 0), None);
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let text = vec![b'a'; 5000];
        assert!(!matches(b"*a*a*a*a*a*a*a*a*b", &text));
    }
}
