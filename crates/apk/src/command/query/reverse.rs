//! reverse — what depends on a package, and what follows it by install_if.

use crate::fast_hash::FastSet;
use crate::solver::Lists;
use crate::universe::{Bearing, Dep, NameId, Package, PackageId, Universe};

/// Of each name, the names whose packages speak of it.
pub(crate) struct Reverse {
    depends: Lists,
    install_ifs: Lists,
}

impl Reverse {
    /// Of everything that the universe has read and linked.
    pub(crate) fn new(universe: &Universe<'_>) -> Reverse {
        Reverse {
            depends: lists(universe, |package| &package.depends),
            install_ifs: lists(universe, |package| &package.install_if),
        }
    }

    /// The packages that depend on `id`, in the order of the reference.
    pub(crate) fn depends(&self, universe: &Universe<'_>, id: PackageId) -> Vec<PackageId> {
        of(universe, id, &self.depends, |package| &package.depends)
    }

    /// The packages whose install_if `id` helps to complete.
    pub(crate) fn install_ifs(&self, universe: &Universe<'_>, id: PackageId) -> Vec<PackageId> {
        of(universe, id, &self.install_ifs, |package| &package.install_if)
    }
}

fn lists<'t>(universe: &Universe<'t>, list: impl for<'p> Fn(&'p Package<'t>) -> &'p Vec<Dep<'t>>) -> Lists {
    let each = |take: &mut dyn FnMut(NameId, NameId)| {
        for id in 0..universe.packages_len() as PackageId {
            let package = universe.package(id);
            for dep in list(package) {
                names(package).for_each(|own| take(dep.name, own));
            }
        }
    };
    Lists::new(universe.names_len(), each, Vec::new())
}

/// The name of a package, and those that it provides.
fn names<'p>(package: &'p Package<'_>) -> impl Iterator<Item = NameId> + 'p {
    std::iter::once(package.name).chain(package.provides.iter().map(|dep| dep.name))
}

fn of<'t>(
    universe: &Universe<'t>,
    id: PackageId,
    lists: &Lists,
    list: impl for<'p> Fn(&'p Package<'t>) -> &'p Vec<Dep<'t>>,
) -> Vec<PackageId> {
    let mut found = Vec::new();
    let mut seen = FastSet::default();
    for name in names(universe.package(id)) {
        for other in lists.sorted(universe, name) {
            for provider in &universe.name_of(other).providers {
                let speaks = |dep: &Dep<'t>| {
                    !dep.conflict && dep.bearing(universe, Some(provider.package), id) == Bearing::Satisfied
                };
                if !seen.contains(&provider.package)
                    && list(universe.package(provider.package)).iter().any(speaks)
                {
                    seen.insert(provider.package);
                    found.push(provider.package);
                }
            }
        }
    }
    found
}
