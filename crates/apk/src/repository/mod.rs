//! repository — where packages come from: the lines of /etc/apk/repositories, and the places they name.
//!
//! Source: apk-repositories(5); corners as apk-tools 3.0.6 takes them. This module opens nothing.

mod line;

use std::fmt;

pub use self::line::{Config, Problem};
use crate::identity::{Digest, Identity};
use crate::package_name::{self, Spec};
use crate::universe::{DEFAULT_TAG, RepositorySet, Tag, TagSet};

/// How an index is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `APKINDEX.tar.gz` in the folder of the architecture.
    V2,
    /// `Packages.adb` in the folder of the architecture.
    V3,
    /// The url is the index itself.
    Index,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    pub kind: Kind,
    /// Without slashes at the end.
    pub url: Vec<u8>,
    /// The tags it was given, as bits of `Repositories::tags`.
    pub tags: TagSet,
    /// The architecture whose folder is used.
    pub arch: Vec<u8>,
    /// How the index says that packages' files are called; empty for the usual way.
    pub pkgname_spec: Vec<u8>,
}

impl Repository {
    /// The url of the index.
    pub fn index_url(&self) -> Vec<u8> {
        let name: &[u8] = match self.kind {
            Kind::Index => return self.url.clone(),
            Kind::V2 => b"APKINDEX.tar.gz",
            Kind::V3 => b"Packages.adb",
        };
        [&self.url, b"/".as_slice(), &self.arch, b"/", name].concat()
    }

    /// The url below which packages lie: of an index, its folder.
    pub fn package_base(&self) -> &[u8] {
        match self.kind {
            Kind::Index => {
                let end = self.url.iter().rposition(|&byte| byte == b'/');
                end.map_or(b".".as_slice(), |end| &self.url[..end])
            }
            Kind::V2 | Kind::V3 => &self.url,
        }
    }

    /// The url of the file of a package with these facts. None where the index says how files are called in words that
    /// mean nothing.
    pub fn package_url(
        &self,
        name: &[u8],
        version: &[u8],
        arch: &[u8],
        identity: Option<&Identity>,
    ) -> Option<Vec<u8>> {
        let usual = match self.kind {
            Kind::Index => package_name::DEFAULT,
            Kind::V2 | Kind::V3 => package_name::REPOSITORY,
        };
        let text = if self.pkgname_spec.is_empty() { usual } else { &self.pkgname_spec };
        let file = Spec::parse(text)?.name(name, version, arch, identity);
        // One with a server of its own.
        if scheme_end(text).is_some() {
            return Some(file);
        }
        Some([self.package_base(), b"/", &file].concat())
    }

    /// Whether the index is fetched and kept in the cache.
    pub fn is_remote(&self) -> bool {
        is_remote(&self.url)
    }

    /// The name of the index in the cache.
    pub fn cache_name(&self) -> String {
        format!("APKINDEX.{}.tar.gz", self.hash())
    }

    /// The name in the cache of what the index is searched by.
    pub fn catalog_name(&self) -> String {
        format!("APKINDEX.{}.catalog", self.hash())
    }

    fn hash(&self) -> String {
        let mut hash = Digest::sha256(&self.index_url()).hex();
        hash.truncate(8);
        hash
    }
}

/// Whether a url is not a file of this system. `test:` names a file, but is treated as if it did not.
pub fn is_remote(url: &[u8]) -> bool {
    local_path(url).is_none()
}

/// The path that a local url names.
pub fn local_path(url: &[u8]) -> Option<&[u8]> {
    if let Some(path) = url.strip_prefix(b"file:") {
        return Some(path.strip_prefix(b"//").filter(|path| path.starts_with(b"/")).unwrap_or(path));
    }
    if url.starts_with(b"test:") || scheme_end(url).is_some() {
        return None;
    }
    Some(url)
}

/// Where `://` begins.
fn scheme_end(url: &[u8]) -> Option<usize> {
    url.windows(3).position(|three| three == b"://")
}

/// A url for people: a password is shown as `*`.
pub fn printable(url: &[u8]) -> Vec<u8> {
    let Some(scheme) = scheme_end(url) else { return url.to_vec() };
    let host = scheme + 3;
    let end = url[host..].iter().position(|&byte| byte == b'/').map_or(url.len(), |at| host + at);
    let Some(at) = url[host..end].iter().position(|&byte| byte == b'@').map(|at| host + at) else {
        return url.to_vec();
    };
    match url[host..at].iter().position(|&byte| byte == b':') {
        Some(colon) => [&url[..=host + colon], b"*", &url[at..]].concat(),
        None => url.to_vec(),
    }
}

/// The most repositories and tags that are taken.
pub const REPOSITORIES_MOST: usize = RepositorySet::BITS as usize - 1;
pub const TAGS_MOST: usize = TagSet::BITS as usize;

/// All repositories of a run, and the tags.
#[derive(Clone, Debug)]
pub struct Repositories {
    pub list: Vec<Repository>,
    /// Names of the tags; the first is the default, without a name.
    pub tags: Vec<Vec<u8>>,
}

impl Default for Repositories {
    fn default() -> Repositories {
        Repositories { list: Vec::new(), tags: vec![Vec::new()] }
    }
}

impl Repositories {
    /// The tags with the repositories that have them. A repository counts by its number in the list.
    pub fn tags(&self) -> Vec<Tag> {
        let tags = self.tags.iter().enumerate();
        tags.map(|(tag, name)| {
            let having =
                self.list.iter().enumerate().filter(|(_, repository)| repository.tags & (1 << tag) != 0);
            let repositories = having.fold(0, |set, (number, _)| set | 1 << number);
            Tag { name: name.clone(), repositories }
        })
        .collect()
    }

    /// The number of a tag, which is added where it is new.
    fn tag(&mut self, name: &[u8]) -> usize {
        if name.is_empty() {
            return DEFAULT_TAG;
        }
        match self.tags.iter().position(|tag| tag == name) {
            Some(tag) => tag,
            None if self.tags.len() < TAGS_MOST => {
                self.tags.push(name.to_vec());
                self.tags.len() - 1
            }
            None => DEFAULT_TAG,
        }
    }

    /// Adds a repository. The same one again gets the tag too.
    fn add(&mut self, kind: Kind, url: Vec<u8>, tag: usize, arch: &[u8]) {
        if let Some(known) = self.list.iter_mut().find(|other| other.url == url && other.kind == kind) {
            known.tags |= 1 << tag;
        } else if self.list.len() < REPOSITORIES_MOST {
            let (arch, pkgname_spec) = (arch.to_vec(), Vec::new());
            self.list.push(Repository { kind, url, tags: 1 << tag, arch, pkgname_spec });
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::V2 => "v2",
            Kind::V3 => "v3",
            Kind::Index => "ndx",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let repository = |kind, url: &str| Repository {
            kind,
            url: url.as_bytes().to_vec(),
            tags: 1,
            arch: b"x86_64".to_vec(),
            pkgname_spec: Vec::new(),
        };
        let v2 = repository(Kind::V2, "test:e");
        assert_eq!(v2.index_url(), b"test:e/x86_64/APKINDEX.tar.gz");
        assert_eq!(v2.cache_name(), "APKINDEX.c7768b76.tar.gz");
        assert!(v2.is_remote());
        assert_eq!(repository(Kind::Index, "/a/b.adb").package_base(), b"/a");
        assert!(!repository(Kind::V3, "file:/a").is_remote());
    }

    #[test]
    fn passwords_are_not_shown() {
        for (url, expected) in [
            ("http://u:p@h/x", "http://u:*@h/x"),
            ("http://u@h/x", "http://u@h/x"),
            ("http://h/x:y@z", "http://h/x:y@z"),
            ("/a", "/a"),
        ] {
            assert_eq!(printable(url.as_bytes()), expected.as_bytes(), "{url}");
        }
    }
}
