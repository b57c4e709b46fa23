//! changes — the list of what to install, change and remove, in the order in which it is done.
//!
//! What nothing installed needs goes first, in the order of the database. Then world is walked by name: before a package
//! comes what it depends on, after it what its being there completes by install_if, and what it alone needed goes. What
//! is left of those not chosen goes last.

use super::dependents;
use super::state::Solver;
use crate::universe::{Bearing, DEFAULT_TAG, Dep, NameId, PackageId, Universe, tag_set};

/// One step: install (`old` is None), remove (`new` is None), or replace one by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub old: Option<PackageId>,
    pub new: Option<PackageId>,
    /// The tags they are pinned to; 0 is none.
    pub old_tag: usize,
    pub new_tag: usize,
    /// Installed again although it is the same.
    pub reinstall: bool,
}

impl Change {
    /// Whether something is done at all. The list also holds packages that stay as they are.
    pub fn is_change(&self) -> bool {
        self.old != self.new || self.reinstall || self.old_tag != self.new_tag
    }
}

/// The steps, and how many of each kind there are.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub list: Vec<Change>,
    pub installs: usize,
    pub removals: usize,
    pub adjustments: usize,
}

impl Changes {
    /// How many steps do something.
    pub fn total(&self) -> usize {
        self.installs + self.removals + self.adjustments
    }
}

#[derive(Clone, Default)]
struct NameNote {
    done: bool,
    /// The installed package of this name.
    installed: Option<PackageId>,
    /// Something installed provides this name with a version.
    has_installed: bool,
    /// Installed packages that depend on it and were not changed yet.
    requirers: i32,
}

struct Generator<'s, 'a, 't> {
    solver: &'s mut Solver<'a, 't>,
    universe: &'a Universe<'t>,
    names: Vec<NameNote>,
    done: Vec<bool>,
    changes: Changes,
}

/// The changes from what is installed to what `solver` chose.
pub(super) fn generate<'t>(
    solver: &mut Solver<'_, 't>,
    world: &[Dep<'t>],
    installed: &[PackageId],
) -> Changes {
    let universe = solver.universe;
    let mut generator = Generator {
        solver,
        universe,
        names: vec![NameNote::default(); universe.names_len()],
        done: vec![false; universe.packages_len()],
        changes: Changes::default(),
    };
    for &id in installed {
        let package = universe.package(id);
        generator.names[package.name as usize].installed = Some(id);
        generator.names[package.name as usize].has_installed = true;
        for dep in package.provides.iter().filter(|dep| !dep.version.is_empty()) {
            generator.names[dep.name as usize].has_installed = true;
        }
    }
    for &id in installed {
        generator.count_depends(id, 1);
    }
    for &id in installed {
        let package = universe.package(id);
        let provided = package.provides.iter().filter(|dep| !dep.version.is_empty()).map(|dep| dep.name);
        if std::iter::once(package.name)
            .chain(provided)
            .all(|name| generator.names[name as usize].requirers == 0)
            && generator.chosen(package.name).is_none()
        {
            generator.remove_orphan(package.name);
        }
    }
    for dep in world {
        generator.change_for(None, dep);
    }
    for &id in installed {
        let name = universe.package(id).name;
        if generator.chosen(name).is_some() {
            // It was chosen, but something else took the name that it was chosen for.
            generator.change(name);
        }
        generator.remove_orphan(name);
    }
    generator.changes
}

impl<'t> Generator<'_, '_, 't> {
    fn chosen(&self, name: NameId) -> Option<PackageId> {
        self.solver.names[name as usize].chosen.map(|provider| provider.package)
    }

    /// Adds `by` to the names that the package depends on and that something installed provides.
    fn count_depends(&mut self, id: PackageId, by: i32) {
        let universe = self.universe;
        for dep in universe.package(id).depends.iter().filter(|dep| !dep.conflict) {
            let note = &mut self.names[dep.name as usize];
            if note.has_installed {
                note.requirers += by;
            }
        }
    }

    /// Brings in what fulfils a constraint of `of`, or of world. What cannot have its dependencies is an error itself.
    fn change_for(&mut self, of: Option<PackageId>, dep: &Dep<'t>) {
        let chosen = self.solver.names[dep.name as usize].chosen;
        if let Some(of) = of
            && !dep.is_provided(self.universe, Some(of), chosen.as_ref())
        {
            self.solver.mark_error(of);
        }
        // For a conflict, too: what stands in the way is changed or removed first.
        self.change(dep.name);
        if let (Some(of), Some(chosen)) = (of, chosen)
            && self.solver.packages[chosen.package as usize].error
        {
            self.solver.mark_error(of);
        }
    }

    /// Brings in what was chosen for the name.
    fn change(&mut self, name: NameId) {
        if std::mem::replace(&mut self.names[name as usize].done, true) {
            return;
        }
        let universe = self.universe;
        let Some(id) = self.chosen(name) else {
            return self.remove_providers(name, None);
        };
        if std::mem::replace(&mut self.done[id as usize], true) {
            return;
        }
        let package = universe.package(id);
        self.make_way(package.name, id);
        for dep in &package.provides {
            self.make_way(dep.name, id);
        }
        let old = self.names[package.name as usize].installed;
        if old.is_some() {
            for other in self.solver.reverse_install_ifs.sorted(universe, package.name) {
                self.remove_by_install_if(other);
            }
        }
        for dep in &package.depends {
            self.change_for(Some(id), dep);
        }
        self.record(old, Some(id));
        self.install_by_install_if(package.name);
        for dep in &package.provides {
            self.install_by_install_if(dep.name);
        }
        self.count_depends(id, 1);
        if let Some(old) = old {
            self.drop_depends(old);
        }
    }

    /// Removes what is installed under the name and is in the way of `id`.
    fn make_way(&mut self, name: NameId, id: PackageId) {
        self.names[name as usize].done = true;
        self.remove_providers(name, Some(id));
    }

    /// Removes what is installed and provides the name, and was not chosen.
    fn remove_providers(&mut self, name: NameId, keep: Option<PackageId>) {
        let universe = self.universe;
        for provider in &universe.name_of(name).providers {
            let other = provider.package;
            if Some(other) == keep || !universe.package(other).installed {
                continue;
            }
            self.remove(other);
        }
    }

    /// Removes an installed package, unless another of its name takes its place.
    fn remove(&mut self, id: PackageId) {
        let universe = self.universe;
        let package = universe.package(id);
        let replaced =
            self.chosen(package.name).is_some_and(|chosen| universe.package(chosen).name == package.name);
        if self.done[id as usize] || replaced {
            return;
        }
        self.names[package.name as usize].done |= self.chosen(package.name).is_none();
        self.done[id as usize] = true;
        self.remove_reverse_depends(id);
        for other in self.solver.reverse_install_ifs.sorted(universe, package.name) {
            self.remove_by_install_if(other);
        }
        self.record(Some(id), None);
        self.drop_depends(id);
    }

    /// Removes the installed packages that depend on this one.
    fn remove_reverse_depends(&mut self, id: PackageId) {
        let universe = self.universe;
        let package = universe.package(id);
        let own = std::iter::once(package.name).chain(package.provides.iter().map(|dep| dep.name));
        let lists = own.map(|name| self.solver.reverse_depends.sorted(universe, name));
        for dependent in dependents(universe, lists) {
            if !universe.package(dependent).installed {
                continue;
            }
            let mut depends = universe.package(dependent).depends.iter();
            if depends.any(|dep| dep.bearing(universe, Some(dependent), id) == Bearing::Satisfied) {
                self.remove(dependent);
            }
        }
    }

    /// The package no longer needs what it depended on.
    fn drop_depends(&mut self, id: PackageId) {
        let universe = self.universe;
        for dep in universe.package(id).depends.iter().filter(|dep| !dep.conflict) {
            let note = &mut self.names[dep.name as usize];
            if !note.has_installed {
                continue;
            }
            note.requirers -= 1;
            if note.requirers <= 0 {
                self.remove_orphan(dep.name);
            }
        }
    }

    /// Removes what provided the name and is not wanted any more.
    fn remove_orphan(&mut self, name: NameId) {
        let universe = self.universe;
        let chosen = self.chosen(name);
        // What was chosen is brought in when its turn comes; until then the name is open.
        if self.names[name as usize].done {
            return;
        }
        self.names[name as usize].done = chosen.is_none();
        if let Some(installed) = self.names[name as usize].installed
            && chosen.is_none_or(|chosen| universe.package(chosen).name != universe.package(installed).name)
        {
            self.remove(installed);
        }
        if chosen.is_some() || !self.names[name as usize].has_installed {
            return;
        }
        for provider in universe.name_of(name).providers.iter().filter(|provider| provider.version.is_some())
        {
            let other = provider.package;
            let own = universe.package(other).name;
            if self.names[own as usize].installed == Some(other) && self.chosen(own).is_none() {
                self.remove(other);
            }
        }
    }

    /// Installs what was chosen for the name, if its install_if is complete by now.
    fn install_by_install_if(&mut self, name: NameId) {
        for other in self.solver.reverse_install_ifs.sorted(self.universe, name) {
            let Some(id) = self.chosen(other) else { continue };
            let complete = self.universe.package(id).install_if.iter().all(|dep| {
                self.names[dep.name as usize].done
                    && dep.is_provided(
                        self.universe,
                        Some(id),
                        self.solver.names[dep.name as usize].chosen.as_ref(),
                    )
            });
            if complete {
                self.change(other);
            }
        }
    }

    /// Removes the installed package of the name, if its install_if is broken by now.
    fn remove_by_install_if(&mut self, name: NameId) {
        let Some(id) = self.names[name as usize].installed else { return };
        if self.chosen(name).is_some() || self.done[id as usize] {
            return;
        }
        let broken = self.universe.package(id).install_if.iter().any(|dep| {
            self.names[dep.name as usize].done
                && !dep.is_provided(
                    self.universe,
                    Some(id),
                    self.solver.names[dep.name as usize].chosen.as_ref(),
                )
        });
        if broken {
            self.remove(id);
        }
    }

    fn record(&mut self, old: Option<PackageId>, new: Option<PackageId>) {
        let tag_of = |id: PackageId| self.universe.package(id).tag();
        let change = Change {
            old,
            new,
            old_tag: old.map_or(DEFAULT_TAG, tag_of),
            new_tag: new.map_or(DEFAULT_TAG, |id| self.tag_for(id)),
            reinstall: new.is_some_and(|id| self.solver.packages[id as usize].flags.reinstall),
        };
        match (old, new) {
            (_, None) => self.changes.removals += 1,
            (None, Some(_)) => self.changes.installs += 1,
            _ => self.changes.adjustments += usize::from(change.is_change()),
        }
        self.changes.list.push(change);
    }

    /// The tag that a package is pinned to: the first that allowed one of its repositories.
    fn tag_for(&self, id: PackageId) -> usize {
        let repositories = self.universe.package_repositories(id);
        let allowed = self.solver.packages[id as usize].tags_allowed;
        let tags = self.universe.tags().iter().enumerate();
        let mut fitting = tags
            .filter(|(tag, facts)| allowed & tag_set(*tag) != 0 && facts.repositories & repositories != 0);
        fitting.next().map_or(DEFAULT_TAG, |(tag, _)| tag)
    }
}
