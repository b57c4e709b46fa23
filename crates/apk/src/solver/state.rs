//! state — what the solver knows of each name and package while it works.

use std::collections::{BTreeSet, VecDeque};

use super::{Flags, Lists, Request};
use crate::universe::{Dep, NameId, PackageId, Provider, RepositorySet, TagSet, Universe, tag_set};

/// A name while solving.
#[derive(Clone, Default)]
pub(super) struct NameState<'t> {
    /// Reached from world.
    pub(super) seen: bool,
    /// How many constraints need this name.
    pub(super) requirers: u32,
    /// The choice, once it is made: a provider, or none.
    pub(super) locked: bool,
    pub(super) chosen: Option<Provider<'t>>,
    /// There is one candidate, which pinning allows, and nothing that depends on the name is still open.
    pub(super) is_settled: bool,
    /// A provider's install_if is complete.
    pub(super) has_install_if: bool,
    /// No provider can be installed by install_if.
    pub(super) no_install_if: bool,
    /// A provider has a version here, or a priority.
    pub(super) auto_selectable: bool,
    pub(super) check_depends: bool,
    pub(super) check_install_if: bool,
    /// In how many candidates in a row something was found, while candidates are merged.
    pub(super) merge_depends: u32,
    pub(super) merge_provides: u32,
    pub(super) merged_virtual: bool,
    /// Higher is picked first.
    pub(super) rank: u32,
    pub(super) dirty: bool,
    pub(super) queue: Option<Queue>,
}

/// A package while solving.
#[derive(Clone, Default)]
pub(super) struct PackageState {
    pub(super) seen: bool,
    pub(super) available: bool,
    pub(super) selectable: bool,
    pub(super) tag_ok: bool,
    pub(super) tag_preferred: bool,
    pub(super) tags_allowed: TagSet,
    pub(super) flags: Flags,
    pub(super) inherited: Flags,
    pub(super) conflicts: u32,
    pub(super) install_if_triggered: bool,
    pub(super) install_if_failed: bool,
    pub(super) merged: bool,
    /// Its dependencies were among those merged last.
    pub(super) used: bool,
    pub(super) error: bool,
}

/// Where a name waits to be picked; picked in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Queue {
    /// There is one choice only, and nothing can change that any more.
    Now,
    /// A provider can be picked without being asked for by its own name.
    Selectable,
    Rest,
}

const QUEUES: usize = 3;

/// The whole state.
pub(super) struct Solver<'a, 't> {
    pub(super) universe: &'a Universe<'t>,
    pub(super) names: Vec<NameState<'t>>,
    pub(super) packages: Vec<PackageState>,
    /// Of each name, the names whose packages depend on it.
    pub(super) reverse_depends: Lists,
    /// Of each name, the names whose packages have it in their install_if.
    pub(super) reverse_install_ifs: Lists,
    pub(super) errors: u32,
    pub(super) ignore_conflicts: bool,
    pub(super) preupgrade: bool,
    /// Flags and pinning of the constraint of world that is being applied.
    pub(super) world_flags: Flags,
    pub(super) world_tags: TagSet,
    dirty: VecDeque<NameId>,
    queues: [BTreeSet<(u32, NameId)>; QUEUES],
}

/// The names and packages that can be reached, as `discover` leaves them.
pub(super) struct Discovered<'t> {
    pub(super) names: Vec<NameState<'t>>,
    pub(super) packages: Vec<PackageState>,
    pub(super) reverse_depends: Lists,
    pub(super) reverse_install_ifs: Lists,
}

impl<'a, 't> Solver<'a, 't> {
    pub(super) fn new(
        universe: &'a Universe<'t>,
        request: &Request<'t>,
        found: Discovered<'t>,
    ) -> Solver<'a, 't> {
        Solver {
            universe,
            names: found.names,
            packages: found.packages,
            reverse_depends: found.reverse_depends,
            reverse_install_ifs: found.reverse_install_ifs,
            errors: 0,
            ignore_conflicts: request.ignore_conflicts,
            preupgrade: request.preupgrade,
            world_flags: request.flags,
            world_tags: 0,
            dirty: VecDeque::new(),
            queues: Default::default(),
        }
    }

    pub(super) fn name(&mut self, name: NameId) -> &mut NameState<'t> {
        &mut self.names[name as usize]
    }

    pub(super) fn state(&mut self, package: PackageId) -> &mut PackageState {
        &mut self.packages[package as usize]
    }

    /// The repositories of a package.
    pub(super) fn repositories(&self, package: PackageId) -> RepositorySet {
        self.universe.package_repositories(package)
    }

    /// Applies every constraint of world that was not given up.
    pub(super) fn apply_world(&mut self, world: &[Dep<'t>]) {
        for dep in world.iter().filter(|dep| !dep.broken) {
            self.world_tags = tag_set(dep.tag as usize);
            self.constrain(None, dep);
        }
        self.world_flags = Flags::default();
        self.world_tags = 0;
    }

    /// Propagates all that is due, then gives the name to pick a provider for.
    pub(super) fn next_name(&mut self) -> Option<NameId> {
        while let Some(name) = self.dirty.pop_front() {
            if std::mem::replace(&mut self.name(name).dirty, false) {
                self.reconsider(name);
            }
        }
        for queue in &mut self.queues {
            if let Some((_, name)) = queue.pop_last() {
                self.names[name as usize].queue = None;
                return Some(name);
            }
        }
        None
    }

    /// Lets the name be reconsidered, if something wants it and its choice is open.
    pub(super) fn queue_dirty(&mut self, name: NameId) {
        if self.is_due(name) {
            self.name(name).dirty = true;
            self.dirty.push_back(name);
        }
    }

    /// Whether the name is to be reconsidered, and does not wait for that yet.
    pub(super) fn is_due(&self, name: NameId) -> bool {
        let state = &self.names[name as usize];
        !state.dirty && !state.locked && (state.requirers > 0 || state.check_install_if)
    }

    /// Puts the name where it belongs among those that wait for a choice.
    pub(super) fn queue_unresolved(&mut self, name: NameId) {
        let state = &self.names[name as usize];
        let wanted = !state.locked && (state.requirers > 0 || state.has_install_if);
        let queue = if !wanted {
            None
        } else if state.requirers > 0 && state.is_settled && state.auto_selectable {
            Some(Queue::Now)
        } else if state.auto_selectable {
            Some(Queue::Selectable)
        } else {
            Some(Queue::Rest)
        };
        if state.queue != queue {
            let (rank, before) = (state.rank, state.queue);
            if let Some(before) = before {
                self.queues[before as usize].remove(&(rank, name));
            }
            if let Some(queue) = queue {
                self.queues[queue as usize].insert((rank, name));
            }
            self.name(name).queue = queue;
        }
    }

    /// Takes the name off all lists: its choice is made.
    pub(super) fn lock(&mut self, name: NameId, chosen: Option<Provider<'t>>) {
        let state = self.name(name);
        state.locked = true;
        state.chosen = chosen;
        state.dirty = false;
        self.queue_unresolved(name);
    }

    /// Notes that the package cannot be what it was chosen for.
    pub(super) fn mark_error(&mut self, package: PackageId) {
        if !std::mem::replace(&mut self.state(package).error, true) {
            self.errors += 1;
        }
    }

    /// Whether the solution does not keep this constraint of world.
    pub(super) fn is_unmet(&self, dep: &Dep<'t>) -> bool {
        let state = &self.names[dep.name as usize];
        match state.chosen {
            Some(provider) => {
                self.packages[provider.package as usize].error
                    || !dep.is_provided(self.universe, None, Some(&provider))
            }
            None => !dep.conflict,
        }
    }
}
