//! tree — a file tree in memory, written as the same bytes however it was put together.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Kind, Meta, Writer};

/// What lies at a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Directory,
    File(Vec<u8>),
    /// Another name of the regular file at this name, whose meta it shares.
    HardLink(Vec<u8>),
    Symlink(Vec<u8>),
    CharDevice {
        major: u32,
        minor: u32,
    },
    BlockDevice {
        major: u32,
        minor: u32,
    },
    Fifo,
}

/// Names to nodes. Names are relative, without `.` and `..`, and unique.
#[derive(Default)]
pub struct Tree {
    nodes: BTreeMap<Vec<u8>, (Meta, Node)>,
}

impl Tree {
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Puts a node at `name`; slashes at its ends do not count.
    ///
    /// Errors: a name that is taken already, or that has an empty, `.` or `..` component.
    pub fn insert(&mut self, name: impl AsRef<[u8]>, meta: Meta, node: Node) -> io::Result<()> {
        let name = clean(name.as_ref())?;
        if self.nodes.contains_key(&name) {
            return Err(invalid(&name, "is there already"));
        }
        self.nodes.insert(name, (meta, node));
        Ok(())
    }

    /// Whether something lies at `name`.
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        clean(name.as_ref()).is_ok_and(|name| self.nodes.contains_key(&name))
    }

    /// Writes all nodes sorted by name, so that a directory comes before what it holds, and returns the size.
    ///
    /// Errors: a name whose parent is not a directory of the tree (the kernel would skip it in silence), a hard
    /// link to something that is not a regular file, those of the writer.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<u64> {
        let mut links: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
        for (name, (_, node)) in &self.nodes {
            self.check_parent(name)?;
            if let Node::HardLink(target) = node {
                let target = clean(target)?;
                match self.nodes.get_key_value(&target) {
                    Some((key, (_, Node::File(_)))) => links.entry(key).or_default().push(name),
                    _ => return Err(invalid(name, "is a hard link to something that is not a file")),
                }
            }
        }
        let mut writer = Writer::new(out);
        for (name, (meta, node)) in &self.nodes {
            let kind = match node {
                Node::HardLink(_) => continue,
                Node::File(contents) => {
                    let mut names: Vec<&[u8]> = vec![name];
                    names.extend(links.get(name.as_slice()).into_iter().flatten());
                    writer.file(&names, meta, contents.len() as u64, &mut contents.as_slice())?;
                    continue;
                }
                Node::Directory => Kind::Directory,
                Node::Symlink(target) => Kind::Symlink(target),
                Node::CharDevice { major, minor } => Kind::CharDevice { major: *major, minor: *minor },
                Node::BlockDevice { major, minor } => Kind::BlockDevice { major: *major, minor: *minor },
                Node::Fifo => Kind::Fifo,
            };
            writer.entry(name, meta, &kind)?;
        }
        writer.finish()
    }

    fn check_parent(&self, name: &[u8]) -> io::Result<()> {
        let Some(slash) = name.iter().rposition(|&byte| byte == b'/') else { return Ok(()) };
        match self.nodes.get(&name[..slash]) {
            Some((_, Node::Directory)) => Ok(()),
            Some(_) => Err(invalid(name, "lies in something that is not a directory")),
            None => Err(invalid(name, "lies in a directory that is not in the tree")),
        }
    }
}

/// `name` without slashes at its ends.
fn clean(name: &[u8]) -> io::Result<Vec<u8>> {
    let trimmed = name.strip_prefix(b"/").unwrap_or(name);
    let trimmed = trimmed.strip_suffix(b"/").unwrap_or(trimmed);
    if trimmed.split(|&byte| byte == b'/').any(|part| matches!(part, b"" | b"." | b"..")) {
        return Err(invalid(name, "has an empty, '.' or '..' component"));
    }
    Ok(trimmed.to_vec())
}

#[cold]
#[inline(never)]
fn invalid(name: &[u8], why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("'{}' {why}", name.escape_ascii()))
}
