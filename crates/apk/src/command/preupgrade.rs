//! preupgrade — the step of `upgrade` that comes before all others: the package manager itself, which then goes on.
//!
//! Source: apk-upgrade(8) and apk-tools 3.0.6 for what is printed. The packages are the owners of the program that runs,
//! and those of `--preupgrade-depends`, where what is installed satisfies it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::commit::{self, Plan};
use super::system::System;
use super::{Cx, Failure, Result, interrupt};
use crate::database::installed::Entry;
use crate::dependency::{self, Dependency};
use crate::solver::Flags;

/// Tells the program that is executed again that the step is done; the value is the reference's, which may be the program
/// that is installed.
const TOKEN: (&str, &str) = ("APK_PREUPGRADE_TOKEN", "laiNgeiThu6ip1Te");

/// What the option that says the same is called in the log of both programs.
const DONE_OPTION: &str = "--no-self-upgrade";

/// How `upgrade` goes on.
pub(super) enum Next {
    /// With everything else.
    Upgrade(Box<System>),
    /// Not at all: the exit code.
    End(i32),
}

/// Does the step, where it has something to do. Does not return where the new program took over.
pub(super) fn run(cx: &mut Cx, system: System) -> Result<Next> {
    let is_only = cx.options.has("preupgrade-only");
    let otherwise = |system| if is_only { Next::End(0) } else { Next::Upgrade(Box::new(system)) };
    let is_own = cx.globals.root.as_ref().is_none_or(|root| root.as_os_str() == "/");
    let is_asked = cx.options.switch("preupgrade") != Some(super::options::Switch::No);
    let is_done = std::env::var_os(TOKEN.0).is_some_and(|value| value == TOKEN.1);
    if !is_own || !is_asked || is_done || !cx.args.is_empty() {
        return Ok(otherwise(system));
    }
    let names = names(cx, &system);
    if names.is_empty() {
        return Ok(otherwise(system));
    }
    let flags = Flags { upgrade: true, ..Flags::default() };
    let plan = Plan {
        world: system.world.clone(),
        names: names.into_iter().map(|name| (name, flags, Flags::default())).collect(),
        preupgrade: true,
        ..Plan::default()
    };
    let mut universe = system.universe();
    let solution = commit::solve(cx, &mut universe, &plan);
    if solution.errors > 0 {
        cx.messages.warning("Failed to perform initial preupgrade, continuing with a full upgrade.");
        return Ok(otherwise(system));
    }
    if !solution.changes.list.iter().any(crate::solver::Change::is_change) {
        return Ok(otherwise(system));
    }
    if cx.globals.simulate && !is_only {
        cx.messages.warning("This simulation might not reliable as a preupgrade is available.");
        return Ok(otherwise(system));
    }
    cx.messages.message("Preupgrading:");
    let plan = Plan { continues: !is_only, ..plan };
    let errors = commit::run(cx, &system, &plan)?;
    if is_only || errors > 0 {
        return Ok(Next::End(errors));
    }
    interrupt::check()?;
    // The lock goes with it.
    drop(system);
    cx.messages.message("Continuing with the main upgrade transaction:");
    cx.messages.out.flush();
    let error = again(cx);
    Err(Failure::Error(format!("PANIC! Failed to re-execute new apk-tools! ({})", sys::error::text(&error))))
}

/// Executes the program again, by the same command line.
fn again(cx: &Cx) -> std::io::Error {
    let mut command: Vec<OsString> = cx.command_line.iter().cloned().map(OsString::from_vec).collect();
    let end = command.iter().position(|word| word == "--").unwrap_or(command.len());
    command.insert(end, DONE_OPTION.into());
    let mut environment: Vec<OsString> = std::env::vars_os()
        .filter(|(name, _)| name != TOKEN.0)
        .map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            name
        })
        .collect();
    environment.push(format!("{}={}", TOKEN.0, TOKEN.1).into());
    sys::exec::replace_with(&command, Some(&environment))
}

/// The names of the packages that come first.
fn names(cx: &mut Cx, system: &System) -> Vec<Vec<u8>> {
    let mut wanted = owners_of_program(system);
    for text in cx.globals.preupgrade_depends.clone() {
        let Ok(list) = dependency::parse_list(&text) else {
            let text = String::from_utf8_lossy(&text);
            cx.messages.warning(format!("Ignored invalid preupgrade dependencies from: {text}"));
            continue;
        };
        for dependency in list {
            wanted.retain(|known| known.name != dependency.name);
            wanted.push(dependency);
        }
    }
    let database = system.database.borrow();
    let Some(installed) = database.as_ref().map(|database| &database.installed) else { return Vec::new() };
    let fits = |dependency: &Dependency| {
        installed.find(&dependency.name).is_some_and(|position| {
            let record = &installed.packages()[position];
            dependency.satisfied_by(&dependency.name, installed.version(record))
        })
    };
    wanted.into_iter().filter(fits).map(|dependency| dependency.name.to_vec()).collect()
}

/// The packages that this program belongs to.
fn owners_of_program(system: &System) -> Vec<Dependency> {
    let Ok(program) = std::env::current_exe() else { return Vec::new() };
    let Some(path) = program.as_os_str().as_bytes().strip_prefix(b"/") else { return Vec::new() };
    let end = path.iter().rposition(|&byte| byte == b'/');
    let (folder, name) = end.map_or((&b""[..], path), |end| (&path[..end], &path[end + 1..]));
    let database = system.database.borrow();
    let Some(installed) = database.as_ref().map(|database| &database.installed) else { return Vec::new() };
    let mut owners = Vec::new();
    for record in installed.packages() {
        let mut is_within = false;
        let has = installed.entries(record).any(|entry| match entry {
            Entry::Folder { path, .. } => {
                is_within = path == folder;
                false
            }
            Entry::File { name: own, .. } => is_within && own == name,
        });
        if has {
            owners.push(Dependency::any(installed.name(record)));
        }
    }
    owners
}
