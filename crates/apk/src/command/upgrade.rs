//! upgrade — bring what is installed to the versions that repositories have.

use super::commit::{self, Plan};
use super::groups::COMMIT;
use super::options::{Group, Opt, Takes, opt};
use super::system::{ALL, System};
use super::{Applet, Cx, Failure, Result, preupgrade};
use crate::dependency::{Dependency, Op};
use crate::output::Line;
use crate::solver::Flags;

static OPTIONS: Group = Group {
    title: "Upgrade",
    options: &[
        opt("available", "a", Takes::Nothing, "Take the versions of the repositories, older ones too"),
        opt("ignore", "", Takes::Nothing, "Upgrade all packages but those named"),
        opt("latest", "l", Takes::Nothing, "Choose the highest version in any case"),
        Opt {
            long: "preupgrade",
            also: &[],
            hidden: &["self-upgrade"],
            short: "",
            takes: Takes::Bool,
            help: "Whether the package manager itself is upgraded first",
        },
        Opt {
            long: "preupgrade-only",
            also: &[],
            hidden: &["self-upgrade-only"],
            short: "",
            takes: Takes::Nothing,
            help: "Upgrade the package manager itself, nothing else",
        },
        opt("prune", "", Takes::Nothing, "Drop names from world that no repository has"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "upgrade",
    summary: "Install upgrades available from repositories",
    usage: &[" [<OPTIONS>...] [<PACKAGES>...]"],
    description: "Upgrades the named packages, and what they then need; without names all packages.",
    groups: &[&COMMIT, &OPTIONS],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    if system.indexes.iter().any(|index| index.is_err()) && !cx.globals.force.missing_repositories {
        return Err(Failure::Error(
            "Not continuing due to stale/unavailable repositories. Use --force-missing-repositories to continue."
                .to_string(),
        ));
    }
    commit::check_tags(cx, &system, &system.world, "continuing with upgrade")?;
    let system = match preupgrade::run(cx, system)? {
        preupgrade::Next::Upgrade(system) => *system,
        preupgrade::Next::End(code) => return Ok(code),
    };
    let ignored = cx.options.has("ignore");
    let flags = Flags {
        upgrade: cx.args.is_empty() || ignored,
        available: cx.options.has("available"),
        latest: cx.options.has("latest"),
        ..Flags::default()
    };
    let named = Flags { upgrade: !ignored, installed: ignored, ..Flags::default() };
    let mut plan = Plan { world: system.world.clone(), flags, ..Plan::default() };
    let unknown = known_names(cx, &system, &mut plan, named, Flags::default());
    if unknown > 0 {
        return Ok(unknown);
    }
    if flags.available {
        for dependency in plan.world.iter_mut().filter(|dependency| dependency.op == Op::IDENTITY) {
            let tag = dependency.tag.take();
            *dependency = Dependency { tag, ..Dependency::any(&dependency.name) };
        }
    }
    if cx.options.has("prune") {
        prune(&system, &mut plan);
    }
    commit::run(cx, &system, &plan)
}

/// Gives the packages of the command line their flags. Says which are not known, and how many.
pub(crate) fn known_names(
    cx: &mut Cx,
    system: &System,
    plan: &mut Plan,
    flags: Flags,
    inherited: Flags,
) -> i32 {
    let args = cx.args.clone();
    let mut universe = system.universe();
    let mut unknown = 0;
    for word in &args {
        let name = universe.name(word);
        universe.load(name);
        let in_world = system.world.iter().any(|dependency| *dependency.name == **word);
        if universe.name_of(name).providers.is_empty() && !in_world && !universe.is_mentioned(word) {
            cx.messages.error(Line::default().bytes(b"Package '").bytes(word).bytes(b"' not found"));
            unknown += 1;
        }
        plan.names.push((word.clone(), flags, inherited));
    }
    unknown
}

/// Drops the constraints whose names no repository has.
fn prune(system: &System, plan: &mut Plan) {
    let texts: Vec<Vec<u8>> = plan.world.iter().map(|dependency| dependency.name.to_vec()).collect();
    let mut universe = system.universe();
    let mut available = Vec::new();
    for text in &texts {
        let name = universe.name(text);
        universe.load(name);
        let mut providers = universe.name_of(name).providers.iter();
        available.push(providers.any(|provider| universe.package(provider.package).repositories != 0));
    }
    let mut available = available.into_iter();
    plan.world.retain(|_| available.next().unwrap_or(true));
}
