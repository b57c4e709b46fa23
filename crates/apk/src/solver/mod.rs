//! solver — which packages to have: world and universe in, an ordered list of changes out, or why not.
//!
//! A greedy assignment of one provider to each name that never takes a choice back. Constraints are propagated before
//! each choice: providers that conflict, or whose dependencies cannot be met any more, are disqualified; what all
//! remaining candidates of a name need is needed. The steps and their order are those of the reference, because the
//! result depends on them: `discover` gives each name its rank, `propagate` applies constraints, `choose` picks, and
//! `changes` makes the list in the order of installation.

mod changes;
mod choose;
mod discover;
mod explain;
mod lists;
mod order;
mod propagate;
mod state;

pub use self::changes::{Change, Changes};
pub use self::explain::explain;
pub use self::lists::Lists;
pub(crate) use self::order::sort as sort_names;

use self::state::Solver;
use crate::universe::{Dep, NameId, PackageId, Universe, compare_names};

/// How the solver should choose for a name, or for everything that world asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Newer versions are preferred to what is installed.
    pub upgrade: bool,
    /// Versions that a repository has are preferred.
    pub available: bool,
    /// Installed again even if nothing changes.
    pub reinstall: bool,
    /// The highest version wins, whatever it conflicts with.
    pub latest: bool,
    /// What is installed stays.
    pub installed: bool,
    /// It is to go: being installed is no reason to be chosen.
    pub remove: bool,
}

impl Flags {
    /// Adds the flags of `other`.
    pub fn add(&mut self, other: Flags) {
        self.upgrade |= other.upgrade;
        self.available |= other.available;
        self.reinstall |= other.reinstall;
        self.latest |= other.latest;
        self.installed |= other.installed;
        self.remove |= other.remove;
    }
}

/// Flags of the packages that provide one name.
#[derive(Clone, Copy, Debug)]
pub struct NameFlags {
    pub name: NameId,
    pub flags: Flags,
    /// Passed on to what the packages depend on.
    pub inherited: Flags,
}

/// What is asked of the solver.
#[derive(Clone, Debug, Default)]
pub struct Request<'t> {
    /// In any order.
    pub world: Vec<Dep<'t>>,
    /// For everything that world asks for.
    pub flags: Flags,
    pub names: Vec<NameFlags>,
    pub ignore_conflicts: bool,
    /// Constraints of world that cannot be kept are given up.
    pub force_broken_world: bool,
    /// The step of an upgrade that comes before all others: what is not flagged stays as it is.
    pub preupgrade: bool,
}

/// What the solver found.
pub struct Solution<'t> {
    /// World by name; constraints that were given up are marked.
    pub world: Vec<Dep<'t>>,
    pub changes: Changes,
    /// How many names and packages could not be satisfied; the changes are no solution unless this is 0.
    pub errors: u32,
    /// Of each name, the names whose packages depend on it.
    pub reverse_depends: Lists,
}

/// Solves. Reads what it needs of the universe.
pub fn solve<'t>(universe: &mut Universe<'t>, request: &Request<'t>) -> Solution<'t> {
    let mut request = request.clone();
    let mut world = request.world.clone();
    world.sort_by(|a, b| compare_names(universe.name_of(a.name).text, universe.name_of(b.name).text));
    let installed = universe.load_installed();
    loop {
        let discovered = discover::discover(universe, &request, &world);
        let mut solver = Solver::new(universe, &request, discovered);
        solver.apply_world(&world);
        while let Some(name) = solver.next_name() {
            solver.select(name);
        }
        let changes = changes::generate(&mut solver, &world, &installed);
        let errors = solver.errors;
        if errors > 0 && request.force_broken_world {
            let mut given_up = 0;
            for dep in world.iter_mut().filter(|dep| !dep.broken) {
                if solver.is_unmet(dep) {
                    dep.broken = true;
                    given_up += 1;
                }
            }
            if given_up > 0 {
                // What the command line asked for has not worked out: the rest is left as it is.
                request.names.clear();
                continue;
            }
        }
        return Solution { world, changes, errors, reverse_depends: solver.reverse_depends };
    }
}

/// The packages that provide the names in `lists`, name by name, each once.
fn dependents(universe: &Universe<'_>, lists: impl Iterator<Item = Vec<NameId>>) -> Vec<PackageId> {
    let mut packages = Vec::new();
    for name in lists.flatten() {
        for provider in &universe.name_of(name).providers {
            if !packages.contains(&provider.package) {
                packages.push(provider.package);
            }
        }
    }
    packages
}
