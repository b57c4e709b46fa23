//! alias — names that the parser replaces by text.

use crate::name::Name;

/// The aliases of a shell.
#[derive(Default)]
pub struct Aliases {
    /// In no order: nobody has so many that looking through them would take time.
    values: Vec<(Name, Box<[u8]>)>,
}

impl Aliases {
    pub fn get(&self, name: Name) -> Option<&[u8]> {
        self.values.iter().find(|alias| alias.0 == name).map(|alias| &*alias.1)
    }

    pub fn set(&mut self, name: Name, value: &[u8]) {
        self.remove(name);
        self.values.push((name, value.into()));
    }

    /// Whether there was one.
    pub fn remove(&mut self, name: Name) -> bool {
        let before = self.values.len();
        self.values.retain(|alias| alias.0 != name);
        self.values.len() < before
    }

    pub fn clear(&mut self) {
        self.values.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = Name> + '_ {
        self.values.iter().map(|alias| alias.0)
    }
}
