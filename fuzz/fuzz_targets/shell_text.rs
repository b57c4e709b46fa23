//! shell_text — any bytes as the format and arguments of printf, as those of echo, and as a pattern and a text.
//!
//! The first byte chooses; NUL separates what follows.

#![no_main]

use libfuzzer_sys::fuzz_target;
use posix::glob::{self, Length};
use posix::printf;

/// Wide fields are slow and nothing else: no number may be longer.
const DIGITS_MOST: usize = 4;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let parts: Vec<&[u8]> = rest.split(|&byte| byte == 0).collect();
    let mut out = Vec::new();
    match choice % 3 {
        0 => {
            if rest
                .chunk_by(|a, b| a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
                .any(|run| run.len() > DIGITS_MOST)
            {
                return;
            }
            let mut complaints = 0;
            let good = printf::printf(parts[0], &parts[1..], &mut out, &mut |_| complaints += 1);
            assert_eq!(good, complaints == 0);
        }
        1 => printf::echo(&parts, &mut out),
        _ => {
            let [pattern, text, ..] = parts.as_slice() else { return };
            let whole = glob::matches(pattern, text);
            for length in [Length::Longest, Length::Shortest] {
                let prefix = glob::prefix(pattern, text, length);
                let suffix = glob::suffix(pattern, text, length);
                assert!(
                    prefix.is_none_or(|end| end <= text.len())
                        && suffix.is_none_or(|start| start <= text.len())
                );
            }
            // What matches as a whole matches as the longest part, too.
            assert!(!whole || glob::prefix(pattern, text, Length::Longest) == Some(text.len()));
            assert!(!whole || glob::suffix(pattern, text, Length::Longest) == Some(0));
            if let Some((start, end)) = glob::find(pattern, text, 0) {
                assert!(start <= end && end <= text.len());
            }
        }
    }
});
