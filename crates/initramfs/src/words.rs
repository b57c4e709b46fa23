//! words — the kernel's command line as data. This module does no IO.
//!
//! *Source:* Alpine's mkinitfs for the three spellings; lib/cmdline.c (next_arg) for the quotes.

/// What a word says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// `NAME=value`
    Value(Vec<u8>),
    /// `NAME`
    Yes,
    /// `noNAME`
    No,
}

pub(crate) struct Words(Vec<Vec<u8>>);

impl Words {
    pub(crate) fn parse(line: &[u8]) -> Words {
        let mut words = Vec::new();
        let mut word = Vec::new();
        let mut quoted = false;
        for &byte in line.trim_ascii().iter().chain(b" ") {
            match byte {
                b'"' => quoted = !quoted,
                _ if byte.is_ascii_whitespace() && !quoted => {
                    if !word.is_empty() {
                        words.push(std::mem::take(&mut word));
                    }
                }
                _ => word.push(byte),
            }
        }
        if !word.is_empty() {
            words.push(word); // a quote that is never closed
        }
        Words(words)
    }

    /// What the last word about `name` says.
    pub(crate) fn said(&self, name: &str) -> Option<Said> {
        let name = name.as_bytes();
        self.0.iter().rev().find_map(|word| {
            if let Some(rest) = word.strip_prefix(name) {
                match rest.split_first() {
                    None => return Some(Said::Yes),
                    Some((b'=', value)) => return Some(Said::Value(value.to_vec())),
                    Some(_) => {}
                }
            }
            (word.strip_prefix(b"no") == Some(name)).then_some(Said::No)
        })
    }

    /// The value of `NAME=value`.
    pub(crate) fn value(&self, name: &str) -> Option<Vec<u8>> {
        match self.said(name) {
            Some(Said::Value(value)) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// Whether `NAME` is switched on: `NAME`, or `NAME=yes`, `NAME=1` and the like.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        match self.said(name) {
            Some(Said::Yes) => true,
            Some(Said::Value(value)) => !matches!(value.as_slice(), b"no" | b"0" | b"off" | b"n"),
            Some(Said::No) | None => false,
        }
    }

    /// Whether single-user mode is asked for.
    pub(crate) fn single(&self) -> bool {
        self.0.iter().any(|word| matches!(word.as_slice(), b"single" | b"s" | b"S" | b"1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_spellings() {
        let words = Words::parse(b"quiet modloop=/boot/a modloop=/boot/modules nosplash x=\"a b\" init=\n");
        assert_eq!(words.said("quiet"), Some(Said::Yes));
        assert_eq!(words.value("modloop").as_deref(), Some(&b"/boot/modules"[..]));
        assert_eq!(words.said("splash"), Some(Said::No));
        assert_eq!(words.value("x").as_deref(), Some(&b"a b"[..]));
        assert_eq!(words.value("init"), None);
        assert_eq!(words.said("mod"), None);
        assert!(!words.single());
    }

    #[test]
    fn the_last_word_counts() {
        for (line, on) in [
            ("quiet", true),
            ("quiet noquiet", false),
            ("noquiet quiet", true),
            ("quiet=no", false),
            ("quiet=yes", true),
            ("", false),
            ("unquiet", false),
        ] {
            assert_eq!(Words::parse(line.as_bytes()).is_on("quiet"), on, "{line}");
        }
    }

    #[test]
    fn single_mode_is_a_word_of_its_own() {
        for (line, single) in
            [("s", true), ("a single b", true), ("1", true), ("singleton", false), ("x=1", false)]
        {
            assert_eq!(Words::parse(line.as_bytes()).single(), single, "{line}");
        }
        assert!(Words::parse(b"single \"open quote").single());
    }
}
