//! config — a finished kernel configuration, and what differs between two.

use std::collections::BTreeMap;
use std::fmt;

/// The options of a `.config` that are set, with their values as they are written there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Config(BTreeMap<String, String>);

impl Config {
    pub(crate) fn parse(text: &str) -> Config {
        let options = text.lines().filter(|line| line.starts_with("CONFIG_"));
        Config(
            options
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        )
    }

    /// The value of `name` (with `CONFIG_`), or `None` if it is not set or does not exist.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// How many options are `y` and how many are `m`.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let count = |wanted: &str| self.0.values().filter(|value| *value == wanted).count();
        (count("y"), count("m"))
    }
}

/// One option that differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) name: String,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (&self.old, &self.new) {
            (None, Some(new)) => write!(f, "+ {name}={new}"),
            (Some(old), None) => write!(f, "- {name}={old}"),
            (old, new) => {
                write!(f, "  {name}: {} -> {}", old.as_deref().unwrap_or("-"), new.as_deref().unwrap_or("-"))
            }
        }
    }
}

/// The options that differ, by name.
pub(crate) fn changes(old: &Config, new: &Config) -> Vec<Change> {
    let mut names: Vec<&String> = old.0.keys().chain(new.0.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| old.get(name) != new.get(name))
        .map(|name| Change {
            name: name.clone(),
            old: old.get(name).map(str::to_string),
            new: new.get(name).map(str::to_string),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_by_kind() {
        let old = Config::parse("# head\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=\"a=b\"\n");
        let new = Config::parse("CONFIG_A=m\nCONFIG_C=y\nCONFIG_D=\"a=b\"\n");
        let shown: Vec<String> = changes(&old, &new).iter().map(Change::to_string).collect();
        assert_eq!(shown, ["  CONFIG_A: y -> m", "- CONFIG_B=m", "+ CONFIG_C=y"]);
        assert_eq!(changes(&old, &old), []);
        assert_eq!(old.counts(), (1, 1));
    }
}
