//! fragment — the files of `kernel-config/` that say which options are wanted.
//!
//! A fragment is written as Kconfig writes its results: `CONFIG_X=value` or `# CONFIG_X is not set`. Beyond that the
//! house asks two things: every group of options has a comment above it that gives the reason, and an option stands in
//! one fragment only, so that no line overrules another one in silence.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::config::Config;
use super::spec;

/// One option that a fragment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// With `CONFIG_`.
    pub(crate) name: String,
    /// `None` for "is not set".
    pub(crate) value: Option<String>,
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.name),
            None => write!(f, "# {} is not set", self.name),
        }
    }
}

/// A wish that the final configuration does not have.
#[derive(Debug, PartialEq, Eq)]
struct Lost<'a> {
    pub(crate) wish: &'a Wish,
    pub(crate) actual: Option<String>,
}

impl fmt::Display for Lost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wish { file, line, .. } = self.wish;
        write!(f, "{file}:{line}: {} became ", self.wish)?;
        match &self.actual {
            Some(value) => f.write_str(value),
            None => f.write_str("not set"),
        }
    }
}

/// Reads fragments in merge order.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Wish>> {
    let mut texts = Vec::new();
    for path in paths {
        let text = fs::read_to_string(path).with_context(|| spec::shown(path))?;
        texts.push((spec::shown(path), text));
    }
    merge(&texts)
}

/// Merges `(file name, text)` pairs.
pub(crate) fn merge(texts: &[(String, String)]) -> Result<Vec<Wish>> {
    let mut wishes: Vec<Wish> = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in texts {
        for wish in parse(file, text)? {
            let place = format!("{file}:{}", wish.line);
            if let Some(first) = seen.insert(wish.name.clone(), place.clone()) {
                bail!("{place}: {} stands already in {first}; keep one of the two", wish.name);
            }
            wishes.push(wish);
        }
    }
    Ok(wishes)
}

fn parse(file: &str, text: &str) -> Result<Vec<Wish>> {
    let mut wishes = Vec::new();
    let mut group_has_reason = false;
    for (index, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", index + 1);
        if line.is_empty() {
            group_has_reason = false;
            continue;
        }
        let (name, value) = if let Some(rest) = line.strip_prefix('#') {
            match rest.strip_prefix(" CONFIG_").and_then(|rest| rest.strip_suffix(" is not set")) {
                Some(name) => (format!("CONFIG_{name}"), None),
                None => {
                    group_has_reason = true;
                    continue;
                }
            }
        } else {
            match line.split_once('=') {
                Some((name, "n")) => {
                    bail!("{place}: write `# {name} is not set`, Kconfig does not know `=n`")
                }
                Some((name, value)) if !value.is_empty() => (name.to_string(), Some(value.to_string())),
                _ => bail!("{place}: {line:?} is neither CONFIG_X=value nor `# CONFIG_X is not set`"),
            }
        };
        let symbol = name.strip_prefix("CONFIG_").unwrap_or_default();
        if symbol.is_empty() || !symbol.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            bail!("{place}: {name:?} is not an option's name");
        }
        if !group_has_reason {
            bail!("{place}: {name} stands in a group without a reason; put a comment above the group");
        }
        wishes.push(Wish { name, value, file: file.to_string(), line: index + 1 });
    }
    Ok(wishes)
}

/// The merged file that Kconfig reads, in the order of the fragments.
pub(crate) fn text(wishes: &[Wish]) -> String {
    wishes.iter().map(|wish| format!("{wish}\n")).collect()
}

/// What the options are, whatever their order and comments: two equal texts give the same configuration.
pub(crate) fn canonical(wishes: &[Wish]) -> String {
    let mut lines: Vec<String> = wishes.iter().map(Wish::to_string).collect();
    lines.sort();
    lines.join("\n")
}

/// The wishes that `config` does not grant. "Is not set" is granted by an option that does not exist there, too.
fn lost<'a>(wishes: &'a [Wish], config: &Config) -> Vec<Lost<'a>> {
    wishes
        .iter()
        .filter_map(|wish| {
            let actual = config.get(&wish.name);
            let granted = match &wish.value {
                Some(value) => actual == Some(value.as_str()),
                None => !matches!(actual, Some("y" | "m")),
            };
            (!granted).then(|| Lost { wish, actual: actual.map(str::to_string) })
        })
        .collect()
}

/// Fails with the list of all wishes that `config` does not grant.
pub(crate) fn require_granted(wishes: &[Wish], config: &Config) -> Result<()> {
    let lost = lost(wishes, config);
    if lost.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = lost.iter().map(|lost| format!("\n  {lost}")).collect();
    bail!(
        "options that are wanted and did not survive Kconfig (a dependency is missing, or another option forces them): \
         {}{}",
        lost.len(),
        lines.concat()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(text: &str) -> Result<Vec<Wish>> {
        merge(&[("a.config".to_string(), text.to_string())])
    }

    #[test]
    fn fragments_are_read_with_their_places() {
        let read = wishes("# why\nCONFIG_A=y\n# CONFIG_B is not set\n\n# text\nCONFIG_C=\"x=y\"\n").unwrap();
        let shown: Vec<String> = read.iter().map(|wish| format!("{}: {wish}", wish.line)).collect();
        assert_eq!(shown, ["2: CONFIG_A=y", "3: # CONFIG_B is not set", "6: CONFIG_C=\"x=y\""]);
    }

    #[test]
    fn what_is_refused_names_its_place() {
        let cases = [
            ("CONFIG_A=y\n", "a.config:1: CONFIG_A stands in a group without a reason"),
            ("# why\nCONFIG_A=y\n\nCONFIG_B=y\n", "a.config:4: CONFIG_B stands in a group without"),
            ("# why\nCONFIG_A=n\n", "a.config:2: write `# CONFIG_A is not set`"),
            ("# why\nCONFIG_A\n", "a.config:2: \"CONFIG_A\" is neither"),
            ("# why\nCONFIG_A=\n", "a.config:2: \"CONFIG_A=\" is neither"),
            ("# why\n CONFIG_A=y\n", "a.config:2: \" CONFIG_A\" is not an option's name"),
            (
                "# why\nCONFIG_A=y\n# CONFIG_A is not set\n",
                "a.config:3: CONFIG_A stands already in a.config:2",
            ),
        ];
        for (text, expected) in cases {
            let error = wishes(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_option_in_two_fragments_is_refused() {
        let text = "# why\nCONFIG_A=y\n".to_string();
        let error = merge(&[("a".into(), text.clone()), ("b".into(), text)]).unwrap_err().to_string();
        assert_eq!(error, "b:2: CONFIG_A stands already in a:2; keep one of the two");
    }

    #[test]
    fn lost_wishes_are_found() {
        let config =
            Config::parse("CONFIG_A=y\nCONFIG_B=m\nCONFIG_N=4\nCONFIG_T=\"x\"\n# CONFIG_OFF is not set\n");
        let cases = [
            ("CONFIG_A=y", None),
            ("CONFIG_N=4", None),
            ("CONFIG_T=\"x\"", None),
            ("# CONFIG_OFF is not set", None),
            ("# CONFIG_ABSENT is not set", None),
            ("CONFIG_A=m", Some("a.config:2: CONFIG_A=m became y")),
            ("CONFIG_B=y", Some("a.config:2: CONFIG_B=y became m")),
            ("CONFIG_N=5", Some("a.config:2: CONFIG_N=5 became 4")),
            ("CONFIG_ABSENT=y", Some("a.config:2: CONFIG_ABSENT=y became not set")),
            ("# CONFIG_A is not set", Some("a.config:2: # CONFIG_A is not set became y")),
            ("# CONFIG_B is not set", Some("a.config:2: # CONFIG_B is not set became m")),
        ];
        for (line, expected) in cases {
            let read = wishes(&format!("# why\n{line}\n")).unwrap();
            let found: Vec<String> = lost(&read, &config).iter().map(Lost::to_string).collect();
            assert_eq!(found.first().map(String::as_str), expected, "{line}");
        }
    }

    #[test]
    fn comments_and_order_do_not_change_what_is_built() {
        let one = wishes("# why\nCONFIG_A=y\nCONFIG_B=m\n").unwrap();
        let two = wishes("# other words\nCONFIG_B=m\n\n# why\nCONFIG_A=y\n").unwrap();
        assert_eq!(canonical(&one), canonical(&two));
        assert_ne!(canonical(&one), canonical(&one[..1]));
    }
}
