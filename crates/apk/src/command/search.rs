//! search — packages of the repositories whose names, or descriptions, have a text in them.

use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::query::fields::{Field, Fields, USUAL};
use super::query::record::Source;
use super::query::render::Format;
use super::query::selection::{self, Selection};
use super::query::{self};
use super::select;
use super::system::System;
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
    let mut compared = vec![Field::Name, Field::Provides];
    // Of options that say how words match, the last one counts.
    let mut search = true;
    let mut all_versions = cx.options.has("all");
    for (option, _) in cx.options.all() {
        match *option {
            "exact" => search = false,
            "description" => {
                compared.push(Field::Description);
                (search, all_versions) = (true, true);
            }
            "has-origin" => {
                compared.push(Field::Origin);
                (search, all_versions) = (false, true);
            }
            _ => {}
        }
    }
    let mut selection = Selection::new(cx, &compared)?;
    selection.search = search;
    selection.all_versions |= all_versions;
    selection.all_without_words = true;
    let format = Format::of(cx)?;
    let fields = query::fields(cx, Fields::of(&USUAL))?;
    let wanted = selection::sources(cx, selection::Source::Repositories)?;
    let system = System::open(cx, wanted)?;
    let mut universe = system.universe();
    let words = cx.args.clone();
    let selected = selection.select(cx, &system, &mut universe, &words)?.sorted(&universe);
    if selected.unsolved > 0 {
        return Ok(selected.unsolved);
    }
    let unmatched = if search { 0 } else { selected.unmatched };
    if let Some(format) = format.filter(|format| *format != Format::Default) {
        query::print(cx, &system, &mut universe, &selected, &fields, format, false);
        return Ok(unmatched);
    }
    let rdepends = cx.options.has("rdepends");
    let needed: &[Field] = if rdepends { &[Field::ReverseDepends] } else { &[] };
    let source = Source::new(&system, &mut universe, needed);
    for id in selected.packages {
        if !rdepends {
            print(cx, source.universe, id);
            continue;
        }
        if cx.messages.verbosity > 0 {
            let name = select::full_name(source.universe, id);
            cx.messages.out.write(&[name.as_slice(), b" is required by:\n"].concat());
        }
        for other in source.other_packages(id, Field::ReverseDepends) {
            print(cx, source.universe, other);
        }
    }
    Ok(unmatched)
}

fn print(cx: &mut Cx, universe: &Universe<'_>, id: PackageId) {
    let package = universe.package(id);
    let origin = package.field(b'o');
    let name = universe.name_of(package.name).text;
    let mut line = if cx.options.has("origin") && !origin.is_empty() { origin } else { name }.to_vec();
    if cx.messages.verbosity > 0 {
        line.extend_from_slice(&[b"-", package.version].concat());
    }
    if cx.messages.verbosity > 1 && !cx.options.has("origin") {
        line.extend_from_slice(&[b" - ", package.field(b'T')].concat());
    }
    line.push(b'\n');
    cx.messages.out.write(&line);
}
