//! discover — the names that can be reached from world, depth first, and what is known of them before the first choice.
//!
//! A name gets its rank when everything behind it has been seen, so that what depends on others is picked before them.

use super::state::{Discovered, NameState, PackageState};
use super::{Lists, Request, order};
use crate::universe::{DEFAULT_TAG, Dep, NameId, Package, PackageId, RepositorySet, Universe};

/// Ranks of names that have a provider under their own name, not only virtual ones.
const RANK_REAL: u32 = 1 << 30;
/// Ranks of names that the command line speaks of.
const RANK_ASKED: u32 = 1 << 31;

/// A name whose discovery has begun.
struct Frame {
    name: NameId,
    /// The next provider, or, beyond them, the next package with this name in its install_if.
    provider: usize,
    /// The next dependency of the provider before.
    depend: usize,
    /// The provider whose dependencies are being discovered.
    package: Option<PackageId>,
    /// Names whose packages have this one in their install_if, and the next of them.
    followers: Vec<NameId>,
    follower: usize,
}

struct Discovery<'a, 't> {
    universe: &'a mut Universe<'t>,
    names: Vec<NameState<'t>>,
    packages: Vec<PackageState>,
    flagged: Vec<NameId>,
    available: bool,
    default_repositories: RepositorySet,
    serial: u32,
}

/// Everything that `world` and the flags of `request` can reach.
pub(super) fn discover<'t>(
    universe: &mut Universe<'t>,
    request: &Request<'t>,
    world: &[Dep<'t>],
) -> Discovered<'t> {
    for flags in &request.names {
        universe.load(flags.name);
    }
    let mut discovery = Discovery {
        default_repositories: universe.tags()[DEFAULT_TAG].repositories,
        universe,
        names: Vec::new(),
        packages: Vec::new(),
        flagged: request.names.iter().map(|flags| flags.name).collect(),
        available: request.flags.available,
        serial: 0,
    };
    discovery.grow();
    for flags in &request.names {
        for index in 0..discovery.universe.name_of(flags.name).providers.len() {
            let package = discovery.universe.name_of(flags.name).providers[index].package;
            if flags.flags.remove && discovery.universe.package(package).name != flags.name {
                // What provides a name that is to go may stay under its own.
                continue;
            }
            discovery.packages[package as usize].flags.add(flags.flags);
            discovery.packages[package as usize].inherited.add(flags.inherited);
        }
    }
    for dep in world.iter().filter(|dep| !dep.broken) {
        discovery.discover(dep.name);
    }
    discovery.universe.link();
    discovery.grow();
    let universe = &*discovery.universe;
    Discovered {
        reverse_depends: reverse(universe, |package| &package.depends),
        reverse_install_ifs: reverse(universe, |package| &package.install_if),
        names: discovery.names,
        packages: discovery.packages,
    }
}

impl<'t> Discovery<'_, 't> {
    /// Makes room for what the universe has read since.
    fn grow(&mut self) {
        self.names.resize_with(self.universe.names_len(), NameState::default);
        self.packages.resize_with(self.universe.packages_len(), PackageState::default);
    }

    fn discover(&mut self, name: NameId) {
        let mut stack = Vec::new();
        self.enter(&mut stack, name);
        while let Some(frame) = stack.last_mut() {
            if let Some(package) = frame.package {
                let package = self.universe.package(package);
                if let Some(name) = behind(package, frame.depend) {
                    frame.depend += 1;
                    self.enter(&mut stack, name);
                } else {
                    frame.package = None;
                }
                continue;
            }
            let name = self.universe.name_of(frame.name);
            if let Some(provider) = name.providers.get(frame.provider) {
                frame.provider += 1;
                frame.depend = 0;
                let package = provider.package;
                if !self.packages[package as usize].seen {
                    frame.package = Some(package);
                    self.reach(package);
                }
                continue;
            }
            if let Some(&follower) = frame.followers.get(frame.follower) {
                frame.follower += 1;
                self.enter(&mut stack, follower);
                continue;
            }
            let name = frame.name;
            stack.pop();
            self.leave(name);
        }
    }

    fn enter(&mut self, stack: &mut Vec<Frame>, name: NameId) {
        if self.names.get(name as usize).is_some_and(|state| state.seen) {
            return;
        }
        self.universe.load(name);
        self.grow();
        self.names[name as usize].seen = true;
        let mut followers = Vec::new();
        for &id in self.universe.name_of(name).install_ifs() {
            let package = self.universe.package(id);
            followers.push(package.name);
            followers.extend(package.provides.iter().map(|dep| dep.name));
        }
        order::sort(self.universe, &mut followers);
        stack.push(Frame { name, provider: 0, depend: 0, package: None, followers, follower: 0 });
    }

    /// Facts of a package that is seen for the first time.
    fn reach(&mut self, id: PackageId) {
        let package = self.universe.package(id);
        let repositories = self.universe.package_repositories(id);
        let contained = package.given || package.installed_size == 0;
        let state = &mut self.packages[id as usize];
        state.seen = true;
        state.tags_allowed = 1 << DEFAULT_TAG;
        state.available = contained || package.repositories & self.universe.available != 0;
        state.selectable = package.is_installable() && (state.available || package.installed);
        state.install_if_failed = package.install_if.is_empty()
            || package.broken.install_if
            || (self.available && !state.available);
        state.tag_preferred = contained || repositories & self.default_repositories != 0;
        state.tag_ok = state.tag_preferred || package.installed;
    }

    /// Facts of a name of which everything behind it was seen.
    fn leave(&mut self, id: NameId) {
        let name = self.universe.name_of(id);
        let state = &mut self.names[id as usize];
        state.no_install_if = true;
        let mut real = false;
        for provider in &name.providers {
            let package = self.universe.package(provider.package);
            state.no_install_if &= self.packages[provider.package as usize].install_if_failed;
            real |= package.name == id;
            state.auto_selectable |= provider.version.is_some() || package.provider_priority > 0;
        }
        self.serial += 1;
        state.rank = self.serial;
        if real {
            state.rank |= RANK_REAL;
        }
        if self.flagged.contains(&id) {
            state.rank |= RANK_ASKED;
        }
    }
}

/// The name in the dependency of this number, counted through all lists of a package.
fn behind(package: &Package<'_>, mut number: usize) -> Option<NameId> {
    for list in [&package.depends, &package.install_if, &package.provides] {
        match list.get(number) {
            Some(dep) => return Some(dep.name),
            None => number -= list.len(),
        }
    }
    None
}

/// Of each name, the names of all packages with it in one of their lists. Packages made for this run come last.
fn reverse<'u, 't>(
    universe: &'u Universe<'t>,
    list: impl Fn(&'u Package<'t>) -> &'u [Dep<'t>] + Copy,
) -> Lists {
    let each = |given: bool, take: &mut dyn FnMut(NameId, NameId)| {
        // Installed packages that were not reached count for what is removed with what.
        for id in 0..universe.packages_len() as PackageId {
            let package = universe.package(id);
            if package.given == given {
                for dep in list(package) {
                    take(dep.name, package.name);
                    package.provides.iter().for_each(|own| take(dep.name, own.name));
                }
            }
        }
    };
    let mut late = Vec::new();
    each(true, &mut |name, item| late.push((name, item)));
    Lists::new(universe.names_len(), |take| each(false, take), late)
}
