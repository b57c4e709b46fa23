//! lock — write down which packages are installed, so that `--locked` can install the same ones again.

use std::path::PathBuf;

use super::options::{Group, Takes, opt};
use super::system::{System, Wanted};
use super::{Applet, Cx, Failure, Result, os};
use crate::lockfile::{self, Locked};
use crate::solver::Solution;
use crate::universe::Universe;

static OPTIONS: Group = Group {
    title: "Lock",
    options: &[opt("output", "o", Takes::Text("FILE"), "Write to FILE; '-' is stdout")],
};

pub static APPLET: Applet = Applet {
    name: "lock",
    summary: "Write down the exact packages that are installed",
    usage: &[" [<OPTIONS>...]"],
    description: "Writes name, version and identity of every installed package to etc/apk/lock. Commands with --locked \
                  install these and no others.",
    groups: &[&OPTIONS],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, Wanted { installed: true, repositories: false })?;
    let mut packages = Vec::new();
    if let Some(database) = system.database.borrow().as_ref() {
        let installed = &database.installed;
        for record in installed.packages() {
            let Some(identity) = installed.identity(record) else { continue };
            packages.push(Locked {
                name: installed.name(record).to_vec(),
                version: installed.version(record).to_vec(),
                identity,
            });
        }
    }
    let text = lockfile::write(&packages);
    let path = match cx.options.text("output") {
        Some(b"-") => {
            cx.messages.out.write(&text);
            return Ok(0);
        }
        Some(path) => PathBuf::from(os(path)),
        None => system.root.join(lockfile::PATH),
    };
    super::files::replace(&path, &mut |out| Ok(out.write_all(&text)?))
        .map_err(|error| Failure::Error(format!("{}: {error}", path.display())))?;
    cx.messages.message(format!("{}: {} packages locked", path.display(), packages.len()));
    Ok(0)
}

/// The lock that `--locked` asks for.
pub(super) fn read(cx: &Cx, system: &System) -> Result<Option<Vec<Locked>>> {
    let path = match cx.options.text("lock-file") {
        Some(path) => PathBuf::from(os(path)),
        None if cx.options.has("locked") => system.root.join(lockfile::PATH),
        None => return Ok(None),
    };
    let failed = |reason: String| Failure::Error(format!("{}: {reason}", path.display()));
    let text = std::fs::read(&path).map_err(|error| failed(sys::error::text(&error).to_string()))?;
    lockfile::parse(&text).map(Some).map_err(|error| failed(error.reason()))
}

/// Refuses changes that bring packages which are not the locked ones.
pub(super) fn check(universe: &Universe<'_>, solution: &Solution<'_>, locked: &[Locked]) -> Result<()> {
    for change in solution.changes.list.iter().filter(|change| change.is_change()) {
        let Some(id) = change.new.filter(|new| change.old != Some(*new)) else { continue };
        let package = universe.package(id);
        let name = universe.name_of(package.name).text;
        let identity = package.identity.map(|identity| identity.recorded());
        let full_name = String::from_utf8_lossy(&[name, b"-", package.version].concat()).into_owned();
        match locked.iter().find(|locked| locked.name == name) {
            Some(locked) if locked.version == package.version && Some(locked.identity) == identity => {}
            Some(_) => return Err(Failure::Error(format!("{full_name} is not the package that is locked"))),
            None => return Err(Failure::Error(format!("{full_name} is not locked"))),
        }
    }
    Ok(())
}
