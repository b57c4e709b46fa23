//! info — what is known of packages, block by block.

use std::os::unix::ffi::OsStringExt;

use super::groups::QUERY;
use super::options::{Group, Opt, Takes, opt};
use super::query::fields::{Field, Fields};
use super::query::record::{Source, Value};
use super::query::render::Format;
use super::query::selection::{self, Selection};
use super::query::{self};
use super::select;
use super::system::System;
use super::{Applet, Cx, Result};
use crate::output::{Line, size};
use crate::universe::{Dep, PackageId, Universe};

static OPTIONS: Group = Group {
    title: "Info",
    options: &[
        opt("all", "a", Takes::Nothing, "Everything"),
        opt("contents", "L", Takes::Nothing, "The files"),
        opt("depends", "R", Takes::Nothing, "What it depends on"),
        opt("description", "d", Takes::Nothing, "The description"),
        Opt {
            long: "exists",
            also: &["installed"],
            hidden: &[],
            short: "e",
            takes: Takes::Nothing,
            help: "Whether it is installed",
        },
        opt("install-if", "", Takes::Nothing, "When it is installed of itself"),
        opt("license", "", Takes::Nothing, "The license"),
        opt("provides", "P", Takes::Nothing, "What it provides"),
        opt("rdepends", "r", Takes::Nothing, "What depends on it"),
        opt("replaces", "", Takes::Nothing, "Whose files it may replace"),
        opt("rinstall-if", "", Takes::Nothing, "What is installed of itself because of it"),
        opt("size", "s", Takes::Nothing, "The installed size"),
        opt("triggers", "t", Takes::Nothing, "Its triggers"),
        opt("webpage", "w", Takes::Nothing, "The web page"),
        opt("who-owns", "W", Takes::Nothing, "The package that a file belongs to"),
    ],
};

pub static APPLET: Applet = Applet {
    name: "info",
    summary: "Give detailed information about packages or repositories",
    usage: &[" [<OPTIONS>...] PACKAGES...", " -W FILE"],
    description: "Prints what is known of the packages: description, web page and size where nothing else is asked for. \
                  Without names, the names of what is installed.",
    groups: &[&OPTIONS, &QUERY],
    run,
};

/// The parts in the order in which they are printed, with their titles.
const PARTS: [(&str, Field, &str); 12] = [
    ("description", Field::Description, "description:"),
    ("webpage", Field::Url, "webpage:"),
    ("size", Field::InstalledSize, "installed size:"),
    ("depends", Field::Depends, "depends on:"),
    ("provides", Field::Provides, "provides:"),
    ("rdepends", Field::ReverseDepends, "is required by:"),
    ("contents", Field::Contents, "contains:"),
    ("triggers", Field::Triggers, "triggers:"),
    ("install-if", Field::InstallIf, "has auto-install rule:"),
    ("rinstall-if", Field::ReverseInstallIf, "affects auto-installation of:"),
    ("replaces", Field::Replaces, "replaces:"),
    ("license", Field::License, "license:"),
];

/// What is printed where nothing was asked for.
const USUAL: [Field; 3] = [Field::Description, Field::Url, Field::InstalledSize];

fn run(cx: &mut Cx) -> Result {
    let mut selection = Selection::new(cx, &[Field::Name, Field::Provides])?;
    selection.all_versions = true;
    // The option of this applet asks another question.
    selection.installed = false;
    let format = Format::of(cx)?;
    let asked = PARTS.iter().filter(|(option, ..)| cx.options.has(option)).map(|(_, field, _)| *field);
    let mut parts: Vec<Field> = asked.collect();
    let all = cx.options.has("all");
    if parts.is_empty() && !all {
        parts = USUAL.to_vec();
    }
    let fields = if all {
        Fields::all(Field::Package)
    } else {
        Fields::of(&[&[Field::Name, Field::Version], parts.as_slice()].concat())
    };
    let mut fields = query::fields(cx, fields)?;
    fields.reverse = Field::Package;
    let wanted = selection::sources(cx, selection::Source::System)?;
    let system = System::open(cx, wanted)?;
    let mut universe = system.universe();
    let args = cx.args.clone();
    if cx.options.has("who-owns") {
        return Ok(who_owns(cx, &mut universe, &args));
    }
    if args.is_empty() && !cx.options.has("world") {
        let mut packages = universe.load_installed();
        select::sort(&universe, &mut packages);
        packages.into_iter().for_each(|id| print_short(cx, &universe, id));
        return Ok(0);
    }
    if cx.options.has("exists") {
        return Ok(exists(cx, &mut universe, &args));
    }
    let selected = selection.select(cx, &system, &mut universe, &args)?.sorted(&universe);
    if selected.unsolved > 0 {
        return Ok(selected.unsolved);
    }
    if format.is_some_and(|format| format != Format::Default) || !cx.globals.legacy_info {
        let format = format.unwrap_or(Format::Default);
        return Ok(query::print(cx, &system, &mut universe, &selected, &fields, format, true));
    }
    let parts: Vec<_> = PARTS.iter().filter(|(_, field, _)| fields.list.contains(field)).collect();
    let wanted: Vec<Field> = parts.iter().map(|(_, field, _)| *field).collect();
    let mut source = Source::new(&system, &mut universe, &wanted);
    source.reverse_installed = true;
    let mut partly = false;
    for id in selected.packages {
        for (_, field, title) in &parts {
            let of_database = field.is_of_installed() || field.is_reverse();
            if of_database && !source.universe.package(id).installed {
                partly = true;
            } else {
                print_part(cx, &source, id, *field, title);
            }
        }
    }
    Ok(selected.unmatched.max(i32::from(all && partly)))
}

fn print_short(cx: &mut Cx, universe: &Universe<'_>, id: PackageId) {
    let package = universe.package(id);
    let mut line = match cx.messages.verbosity {
        ..=1 => universe.name_of(package.name).text.to_vec(),
        _ => select::full_name(universe, id),
    };
    if cx.messages.verbosity > 2 {
        line.extend_from_slice(&[b" - ", package.field(b'T')].concat());
    }
    line.push(b'\n');
    cx.messages.out.write(&line);
}

/// `-e`: prints those that are installed and counts the others.
fn exists<'t>(cx: &mut Cx, universe: &mut Universe<'t>, args: &'t [Vec<u8>]) -> i32 {
    let mut missing = 0;
    for word in args {
        let dep = crate::dependency::Borrowed::parse(word).map(|borrowed| Dep::new(universe, borrowed));
        let installed = dep.and_then(|dep| {
            universe.load(dep.name);
            let mut providers = universe.name_of(dep.name).providers.iter();
            let fits = providers.find(|provider| {
                let package = universe.package(provider.package);
                package.installed
                    && package.name == dep.name
                    && dep.is_provided(universe, None, Some(provider))
            });
            fits.map(|provider| provider.package)
        });
        match installed {
            None => missing += 1,
            Some(id) if cx.messages.verbosity > 1 => {
                cx.messages.out.write(&[select::full_name(universe, id).as_slice(), b"\n"].concat());
            }
            Some(_) if cx.messages.verbosity > 0 => {
                cx.messages.out.write(&[word.as_slice(), b"\n"].concat());
            }
            Some(_) => {}
        }
    }
    missing
}

fn print_part(cx: &mut Cx, source: &Source<'_, '_>, id: PackageId, field: Field, title: &str) {
    let package = source.universe.package(id);
    let value = source.value(id, field, Field::Package);
    let items = match value {
        Some(Value::Words(items) | Value::Counted(items) | Value::Lines(items)) => items,
        Some(Value::Text(text)) => vec![text],
        Some(Value::Number(number)) => vec![size::whole(number).into_bytes()],
        None if field == Field::InstalledSize => vec![size::whole(0).into_bytes()],
        None => Vec::new(),
    };
    let is_text = matches!(field, Field::Description | Field::Url | Field::InstalledSize | Field::License);
    let mut out = Vec::new();
    if cx.messages.verbosity > 1 {
        let name = source.universe.name_of(package.name).text;
        match field {
            Field::Contents | Field::Triggers => {
                let lead: &[u8] = if field == Field::Triggers { b"trigger " } else { b"" };
                for item in &items {
                    out.extend_from_slice(&[name, b": ", lead, item, b"\n"].concat());
                }
            }
            _ => {
                out.extend_from_slice(&[name, b": "].concat());
                for item in &items {
                    out.extend_from_slice(item);
                    out.extend_from_slice(if is_text { b"" } else { b" " });
                }
            }
        }
        out.push(b'\n');
    } else {
        if cx.messages.verbosity > 0 || is_text {
            let name = select::full_name(source.universe, id);
            out.extend_from_slice(&[name.as_slice(), b" ", title.as_bytes(), b"\n"].concat());
        }
        let none = [Vec::new()];
        let shown = if is_text && items.is_empty() { &none } else { items.as_slice() };
        for item in shown {
            out.extend_from_slice(&[item.as_slice(), b"\n"].concat());
        }
        out.push(b'\n');
    }
    cx.messages.out.write(&out);
}

/// `-W`: says whom files belong to and counts those that belong to nobody.
fn who_owns(cx: &mut Cx, universe: &mut Universe<'_>, args: &[Vec<u8>]) -> i32 {
    let packages = universe.load_installed();
    let mut errors = 0;
    for word in args {
        let owner_of = |path: &[u8]| {
            let wanted = path.strip_prefix(b"/").unwrap_or(path);
            let owns =
                |id: &&PackageId| selection::paths(universe.package(**id).block).any(|path| path == wanted);
            packages.iter().find(owns)
        };
        let resolved = std::fs::canonicalize(super::os(word)).map(|path| path.into_os_string().into_vec());
        let (word, owner) = match (owner_of(word), &resolved) {
            (None, Ok(resolved)) => (resolved, owner_of(resolved)),
            (owner, _) => (word, owner),
        };
        let Some(&owner) = owner else {
            cx.messages.error(Line::default().bytes(word).bytes(b": Could not find owner package"));
            errors += 1;
            continue;
        };
        let name = select::full_name(universe, owner);
        let line = if cx.messages.verbosity > 0 {
            [word.as_slice(), b" is owned by ", &name, b"\n"].concat()
        } else {
            [universe.name_of(universe.package(owner).name).text, b"\n"].concat()
        };
        cx.messages.out.write(&line);
    }
    errors
}
