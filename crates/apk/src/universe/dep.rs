//! dep — a dependency whose name is a number, so that comparing names is cheap.

use super::{NameId, PackageId, Provider, Universe};
use crate::dependency::{Borrowed, Op};
use crate::identity::Identity;

/// One constraint of depends, provides, install_if or world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dep<'t> {
    pub name: NameId,
    pub op: Op,
    pub version: &'t [u8],
    pub conflict: bool,
    /// The number of the tag; 0 for none.
    pub tag: u8,
    /// Set by the solver on constraints of world that it gave up (`--force-broken-world`).
    pub broken: bool,
}

/// What a package means for a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// Nothing: it has another name.
    None,
    Satisfied,
    Broken,
}

impl<'t> Dep<'t> {
    /// `borrowed` with numbers for its name and its tag.
    pub fn new(universe: &mut Universe<'t>, borrowed: Borrowed<'t>) -> Dep<'t> {
        let tag = borrowed.tag.map_or(0, |tag| universe.tag(tag));
        Dep {
            name: universe.name(borrowed.name),
            op: borrowed.op,
            version: borrowed.version,
            conflict: borrowed.conflict,
            // More tags than anybody can use: they are bits of a `TagSet`.
            tag: u8::try_from(tag).unwrap_or(u8::MAX),
            broken: false,
        }
    }

    /// The version that this gives a package as an item of `provides`; None without one.
    pub fn provided_version(&self) -> Option<&'t [u8]> {
        (!self.version.is_empty()).then_some(self.version)
    }

    /// Whether `provider` fulfils this constraint of `of`; None stands for nothing being there. A conflict is fulfilled by
    /// what does not match, and by the package itself whose conflict it is.
    pub fn is_provided(
        &self,
        universe: &Universe<'t>,
        of: Option<PackageId>,
        provider: Option<&Provider<'t>>,
    ) -> bool {
        let Some(provider) = provider else { return self.conflict };
        if self.conflict && of == Some(provider.package) {
            return true;
        }
        match (self.op, provider.version) {
            (Op::ANY, _) => !self.conflict,
            (Op::IDENTITY, _) => self.is_identity_of(universe, provider.package) != self.conflict,
            // No version is below every version.
            (op, version) => op.matches(version.unwrap_or_default(), self.version) != self.conflict,
        }
    }

    /// Whether the package itself, by its own name and version, fulfils this.
    pub fn is_materialized(&self, universe: &Universe<'t>, package: Option<PackageId>) -> bool {
        let Some(id) = package else { return self.conflict };
        let package = universe.package(id);
        if package.name != self.name {
            return self.conflict;
        }
        self.is_provided(universe, None, Some(&Provider { package: id, version: Some(package.version) }))
    }

    /// What a package means for this constraint of `of`.
    pub fn bearing(&self, universe: &Universe<'t>, of: Option<PackageId>, id: PackageId) -> Bearing {
        let package = universe.package(id);
        let satisfied = if package.name == self.name {
            self.is_materialized(universe, Some(id))
        } else if let Some(provided) = package.provides.iter().find(|provided| provided.name == self.name) {
            let provider = Provider { package: id, version: provided.provided_version() };
            self.is_provided(universe, of, Some(&provider))
        } else {
            return Bearing::None;
        };
        if satisfied { Bearing::Satisfied } else { Bearing::Broken }
    }

    fn is_identity_of(&self, universe: &Universe<'t>, package: PackageId) -> bool {
        let wanted = Identity::parse(self.version).map(Identity::recorded);
        wanted.is_some() && wanted == universe.package(package).identity.map(Identity::recorded)
    }

    /// Appends the text as in world.
    pub fn write(&self, universe: &Universe<'t>, out: &mut Vec<u8>) {
        self.borrowed(universe).write(out);
    }

    /// Appends the text as in messages.
    pub fn show(&self, universe: &Universe<'t>, out: &mut Vec<u8>) {
        self.borrowed(universe).show(out);
    }

    fn borrowed<'u>(&self, universe: &'u Universe<'t>) -> Borrowed<'u>
    where
        't: 'u,
    {
        Borrowed {
            name: universe.name_of(self.name).text,
            op: self.op,
            version: self.version,
            conflict: self.conflict,
            tag: (self.tag != 0).then(|| universe.tags()[self.tag as usize].name.as_slice()),
        }
    }
}
