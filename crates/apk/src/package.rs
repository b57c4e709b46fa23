//! package — one package's facts, from wherever they were read: .PKGINFO, an index, an ADB object, the database.

use std::cmp::Ordering;

use crate::dependency::Dependency;
use crate::identity::Identity;
use crate::version;

/// The facts. Texts are empty, numbers 0, lists empty where the source has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    pub name: Vec<u8>,
    pub version: Vec<u8>,
    pub identity: Option<Identity>,
    pub arch: Vec<u8>,
    pub description: Vec<u8>,
    pub url: Vec<u8>,
    pub license: Vec<u8>,
    pub origin: Vec<u8>,
    pub maintainer: Vec<u8>,
    /// The revision of the recipe, as hexadecimal digits.
    pub commit: Vec<u8>,
    /// Seconds since 1970.
    pub build_time: u64,
    /// Bytes of the package's file.
    pub file_size: u64,
    /// Bytes on the disk.
    pub installed_size: u64,
    pub provider_priority: u32,
    pub replaces_priority: u32,
    pub layer: u8,
    pub depends: Vec<Dependency>,
    pub provides: Vec<Dependency>,
    pub install_if: Vec<Dependency>,
    pub replaces: Vec<Dependency>,
    pub recommends: Vec<Dependency>,
    pub tags: Vec<Vec<u8>>,
    /// Patterns of the folders whose changes run the trigger script.
    pub triggers: Vec<Vec<u8>>,
    /// SHA-256 of the packed data section (version 2 only).
    pub data_hash: Option<Identity>,
    /// What in it was not understood: the package must not be installed.
    pub broken: Broken,
}

/// The fields that this program cannot take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// An upper-case field of an index that is unknown.
    pub unknown_field: bool,
    pub depends: bool,
    pub provides: bool,
    pub install_if: bool,
}

impl Broken {
    pub fn any(self) -> bool {
        self.unknown_field || self.depends || self.provides || self.install_if
    }
}

impl Package {
    /// `name-version`.
    pub fn full_name(&self) -> Vec<u8> {
        [&self.name, &b"-"[..], &self.version].concat()
    }

    /// The order of indexes: by name, then version.
    pub fn compare(&self, other: &Package) -> Ordering {
        self.name.cmp(&other.name).then_with(|| version::compare(&self.version, &other.version))
    }
}

/// Whether `name` may be a package's: it starts with a letter or digit, and goes on with these and `+`, `.`, `_`, `-`.
pub fn is_valid_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, valid) in [
            ("musl", true),
            ("g++", true),
            ("2bwm", true),
            ("a.b_c-d", true),
            ("", false),
            (".x", false),
            ("-x", false),
            ("a b", false),
            ("a/b", false),
            ("so:x", false),
        ] {
            assert_eq!(is_valid_name(name.as_bytes()), valid, "{name}");
        }
    }
}
