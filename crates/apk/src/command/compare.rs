//! compare — installed versions beside those that repositories have: what `version` prints without -t and -c.

use std::cmp::Ordering;

use super::select;
use super::system::{ALL, System};
use super::{Cx, Result};
use crate::repository;
use crate::universe::{DEFAULT_TAG, PackageId, Universe, tag_set};
use crate::version;

/// Prints the comparison, or with `--indexes` the description of each index.
pub(super) fn run(cx: &mut Cx) -> Result {
    let system = System::open(cx, ALL)?;
    if cx.options.has("indexes") {
        for (one, index) in system.repositories.list.iter().zip(&system.indexes) {
            if let Ok(description) = index {
                let url = repository::printable(&one.url);
                cx.messages.out.write(&[description, b" [".as_slice(), &url, b"]\n"].concat());
            }
        }
        return Ok(0);
    }
    let limit = match cx.options.text("limit") {
        Some(limit) => Some(limit.to_vec()),
        None if cx.messages.verbosity == 1 && cx.args.is_empty() => Some(b"<".to_vec()),
        None => None,
    };
    let mut universe = system.universe();
    let mut packages = universe.load_installed();
    for &id in &packages {
        let name = universe.package(id).name;
        universe.load(name);
    }
    select::sort(&universe, &mut packages);
    if cx.messages.verbosity > 0 {
        cx.messages.out.write(format!("{:<42}Available:\n", "Installed:").as_bytes());
    }
    let patterns = cx.args.clone();
    for id in packages {
        if select::fits(&patterns, universe.name_of(universe.package(id).name).text) {
            compare(cx, &universe, id, limit.as_deref());
        }
    }
    Ok(0)
}

fn sign(order: Ordering) -> &'static [u8] {
    match order {
        Ordering::Less => b"<",
        Ordering::Equal => b"=",
        Ordering::Greater => b">",
    }
}

/// One line: the installed package, how it stands to the highest available version, and that version.
fn compare(cx: &mut Cx, universe: &Universe<'_>, id: PackageId, limit: Option<&[u8]>) {
    let package = universe.package(id);
    let tag = package.tag();
    let allowed = if cx.options.has("all") {
        u64::MAX
    } else {
        universe.repositories_of(1 << DEFAULT_TAG | tag_set(tag))
    };
    let mut best: Option<PackageId> = None;
    for provider in &universe.name_of(package.name).providers {
        let other = universe.package(provider.package);
        let counts = other.name == package.name && (other.installed || other.repositories & allowed != 0);
        let higher =
            best.is_none_or(|best| version::compare(other.version, universe.package(best).version).is_gt());
        if counts && higher {
            best = Some(provider.package);
        }
    }
    let sign = best.map_or(b"?".as_slice(), |best| {
        sign(version::compare(package.version, universe.package(best).version))
    });
    if limit.is_some_and(|limit| !limit.contains(&sign[0])) {
        return;
    }
    if cx.messages.verbosity <= 0 {
        cx.messages.out.write(&[universe.name_of(package.name).text, b"\n"].concat());
        return;
    }
    let mut line = select::full_name(universe, id);
    line.resize(line.len().max(COLUMN), b' ');
    line.extend_from_slice(&[sign, b" "].concat());
    if let Some(best) = best {
        let best = universe.package(best);
        line.extend_from_slice(&[best.version, b" "].concat());
        let from = best.repositories & allowed;
        if let Some(tag) = universe.tags().iter().skip(1).find(|tag| tag.repositories & from != 0) {
            line.extend_from_slice(&[b"@", tag.name.as_slice()].concat());
        }
    }
    line.push(b'\n');
    cx.messages.out.write(&line);
}

/// Where the sign stands.
const COLUMN: usize = 40;
