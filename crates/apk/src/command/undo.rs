//! undo — take back what a run changed.

use super::commit::{self, Plan};
use super::groups::COMMIT;
use super::history;
use super::system::{ALL, System};
use super::{Applet, Cx, Failure, Result};
use crate::dependency::{Dependency, Op};
use crate::history::{Action, Run};

pub static APPLET: Applet = Applet {
    name: "undo",
    summary: "Take back what a run changed",
    usage: &[" [<OPTIONS>...] [NUMBER]"],
    description: "Installs what the run of that number in 'apk history', or the last one, removed; removes what it \
                  installed; and goes back to the versions that it replaced. It does so only where the packages are as that run \
                  left them, and their versions can still be had.",
    groups: &[&COMMIT],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let runs = history::runs(cx)?;
    let chosen = match cx.args.first() {
        Some(word) => history::numbered(&runs, word)?,
        None => {
            runs.last().ok_or_else(|| Failure::Error("there is no run that changed anything".to_string()))?
        }
    }
    .clone();
    let system = System::open(cx, ALL)?;
    check_present(&system, &chosen)?;
    let wanted = wanted(&chosen);
    check_available(&system, &wanted)?;
    let world = world_before(&system, &chosen);
    let mut plan = Plan { world: world.clone(), ..Plan::default() };
    plan.pins = wanted;
    commit::run(cx, &system, &plan)
}

/// Refuses where a later run changed the same packages.
fn check_present(system: &System, run: &Run) -> Result<()> {
    let database = system.database.borrow();
    let Some(database) = database.as_ref() else { return Ok(()) };
    let installed = &database.installed;
    for change in run.changes.iter().filter(|change| change.old != change.new) {
        let record = installed.find(change.name.as_bytes()).map(|position| &installed.packages()[position]);
        let version = record.map(|record| String::from_utf8_lossy(installed.version(record)).into_owned());
        if version != change.new {
            let is = version.map_or("is not installed".to_string(), |version| format!("is {version}"));
            let left =
                change.new.as_ref().map_or("it was removed".to_string(), |new| format!("it was {new}"));
            return Err(Failure::Error(format!(
                "{} {is}; after run {} {left}: undo later runs first",
                change.name, run.number
            )));
        }
    }
    Ok(())
}

/// The constraints that bring the packages back to what they were.
fn wanted(run: &Run) -> Vec<Dependency> {
    let changes = run.changes.iter().filter(|change| change.old != change.new);
    changes
        .map(|change| match &change.old {
            Some(old) => Dependency {
                name: change.name.clone().into_bytes().into(),
                op: Op::EQUAL,
                version: old.clone().into_bytes().into(),
                conflict: false,
                tag: None,
            },
            None => Dependency { conflict: true, ..Dependency::any(change.name.as_bytes()) },
        })
        .collect()
}

/// Refuses where a version is to be had nowhere.
fn check_available(system: &System, wanted: &[Dependency]) -> Result<()> {
    let mut universe = system.universe();
    for dependency in wanted.iter().filter(|dependency| !dependency.conflict) {
        let name = universe.name(&dependency.name);
        universe.load(name);
        let mut providers = universe.name_of(name).providers.iter();
        let is_there = providers.any(|provider| {
            let package = universe.package(provider.package);
            package.name == name
                && package.version == &*dependency.version
                && (package.repositories != 0 || package.size == 0)
        });
        if !is_there {
            let text = [&dependency.name[..], b"-", &dependency.version].concat();
            return Err(Failure::Error(format!(
                "{} is no longer available from a repository",
                String::from_utf8_lossy(&text)
            )));
        }
    }
    Ok(())
}

/// World as it was: without what the run installed, with what it was told to remove.
fn world_before(system: &System, run: &Run) -> Vec<Dependency> {
    let was = |action: Action, name: &[u8]| {
        run.changes.iter().any(|change| change.action == action && change.name.as_bytes() == name)
    };
    let mut world = system.world.clone();
    world.retain(|dependency| !was(Action::Install, &dependency.name));
    // An exact version that the run asked for would forbid the one before.
    for dependency in &mut world {
        if was(Action::Upgrade, &dependency.name) || was(Action::Downgrade, &dependency.name) {
            *dependency = Dependency { tag: dependency.tag.take(), ..Dependency::any(&dependency.name) };
        }
    }
    for word in run.command.split(' ') {
        let word = word.strip_prefix('!').unwrap_or(word).as_bytes();
        let Some(dependency) = Dependency::parse(word) else { continue };
        if was(Action::Remove, &dependency.name) && !world.iter().any(|other| other.name == dependency.name) {
            world.push(Dependency::any(&dependency.name));
        }
    }
    world
}
