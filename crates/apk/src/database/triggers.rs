//! triggers — which folders' changes run a package's trigger script: lines of an identity and patterns.

use crate::dependency;
use crate::identity::Digest;

/// The patterns of one package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trigger {
    pub identity: Digest,
    /// Absolute patterns; those that begin with `+` look at changed folders only.
    pub patterns: Vec<Vec<u8>>,
}

/// Reads the file. Lines without an identity are left out, as no package can be theirs.
pub fn parse(text: &[u8]) -> Vec<Trigger> {
    let lines = text.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| {
            let mut words = dependency::words(line);
            let identity = Digest::parse(words.next()?)?;
            Some(Trigger { identity, patterns: words.map(<[u8]>::to_vec).collect() })
        })
        .collect()
}

/// The file's text.
pub fn write(triggers: &[Trigger]) -> Vec<u8> {
    let mut out = Vec::new();
    for trigger in triggers {
        trigger.identity.write(&mut out);
        for pattern in &trigger.patterns {
            out.push(b' ');
            out.extend_from_slice(pattern);
        }
        out.push(b'\n');
    }
    out
}

/// Whether a pattern fits a folder. `path` has no slash at its start; `*` and `?` do not stand for a slash.
///
/// Source: fnmatch(3) with FNM_PATHNAME.
pub fn fits(pattern: &[u8], path: &[u8]) -> bool {
    let pattern = pattern.strip_prefix(b"/").unwrap_or(pattern);
    let mut patterns = pattern.split(|&byte| byte == b'/');
    let mut names = path.split(|&byte| byte == b'/');
    loop {
        match (patterns.next(), names.next()) {
            (None, None) => return true,
            (Some(pattern), Some(name)) if posix::glob::matches(pattern, name) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let text = b"Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0= /usr/bin /etc* +/usr/share\n";
        let triggers = parse(text);
        assert_eq!(triggers[0].patterns.len(), 3);
        assert_eq!(write(&triggers), text);
        assert!(parse(b"garbage /x\n\n").is_empty());
    }

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("/usr/bin", "usr/bin", true),
            ("/usr/*", "usr/bin", true),
            ("/usr/*", "usr/bin/x", false),
            ("/etc*", "etc", true),
            ("/*", "", true),
            ("/usr/share/fonts/*", "usr/share/fonts", false),
            ("/usr/lib/python3*/site-packages", "usr/lib/python3.12/site-packages", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), path.as_bytes()), expected, "{pattern} {path}");
        }
    }
}
