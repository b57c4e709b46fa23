//! glob — shell patterns: `*`, `?`, bracket expressions, and backslash for what is meant literally.
//!
//! Characters are those of UTF-8, whatever the locale; a byte that is part of none counts as one. No file is looked at
//! here.
//!
//! Source: POSIX.1-2024 XCU 2.14, XBD 9.3.5 for bracket expressions.

use std::ops::Range;

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
///
/// Takes time proportional to both lengths: what stands between two stars is put where it fits first, only what stands
/// behind the last star goes where the wanted length is.
pub fn prefix(pattern: &[u8], text: &[u8], length: Length) -> Option<usize> {
    if !is_special(pattern) {
        let literal = unescape(pattern);
        return text.starts_with(&literal).then_some(literal.len());
    }
    let mut p = run_end(pattern, 0);
    let mut end = run(pattern, 0..p, text, 0)?;
    while p < pattern.len() {
        while pattern.get(p) == Some(&b'*') {
            p += 1;
        }
        let next = run_end(pattern, p);
        end = match length {
            Length::Longest if p == pattern.len() => text.len(),
            Length::Longest if next == pattern.len() => rightmost(pattern, p..next, text, end)?.1,
            _ => leftmost(pattern, p..next, text, end)?.1,
        };
        p = next;
    }
    is_boundary(text, end).then_some(end)
}

/// Where the end of `text` that the pattern matches begins.
///
/// Takes time proportional to both lengths, as `prefix` does, from the other side.
pub fn suffix(pattern: &[u8], text: &[u8], length: Length) -> Option<usize> {
    if !is_special(pattern) {
        let literal = unescape(pattern);
        return text.ends_with(&literal).then(|| text.len() - literal.len());
    }
    let first = 0..run_end(pattern, 0);
    let mut runs = Vec::new();
    let mut p = first.end;
    while p < pattern.len() {
        while pattern.get(p) == Some(&b'*') {
            p += 1;
        }
        let next = run_end(pattern, p);
        runs.push(p..next);
        p = next;
    }
    let last = runs.pop();
    // An element of a pattern takes at most four bytes of the text.
    let anchored = last.as_ref().unwrap_or(&first);
    let low = text.len().saturating_sub(anchored.len().saturating_mul(4));
    let ends_there = |&start: &usize| {
        is_boundary(text, start) && run(pattern, anchored.clone(), text, start) == Some(text.len())
    };
    let mut start = (low..=text.len()).rev().find(ends_there)?;
    if last.is_none() {
        return Some(start);
    }
    for range in runs.into_iter().rev() {
        start = rightmost(pattern, range, &text[..start], 0)?.0;
    }
    match length {
        Length::Longest if first.is_empty() => Some(0),
        Length::Longest => Some(leftmost(pattern, first, &text[..start], 0)?.0),
        Length::Shortest => Some(rightmost(pattern, first, &text[..start], 0)?.0),
    }
}

/// The first place at or after `from` where the pattern matches, as long as it can: start and end.
pub fn find(pattern: &[u8], text: &[u8], from: usize) -> Option<(usize, usize)> {
    // Where the part before the first star fits first, the rest has the most room: if it finds none, there is none.
    let (start, _) = leftmost(pattern, 0..run_end(pattern, 0), text, from)?;
    prefix(pattern, &text[start..], Length::Longest).map(|length| (start, start + length))
}

/// Where the elements from `p` on end: at a star, or with the pattern.
fn run_end(pattern: &[u8], mut p: usize) -> usize {
    while p < pattern.len() {
        p = match pattern[p] {
            b'*' => break,
            b'[' => bracket(pattern, p, 0).map_or(p + 1, |(_, end)| end),
            b'\\' if p + 1 < pattern.len() => p + 2,
            _ => p + 1,
        };
    }
    p
}

/// Where the text that elements without a star match ends, if it begins at `at`.
fn run(pattern: &[u8], elements: Range<usize>, text: &[u8], mut at: usize) -> Option<usize> {
    let mut p = elements.start;
    while p < elements.end {
        let (next, length) = one(pattern, p, text.get(at..).filter(|rest| !rest.is_empty())?)?;
        p = next;
        at += length;
    }
    Some(at)
}

/// The first place at or after `from` where elements without a star match: start and end.
fn leftmost(pattern: &[u8], elements: Range<usize>, text: &[u8], from: usize) -> Option<(usize, usize)> {
    (from..=text.len()).find_map(|start| fit(pattern, elements.clone(), text, start))
}

/// The last such place.
fn rightmost(pattern: &[u8], elements: Range<usize>, text: &[u8], from: usize) -> Option<(usize, usize)> {
    (from..=text.len()).rev().find_map(|start| fit(pattern, elements.clone(), text, start))
}

#[inline]
fn fit(pattern: &[u8], elements: Range<usize>, text: &[u8], start: usize) -> Option<(usize, usize)> {
    let first = first_literal(&pattern[elements.clone()]);
    if first.is_some_and(|first| text.get(start) != Some(&first)) || !is_boundary(text, start) {
        return None;
    }
    run(pattern, elements, text, start).map(|end| (start, end))
}

/// The byte that every match begins with, if the pattern begins with a literal one.
fn first_literal(pattern: &[u8]) -> Option<u8> {
    match pattern {
        [b'\\', byte, ..] => Some(*byte),
        [b'*' | b'?' | b'[', ..] | [] => None,
        [byte, ..] => Some(*byte),
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

    /// Every match that there is, tried one by one, says the same.
    #[test]
    fn places_are_those_of_all_tries() {
        const WORDS: [&[u8]; 14] = [
            b"a",
            b"b",
            b"*",
            b"?",
            b"[ab]",
            b"[!a]",
            "\u{e9}".as_bytes(),
            b"\\*",
            b"[",
            b"]",
            b"*",
            b"ab",
            b"\\",
            b"\xff",
        ];
        let mut seed = 1_u32;
        let mut words = |count: u32, all: usize| -> Vec<u8> {
            let mut next = |below: u32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 16) % below
            };
            (0..next(count)).flat_map(|_| WORDS[next(all as u32) as usize]).copied().collect()
        };
        for _ in 0..20_000 {
            let (pattern, text) = (words(6, 13), words(9, 14));
            let ends: Vec<usize> = (0..=text.len())
                .filter(|&at| is_boundary(&text, at) && matches(&pattern, &text[..at]))
                .collect();
            let starts: Vec<usize> = (0..=text.len())
                .filter(|&at| is_boundary(&text, at) && matches(&pattern, &text[at..]))
                .collect();
            let said =
                String::from_utf8_lossy(&pattern).into_owned() + " in " + &String::from_utf8_lossy(&text);
            assert_eq!(prefix(&pattern, &text, Length::Shortest), ends.first().copied(), "{said}");
            assert_eq!(prefix(&pattern, &text, Length::Longest), ends.last().copied(), "{said}");
            assert_eq!(suffix(&pattern, &text, Length::Shortest), starts.last().copied(), "{said}");
            assert_eq!(suffix(&pattern, &text, Length::Longest), starts.first().copied(), "{said}");
            let found = (0..=text.len()).filter(|&at| is_boundary(&text, at)).find_map(|start| {
                prefix(&pattern, &text[start..], Length::Longest).map(|length| (start, start + length))
            });
            assert_eq!(find(&pattern, &text, 0), found, "{said}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let text = vec![b'a'; 5000];
        assert!(!matches(b"*a*a*a*a*a*a*a*a*b", &text));
        assert_eq!(find(b"*a*a*[bc]*[bc]", &text, 0), None);
        assert_eq!(suffix(b"[bc]*a*a*[ab]", &text, Length::Longest), None);
        assert_eq!(prefix(b"*a*a*[ab]", &text, Length::Longest), Some(5000));
    }
}
