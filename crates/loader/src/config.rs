//! config — loader.conf: a word and its value on each line, `#` begins a comment line.
//!
//! This module knows nothing of firmware, so that xtask's tests can read what xtask writes.

/// What to start, with paths on the loader's own volume.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Config<'a> {
    /// Shown to the user.
    pub(crate) title: &'a str,
    pub(crate) kernel: &'a str,
    /// Empty: none.
    pub(crate) initrd: &'a str,
    pub(crate) cmdline: &'a str,
    /// How long a key is waited for; 0: not at all.
    pub(crate) timeout_s: u32,
}

/// What is wrong, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) what: &'static str,
}

/// Reads a configuration. A word that is not known is an error: a mistyped one would be a setting silently lost.
pub(crate) fn parse(text: &str) -> Result<Config<'_>, Problem> {
    let mut config = Config { title: "Linux", kernel: "", initrd: "", cmdline: "", timeout_s: 1 };
    let mut lines = 0;
    for line in text.lines() {
        lines += 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, value) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let value = value.trim();
        match word {
            "title" => config.title = value,
            "kernel" => config.kernel = value,
            "initrd" => config.initrd = value,
            "cmdline" => config.cmdline = value,
            "timeout" => match value.parse() {
                Ok(seconds) => config.timeout_s = seconds,
                Err(_) => return Err(Problem { line: lines, what: "timeout: not a number of seconds" }),
            },
            _ => {
                let what = "unknown word: there is title, kernel, initrd, cmdline, timeout";
                return Err(Problem { line: lines, what });
            }
        }
    }
    if config.kernel.is_empty() {
        return Err(Problem { line: lines, what: "no kernel is named" });
    }
    Ok(config)
}
