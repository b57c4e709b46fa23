//! choose — picking the best provider of a name, and what the choice means for all names it provides.

use std::cmp::Ordering;

use super::state::Solver;
use crate::universe::{DEFAULT_TAG, NameId, Provider};
use crate::version;

impl<'t> Solver<'_, 't> {
    /// Picks a provider of the name, or none, and applies the choice.
    pub(super) fn select(&mut self, name: NameId) {
        let universe = self.universe;
        let mut chosen: Option<Provider<'t>> = None;
        let needed = self.names[name as usize].requirers > 0;
        if needed || self.names[name as usize].has_install_if {
            for provider in &universe.name_of(name).providers {
                let state = &self.packages[provider.package as usize];
                if !needed && (!state.install_if_triggered || !state.tag_ok || !state.selectable) {
                    continue;
                }
                let package = universe.package(provider.package);
                if provider.version.is_none()
                    && package.provider_priority == 0
                    && self.names[package.name as usize].requirers == 0
                {
                    continue;
                }
                if chosen.is_none_or(|best| self.compare(provider, &best) == Ordering::Greater) {
                    chosen = Some(*provider);
                }
            }
        }
        let Some(provider) = chosen else {
            self.assign(name, None);
            if needed {
                self.errors += 1;
            }
            return;
        };
        let id = provider.package;
        let package = universe.package(id);
        self.assign(package.name, Some(Provider { package: id, version: Some(package.version) }));
        for dep in &package.provides {
            self.assign(dep.name, Some(Provider { package: id, version: dep.provided_version() }));
        }
        if !self.state(id).selectable || !self.state(id).tag_ok {
            self.mark_error(id);
        }
        for dep in &package.depends {
            self.constrain(Some(id), dep);
        }
    }

    /// Makes the choice for one name. Two choices with a version for one name are an error of both packages.
    fn assign(&mut self, name: NameId, provider: Option<Provider<'t>>) {
        let universe = self.universe;
        if self.names[name as usize].locked {
            let before = self.names[name as usize].chosen;
            let both_virtual = provider.is_some_and(|provider| provider.version.is_none())
                && before.is_some_and(|before| before.version.is_none());
            if both_virtual || self.ignore_conflicts {
                return;
            }
            for package in [provider, before].into_iter().flatten().map(|provider| provider.package) {
                self.mark_error(package);
            }
            return;
        }
        self.lock(name, provider);
        if let Some(provider) = provider
            && !self.ignore_conflicts
        {
            for other in &universe.name_of(name).providers {
                let both_virtual = provider.version.is_none() && other.version.is_none();
                if other.package != provider.package && !both_virtual {
                    self.disqualify(other.package);
                }
            }
        }
        self.recheck_depends(name);
        self.recheck_install_ifs(name);
    }

    /// Which of two providers of one name is better; greater is better.
    fn compare(&self, a: &Provider<'t>, b: &Provider<'t>) -> Ordering {
        let (x, y) = (&self.packages[a.package as usize], &self.packages[b.package as usize]);
        let (first, second) = (self.universe.package(a.package), self.universe.package(b.package));
        let mut flags = x.flags;
        flags.add(y.flags);
        let default_only = 1 << DEFAULT_TAG;
        let by_preference = if flags.latest
            && x.tags_allowed == default_only
            && y.tags_allowed == default_only
        {
            x.tag_ok
                .cmp(&y.tag_ok)
                .then_with(|| if flags.available { x.available.cmp(&y.available) } else { Ordering::Equal })
                .then_with(|| {
                    let reinstalled = flags.reinstall && !flags.available;
                    if reinstalled { x.selectable.cmp(&y.selectable) } else { Ordering::Equal }
                })
        } else {
            let stays = flags.installed || (self.preupgrade && !flags.upgrade);
            let keeps = !flags.upgrade && !flags.remove;
            let comparable = first.name == second.name || (a.version.is_some() && b.version.is_some());
            let installed = first.installed.cmp(&second.installed);
            x.selectable
                .cmp(&y.selectable)
                .then(x.used.cmp(&y.used))
                .then(y.conflicts.cmp(&x.conflicts))
                .then(if stays { installed } else { Ordering::Equal })
                .then(x.tag_ok.cmp(&y.tag_ok))
                .then(if flags.available { x.available.cmp(&y.available) } else { Ordering::Equal })
                .then(x.tag_preferred.cmp(&y.tag_preferred))
                .then(if keeps && comparable { installed } else { Ordering::Equal })
        };
        by_preference
            .then_with(|| compare_versions(a.version, b.version))
            .then_with(|| {
                let same = first.name == second.name;
                if same { version::compare(first.version, second.version) } else { Ordering::Equal }
            })
            .then_with(|| first.provider_priority.cmp(&second.provider_priority))
            .then_with(|| first.installed.cmp(&second.installed))
            .then_with(|| x.selectable.cmp(&y.selectable))
            .then_with(|| lowest(second.repositories).cmp(&lowest(first.repositories)))
    }
}

/// The order of provided versions. No version is below every version.
fn compare_versions(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => version::compare(a, b),
        _ => a.is_some().cmp(&b.is_some()),
    }
}

/// The number of the first repository, from 1; 0 for none.
fn lowest(repositories: u64) -> u32 {
    if repositories == 0 { 0 } else { repositories.trailing_zeros() + 1 }
}
