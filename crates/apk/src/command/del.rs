//! del — remove constraints from world, and the packages that nothing needs any more.

use super::commit::{self, Plan};
use super::groups::COMMIT;
use super::options::{Group, Takes, opt};
use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::output::Line;
use crate::solver::{Flags, Solution};
use crate::universe::{Bearing, NameId, PackageId, Universe, compare_names};

static OPTIONS: Group = Group {
    title: "Del",
    options: &[opt("rdepends", "r", Takes::Nothing, "Remove what depends on the packages as well")],
};

pub static APPLET: Applet = Applet {
    name: "del",
    summary: "Remove constraints from WORLD and commit changes",
    usage: &[" [<OPTIONS>...] CONSTRAINTS..."],
    description: "Takes constraints out of world and removes the packages that nothing in world needs any more.",
    groups: &[&COMMIT, &OPTIONS],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let args = cx.args.clone();
    let mut universe = system.universe();
    let mut unknown = 0;
    let mut names = Vec::new();
    for word in &args {
        let name = universe.name(word);
        universe.load(name);
        let in_world = system.world.iter().any(|dependency| *dependency.name == **word);
        if universe.name_of(name).providers.is_empty() && !in_world && !universe.is_mentioned(word) {
            cx.messages.error(Line::default().bytes(b"No such package: ").bytes(word));
            unknown += 1;
        } else {
            names.push(name);
        }
    }
    if unknown > 0 {
        return Ok(unknown);
    }
    let installed = universe.load_installed();
    let mut gone = names.clone();
    if cx.options.has("rdepends") {
        add_dependents(&mut universe, &installed, &mut gone);
    }
    let flags = Flags { remove: true, ..Flags::default() };
    let gone_texts: Vec<Vec<u8>> = gone.iter().map(|&name| universe.name_of(name).text.to_vec()).collect();
    let mut plan = Plan { world: system.world.clone(), ..Plan::default() };
    plan.world.retain(|dependency| !gone_texts.iter().any(|gone| **gone == *dependency.name));
    plan.names = gone_texts.into_iter().map(|name| (name, flags, Flags::default())).collect();

    commit::check_tags(cx, &system, &plan.world, "committing changes")?;
    let solution = commit::solve(cx, &mut universe, &plan);
    if solution.errors > 0 {
        commit::report(cx, &system, &mut universe, &solution);
        return Ok(solution.errors as i32);
    }
    say_what_stays(cx, &universe, &solution, &names);
    commit::carry_out(cx, &system, &universe, &solution)
}

/// Adds the names of all installed packages that depend on one of the names, however far.
fn add_dependents(universe: &mut Universe<'_>, installed: &[PackageId], gone: &mut Vec<NameId>) {
    universe.link();
    let mut next = 0;
    while let Some(&name) = gone.get(next) {
        next += 1;
        let providers: Vec<PackageId> =
            universe.name_of(name).providers.iter().map(|provider| provider.package).collect();
        for id in providers.into_iter().filter(|&id| universe.package(id).installed) {
            for dependent in dependents(universe, installed, id) {
                let own = universe.package(dependent).name;
                if !gone.contains(&own) {
                    gone.push(own);
                }
            }
        }
    }
}

/// The installed packages that need this one, in the order of the database.
fn dependents(universe: &Universe<'_>, installed: &[PackageId], id: PackageId) -> Vec<PackageId> {
    let needs = |other: &PackageId| {
        let depends = &universe.package(*other).depends;
        *other != id
            && depends
                .iter()
                .any(|dep| !dep.conflict && dep.bearing(universe, Some(*other), id) == Bearing::Satisfied)
    };
    installed.iter().copied().filter(needs).collect()
}

/// Tells of packages that were to go and are still needed, and by what in world.
fn say_what_stays(cx: &mut Cx, universe: &Universe<'_>, solution: &Solution<'_>, names: &[NameId]) {
    let present = present(universe, solution);
    let mut names = names.to_vec();
    names.sort_by(|&a, &b| compare_names(universe.name_of(a).text, universe.name_of(b).text));
    names.dedup();
    let mut said = false;
    for name in names {
        let mut walk = Walk { universe, solution, present: &present, reasons: Vec::new(), seen: Vec::new() };
        let mut stays = false;
        for id in universe.name_of(name).providers.iter().map(|provider| provider.package) {
            if present.contains(&id) {
                stays = true;
                walk.begin(id);
            }
        }
        if !stays {
            continue;
        }
        let mut line = Line::default().bytes(b"  ").bytes(universe.name_of(name).text).bytes(b":");
        for reason in walk.reasons {
            line = line.bytes(b" ").bytes(universe.name_of(reason).text);
        }
        if !said {
            cx.messages.message("World updated, but the following packages are not removed due to:");
            said = true;
        }
        cx.messages.message(line);
    }
    if said {
        cx.messages.message("");
    }
}

/// The packages that are there after the changes.
fn present(universe: &Universe<'_>, solution: &Solution<'_>) -> Vec<PackageId> {
    let mut present: Vec<PackageId> =
        (0..universe.packages_len() as PackageId).filter(|&id| universe.package(id).installed).collect();
    present.retain(|&id| !solution.changes.list.iter().any(|change| change.old == Some(id)));
    present.extend(solution.changes.list.iter().filter_map(|change| change.new));
    present
}

/// Finds the names in world that a package is needed for, directly or through others. A name may come twice, as in
/// the reference.
struct Walk<'w, 't> {
    universe: &'w Universe<'t>,
    solution: &'w Solution<'t>,
    present: &'w [PackageId],
    reasons: Vec<NameId>,
    seen: Vec<PackageId>,
}

impl Walk<'_, '_> {
    /// What keeps `id`: world itself, what depends on it, and, for what follows others by install_if, those.
    fn begin(&mut self, id: PackageId) {
        self.add_wanted(id);
        self.follow(id);
        let universe = self.universe;
        for dep in universe.package(id).install_if.iter().filter(|dep| !dep.conflict) {
            let providers = universe.name_of(dep.name).providers.iter().map(|provider| provider.package);
            for leader in providers.filter(|leader| self.present.contains(leader)) {
                let own = universe.package(leader).name;
                if self.solution.world.iter().any(|dep| dep.name == own && !dep.conflict) {
                    self.visit(leader);
                }
            }
        }
    }

    fn visit(&mut self, id: PackageId) {
        if !self.seen.contains(&id) {
            self.seen.push(id);
            self.add_wanted(id);
            self.follow(id);
        }
    }

    /// Notes the names in world that the package fulfils.
    fn add_wanted(&mut self, id: PackageId) {
        for dep in self.solution.world.iter().filter(|dep| !dep.conflict) {
            if dep.bearing(self.universe, None, id) == Bearing::Satisfied {
                self.reasons.push(dep.name);
            }
        }
    }

    /// Visits what depends on the package.
    fn follow(&mut self, id: PackageId) {
        let (universe, solution) = (self.universe, self.solution);
        let package = universe.package(id);
        for name in std::iter::once(package.name).chain(package.provides.iter().map(|dep| dep.name)) {
            let names = solution.reverse_depends.sorted(universe, name).into_iter();
            for provider in names.flat_map(|name| &universe.name_of(name).providers) {
                let dependent = provider.package;
                let mut depends = universe.package(dependent).depends.iter().filter(|dep| !dep.conflict);
                if self.present.contains(&dependent)
                    && depends.any(|dep| dep.bearing(universe, Some(dependent), id) == Bearing::Satisfied)
                {
                    self.visit(dependent);
                }
            }
        }
    }
}
