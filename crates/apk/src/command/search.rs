//! search — packages of the repositories whose names, or descriptions, have a text in them.

use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::select;
use super::system::{ALL, System};
use super::{Applet, Cx, Result};
use crate::universe::{PackageId, Universe};

static OPTIONS: Group = Group {
    title: "Search",
    options: &[
        opt("all", "a", Takes::Nothing, "All versions, not only the highest"),
        opt("description", "d", Takes::Nothing, "Look in descriptions too"),
        Opt {
            long: "exact",
            also: &[],
            hidden: &[],
            short: "ex",
            takes: Takes::Nothing,
            help: "The whole name must match",
        },
        opt("has-origin", "", Takes::Nothing, "Look in origins"),
        opt("origin", "o", Takes::Nothing, "Print the origin instead of the name"),
        opt("rdepends", "r", Takes::Nothing, "Print what depends on the packages"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "search",
    summary: "Search for packages by name or description",
    usage: &[" [<OPTIONS>...] PATTERN..."],
    description: "Prints the packages of the repositories of which a name, or what they provide, holds one of the \
                  patterns; without a pattern all of them.",
    groups: &[&OPTIONS, &QUERY],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    let mut universe = system.universe();
    let packages = select::all(&mut universe);
    let by_text = cx.options.has("description") || cx.options.has("has-origin");
    let best_only = !cx.args.is_empty() && !cx.options.has("all") && !by_text;
    let found: Vec<PackageId> = packages
        .into_iter()
        .filter(|&id| universe.package(id).repositories != 0 && matches(cx, &universe, id))
        .collect();
    for (index, &id) in found.iter().enumerate() {
        let name = universe.package(id).name;
        let is_best = found.get(index + 1).is_none_or(|&next| universe.package(next).name != name);
        if is_best || !best_only {
            print(cx, &universe, id);
        }
    }
    Ok(0)
}

fn matches(cx: &Cx, universe: &Universe<'_>, id: PackageId) -> bool {
    let package = universe.package(id);
    let exact = cx.options.has("exact");
    let fits = |text: &[u8]| {
        if exact { select::fits(&cx.args, text) } else { select::fits_within(&cx.args, text) }
    };
    if cx.options.has("has-origin") {
        return fits(package.field(b'o'));
    }
    fits(universe.name_of(package.name).text)
        || package.provides.iter().any(|dep| fits(universe.name_of(dep.name).text))
        || (cx.options.has("description") && fits(package.field(b'T')))
}

fn print(cx: &mut Cx, universe: &Universe<'_>, id: PackageId) {
    let package = universe.package(id);
    let origin = package.field(b'o');
    let name = universe.name_of(package.name).text;
    let shown = if cx.options.has("origin") && !origin.is_empty() { origin } else { name };
    let mut line = shown.to_vec();
    if cx.messages.verbosity > 0 {
        line = [shown, b"-", package.version].concat();
    }
    if cx.messages.verbosity > 1 {
        line.extend_from_slice(&[b" - ", package.field(b'T')].concat());
    }
    if cx.options.has("rdepends") {
        line.extend_from_slice(b" is required by:");
    }
    line.push(b'\n');
    cx.messages.out.write(&line);
    if cx.options.has("rdepends") {
        for dependent in select::dependents(universe, &select::by_source(universe), id) {
            cx.messages.out.write(&[select::full_name(universe, dependent).as_slice(), b"\n"].concat());
        }
    }
}
