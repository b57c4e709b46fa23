//! commit — solving and doing what was found: the plan's lines, the changes, the summary.

use super::lock;
use super::plan;
use super::system::System;
use super::{Cx, Failure, Result, apply};
use crate::database::Purpose;
use crate::dependency::Dependency;
use crate::lockfile::Locked;
use crate::solver::{self, Change, Flags, NameFlags, Request, Solution};
use crate::universe::{Dep, PackageId, Universe};

/// What an applet wants done.
#[derive(Default)]
pub struct Plan {
    pub world: Vec<Dependency>,
    pub flags: Flags,
    /// By name: flags, and those passed on to dependencies.
    pub names: Vec<(Vec<u8>, Flags, Flags)>,
    pub ignore_conflicts: bool,
    /// What must hold this time, but is not part of world.
    pub pins: Vec<Dependency>,
    /// All but what the names ask for stays as it is.
    pub preupgrade: bool,
    /// Another run sums up.
    pub continues: bool,
}

/// How many bytes errors may be wide where they go to no terminal.
const WIDTH: usize = 50;

/// Solves the plan and does it, or says why it cannot be done. Gives the number of errors.
pub fn run(cx: &mut Cx, system: &System, plan: &Plan) -> Result {
    let mut universe = system.universe();
    check_tags(cx, system, &plan.world, "committing changes")?;
    let locked = lock::read(cx, system)?;
    let bounds: Vec<Dependency> = locked.iter().flatten().flat_map(Locked::constraints).collect();
    let mut solution = solve_within(cx, &mut universe, plan, &bounds);
    if solution.errors > 0 {
        report(cx, system, &mut universe, &solution);
        return Ok(solution.errors as i32);
    }
    if let Some(locked) = &locked {
        lock::check(&universe, &solution, locked)?;
    }
    if !plan.pins.is_empty() || !bounds.is_empty() {
        let world = System::deps(&mut universe, &plan.world);
        solution.world.retain(|dep| world.contains(&Dep { broken: false, ..*dep }));
    }
    let errors = make_changes(cx, system, &universe, &solution)?;
    if !plan.continues {
        sum_up(cx, system, &universe, &solution, errors);
    }
    Ok(errors)
}

/// Solves the plan.
pub fn solve<'t>(cx: &Cx, universe: &mut Universe<'t>, plan: &'t Plan) -> Solution<'t> {
    solve_within(cx, universe, plan, &[])
}

/// Solves the plan; what `bounds` say holds, too.
fn solve_within<'t>(
    cx: &Cx,
    universe: &mut Universe<'t>,
    plan: &'t Plan,
    bounds: &'t [Dependency],
) -> Solution<'t> {
    let mut world = System::deps(universe, &plan.world);
    world.extend(System::deps(universe, &plan.pins));
    world.extend(System::deps(universe, bounds));
    let names = plan.names.iter();
    let names = names
        .map(|(name, flags, inherited)| NameFlags {
            name: universe.name(name),
            flags: *flags,
            inherited: *inherited,
        })
        .collect();
    let request = Request {
        world,
        flags: plan.flags,
        names,
        ignore_conflicts: plan.ignore_conflicts,
        force_broken_world: cx.globals.force.broken_world,
        preupgrade: plan.preupgrade,
    };
    solver::solve(universe, &request)
}

/// Says why there is no solution.
pub fn report<'t>(cx: &mut Cx, system: &System, universe: &mut Universe<'t>, solution: &Solution<'t>) {
    cx.messages.error("unable to select packages:");
    let text = solver::explain(universe, solution, WIDTH);
    cx.messages.error_line(text.strip_suffix(b"\n").unwrap_or(&text));
    super::advice::print(cx, system, universe, solution);
}

/// Refuses a world that speaks of tags that no repository has, unless it may be broken. `what` is not done.
pub fn check_tags(cx: &mut Cx, system: &System, world: &[Dependency], what: &str) -> Result<()> {
    if cx.globals.force.broken_world {
        return Ok(());
    }
    let mut missing = false;
    for dependency in world {
        let Some(tag) = &dependency.tag else { continue };
        // The first tag is the one of repositories without.
        if !system.repositories.tags.iter().skip(1).any(|known| **known == **tag) {
            let place = String::from_utf8_lossy(&[&*dependency.name, b"@", tag].concat()).into_owned();
            cx.messages.warning(format!("The repository tag for world dependency '{place}' does not exist"));
            missing = true;
        }
    }
    if missing {
        return Err(Failure::Error(format!("Not {what} due to missing repository tags.")));
    }
    Ok(())
}

/// Prints the plan, does it, and sums up.
pub fn carry_out(cx: &mut Cx, system: &System, universe: &Universe<'_>, solution: &Solution<'_>) -> Result {
    let errors = make_changes(cx, system, universe, solution)?;
    sum_up(cx, system, universe, solution, errors);
    Ok(errors)
}

/// Prints the plan and does it. Gives how many packages are not whole then.
fn make_changes(cx: &mut Cx, system: &System, universe: &Universe<'_>, solution: &Solution<'_>) -> Result {
    plan::print(cx, system, universe, solution);
    let mut database = system.database.borrow_mut();
    if let Some(database) = database.as_mut().filter(|database| database.purpose != Purpose::Read) {
        return apply::run(cx, system, database, universe, solution);
    }
    let total = solution.changes.total();
    let width = total.to_string().len();
    let mut number = 0;
    for change in solution.changes.list.iter().filter(|change| change.is_change()) {
        number += 1;
        let line = change_line(universe, change);
        cx.messages.message([format!("({number:>width$}/{total}) ").as_bytes(), &line].concat());
    }
    let installed = (0..universe.packages_len() as PackageId).map(|id| universe.package(id));
    let broken = installed.filter(|package| {
        package.installed && package.flags().iter().any(|flag| matches!(flag, b'f' | b's'))
    });
    Ok(broken.count() as i32)
}

/// Prints how much is installed: of the root as it is, or, where nothing was changed, as it would be.
fn sum_up(cx: &mut Cx, system: &System, universe: &Universe<'_>, solution: &Solution<'_>, errors: i32) {
    let database = system.database.borrow();
    match database.as_ref() {
        Some(database) if database.purpose != Purpose::Read => {
            apply::summary(cx, &database.installed, errors as usize);
        }
        Some(database) => {
            let (packages, bytes) = after(universe, solution);
            apply::sum_up(cx, &database.installed, packages, bytes, errors as usize);
        }
        None => {}
    }
}

/// How many packages of how many bytes there would be after the changes.
fn after(universe: &Universe<'_>, solution: &Solution<'_>) -> (usize, u64) {
    let (mut packages, mut bytes) = (0i64, 0i64);
    for id in 0..universe.packages_len() as PackageId {
        let package = universe.package(id);
        if package.installed {
            packages += 1;
            bytes += package.installed_size as i64;
        }
    }
    for change in &solution.changes.list {
        if let Some(old) = change.old {
            packages -= 1;
            bytes -= universe.package(old).installed_size as i64;
        }
        if let Some(new) = change.new {
            packages += 1;
            bytes += universe.package(new).installed_size as i64;
        }
    }
    (packages.max(0) as usize, bytes.max(0) as u64)
}

/// The line of one change: what is done to which package.
pub fn change_line(universe: &Universe<'_>, change: &Change) -> Vec<u8> {
    let Some(subject) = change.new.or(change.old) else { return Vec::new() };
    let package = universe.package(subject);
    let mut line = Vec::new();
    let verb: &[u8] = match (change.old, change.new) {
        (None, _) => b"Installing ",
        (Some(_), None) => b"Purging ",
        (Some(old), Some(new)) if old == new => {
            let unavailable = package.repositories == 0 && !package.given && package.installed_size != 0;
            match change.reinstall {
                true if unavailable => b"[APK unavailable, skipped] Reinstalling ",
                true => b"Reinstalling ",
                false => b"Updating pinning ",
            }
        }
        (Some(old), Some(_)) => match crate::version::compare(package.version, universe.package(old).version)
        {
            std::cmp::Ordering::Less => b"Downgrading ",
            std::cmp::Ordering::Greater => b"Upgrading ",
            std::cmp::Ordering::Equal => b"Replacing ",
        },
    };
    line.extend_from_slice(verb);
    line.extend_from_slice(universe.name_of(package.name).text);
    if change.new_tag > 0 && change.new.is_some() {
        line.push(b'@');
        line.extend_from_slice(&universe.tags()[change.new_tag].name);
    }
    let of = |id: PackageId| universe.package(id).version;
    let versions = match (change.old, change.new) {
        (Some(old), Some(new)) if old != new => [b" (", of(old), b" -> ", of(new), b")"].concat(),
        _ => [b" (", package.version, b")"].concat(),
    };
    line.extend_from_slice(&versions);
    line
}
