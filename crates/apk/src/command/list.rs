//! list — packages, a line each.

use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::select;
use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::output::Line;
use crate::universe::{PackageId, Universe};
use crate::version;

static OPTIONS: Group = Group {
    title: "List",
    options: &[
        opt("available", "a", Takes::Nothing, "Only packages that a repository has"),
        opt("depends", "d", Takes::Nothing, "Packages that depend on what matches"),
        opt("installed", "I", Takes::Nothing, "Only installed packages"),
        opt("manifest", "", Takes::Nothing, "Installed packages as `<name> <version>`"),
        opt("origin", "o", Takes::Nothing, "Packages whose origin matches"),
        opt("orphaned", "O", Takes::Nothing, "Only installed packages that no repository has"),
        opt("providers", "P", Takes::Nothing, "Packages that provide what matches"),
        Opt {
            long: "upgradable",
            also: &["upgradeable"],
            hidden: &[],
            short: "u",
            takes: Takes::Nothing,
            help: "Only newer versions of installed packages",
        },
    ],
};

pub static APPLET: Applet = Applet {
    name: "list",
    summary: "List packages matching a pattern or other criteria",
    usage: &[" [<OPTIONS>...] PATTERN..."],
    description: "Prints the packages whose names match a pattern, with architecture, origin and license, and whether \
                  they are installed.",
    // Its own options come first: they have the short names, and the same long ones.
    groups: &[&OPTIONS, &QUERY],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let mut universe = system.universe();
    let packages = select::all(&mut universe);
    let patterns = cx.args.clone();
    let manifest = cx.options.has("manifest");
    for id in packages {
        let package = universe.package(id);
        let wanted = (!cx.options.has("available") || package.repositories != 0)
            && (!(manifest || cx.options.has("installed")) || package.installed)
            && (!cx.options.has("orphaned") || (package.installed && package.repositories == 0))
            && (!cx.options.has("upgradable") || upgrades(&universe, id).is_some());
        if !wanted {
            continue;
        }
        if cx.options.has("providers") {
            let names = std::iter::once(package.name).chain(package.provides.iter().map(|dep| dep.name));
            let mut names = names.map(|name| universe.name_of(name).text);
            if let Some(provided) = names.find(|provided| select::fits(&patterns, provided)) {
                print(cx, &universe, id, &[b"<", provided, b"> "].concat());
            }
            continue;
        }
        let fits = if cx.options.has("depends") {
            let mut names = package.depends.iter().filter(|dep| !dep.conflict);
            names.any(|dep| select::fits(&patterns, universe.name_of(dep.name).text))
        } else if cx.options.has("origin") {
            select::fits(&patterns, package.field(b'o'))
        } else {
            select::fits(&patterns, universe.name_of(package.name).text)
        };
        if fits && manifest {
            let name = universe.name_of(package.name).text;
            cx.messages.out.write(&[name, b" ", package.version, b"\n"].concat());
        } else if fits {
            print(cx, &universe, id, b"");
        }
    }
    Ok(0)
}

/// The installed package that this one would upgrade.
fn upgrades(universe: &Universe<'_>, id: PackageId) -> Option<PackageId> {
    let package = universe.package(id);
    let installed = select::installed_of(universe, package.name)?;
    let newer = version::compare(package.version, universe.package(installed).version).is_gt();
    (newer && select::is_default(universe, id)).then_some(installed)
}

fn print(cx: &mut Cx, universe: &Universe<'_>, id: PackageId, lead: &[u8]) {
    let package = universe.package(id);
    if cx.messages.verbosity < 1 {
        cx.messages.out.write(&[universe.name_of(package.name).text, b"\n"].concat());
        return;
    }
    let origin = package.field(b'o');
    let origin = if origin.is_empty() { universe.name_of(package.name).text } else { origin };
    let mut line = Line(lead.to_vec())
        .bytes(&select::full_name(universe, id))
        .bytes(b" ")
        .bytes(package.arch)
        .bytes(b" {")
        .bytes(origin)
        .bytes(b"} (")
        .bytes(package.field(b'L'))
        .bytes(b")");
    if package.installed {
        line = line.bytes(b" [installed]");
    } else if let Some(installed) = upgrades(universe, id) {
        line = line.bytes(b" [upgradable from: ").bytes(&select::full_name(universe, installed)).bytes(b"]");
    }
    line = line.bytes(b"\n");
    if cx.messages.verbosity > 1 {
        line = line.bytes(b"  ").bytes(package.field(b'T')).bytes(b"\n");
        if cx.messages.verbosity > 2 {
            line = line.bytes(b"  <").bytes(package.field(b'U')).bytes(b">\n");
        }
        line = line.bytes(b"\n");
    }
    cx.messages.out.write(&line.0);
}
