//! plan — what is going to be done, in sentences, before it is done: for those who want to know more, or are asked.

use super::Cx;
use super::system::System;
use crate::output::size;
use crate::output::wrap::Wrapped;
use crate::solver::{Change, Solution};
use crate::universe::{PackageId, Universe, compare_names};
use crate::version;
use std::cmp::Ordering;

/// Lines of lists are this wide where they go to no terminal.
const WIDTH: usize = 50;

/// Prints the plan. With `-v` only where something is removed or downgraded, with `-vv` or a question always.
pub(super) fn print(cx: &mut Cx, system: &System, universe: &Universe<'_>, solution: &Solution<'_>) {
    let asked = cx.globals.interactive != super::options::Switch::No;
    if cx.messages.verbosity <= 1 && !asked {
        return;
    }
    print_orphans(cx, universe, solution);
    let changes: Vec<&Change> = solution.changes.list.iter().filter(|change| change.is_change()).collect();
    if changes.is_empty() && cx.messages.verbosity <= 2 {
        return;
    }
    let order = |change: &Change| match (change.old, change.new) {
        (Some(old), Some(new)) if old != new => {
            Some(version::compare(universe.package(new).version, universe.package(old).version))
        }
        _ => None,
    };
    let removed = |change: &Change| change.new.is_none();
    let lowered = |change: &Change| order(change) == Some(Ordering::Less);
    let is_loss = changes.iter().any(|change| removed(change) || lowered(change));
    print_list(cx, universe, "The following packages will be REMOVED:", &changes, removed);
    print_list(cx, universe, "The following packages will be DOWNGRADED:", &changes, lowered);
    if cx.messages.verbosity > 2 || asked || is_loss {
        print_list(cx, universe, "The following NEW packages will be installed:", &changes, |change| {
            change.old.is_none()
        });
        print_list(cx, universe, "The following packages will be upgraded:", &changes, |change| {
            order(change) == Some(Ordering::Greater)
        });
        print_list(cx, universe, "The following packages will be reinstalled:", &changes, |change| {
            change.reinstall || order(change) == Some(Ordering::Equal)
        });
        print_sizes(cx, system, universe, &changes);
    }
}

fn print_list(
    cx: &mut Cx,
    universe: &Universe<'_>,
    title: &str,
    changes: &[&Change],
    belongs: impl Fn(&Change) -> bool,
) {
    let mut items: Vec<(PackageId, &Change)> = changes
        .iter()
        .filter(|change| belongs(change))
        .filter_map(|change| Some((change.new.or(change.old)?, *change)))
        .collect();
    if items.is_empty() {
        return;
    }
    let name = |id: PackageId| universe.name_of(universe.package(id).name).text;
    items.sort_by(|(a, _), (b, _)| compare_names(name(*a), name(*b)));
    cx.messages.message(title);
    if cx.messages.verbosity > 1 {
        for (_, change) in items {
            let line = super::commit::change_line(universe, change);
            let name = line.iter().position(|&byte| byte == b' ').map_or(0, |at| at + 1);
            let name = if line.starts_with(b"[") || line.starts_with(b"Updating") { 0 } else { name };
            cx.messages.message([b"  ", &line[name..]].concat());
        }
        return;
    }
    let mut lines = Wrapped::new(WIDTH);
    lines.indented(2);
    for (id, _) in items {
        lines.item(universe.name_of(universe.package(id).name).text);
    }
    cx.messages.message(lines.into_bytes());
}

fn print_sizes(cx: &mut Cx, system: &System, universe: &Universe<'_>, changes: &[&Change]) {
    let mut download = 0;
    let mut disk = 0i64;
    for change in changes {
        if let Some(new) = change.new {
            let package = universe.package(new);
            disk += package.installed_size as i64;
            if super::apply::remote(cx, system, universe, change).is_some() {
                download += package.size;
            }
        }
        if let Some(old) = change.old {
            disk -= universe.package(old).installed_size as i64;
        }
    }
    if download > 0 {
        cx.messages.message(format!("Need to download {} of packages.", size::human(download)));
    }
    let amount = size::human(disk.unsigned_abs());
    cx.messages.message(if disk < 0 {
        format!("After this operation, {amount} of disk space will be freed.")
    } else {
        format!("After this operation, {amount} of additional disk space will be used.")
    });
}

/// Names installed packages that no repository has any more.
fn print_orphans(cx: &mut Cx, universe: &Universe<'_>, solution: &Solution<'_>) {
    let mut orphans: Vec<&[u8]> = solution
        .changes
        .list
        .iter()
        .filter_map(|change| change.new)
        .map(|id| universe.package(id))
        .filter(|package| package.installed && package.repositories == 0 && package.installed_size != 0)
        .map(|package| universe.name_of(package.name).text)
        .collect();
    if orphans.is_empty() {
        return;
    }
    orphans.sort_unstable();
    cx.messages.message("NOTE: Consider running apk upgrade with --prune and/or --available.");
    cx.messages.message("The following packages are no longer available from a repository:");
    let mut lines = Wrapped::new(WIDTH);
    lines.indented(2);
    orphans.into_iter().for_each(|name| lines.item(name));
    cx.messages.message(lines.into_bytes());
    cx.messages.message("");
}
