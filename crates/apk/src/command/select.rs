//! select — the packages that a query is about: all that are known, in the order of names and versions, and patterns.

use crate::universe::{DEFAULT_TAG, NameId, PackageId, Universe};
use crate::version;

/// Reads every package; they are given by name, then version, then in the order of the sources.
pub(super) fn all(universe: &mut Universe<'_>) -> Vec<PackageId> {
    for source in 0..universe.sources().len() {
        for block in 0..universe.sources()[source].catalog.len() {
            universe.read(source, block);
        }
    }
    universe.link();
    let mut packages: Vec<PackageId> = (0..universe.packages_len() as PackageId).collect();
    sort(universe, &mut packages);
    packages
}

/// Puts packages in the order of names, versions, and sources.
pub(super) fn sort(universe: &Universe<'_>, packages: &mut [PackageId]) {
    packages.sort_by(|&a, &b| {
        let (a, b) = (universe.package(a), universe.package(b));
        let names = universe.name_of(a.name).text.cmp(universe.name_of(b.name).text);
        names.then_with(|| version::compare(a.version, b.version)).then(a.sequence.cmp(&b.sequence))
    });
}

/// The packages in the order of the sources.
pub(super) fn by_source(universe: &Universe<'_>) -> Vec<PackageId> {
    let mut packages: Vec<PackageId> = (0..universe.packages_len() as PackageId).collect();
    packages.sort_unstable_by_key(|&id| universe.package(id).sequence);
    packages
}

/// The installed package of a name.
pub(super) fn installed_of(universe: &Universe<'_>, name: NameId) -> Option<PackageId> {
    universe.installed_of(name)
}

/// Whether a repository without a tag has the package, or it was installed from one.
pub(super) fn is_default(universe: &Universe<'_>, id: PackageId) -> bool {
    let default = universe.tags()[DEFAULT_TAG].repositories;
    universe.package(id).repositories & default != 0
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

/// Whether one of the patterns matches within the text, large and small letters alike.
pub(super) fn fits_within(patterns: &[Vec<u8>], text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    patterns.is_empty()
        || patterns.iter().any(|pattern| {
            let pattern = [b"*", pattern.to_ascii_lowercase().as_slice(), b"*"].concat();
            posix::glob::matches(&pattern, &text)
        })
}

/// The lists in which packages stand for each other, by name.
pub(super) fn dependents(universe: &Universe<'_>, order: &[PackageId], id: PackageId) -> Vec<PackageId> {
    use crate::universe::Bearing;
    let needs = |other: &PackageId| {
        let depends = &universe.package(*other).depends;
        depends
            .iter()
            .any(|dep| !dep.conflict && dep.bearing(universe, Some(*other), id) == Bearing::Satisfied)
    };
    order.iter().copied().filter(needs).collect()
}
