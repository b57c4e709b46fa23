//! select — the packages that a query is about: all that are known, in the order of names and versions, and patterns.

use crate::universe::{PackageId, Universe, compare_names};
use crate::version;

/// Reads every package; they are given by name, then version, then in the order of the sources.
pub(super) fn all(universe: &mut Universe<'_>) -> Vec<PackageId> {
    universe.read_all();
    universe.link();
    let mut packages: Vec<PackageId> = (0..universe.packages_len() as PackageId).collect();
    sort(universe, &mut packages);
    packages
}

/// Puts packages in the order of names, versions, and sources.
pub(super) fn sort(universe: &Universe<'_>, packages: &mut [PackageId]) {
    packages.sort_by(|&a, &b| {
        let (a, b) = (universe.package(a), universe.package(b));
        let names = compare_names(universe.name_of(a.name).text, universe.name_of(b.name).text);
        names.then_with(|| version::compare(a.version, b.version)).then(a.sequence.cmp(&b.sequence))
    });
}

/// `name-version`.
pub(super) fn full_name(universe: &Universe<'_>, id: PackageId) -> Vec<u8> {
    let package = universe.package(id);
    [universe.name_of(package.name).text, b"-", package.version].concat()
}

/// Whether one of the patterns matches the whole text; no patterns match everything.
pub(super) fn fits(patterns: &[Vec<u8>], text: &[u8]) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| posix::glob::matches(pattern, text))
}
