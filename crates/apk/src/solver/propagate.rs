//! propagate — applying constraints, and what follows for the candidates of other names.

use super::order;
use super::state::Solver;
use crate::universe::{Dep, NameId, PackageId};

impl<'t> Solver<'_, 't> {
    /// Applies a constraint of `of`, or of world: counts the need, and disqualifies providers that do not fulfil it.
    pub(super) fn constrain(&mut self, of: Option<PackageId>, dep: &Dep<'t>) {
        if dep.conflict && self.ignore_conflicts {
            return;
        }
        if !dep.conflict {
            self.name(dep.name).requirers += 1;
            if self.name(dep.name).requirers == 1 {
                self.requirers_changed(dep.name);
            }
        }
        let universe = self.universe;
        for provider in &universe.name_of(dep.name).providers {
            let package = provider.package;
            let provided = dep.is_provided(universe, of, Some(provider));
            self.state(package).conflicts += u32::from(!provided);
            if self.state(package).selectable && self.state(package).conflicts > 0 {
                self.disqualify(package);
            }
            if provided && !dep.conflict {
                self.inherit(package, of);
            }
        }
    }

    /// The name is now needed.
    fn requirers_changed(&mut self, name: NameId) {
        self.queue_unresolved(name);
        self.recheck_install_ifs(name);
        self.queue_dirty(name);
    }

    /// Passes flags and pinning from `from`, or from the constraint of world being applied, to `package`.
    fn inherit(&mut self, package: PackageId, from: Option<PackageId>) {
        let repositories = self.repositories(package);
        match from {
            Some(from) => {
                let (flags, tags) = {
                    let from = &self.packages[from as usize];
                    (from.inherited, from.tags_allowed)
                };
                let state = self.state(package);
                state.flags.add(flags);
                state.inherited.add(flags);
                state.tags_allowed |= tags;
            }
            None => {
                let (flags, tags) = (self.world_flags, self.world_tags);
                let preferred = self.universe.repositories_of(tags);
                let state = self.state(package);
                state.flags.add(flags);
                state.inherited.add(flags);
                state.tags_allowed |= tags;
                state.tag_preferred = repositories & preferred != 0;
            }
        }
        let allowed = self.universe.repositories_of(self.packages[package as usize].tags_allowed);
        self.state(package).tag_ok |= repositories & allowed != 0;
    }

    /// The package cannot be chosen any more.
    pub(super) fn disqualify(&mut self, package: PackageId) {
        let universe = self.universe;
        self.state(package).selectable = false;
        let package = universe.package(package);
        self.recheck_depends(package.name);
        for dep in &package.provides {
            self.recheck_depends(dep.name);
        }
        self.recheck_install_ifs_of(package.name, &package.provides);
    }

    /// Lets everything that depends on the name be looked at again.
    pub(super) fn recheck_depends(&mut self, name: NameId) {
        let mut due = Vec::new();
        for index in 0..self.reverse_depends.early(name).len() {
            let other = self.reverse_depends.early(name)[index];
            due.extend(self.recheck_depends_of(other).then_some(other));
        }
        let late: Vec<NameId> = self.reverse_depends.late(name).collect();
        self.queue_in_order(due);
        for other in late {
            if self.recheck_depends_of(other) {
                self.queue_dirty(other);
            }
        }
    }

    /// Lets the dependencies of the name's packages be looked at again; true if it is to be queued for that.
    fn recheck_depends_of(&mut self, name: NameId) -> bool {
        if self.names[name as usize].seen {
            self.name(name).check_depends = true;
        }
        self.names[name as usize].seen && self.is_due(name)
    }

    /// Lets everything that has the name in its install_if be looked at again.
    pub(super) fn recheck_install_ifs(&mut self, name: NameId) {
        let mut due = Vec::new();
        for index in 0..self.reverse_install_ifs.early(name).len() {
            let other = self.reverse_install_ifs.early(name)[index];
            due.extend(self.recheck_install_if_of(other).then_some(other));
        }
        let late: Vec<NameId> = self.reverse_install_ifs.late(name).collect();
        self.queue_in_order(due);
        for other in late {
            if self.recheck_install_if_of(other) {
                self.queue_dirty(other);
            }
        }
    }

    /// Lets the install_if of the name's packages be looked at again; true if it is to be queued for that.
    fn recheck_install_if_of(&mut self, name: NameId) -> bool {
        let state = self.name(name);
        let open = state.seen && !state.no_install_if;
        state.check_install_if |= open;
        open && self.is_due(name)
    }

    /// Few of many names are due: only these are put in order.
    fn queue_in_order(&mut self, mut due: Vec<NameId>) {
        order::sort(self.universe, &mut due);
        due.into_iter().for_each(|name| self.queue_dirty(name));
    }

    /// The same for a package's name and all it provides.
    pub(super) fn recheck_install_ifs_of(&mut self, name: NameId, provides: &[Dep<'t>]) {
        self.recheck_install_ifs(name);
        for dep in provides {
            self.recheck_install_ifs(dep.name);
        }
    }

    /// Whether something can still fulfil the dependency.
    fn is_satisfiable(&self, of: PackageId, dep: &Dep<'t>) -> bool {
        if dep.conflict && self.ignore_conflicts {
            return true;
        }
        let state = &self.names[dep.name as usize];
        if state.locked {
            return dep.is_provided(self.universe, Some(of), state.chosen.as_ref());
        }
        if state.requirers == 0 && dep.conflict {
            return true;
        }
        let providers = &self.universe.name_of(dep.name).providers;
        providers.iter().any(|provider| {
            self.packages[provider.package as usize].selectable
                && dep.is_provided(self.universe, Some(of), Some(provider))
        })
    }

    /// Looks at a name's candidates again: which are still possible, and what they have in common.
    pub(super) fn reconsider(&mut self, name: NameId) {
        let universe = self.universe;
        let check_depends = std::mem::take(&mut self.name(name).check_depends);
        let check_install_if = std::mem::take(&mut self.name(name).check_install_if);
        let needed = self.name(name).requirers > 0;
        let mut first = None;
        let mut options = 0;
        let mut not_allowed = 0;
        let (mut has_install_if, mut no_install_if) = (false, true);
        let mut auto_selectable = false;
        for provider in &universe.name_of(name).providers {
            let id = provider.package;
            self.state(id).merged = false;
            if check_depends && self.state(id).selectable {
                let depends = &universe.package(id).depends;
                if !depends.iter().all(|dep| self.is_satisfiable(id, dep)) {
                    self.disqualify(id);
                }
            }
            if !self.state(id).selectable {
                continue;
            }
            let priority = universe.package(id).provider_priority;
            auto_selectable |= provider.version.is_some() || priority > 0;
            if check_install_if {
                self.check_install_if(id);
            }
            has_install_if |= self.state(id).install_if_triggered;
            no_install_if &= self.state(id).install_if_failed;
            if !needed {
                continue;
            }
            options += 1;
            not_allowed += u32::from(!self.state(id).tag_ok);
            self.state(id).merged = true;
            first.get_or_insert(id);
            self.merge(id, options);
        }
        let single = options == 1 && not_allowed == 0;
        let is_settled = single && self.are_dependents_locked(name);
        let state = self.name(name);
        state.is_settled = is_settled;
        state.auto_selectable = auto_selectable;
        state.has_install_if = has_install_if;
        state.no_install_if = no_install_if;
        self.queue_unresolved(name);
        if let Some(first) = first {
            self.use_common(name, first, options);
        }
    }

    /// Whether the choice is made for every name that depends on this one.
    fn are_dependents_locked(&self, name: NameId) -> bool {
        let dependents = self.reverse_depends.early(name).iter().copied();
        let dependents = dependents.chain(self.reverse_depends.late(name));
        dependents.map(|other| &self.names[other as usize]).all(|other| !other.seen || other.locked)
    }

    /// Notes what the candidate, the `options`th, has in common with all before it.
    fn merge(&mut self, id: PackageId, options: u32) {
        let package = self.universe.package(id);
        for dep in package.depends.iter().filter(|dep| !dep.conflict) {
            let count = &mut self.name(dep.name).merge_depends;
            if *count == options - 1 {
                *count = options;
            }
        }
        let own = std::iter::once((package.name, false));
        let provides = package.provides.iter().map(|dep| (dep.name, dep.version.is_empty()));
        for (name, is_virtual) in own.chain(provides) {
            let state = self.name(name);
            if state.merge_provides == options - 1 || state.merge_provides == options {
                state.merge_provides = options;
                state.merged_virtual |= is_virtual;
            }
        }
    }

    /// Constrains other names by what all candidates of `name` have in common; `first` is one of them.
    fn use_common(&mut self, name: NameId, first: PackageId, options: u32) {
        let universe = self.universe;
        for provider in &universe.name_of(name).providers {
            let state = self.state(provider.package);
            state.used = state.merged;
        }
        let package = universe.package(first);
        for dep in &package.depends {
            let common = std::mem::take(&mut self.name(dep.name).merge_depends) == options;
            if !common {
                continue;
            }
            if options == 1 {
                self.constrain(Some(first), dep);
            } else if self.name(dep.name).requirers == 0 {
                self.name(dep.name).requirers += 1;
                self.requirers_changed(dep.name);
                for provider in &universe.name_of(dep.name).providers {
                    self.inherit(provider.package, Some(first));
                }
            }
        }
        let own = std::iter::once(package.name);
        for other in own.chain(package.provides.iter().map(|dep| dep.name)) {
            let is_virtual = std::mem::take(&mut self.name(other).merged_virtual);
            if std::mem::take(&mut self.name(other).merge_provides) == options {
                self.exclude_non_providers(other, name, is_virtual);
            }
        }
        self.clear_merged(name);
    }

    /// Forgets counts that candidates other than the first have left.
    fn clear_merged(&mut self, name: NameId) {
        let universe = self.universe;
        for provider in &universe.name_of(name).providers {
            let package = universe.package(provider.package);
            for dep in &package.depends {
                self.name(dep.name).merge_depends = 0;
            }
            self.name(package.name).merge_provides = 0;
            for dep in &package.provides {
                self.name(dep.name).merge_provides = 0;
                self.name(dep.name).merged_virtual = false;
            }
        }
    }

    /// Whatever is chosen for `wanted` also provides `name`: providers of `name` that do not provide `wanted` are out.
    fn exclude_non_providers(&mut self, name: NameId, wanted: NameId, skip_virtual: bool) {
        if name == wanted || self.ignore_conflicts {
            return;
        }
        let universe = self.universe;
        for provider in &universe.name_of(name).providers {
            let package = universe.package(provider.package);
            if package.name == wanted
                || !self.state(provider.package).selectable
                || (skip_virtual && provider.version.is_none())
            {
                continue;
            }
            let keeps = |dep: &Dep<'t>| {
                dep.name == wanted || (skip_virtual && dep.name == name && dep.version.is_empty())
            };
            if !package.provides.iter().any(keeps) {
                self.disqualify(provider.package);
            }
        }
    }

    /// Whether the package's install_if is complete, or cannot become so.
    fn check_install_if(&mut self, id: PackageId) {
        let universe = self.universe;
        let package = universe.package(id);
        let state = &self.packages[id as usize];
        if !state.install_if_triggered && !state.install_if_failed {
            let (mut triggered, mut failed) = (true, false);
            for dep in &package.install_if {
                let name = &self.names[dep.name as usize];
                if !name.locked {
                    if !(dep.conflict && name.requirers == 0 && name.no_install_if) {
                        triggered = false;
                    }
                    if !triggered {
                        break;
                    }
                } else if !dep.is_provided(universe, Some(id), name.chosen.as_ref()) {
                    (triggered, failed) = (false, true);
                    break;
                }
            }
            let state = self.state(id);
            state.install_if_triggered = triggered;
            state.install_if_failed = failed;
        }
        if self.packages[id as usize].install_if_triggered {
            for dep in &package.install_if {
                if let Some(chosen) = self.names[dep.name as usize].chosen {
                    self.inherit(id, Some(chosen.package));
                }
            }
        }
    }
}
