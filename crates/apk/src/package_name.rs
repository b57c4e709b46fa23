//! package_name — how the file of a package is called: a specification with variables.
//!
//! Source: apk-package(5), "PKGNAME_SPEC". Variables are `${name}`, `${version}`, `${arch}`, `${hash}`; `${hash:8}` is the
//! first eight characters of it.

use crate::identity::Identity;
use crate::package::Package;

/// The usual names of files beside an index.
pub const DEFAULT: &[u8] = b"${name}-${version}.apk";

/// Names below a repository's url.
pub const REPOSITORY: &[u8] = b"${arch}/${name}-${version}.apk";

/// A specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    text: Vec<u8>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Variable(Variable, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    Name,
    Version,
    Arch,
    Hash,
}

impl Spec {
    /// None where a variable is unknown or not closed.
    pub fn parse(text: &[u8]) -> Option<Spec> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let Some(start) = rest.windows(2).position(|two| two == b"${") else {
                parts.push(Part::Text(rest.to_vec()));
                break;
            };
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_vec()));
            }
            let end = start + rest[start..].iter().position(|&byte| byte == b'}')?;
            let inner = std::str::from_utf8(&rest[start + 2..end]).ok()?;
            let (name, length) = match inner.split_once(':') {
                Some((name, length)) => (name, length.parse().ok()?),
                None => (inner, usize::MAX),
            };
            let variable = match name {
                "name" => Variable::Name,
                "version" => Variable::Version,
                "arch" => Variable::Arch,
                "hash" => Variable::Hash,
                _ => return None,
            };
            parts.push(Part::Variable(variable, length));
            rest = &rest[end + 1..];
        }
        Some(Spec { text: text.to_vec(), parts })
    }

    /// The specification itself, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    /// The name of a package's file.
    pub fn name_of(&self, package: &Package) -> Vec<u8> {
        self.name(&package.name, &package.version, &package.arch, package.identity.as_ref())
    }

    /// The name of the file of the package with these facts.
    pub fn name(&self, name: &[u8], version: &[u8], arch: &[u8], identity: Option<&Identity>) -> Vec<u8> {
        let hash = identity.map_or_else(String::new, Identity::hex);
        let mut out = Vec::new();
        for part in &self.parts {
            let (value, length): (&[u8], usize) = match part {
                Part::Text(text) => (text, usize::MAX),
                Part::Variable(Variable::Name, length) => (name, *length),
                Part::Variable(Variable::Version, length) => (version, *length),
                Part::Variable(Variable::Arch, length) => (arch, *length),
                Part::Variable(Variable::Hash, length) => (hash.as_bytes(), *length),
            };
            out.extend_from_slice(&value[..value.len().min(length)]);
        }
        out
    }

    /// Whether the file `path` is called as the package's file should be. Which folder it is in says nothing: it lies where
    /// the index is made, not where it will be served.
    pub fn matches(&self, path: &[u8], package: &Package) -> bool {
        let last = |path: &[u8]| path.rsplit(|&byte| byte == b'/').next().unwrap_or_default().to_vec();
        last(path) == last(&self.name_of(package))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Digest;

    #[test]
    fn names_are_made_and_compared() {
        let package = Package {
            name: b"a".to_vec(),
            version: b"1-r0".to_vec(),
            arch: b"x".to_vec(),
            identity: Some(Digest::sha1(b"abc")),
            ..Package::default()
        };
        for (spec, expected) in [
            ("${name}-${version}.apk", Some("a-1-r0.apk")),
            ("${arch}/${name}_${hash:8}.apk", Some("x/a_a9993e36.apk")),
            ("plain", Some("plain")),
            ("${name", None),
            ("${nothing}", None),
            ("${hash:x}", None),
        ] {
            let name = Spec::parse(spec.as_bytes()).map(|spec| spec.name_of(&package));
            assert_eq!(name.as_deref(), expected.map(str::as_bytes), "{spec}");
        }
        let spec = Spec::parse(DEFAULT).unwrap();
        assert!(spec.matches(b"dir/a-1-r0.apk", &package) && spec.matches(b"a-1-r0.apk", &package));
        assert!(!spec.matches(b"ba-1-r0.apk", &package) && !spec.matches(b"a-1-r1.apk", &package));
    }
}
