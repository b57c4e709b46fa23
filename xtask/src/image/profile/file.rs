//! file — a profile's file as it is written, and errors that name its lines.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use serde::Deserialize;
use toml::Spanned;

/// One file; `Spanned` remembers where a value stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) inherit: Option<Spanned<String>>,
    pub(super) hostname: Option<Spanned<String>>,
    pub(super) files: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) programs: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) users: Vec<Spanned<User>>,
    pub(super) root_password: Option<Spanned<String>>,
    pub(super) kernel: Option<Spanned<String>>,
    pub(super) cmdline: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) arch: BTreeMap<Spanned<String>, ArchPart>,
    pub(super) formats: Option<Vec<Spanned<String>>>,
    // Words of the design that nothing stands behind yet: they are known so that the message can say so.
    packages: Option<Spanned<toml::Value>>,
    services: Option<Spanned<toml::Value>>,
}

/// What holds for one architecture only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchPart {
    pub(super) cmdline: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: Option<u32>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    pub(super) ssh_keys: Option<String>,
    pub(super) password: Option<String>,
    pub(super) shell: Option<String>,
}

/// A profile's text with its name, for messages.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Source<'_> {
    pub(super) fn parse(&self) -> Result<File> {
        toml::from_str(self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| self.line(span.start));
            anyhow!("{}:{line}: {}", self.path.display(), error.message())
        })
    }

    /// An error at a value.
    pub(super) fn at<T>(&self, value: &Spanned<T>, message: impl std::fmt::Display) -> anyhow::Error {
        self.at_offset(value.span().start, message)
    }

    pub(super) fn at_offset(&self, offset: usize, message: impl std::fmt::Display) -> anyhow::Error {
        anyhow!("{}:{}: {message}", self.path.display(), self.line(offset))
    }

    /// Refuses fields that would do nothing.
    pub(super) fn refuse_what_is_missing(&self, file: &File) -> Result<()> {
        if let Some(packages) = &file.packages {
            return Err(self.at(
                packages,
                "packages: Tarn has no package manager yet; put static programs in by `programs`",
            ));
        }
        if let Some(services) = &file.services {
            return Err(self.at(
                services,
                "services: Tarn has no service manager yet; put lines into /etc/inittab by `files`",
            ));
        }
        Ok(())
    }

    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
    }
}
