//! config — /etc/network/interfaces.
//!
//! Source: interfaces(5) of Debian's ifupdown.

use std::fs;

use crate::prelude::*;

/// One `iface` stanza: an interface may have several, by family or for more addresses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) family: String,
    pub(super) method: String,
    /// Names and values, in order; some stand several times.
    pub(super) options: Vec<(String, String)>,
}

impl Interface {
    /// The value of the first option of that name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// `mapping`: a program says by which stanza an interface is set up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) patterns: Vec<String>,
    pub(super) script: String,
    pub(super) lines: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) autos: Vec<String>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) mappings: Vec<Mapping>,
}

/// Files that name each other do not go on for ever.
const DEPTH_MAX: usize = 8;

impl Config {
    pub(super) fn read(path: &Path) -> Result<Config> {
        let mut config = Config::default();
        config.read_file(path, 0)?;
        Ok(config)
    }

    fn read_file(&mut self, path: &Path, depth: usize) -> Result {
        let text = fs::read_to_string(path)
            .map_err(|error| Error::io(format_args!("can't open '{}'", path.display()), error))?;
        let text = text.replace("\\\n", "");
        let mut stanza = Stanza::None;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
            let rest = rest.trim();
            match (word, stanza) {
                ("iface", _) => {
                    let words: Vec<&str> = rest.split_ascii_whitespace().collect();
                    let (name, family, method) = match words[..] {
                        [name, family, method] => (name, family, method),
                        // As newer ifupdown has it: what is to be done follows from the options.
                        [name] => (name, "inet", "auto-static"),
                        _ => return Err(bad(path, index, "too few parameters for", line)),
                    };
                    self.interfaces.push(Interface {
                        name: name.to_string(),
                        family: family.to_string(),
                        method: method.to_string(),
                        options: Vec::new(),
                    });
                    stanza = Stanza::Interface;
                }
                ("auto" | "allow-auto", _) => {
                    for name in rest.split_ascii_whitespace() {
                        if !self.autos.iter().any(|known| known == name) {
                            self.autos.push(name.to_string());
                        }
                    }
                    stanza = Stanza::None;
                }
                ("mapping", _) => {
                    let patterns = rest.split_ascii_whitespace().map(str::to_string).collect();
                    self.mappings.push(Mapping { patterns, ..Mapping::default() });
                    stanza = Stanza::Mapping;
                }
                ("source", _) => self.source(path, rest, depth)?,
                ("source-directory", _) => self.source(path, &format!("{rest}/*"), depth)?,
                (word, _) if word.starts_with("allow-") || word == "no-auto-down" => stanza = Stanza::None,
                (_, Stanza::Interface) => {
                    if let Some(interface) = self.interfaces.last_mut() {
                        interface.options.push((word.to_string(), rest.to_string()));
                    }
                }
                (_, Stanza::Mapping) => {
                    if let Some(mapping) = self.mappings.last_mut() {
                        match word {
                            "script" => mapping.script = rest.to_string(),
                            "map" => mapping.lines.push(rest.to_string()),
                            _ => return Err(bad(path, index, "misplaced option", word)),
                        }
                    }
                }
                (_, Stanza::None) => return Err(bad(path, index, "misplaced option", word)),
            }
        }
        Ok(())
    }

    /// Reads the files that fit a pattern whose last component alone has wildcards.
    fn source(&mut self, from: &Path, pattern: &str, depth: usize) -> Result {
        if depth >= DEPTH_MAX {
            return Err(Error::message(format_args!("{}: files name each other", from.display())));
        }
        let pattern = from.parent().unwrap_or(Path::new("/")).join(pattern);
        let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name()) else { return Ok(()) };
        let mut names: Vec<OsString> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
        names.sort_unstable();
        for file in names {
            let path = folder.join(&file);
            let hidden = file.as_bytes().starts_with(b".");
            if !hidden && posix::glob::matches(name.as_bytes(), file.as_bytes()) && path.is_file() {
                self.read_file(&path, depth + 1)?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Stanza {
    None,
    Interface,
    Mapping,
}

#[cold]
fn bad(path: &Path, index: usize, what: &str, word: &str) -> Error {
    Error::message(format_args!("{}:{}: {what} \"{word}\"", path.display(), index + 1))
}
