//! advice — behind the reference's lines of why there is no solution: what the cause may be, and what to do.
//!
//! Printed on a terminal and with `--explain`: repositories that were not read, by which way a missing name is needed,
//! and names that look like it.

use std::collections::VecDeque;

use super::system::System;
use super::{Cx, select};
use crate::output::Line;
use crate::repository;
use crate::solver::Solution;
use crate::universe::{Bearing, Dep, NameId, PackageId, Universe};

/// So many missing names are spoken of, and so many names that look like one.
const SHOWN_MOST: usize = 5;

/// Prints the advice, where it is wanted.
pub(super) fn print(cx: &mut Cx, system: &System, universe: &Universe<'_>, solution: &Solution<'_>) {
    if !cx.options.has("explain") && !sys::fd::is_terminal(2) {
        return;
    }
    let present: Vec<PackageId> = solution.changes.list.iter().filter_map(|change| change.new).collect();
    let missing = missing_names(universe, solution, &present);
    let mut unread = false;
    for (one, index) in system.repositories.list.iter().zip(&system.indexes) {
        if let Err(error) = index {
            let url = String::from_utf8_lossy(&repository::printable(&one.url)).into_owned();
            cx.messages.error_line(format!(
                "cause: {url} could not be read ({}), so its packages are not known",
                error.reason()
            ));
            unread = true;
        }
    }
    for &name in missing.iter().take(SHOWN_MOST) {
        let text = universe.name_of(name).text;
        if let Some(chain) = chain(universe, solution, &present, name) {
            let line = Line::default().bytes(text).bytes(b" is needed by: world");
            let line = chain
                .iter()
                .fold(line, |line, &id| line.bytes(b" > ").bytes(&select::full_name(universe, id)));
            cx.messages.error_line(line.bytes(b" > ").bytes(text));
        }
        let near = near_names(universe, text);
        if !near.is_empty() {
            let line = Line::default().bytes(text).bytes(b" looks like: ").bytes(&near.join(b" ".as_slice()));
            cx.messages.error_line(line);
        }
    }
    cx.messages.error_line(match (unread, missing.is_empty()) {
        (true, _) => "try: mend the repository or the network, then 'apk update'",
        (false, false) => "try: 'apk update', 'apk search NAME', or another name or repository",
        (false, true) => "try: other versions in the constraints, or 'apk del' of what stands in the way",
    });
}

/// Names that world or a chosen package needs and nothing has, each once.
fn missing_names(universe: &Universe<'_>, solution: &Solution<'_>, present: &[PackageId]) -> Vec<NameId> {
    let of_packages = present.iter().flat_map(|&id| &universe.package(id).depends);
    let mut missing = Vec::new();
    for dep in solution.world.iter().chain(of_packages).filter(|dep| !dep.conflict) {
        if universe.name_of(dep.name).providers.is_empty() && !missing.contains(&dep.name) {
            missing.push(dep.name);
        }
    }
    missing
}

/// The shortest way from world to a package that needs the name: the packages between; None where world needs it.
fn chain(
    universe: &Universe<'_>,
    solution: &Solution<'_>,
    present: &[PackageId],
    name: NameId,
) -> Option<Vec<PackageId>> {
    let speaks = |list: &[Dep<'_>]| list.iter().any(|dep| dep.name == name && !dep.conflict);
    if speaks(&solution.world) {
        return None;
    }
    let fulfils = |list: &[Dep<'_>], of: Option<PackageId>, id: PackageId| {
        let mut needed = list.iter().filter(|dep| !dep.conflict);
        needed.any(|dep| dep.bearing(universe, of, id) == Bearing::Satisfied)
    };
    let mut open: VecDeque<Vec<PackageId>> = VecDeque::new();
    let mut seen = vec![false; universe.packages_len()];
    let step = |list: &[Dep<'_>], way: &[PackageId], seen: &mut Vec<bool>, open: &mut VecDeque<_>| {
        for &id in present {
            if !seen[id as usize] && fulfils(list, way.last().copied(), id) {
                seen[id as usize] = true;
                open.push_back([way, &[id]].concat());
            }
        }
    };
    step(&solution.world, &[], &mut seen, &mut open);
    while let Some(way) = open.pop_front() {
        let last = *way.last()?;
        let depends = &universe.package(last).depends;
        if speaks(depends) {
            return Some(way);
        }
        step(depends, &way, &mut seen, &mut open);
    }
    None
}

/// Names of packages and of what they provide that differ from `text` by a slip or two, the nearest first.
fn near_names(universe: &Universe<'_>, text: &[u8]) -> Vec<Vec<u8>> {
    let most = if text.len() < 5 { 1 } else { 2 };
    let mut near: Vec<(usize, Vec<u8>)> = Vec::new();
    for source in universe.sources() {
        for index in 0..source.catalog.names_len() {
            let name = source.catalog.name(index);
            let has_provider = source.catalog.providers(index).next().is_some();
            if has_provider && name.len().abs_diff(text.len()) <= most {
                let distance = distance(name, text);
                if distance <= most && !near.iter().any(|(_, other)| other == name) {
                    near.push((distance, name.to_vec()));
                }
            }
        }
    }
    near.sort();
    near.truncate(SHOWN_MOST);
    near.into_iter().map(|(_, name)| name).collect()
}

/// How many letters have to be put in, taken out, changed, or swapped with their neighbour.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "ab", 2),
            ("zlib", "zlib", 0),
            ("zlib", "zilb", 1),
            ("busybox", "busibox", 1),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(super::distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }
}
