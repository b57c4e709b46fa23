//! root — the file tree of an image, in memory: paths to entries with owners and modes of the image's, not the host's.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Paths without a slash at either end to what lies there. Parents are always there and are directories.
#[derive(Clone, Default)]
pub(crate) struct Root {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// The lower twelve bits.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Directory,
    File(Vec<u8>),
    Symlink(String),
    CharDevice { major: u32, minor: u32 },
}

impl Entry {
    pub(crate) fn directory(mode: u32) -> Entry {
        Entry { mode, uid: 0, gid: 0, kind: Kind::Directory }
    }

    pub(crate) fn file(mode: u32, contents: impl Into<Vec<u8>>) -> Entry {
        Entry { mode, uid: 0, gid: 0, kind: Kind::File(contents.into()) }
    }

    pub(crate) fn symlink(target: &str) -> Entry {
        Entry { mode: 0o777, uid: 0, gid: 0, kind: Kind::Symlink(target.to_string()) }
    }

    pub(crate) fn char_device(mode: u32, major: u32, minor: u32) -> Entry {
        Entry { mode, uid: 0, gid: 0, kind: Kind::CharDevice { major, minor } }
    }
}

impl Root {
    /// Puts an entry at `path`; missing parents become directories of root's with mode 0755. What lies there is
    /// replaced, except that a directory stays one: files would vanish with it.
    pub(crate) fn put(&mut self, path: &str, entry: Entry) -> Result<()> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            bail!("/ is always a directory of root's with mode 0755");
        }
        if let Some((parent, _)) = path.rsplit_once('/') {
            match self.entries.get(parent).map(|entry| &entry.kind) {
                Some(Kind::Directory) => {}
                Some(_) => bail!("/{path}: /{parent} is not a directory"),
                None => self.put(parent, Entry::directory(0o755))?,
            }
        }
        let is_directory = entry.kind == Kind::Directory;
        let was_directory = self.entries.get(path).map(|old| old.kind == Kind::Directory);
        if was_directory.is_some_and(|was| was != is_directory) {
            bail!("/{path}: a directory cannot be replaced by something else, nor the other way round");
        }
        self.entries.insert(path.to_string(), entry);
        Ok(())
    }

    /// The same, unless something lies there already.
    pub(crate) fn put_if_free(&mut self, path: &str, entry: Entry) -> Result<()> {
        if self.get(path).is_some() { Ok(()) } else { self.put(path, entry) }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path.trim_matches('/'))
    }

    pub(crate) fn get_mut(&mut self, path: &str) -> Option<&mut Entry> {
        self.entries.get_mut(path.trim_matches('/'))
    }

    /// The text of a file that is there, or nothing.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        match self.get(path).map(|entry| &entry.kind) {
            None => Ok(String::new()),
            Some(Kind::File(contents)) => match String::from_utf8(contents.clone()) {
                Ok(text) => Ok(text),
                Err(_) => bail!("{path}: is not UTF-8"),
            },
            Some(_) => bail!("{path}: is not a file"),
        }
    }

    /// Replaces a file's contents and keeps its owner and mode; a new one is root's, with `mode`.
    pub(crate) fn write(&mut self, path: &str, mode: u32, contents: impl Into<Vec<u8>>) -> Result<()> {
        let contents = contents.into();
        if let Some(Entry { kind: Kind::File(old), .. }) = self.get_mut(path) {
            *old = contents;
            return Ok(());
        }
        self.put(path, Entry::file(mode, contents))
    }

    /// Everything, parents before what they hold.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_made_and_nothing_vanishes() {
        let mut root = Root::default();
        root.put("/usr/bin/x", Entry::file(0o755, "x")).unwrap();
        root.put("/usr", Entry::directory(0o700)).unwrap();
        root.put("/tmp", Entry::directory(0o1777)).unwrap();
        root.put("/lock", Entry::symlink("tmp")).unwrap();
        let paths: Vec<&str> = root.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["lock", "tmp", "usr", "usr/bin", "usr/bin/x"]);
        assert_eq!(root.get("usr").unwrap().mode, 0o700);
        for (path, message) in [
            ("/usr", "a directory cannot be replaced"),
            ("/usr/bin/x/y", "/usr/bin/x is not a directory"),
            ("/lock/y", "/lock is not a directory"),
            ("/", "/ is always"),
        ] {
            let error = root.put(path, Entry::file(0o644, "")).unwrap_err().to_string();
            assert!(error.contains(message), "{path}: {error}");
        }
        root.write("/usr/bin/x", 0o644, "longer").unwrap();
        assert_eq!(root.get("/usr/bin/x"), Some(&Entry::file(0o755, "longer")));
        root.put_if_free("/lock", Entry::directory(0o755)).unwrap();
        assert_eq!(root.get("/lock"), Some(&Entry::symlink("tmp")));
    }
}
