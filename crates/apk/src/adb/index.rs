//! index — an index of version 3.

use std::io::Read;

use super::container;
use super::heap::Heap;
use super::kind;
use super::package::{Opened, open};
use super::schema::index as slot;
use super::value::{Object, Tree, Value};
use crate::error::{Kind, Result};
use crate::trust::Trust;

/// An index whose tree was read and is trusted.
#[derive(Debug)]
pub struct Index {
    tree: Vec<u8>,
}

impl Index {
    /// Reads an index. `start` are the file's first four bytes.
    ///
    /// Errors: it is no index, not trusted, or malformed.
    pub fn read<'a>(start: [u8; 4], input: Box<dyn Read + 'a>, trust: &Trust) -> Result<Index> {
        let container = container::Reader::open(start, input)?;
        if container.schema != kind::INDEX {
            return Err(Kind::AdbSchema.into());
        }
        let Opened { tree, pending, .. } = open(container, trust)?;
        if pending.is_some() {
            return Err(Kind::AdbBlock.into());
        }
        Ok(Index { tree })
    }

    fn root(&self) -> Object<'_> {
        // `open` has made a tree of these bytes before.
        Tree::new(&self.tree).map_or_else(|_| Object::nothing(), |tree| tree.root())
    }

    /// Empty where there is none.
    pub fn description(&self) -> &[u8] {
        self.root().blob(slot::DESCRIPTION)
    }

    /// How the names of package files are made; empty for the usual way.
    pub fn pkgname_spec(&self) -> &[u8] {
        self.root().blob(slot::PKGNAME_SPEC)
    }

    /// The facts of each package: see `facts::read_info`.
    pub fn packages(&self) -> impl Iterator<Item = Object<'_>> {
        self.root().object(slot::PACKAGES).objects()
    }
}

/// The tree of an index. `packages` are the values of objects in `heap`, sorted by name and version.
pub fn write(mut heap: Heap, description: &[u8], spec: &[u8], packages: &[Value]) -> Result<Vec<u8>> {
    let description = heap.blob(description);
    let packages = heap.object(packages);
    let spec = heap.blob(spec);
    let root = heap.object(&[description, packages, spec]);
    heap.finish(root)
}
