//! list — packages, a line each.

use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::query::fields::{Field, Fields};
use super::query::render::Format;
use super::query::selection::{self, Selection, Source, Word};
use super::query::{self};
use super::select;
use super::system::System;
use super::{Applet, Cx, Result};
use crate::output::Line;
use crate::universe::{PackageId, Universe, compare_names};

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
    let manifest = cx.options.has("manifest");
    let compared = match () {
        () if cx.options.has("origin") => Field::Origin,
        () if cx.options.has("depends") => Field::Depends,
        () if cx.options.has("providers") => Field::Provides,
        () => Field::Name,
    };
    let with_own_name = [compared, Field::Name];
    let mut selection = Selection::new(
        cx,
        if compared == Field::Provides { &with_own_name } else { std::slice::from_ref(&compared) },
    )?;
    selection.all_versions = true;
    selection.all_without_words = true;
    selection.installed |= manifest;
    let format = Format::of(cx)?;
    let fields = query::fields(cx, Fields::of(&SHOWN))?;
    let wanted = selection::sources(cx, Source::System)?;
    let system = System::open(cx, wanted)?;
    let mut universe = system.universe();
    let words = cx.args.clone();
    let selected = selection.select(cx, &system, &mut universe, &words)?.sorted(&universe);
    if let Some(format) = format.filter(|format| *format != Format::Default) {
        query::print(cx, &system, &mut universe, &selected, &fields, format, false);
        return Ok(0);
    }
    let words: Vec<Word> = words.iter().map(|word| Word::new(word, selection.search)).collect();
    if cx.options.has("providers") {
        for (provided, id) in by_provided(&universe, &selected.packages, &words) {
            print(cx, &universe, id, &[b"<", provided, b"> "].concat());
        }
        return Ok(0);
    }
    for id in selected.packages {
        let package = universe.package(id);
        if manifest {
            let name = universe.name_of(package.name).text;
            cx.messages.out.write(&[name, b" ", package.version, b"\n"].concat());
        } else {
            print(cx, &universe, id, b"");
        }
    }
    Ok(0)
}

/// Packages with each of their names that fits, by that name; with their own where none does.
fn by_provided<'t>(
    universe: &Universe<'t>,
    packages: &[PackageId],
    words: &[Word],
) -> Vec<(&'t [u8], PackageId)> {
    let mut found = Vec::new();
    for &id in packages {
        let package = universe.package(id);
        let own = universe.name_of(package.name).text;
        let begin = found.len();
        if words.iter().any(|word| word.fits(own)) {
            found.push((own, id));
        }
        for dep in &package.provides {
            let fits =
                |word: &Word| selection::fits_list(universe, std::slice::from_ref(dep), word).is_some();
            if words.iter().any(fits) {
                found.push((universe.name_of(dep.name).text, id));
            }
        }
        if found.len() == begin {
            found.push((own, id));
        }
    }
    found.sort_by(|(a, _), (b, _)| compare_names(a, b));
    found.dedup();
    found
}

/// The fields that are printed in other formats.
const SHOWN: [Field; 10] = [
    Field::Name,
    Field::Version,
    Field::Description,
    Field::Arch,
    Field::License,
    Field::Origin,
    Field::Url,
    Field::InstalledSize,
    Field::Repositories,
    Field::Status,
];

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
    } else if let Some(installed) = selection::upgrades(universe, id) {
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
