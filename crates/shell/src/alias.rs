//! alias — names that the parser replaces by text.

use std::collections::BTreeMap;

use crate::name::Name;

/// The aliases of a shell.
#[derive(Default)]
pub struct Aliases {
    values: BTreeMap<Name, Box<[u8]>>,
}

impl Aliases {
    pub fn get(&self, name: Name) -> Option<&[u8]> {
        self.values.get(&name).map(|value| &**value)
    }

    pub fn set(&mut self, name: Name, value: &[u8]) {
        self.values.insert(name, value.into());
    }

    /// Whether there was one.
    pub fn remove(&mut self, name: Name) -> bool {
        self.values.remove(&name).is_some()
    }

    pub fn clear(&mut self) {
        self.values.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = Name> + '_ {
        self.values.keys().copied()
    }
}
