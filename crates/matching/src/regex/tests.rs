//! tests — tables from the standard's sections, one row a rule.

use super::*;

fn options(flags: &str) -> Options {
    Options {
        extended: flags.contains('E'),
        ignore_case: flags.contains('i'),
        literal: flags.contains('F'),
        newline: flags.contains('n'),
        whole_lines: flags.contains('x'),
        whole_words: flags.contains('w'),
        escapes_in_brackets: flags.contains('a'),
        line_end: None,
    }
}

/// All spans as "0-3 1-2 -" (the match, the groups), or "no".
fn spans(flags: &str, pattern: &[u8], text: &[u8]) -> String {
    let regex = match Regex::new(pattern, &options(flags)) {
        Ok(regex) => regex,
        Err(error) => return error.to_string(),
    };
    let mut spans = Vec::new();
    let mut search = regex.on(text);
    let found = search.captures(0, &mut spans);
    assert_eq!(found, regex.is_match(text), "is_match and captures: {:?}", pattern.escape_ascii());
    if !found {
        return "no".to_string();
    }
    assert_eq!(regex.on(text).find(0), spans[0]);
    let shown: Vec<String> =
        spans.iter().map(|span| span.map_or("-".to_string(), |(from, to)| format!("{from}-{to}"))).collect();
    shown.join(" ")
}

#[test]
fn matches_as_the_standard_says() {
    for (flags, pattern, text, expected) in [
        // one character
        ("", "b", "abc", "1-2"),
        ("", "", "abc", "0-0"),
        ("", "a.c", "xabcx", "1-4"),
        ("", ".", "", "no"),
        ("", "[]a]", "x]", "1-2"),
        ("", "[^]a]", "]ax", "2-3"),
        ("", "[a-c-]*", "ab-c", "0-4"),
        ("", "[[:digit:][:upper:]]*", "4X2a", "0-3"),
        ("", "[[=a=]b]", "xa", "1-2"),
        ("", "[[.-.]-/]", "x.", "1-2"),
        ("", "[\\n]", "n", "0-1"),
        ("a", "[\\]x]", "]", "0-1"),
        ("a", "[\\t]", "\t", "0-1"),
        ("", "a\\.b", "axb a.b", "4-7"),
        // basic repetition and anchors
        ("", "ab*c", "abbc", "0-4"),
        ("", "*a", "x*a", "1-3"),
        ("", "\\(*a\\)", "*a", "0-2 0-2"),
        ("", "^*a", "*a", "0-2"),
        ("", "a^b", "a^b", "0-3"),
        ("", "a$b", "a$b", "0-3"),
        ("", "^^a", "^a", "0-2"),
        ("", "\\(^a\\)", "ba", "no"),
        ("", "\\(a$\\)", "ba", "1-2 1-2"),
        ("", "a\\{2,3\\}", "aaaa", "0-3"),
        ("", "a\\{2\\}", "aaaa", "0-2"),
        ("", "a\\{2,\\}", "aaaa", "0-4"),
        ("", "a\\{0\\}b", "aab", "2-3"),
        ("", "a\\+", "baa", "1-3"),
        ("", "ba\\?", "ba", "0-2"),
        ("", "a\\|bc", "xbc", "1-3"),
        ("", "a+b?", "a+b?", "0-4"),
        ("", "a{1}", "a{1}", "0-4"),
        // extended
        ("E", "a|bc|b", "bc", "0-2"),
        ("E", "(a|b)*c", "abac", "0-4 2-3"),
        ("E", "a{2,3}", "aaaa", "0-3"),
        ("E", "a{,2}", "aaa", "0-2"),
        ("E", "a{x", "a{x", "0-3"),
        ("E", "{", "a{", "1-2"),
        ("E", "a|", "b", "0-0"),
        ("E", "()", "b", "0-0 0-0"),
        ("E", "a)", "a)", "0-2"),
        ("E", "^a|b$", "cb", "1-2"),
        ("E", "(^|x)a", "xa", "0-2 0-1"),
        ("E", "a**", "aa", "0-2"),
        ("E", "(ab){2}", "ababab", "0-4 2-4"),
        // leftmost, then longest
        ("E", "x*", "aaa", "0-0"),
        ("E", "b|abcd|c", "abcd", "0-4"),
        ("E", "(wee|week)(knights|night)", "weeknights", "0-10 0-3 3-10"),
        ("E", "(a|ab)(c|bcd)(d*)", "abcd", "0-4 0-2 2-3 3-4"),
        ("E", "(a*)(ab)*(b*)", "abb", "0-3 0-1 - 1-3"),
        ("E", "(a*)(b|abc)(c*)", "abc", "0-3 0-1 1-2 2-3"),
        ("E", "(.*)(.*)", "ab", "0-2 0-2 2-2"),
        ("E", "((a)|b)*", "ab", "0-2 1-2 -"),
        ("E", "(a*)*", "b", "0-0 0-0"),
        ("E", "(a*)+", "aa", "0-2 0-2"),
        ("E", "((a)|(b)){2}", "ab", "0-2 1-2 - 1-2"),
        ("E", "(a.*c)(x?)", "abcbcd", "0-5 0-5 5-5"),
        ("", "\\(.*\\)b\\(.*\\)", "abcbd", "0-5 0-3 4-5"),
        ("", "x\\(y\\(z\\)*\\)", "xyzz", "0-4 1-4 3-4"),
        // back-references
        ("", "\\(a*\\)b\\1", "aabaaa", "0-5 0-2"),
        ("", "\\(.\\)\\1", "abccd", "2-4 2-3"),
        ("E", "^(.*)\\1$", "abab", "0-4 0-2"),
        ("E", "(a)(b)?\\2", "ab", "no"),
        ("E", "(a|ab)\\1", "abab", "0-4 0-2"),
        ("Ei", "(a)\\1", "aA", "0-2 0-1"),
        ("E", "(x*)*\\1y", "xxy", "0-3 0-1"),
        // case
        ("i", "aBc", "xAbC", "1-4"),
        ("i", "[a-c]*", "AbC", "0-3"),
        ("i", "[^a]", "Ab", "1-2"),
        ("i", "straße É", "STRAßE é", "0-10"),
        ("i", "[À-Ö]", "é", "0-2"),
        // UTF-8
        ("", "^.$", "é", "0-2"),
        ("", "^..$", "é", "no"),
        ("", "[é-ü]", "aü", "1-3"),
        ("", "[^a]b", "€b", "0-4"),
        ("", "^[[:alpha:]]*$", "aéßЖ", "0-7"),
        ("", "é*", "éé", "0-4"),
        ("E", "(.)(.)", "a€", "0-4 0-1 1-4"),
        ("", "\\w*", "né-", "0-3"),
        // GNU's and musl's extensions
        ("", "\\bfoo\\b", "a foo.", "2-5"),
        ("", "\\<o", "foo o", "4-5"),
        ("", "o\\>", "foo", "2-3"),
        ("", "\\Bo", "ofo", "2-3"),
        ("", "\\s\\S", "a b", "1-3"),
        ("", "\\W", "a-", "1-2"),
        ("", "\\d\\+", "a12", "1-3"),
        ("", "a\\tb", "a\tb", "0-3"),
        ("E", "\\x41", "A", "0-1"),
        ("n", "^b$", "a\nb\nc", "2-3"),
        ("n", "a.b", "a\nb", "no"),
        ("", "a.b", "a\nb", "0-3"),
        ("n", "\\`b", "a\nb", "no"),
        // whole words and lines
        ("w", "foo", "foobar foo", "7-10"),
        ("wE", "foo|foobar", "foobar", "0-6"),
        ("w", "a*", "aab a", "4-5"),
        ("x", "fo*", "foo", "0-3"),
        ("xE", "a|ab", "ab", "0-2"),
        ("F", "a.b", "axb a.b", "4-7"),
        ("Fx", "a.b", "a.b", "0-3"),
        ("Fi", "A.b", "xa.B", "1-4"),
        // errors
        ("", "[", "", "Missing ']'"),
        ("", "[a", "", "Missing ']'"),
        ("", "\\(", "", "Missing ')'"),
        ("", "\\)", "", "Missing ')'"),
        ("E", "(", "", "Missing ')'"),
        ("", "a\\", "", "Trailing backslash"),
        ("", "a\\{1", "", "Invalid contents of {}"),
        ("", "a\\{2,1\\}", "", "Invalid contents of {}"),
        ("", "\\{1\\}", "", "Repetition not preceded by valid expression"),
        ("E", "*a", "", "Repetition not preceded by valid expression"),
        ("E", "a|+", "", "Repetition not preceded by valid expression"),
        ("", "[b-a]", "", "Invalid character range"),
        ("", "[[:foo:]]", "", "Unknown character class name"),
        ("", "[[.ab.]]", "", "Unknown collating element"),
        ("", "\\(a\\)\\2", "", "Invalid back reference"),
        ("", "\\(a\\1\\)", "", "Invalid back reference"),
        ("E", "((a{30000}){30000}){3000}", "", "Out of memory"),
    ] {
        assert_eq!(
            spans(flags, pattern.as_bytes(), text.as_bytes()),
            expected,
            "{flags} {pattern} on {text:?}"
        );
    }
}

#[test]
fn stray_bytes_are_characters() {
    for (pattern, text, expected) in [
        (&b"^.\xc3.$"[..], &b"a\xc3b"[..], "0-3"),
        (b"[^a]*", b"\xff\xfea", "0-2"),
        (b"[\xff]", b"x\xff", "1-2"),
        (b"[^\xff]", b"\xffx", "1-2"),
        ("^é".as_bytes(), b"\xc3\xa9\xff", "0-2"),
    ] {
        assert_eq!(spans("", pattern, text), expected, "{}", pattern.escape_ascii());
    }
}

#[test]
fn finds_lines_in_a_buffer() {
    let options = Options { extended: true, line_end: Some(b'\n'), ..Options::default() };
    let text = b"one\ntwo\xff\n\nthree four\nfive";
    for (pattern, from, expected) in [
        ("two", 0, Some(2)),
        ("^$", 0, Some(3)),
        ("^three", 0, Some(4)),
        ("e$", 4, Some(5)),
        ("e t", 0, None),
        ("o.*r", 0, Some(4)),
        ("one[^x]*four", 0, None),
        ("[[:space:]]", 0, Some(4)),
        ("\\`three|\\`x", 0, Some(4)),
        ("(e)\\1", 0, Some(4)),
    ] {
        let regex = Regex::new(pattern.as_bytes(), &options).unwrap();
        let line = regex
            .find_line(text, from, regex.reading(text))
            .map(|at| crate::bytes::count_byte(&text[..at], b'\n') + 1);
        assert_eq!(line, expected, "{pattern}");
    }
}

#[test]
fn many_plain_texts_share_their_beginnings() {
    let words: Vec<String> = (0..2000).map(|number| format!("w{number}x")).collect();
    let patterns: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    let regex = Regex::any_of(&patterns, &Options { literal: true, ..Options::default() }).unwrap();
    assert_eq!(regex.on(b"a w12 w1999xx").find(0), Some((6, 12)));
    assert!(!regex.is_match(b"w2000x w7 w"));
    assert!(!Regex::any_of(&[], &Options::default()).unwrap().is_match(b""));
}

#[test]
fn hard_expressions_end_soon() {
    let text = vec![b'a'; 20_000];
    for pattern in ["(a*)*b", "(a|aa)+$x", "(.*)(.*)(.*)(.*)x", "(a|b)*a(a|b){12}c", "a.*b"] {
        let regex =
            Regex::new(pattern.as_bytes(), &Options { extended: true, ..Options::default() }).unwrap();
        assert_eq!(regex.on(&text).find(0), None, "{pattern}");
        assert!(!regex.is_match(&text));
    }
    let regex = Regex::new(b"((a*)*)*", &Options { extended: true, ..Options::default() }).unwrap();
    let mut spans = Vec::new();
    assert!(regex.on(&text[..2000]).captures(0, &mut spans));
    assert_eq!(spans[1], Some((0, 2000)));
}

#[test]
fn gives_up_where_back_references_explode() {
    let regex = Regex::new(br"\(a*\)\(a*\)\(a*\)\(a*\)\(a*\)\1\2\3\4\5b", &Options::default()).unwrap();
    assert_eq!(regex.on(&[b'a'; 400]).find(0), None);
    assert!(!regex.is_exhausted(), "there is no b, so nothing is tried");
    let mut text = vec![b'a'; 3000];
    text.extend(b"cb");
    assert_eq!(regex.on(&text).find(0), None);
    assert!(regex.is_exhausted());
}
