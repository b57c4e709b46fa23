//! universe — everything that is known by name: installed packages, those of repositories, and those given.
//!
//! Packages are read from the blocks of catalogs when something asks for one of their names, so that what a command
//! costs is what it looks at, not how large the repositories are. A package that several sources have, by the same
//! identity, is one package.
//!
//! The order of everything is that in which the sources are given, the installed packages first; the solver's choices
//! depend on it.

mod dep;
mod package;

pub use self::dep::{Bearing, Dep};
pub use self::package::{Broken, Package, fields};

use std::cmp::Ordering;

use crate::catalog::Catalog;
use crate::dependency;
use crate::fast_hash::{FastMap, FastSet};
use crate::identity::Identity;

/// The number of a name.
pub type NameId = u32;
/// The number of a package.
pub type PackageId = u32;
/// A set of repositories, by bit. The first bits are those of `Repository` in order.
pub type RepositorySet = u64;
/// A set of tags, by bit; bit 0 is no tag at all.
pub type TagSet = u32;

/// The tag of repositories without one.
pub const DEFAULT_TAG: usize = 0;

/// The set of one tag. Repositories have no tags beyond the set's bits (`repository::TAGS_MOST`), a world may name more:
/// they are in none.
pub fn tag_set(tag: usize) -> TagSet {
    u32::try_from(tag).ok().and_then(|tag| TagSet::checked_shl(1, tag)).unwrap_or(0)
}

/// No name, and no package.
const NOWHERE: u32 = u32::MAX;
/// The lists of `marks`.
const PROVIDES: usize = 0;
const INSTALL_IF: usize = 1;

/// Where the blocks of a catalog come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The installed database.
    Installed,
    /// The repository of this number.
    Repository(u32),
    /// Packages made for this run (`add --virtual`) or given as files.
    Given,
}

/// A catalog and where it comes from.
#[derive(Clone, Copy)]
pub struct Source<'t> {
    pub catalog: Catalog<'t>,
    pub origin: Origin,
}

/// A tag `@name` and the repositories that have it.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Empty for the default.
    pub name: Vec<u8>,
    pub repositories: RepositorySet,
}

/// A package under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider<'t> {
    pub package: PackageId,
    /// None for a `provides` without a version.
    pub version: Option<&'t [u8]>,
}

/// A name that something has, wants or provides.
pub struct Name<'t> {
    pub text: &'t [u8],
    /// In the order of the sources; empty until `Universe::load`.
    pub providers: Vec<Provider<'t>>,
    /// Packages whose install_if speaks of this name; most names have none.
    #[expect(clippy::box_collection, reason = "16 bytes less for each of many names")]
    install_ifs: Option<Box<Vec<PackageId>>>,
    loaded: bool,
    /// Its number in the catalog of `Universe::base`; `NOWHERE` where that does not have it.
    index: u32,
}

impl Name<'_> {
    /// Packages whose install_if speaks of this name.
    pub fn install_ifs(&self) -> &[PackageId] {
        self.install_ifs.as_deref().map_or(&[], Vec::as_slice)
    }
}

/// The names and packages.
pub struct Universe<'t> {
    sources: Vec<Source<'t>>,
    /// The source with the most names: they are found by its catalog's own table.
    base: usize,
    names: Vec<Name<'t>>,
    /// The names that the base does not have.
    by_name: FastMap<&'t [u8], NameId>,
    packages: Vec<Package<'t>>,
    by_identity: FastMap<Identity, PackageId>,
    /// Whether a package can come from two places.
    has_twins: bool,
    /// Of each source, the package that a block became, plus one; 0 for those not read.
    by_block: Vec<Vec<PackageId>>,
    /// Of each source, the numbers here of its names, plus one; 0 for those not met.
    names_of_source: Vec<Vec<NameId>>,
    /// Of each package, the name to whose providers, and to whose install_ifs, it was added last.
    marks: [Vec<NameId>; 2],
    tags: Vec<Tag>,
    /// Repositories that can be reached: all, without the network only local ones.
    pub available: RepositorySet,
    /// Architectures whose packages can be installed; none stands for all.
    pub arches: &'t [Vec<u8>],
}

impl<'t> Universe<'t> {
    /// What `sources` have. `tags` begins with the default tag.
    pub fn new(sources: Vec<Source<'t>>, tags: Vec<Tag>, available: RepositorySet) -> Universe<'t> {
        let filled = sources.iter().filter(|source| !source.catalog.is_empty());
        let has_twins = filled.count() > 1 || sources.iter().any(|source| source.catalog.has_twins());
        Universe {
            has_twins,
            by_block: sources.iter().map(|source| vec![0; source.catalog.len()]).collect(),
            names_of_source: sources.iter().map(|source| vec![0; source.catalog.names_len()]).collect(),
            base: (0..sources.len()).max_by_key(|&at| sources[at].catalog.names_len()).unwrap_or(0),
            sources,
            names: Vec::new(),
            by_name: FastMap::default(),
            packages: Vec::new(),
            by_identity: FastMap::default(),
            marks: [Vec::new(), Vec::new()],
            tags,
            available,
            arches: &[],
        }
    }

    /// Whether packages of this architecture can be installed.
    pub fn accepts(&self, arch: &[u8]) -> bool {
        self.arches.is_empty() || arch == b"noarch" || self.arches.iter().any(|own| own == arch)
    }

    /// The name with this text.
    pub fn name(&mut self, text: &'t [u8]) -> NameId {
        if let Some(index) = self.sources.get(self.base).and_then(|source| source.catalog.find(text)) {
            return self.name_in(self.base, index);
        }
        self.name_elsewhere(text)
    }

    /// The name with this text, which the base does not have.
    fn name_elsewhere(&mut self, text: &'t [u8]) -> NameId {
        if let Some(&name) = self.by_name.get(text) {
            return name;
        }
        let name = self.add_name(text, NOWHERE);
        self.by_name.insert(text, name);
        name
    }

    fn add_name(&mut self, text: &'t [u8], index: u32) -> NameId {
        self.names.push(Name { text, providers: Vec::new(), install_ifs: None, loaded: false, index });
        self.names.len() as NameId - 1
    }

    /// The name `index` of a source's catalog.
    fn name_in(&mut self, source: usize, index: usize) -> NameId {
        let known = self.names_of_source[source].get(index).copied();
        if let Some(name) = known.and_then(|name| name.checked_sub(1)) {
            return name;
        }
        let text = self.sources[source].catalog.name(index);
        let name = match known {
            Some(_) if source == self.base => self.add_name(text, index as u32),
            Some(_) => self.name(text),
            // The catalog is damaged: it has no such name.
            None => return self.name_elsewhere(b""),
        };
        self.names_of_source[source][index] = name + 1;
        name
    }

    /// A name that was seen before.
    pub fn find_name(&self, text: &[u8]) -> Option<NameId> {
        match self.sources.get(self.base).and_then(|source| source.catalog.find(text)) {
            Some(index) => self.names_of_source[self.base].get(index)?.checked_sub(1),
            None => self.by_name.get(text).copied(),
        }
    }

    /// What is known of a name.
    pub fn name_of(&self, name: NameId) -> &Name<'t> {
        &self.names[name as usize]
    }

    /// How many names were seen.
    pub fn names_len(&self) -> usize {
        self.names.len()
    }

    /// A package.
    pub fn package(&self, package: PackageId) -> &Package<'t> {
        &self.packages[package as usize]
    }

    /// How many packages were read.
    pub fn packages_len(&self) -> usize {
        self.packages.len()
    }

    /// The tags; the first is the default.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The number of the tag; a new one without repositories where it is not known.
    pub fn tag(&mut self, name: &[u8]) -> usize {
        match self.tags.iter().position(|tag| tag.name == name) {
            Some(tag) => tag,
            None => {
                self.tags.push(Tag { name: name.to_vec(), repositories: 0 });
                self.tags.len() - 1
            }
        }
    }

    /// The repositories of all tags of the set.
    pub fn repositories_of(&self, tags: TagSet) -> RepositorySet {
        let mut repositories = 0;
        for (index, tag) in self.tags.iter().enumerate().take(TagSet::BITS as usize) {
            if tags & (1 << index) != 0 {
                repositories |= tag.repositories;
            }
        }
        repositories
    }

    /// The sources.
    pub fn sources(&self) -> &[Source<'t>] {
        &self.sources
    }

    /// Reads every package that provides the name or whose install_if speaks of it.
    pub fn load(&mut self, name: NameId) {
        if std::mem::replace(&mut self.names[name as usize].loaded, true) {
            return;
        }
        let text = self.names[name as usize].text;
        self.names[name as usize].providers.clear();
        for source in 0..self.sources.len() {
            let catalog = self.sources[source].catalog;
            let index = match self.names[name as usize].index {
                index if source == self.base => (index != NOWHERE).then_some(index as usize),
                _ => catalog.find(text),
            };
            let Some(index) = index else { continue };
            if let Some(known) = self.names_of_source[source].get_mut(index) {
                *known = name + 1;
            }
            let providers = catalog.providers(index);
            self.names[name as usize].providers.reserve_exact(providers.len());
            for block in providers {
                let package = self.read(source, block);
                if self.is_first(PROVIDES, name, package) {
                    self.add_providers(name, package);
                }
            }
            let install_ifs = catalog.install_ifs(index);
            for block in install_ifs {
                let package = self.read(source, block);
                if self.is_first(INSTALL_IF, name, package) {
                    self.names[name as usize].install_ifs.get_or_insert_default().push(package);
                }
            }
        }
    }

    /// Whether the package was not met yet in this list of the name, which is the one being loaded.
    fn is_first(&mut self, list: usize, name: NameId, package: PackageId) -> bool {
        let marks = &mut self.marks[list];
        if marks.len() <= package as usize {
            marks.resize(self.packages.len(), NOWHERE);
        }
        std::mem::replace(&mut marks[package as usize], name) != name
    }

    /// Whether any package speaks of the name in its dependencies. Looks at every block.
    pub fn is_mentioned(&self, text: &[u8]) -> bool {
        let speaks = |block: &[u8]| {
            let lists = fields(block).filter(|(letter, _)| matches!(letter, b'D' | b'i'));
            lists.flat_map(|(_, list)| dependency::borrow_list(list).flatten()).any(|dep| dep.name == text)
        };
        self.sources
            .iter()
            .any(|source| (0..source.catalog.len()).any(|block| speaks(source.catalog.block(block))))
    }

    /// Gives names that were not asked for those of their providers that were read for another reason.
    pub fn link(&mut self) {
        let mut counts = vec![0u32; self.names.len()];
        for package in &self.packages {
            counts[package.name as usize] += 1;
            package.provides.iter().for_each(|dep| counts[dep.name as usize] += 1);
        }
        for (name, count) in self.names.iter_mut().zip(counts).filter(|(name, _)| !name.loaded) {
            name.providers.clear();
            name.providers.reserve_exact(count as usize);
        }
        // In the order of the sources: each package where it was read first.
        for (source, blocks) in self.by_block.iter().enumerate() {
            for (block, id) in blocks.iter().enumerate().filter(|(_, id)| **id != 0) {
                let id = id - 1;
                let package = &self.packages[id as usize];
                if package.sequence != sequence(source, block) {
                    continue;
                }
                let own = &mut self.names[package.name as usize];
                if !own.loaded {
                    own.providers.push(Provider { package: id, version: Some(package.version) });
                }
                for dep in &package.provides {
                    let provided = &mut self.names[dep.name as usize];
                    if !provided.loaded {
                        provided.providers.push(Provider { package: id, version: dep.provided_version() });
                    }
                }
            }
        }
    }

    fn add_providers(&mut self, name: NameId, id: PackageId) {
        let package = &self.packages[id as usize];
        let providers = &mut self.names[name as usize].providers;
        if package.name == name {
            providers.push(Provider { package: id, version: Some(package.version) });
        }
        for dep in package.provides.iter().filter(|dep| dep.name == name) {
            providers.push(Provider { package: id, version: dep.provided_version() });
        }
    }

    /// The package in a block of a source.
    pub fn read(&mut self, source: usize, block: usize) -> PackageId {
        let known = self.by_block[source].get(block).copied();
        if let Some(package) = known.and_then(|package| package.checked_sub(1)) {
            return package;
        }
        let origin = self.sources[source].origin;
        let mut package = Package::of(self, source, block);
        let repositories = match origin {
            Origin::Repository(number) => 1 << number,
            Origin::Installed | Origin::Given => 0,
        };
        // The database has 20 bytes of every identity.
        let recorded = package.identity.filter(|_| self.has_twins).map(Identity::recorded);
        let id = match recorded.and_then(|identity| self.by_identity.get(&identity).copied()) {
            Some(id) => {
                let known = &mut self.packages[id as usize];
                known.repositories |= repositories;
                if matches!(package.identity, Some(Identity::Sha256(_))) {
                    known.identity = package.identity;
                }
                id
            }
            None => {
                let id = self.packages.len() as PackageId;
                if let Some(identity) = recorded {
                    self.by_identity.insert(identity, id);
                }
                package.repositories = repositories;
                package.installed = origin == Origin::Installed;
                package.given = origin == Origin::Given;
                self.packages.push(package);
                id
            }
        };
        if let Some(known) = self.by_block[source].get_mut(block) {
            *known = id + 1;
        }
        id
    }

    /// Reads all packages.
    pub fn read_all(&mut self) {
        let packages: usize = self.sources.iter().map(|source| source.catalog.len()).sum();
        let names = self.sources.iter().map(|source| source.catalog.names_len()).max().unwrap_or(0);
        self.packages.reserve_exact(packages.saturating_sub(self.packages.len()));
        self.names.reserve_exact(names.saturating_sub(self.names.len()));
        for source in 0..self.sources.len() {
            for block in 0..self.sources[source].catalog.len() {
                self.read(source, block);
            }
        }
    }

    /// Reads all installed packages, and gives them in the order of the database.
    pub fn load_installed(&mut self) -> Vec<PackageId> {
        let mut installed = Vec::new();
        let mut seen = FastSet::<PackageId>::default();
        for source in 0..self.sources.len() {
            if self.sources[source].origin == Origin::Installed {
                for block in 0..self.sources[source].catalog.len() {
                    let package = self.read(source, block);
                    if seen.insert(package) {
                        installed.push(package);
                    }
                }
            }
        }
        installed
    }

    /// The repositories a package can come from: those that list it, and those of the tag it was installed with.
    pub fn package_repositories(&self, package: PackageId) -> RepositorySet {
        let package = self.package(package);
        let pinned = if package.installed { self.tags[package.tag()].repositories } else { 0 };
        package.repositories | pinned
    }

    /// The installed package of this very name.
    pub fn installed_of(&self, name: NameId) -> Option<PackageId> {
        let providers = self.name_of(name).providers.iter();
        providers.map(|provider| provider.package).find(|&id| {
            let package = self.package(id);
            package.installed && package.name == name
        })
    }
}

/// Where a block stands in the order of the sources.
fn sequence(source: usize, block: usize) -> u64 {
    (source as u64) << 32 | block as u64
}

/// The order of names in world and in everything that is printed: without regard to large and small letters, then by
/// bytes.
pub fn compare_names(a: &[u8], b: &[u8]) -> Ordering {
    for (one, other) in a.iter().zip(b) {
        if one != other {
            let order = one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase());
            if order.is_ne() {
                return order;
            }
        }
    }
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_beyond_the_set_have_no_bit() {
        assert_eq!([0, 1, 31, 32, 1000].map(tag_set), [1, 2, 1 << 31, 0, 0]);
    }
}
