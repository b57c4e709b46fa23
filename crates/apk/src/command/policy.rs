//! policy — where the versions of a package come from.

use super::groups::QUERY;
use super::query::fields::{Field, Fields};
use super::query::render::Format;
use super::query::selection::{self, Selection, Source};
use super::query::{self};
use super::system::System;
use super::{Applet, Cx, Result};
use crate::repository::{self, Repository};
use crate::universe::{RepositorySet, Universe};

pub static APPLET: Applet = Applet {
    name: "policy",
    summary: "Show repository policy for packages",
    usage: &[" [<OPTIONS>...] PACKAGES..."],
    description: "Prints each version of the packages with the repositories that have it, the lowest version first.",
    groups: &[&QUERY],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let mut selection = Selection::new(cx, &[Field::Name])?;
    selection.all_versions = true;
    let format = Format::of(cx)?;
    let shown = [Field::Name, Field::Version, Field::Repositories, Field::Status];
    let fields = query::fields(cx, Fields::of(&shown))?;
    let wanted = selection::sources(cx, Source::System)?;
    let system = System::open(cx, wanted)?;
    let mut universe = system.universe();
    let words = cx.args.clone();
    let selected = selection.select(cx, &system, &mut universe, &words)?.sorted(&universe);
    if let Some(format) = format.filter(|format| *format != Format::Default) {
        query::print(cx, &system, &mut universe, &selected, &fields, format, false);
        return Ok(0);
    }
    let mut last = None;
    for id in selected.packages {
        let package = universe.package(id);
        if last.replace(package.name) != Some(package.name) {
            cx.messages.out.write(&[universe.name_of(package.name).text, b" policy:\n"].concat());
        }
        cx.messages.out.write(&[b"  ", package.version, b":\n"].concat());
        if package.installed {
            cx.messages.out.write(b"    lib/apk/db/installed\n");
        }
        for (number, one) in system.repositories.list.iter().enumerate() {
            if package.repositories & (1 << number) != 0 {
                print_repository(cx, &universe, package.repositories, one);
            }
        }
    }
    Ok(0)
}

/// A line for each tag under which any of the package's repositories stands.
fn print_repository(cx: &mut Cx, universe: &Universe<'_>, repositories: RepositorySet, one: &Repository) {
    for facts in universe.tags() {
        if facts.repositories & repositories != 0 {
            let mut line = b"    ".to_vec();
            if !facts.name.is_empty() {
                line.extend_from_slice(&[b"@", facts.name.as_slice(), b" "].concat());
            }
            line.extend_from_slice(&repository::printable(&one.url));
            line.push(b'\n');
            cx.messages.out.write(&line);
        }
    }
}
