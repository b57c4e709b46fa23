//! cache — keep the cache of packages: what nobody needs goes, what is missing is fetched.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::commit::{self, Plan};
use super::options::{Group, Takes, opt};
use super::system::{ALL, System};
use super::{Applet, Cx, Failure, Result, apply, download, interrupt};
use crate::dependency::Dependency;
use crate::solver::Flags;

static OPTIONS: Group = Group {
    title: "Cache",
    options: &[
        opt(
            "add-dependencies",
            "",
            Takes::Nothing,
            "Fetch for world and the given dependencies, not for these alone",
        ),
        opt("available", "a", Takes::Nothing, "Prefer what the repositories have to what is installed"),
        opt("ignore-conflict", "", Takes::Nothing, "Fetch packages that conflict with each other, too"),
        opt("latest", "l", Takes::Nothing, "Choose the highest version in any case"),
        opt("upgrade", "u", Takes::Nothing, "Fetch newer versions of what is installed"),
        opt("simulate", "s", Takes::Bool, "Show what would be done, change nothing"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "cache",
    summary: "Manage the local package cache",
    usage: &[
        " [<OPTIONS>...] clean",
        " [<OPTIONS>...] download [DEPENDENCY...]",
        " [<OPTIONS>...] purge",
        " [<OPTIONS>...] sync [DEPENDENCY...]",
    ],
    description: "'clean' removes packages that no repository has and that are not installed, old indexes and what an \
                  interrupted run left; 'purge' removes all packages; 'download' fetches what is missing; 'sync' does both.",
    groups: &[&OPTIONS],
    run,
};

/// The exit code where indexes are missing.
const EXIT_MISSING: i32 = 3;

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let choices = ["upgrade", "available", "latest", "add-dependencies"];
    if system.unavailable + system.stale > 0
        && !cx.globals.force.missing_repositories
        && choices.iter().any(|choice| cx.options.has(choice))
    {
        cx.messages.error(
            "Not continuing due to stale/unavailable repositories. Use --force-missing-repositories to continue.",
        );
        return Ok(EXIT_MISSING);
    }
    let word = cx.args.first().cloned().unwrap_or_default();
    match word.as_slice() {
        b"clean" => clean(cx, &system, cx.globals.purge),
        b"purge" => clean(cx, &system, true),
        b"download" => fetch_missing(cx, &system),
        b"sync" => {
            let fetched = fetch_missing(cx, &system)?;
            let cleaned = clean(cx, &system, cx.globals.purge)?;
            Ok(fetched.max(cleaned))
        }
        // As the reference: the exit code alone says so.
        _ => Err(Failure::Exit(99)),
    }
}

fn is_simulated(cx: &Cx) -> bool {
    cx.globals.simulate || cx.options.has("simulate")
}

/// Fetches what the cache should have and has not.
fn fetch_missing(cx: &mut Cx, system: &System) -> Result {
    let words = cx.args.get(1..).unwrap_or_default().to_vec();
    let mut plan = Plan {
        flags: Flags {
            upgrade: cx.options.has("upgrade"),
            available: cx.options.has("available"),
            latest: cx.options.has("latest"),
            ..Flags::default()
        },
        ignore_conflicts: cx.options.has("ignore-conflict"),
        ..Plan::default()
    };
    if words.is_empty() || cx.options.has("add-dependencies") {
        plan.world.clone_from(&system.world);
    }
    for word in &words {
        let dependency = Dependency::parse(word).filter(|dependency| !dependency.name.is_empty());
        let Some(dependency) = dependency else {
            let word = String::from_utf8_lossy(word);
            return Err(Failure::Error(format!("bad dependency: {word}")));
        };
        plan.world.push(dependency);
    }
    let mut universe = system.universe();
    if !system.has_package_cache(cx) {
        // There is no place for packages.
        return Ok(0);
    }
    // What can be had is fetched, even where not everything can.
    let solution = commit::solve(cx, &mut universe, &plan);
    let packages = solution.changes.list.iter().filter_map(|change| change.new);
    let wanted = packages.filter_map(|id| apply::wanted(cx, system, &universe, id)).collect();
    let failed = download::into_cache(cx, system, wanted, is_simulated(cx));
    interrupt::check()?;
    if failed > 0 { Err(Failure::Exit(99)) } else { Ok(0) }
}

/// Removes what is not needed. `purges`: all packages, but installed ones where the root is lost at the next boot.
fn clean(cx: &mut Cx, system: &System, purges: bool) -> Result {
    let folder = system.cache_folder(cx);
    let Ok(entries) = fs::read_dir(folder) else { return Ok(0) };
    let keeps_installed = cx.globals.root_tmpfs == super::options::Switch::Yes;
    let known = match (purges, keeps_installed) {
        (false, _) => system.cached_names(true),
        (true, true) => system.cached_names(false),
        (true, false) => HashMap::new(),
    };
    let repositories = &system.repositories.list;
    let mut indexes: Vec<String> = repositories.iter().map(|one| one.cache_name()).collect();
    if !purges {
        indexes.extend(repositories.iter().map(|one| one.catalog_name()));
    }
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        let is_package = known.get(name.as_encoded_bytes()).is_some_and(|size| *size == metadata.len());
        let is_index = indexes.iter().any(|index| OsStr::new(index) == name);
        if metadata.is_file() && (is_package || is_index || name == "installed") {
            continue;
        }
        cx.messages.message_at(2, [b"deleting ", name.as_encoded_bytes()].concat());
        if !is_simulated(cx) {
            remove(&entry.path(), metadata.is_dir());
        }
    }
    Ok(0)
}

/// What cannot be removed stays, as with the reference.
fn remove(path: &Path, is_folder: bool) {
    let _ = if is_folder { fs::remove_dir(path) } else { fs::remove_file(path) };
}
