//! reverse — what depends on a package, and what follows it by install_if.

use crate::solver::sort_names;
use crate::universe::{Bearing, Dep, NameId, Package, PackageId, Universe};

/// Of each name, the names whose packages speak of it.
pub(crate) struct Reverse {
    depends: Vec<Vec<NameId>>,
    install_ifs: Vec<Vec<NameId>>,
}

impl Reverse {
    /// Of everything that the universe has read and linked.
    pub(crate) fn new(universe: &Universe<'_>) -> Reverse {
        let none = vec![Vec::new(); universe.names_len()];
        let mut reverse = Reverse { depends: none.clone(), install_ifs: none };
        for id in 0..universe.packages_len() as PackageId {
            let package = universe.package(id);
            let own = names(package);
            for dep in &package.depends {
                reverse.depends[dep.name as usize].extend(own.clone());
            }
            for dep in &package.install_if {
                reverse.install_ifs[dep.name as usize].extend(own.clone());
            }
        }
        for names in reverse.depends.iter_mut().chain(&mut reverse.install_ifs) {
            sort_names(universe, names);
        }
        reverse
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

/// The name of a package, and those that it provides.
fn names<'p>(package: &'p Package<'_>) -> impl Iterator<Item = NameId> + Clone + 'p {
    std::iter::once(package.name).chain(package.provides.iter().map(|dep| dep.name))
}

fn of<'t>(
    universe: &Universe<'t>,
    id: PackageId,
    lists: &[Vec<NameId>],
    list: impl for<'p> Fn(&'p Package<'t>) -> &'p Vec<Dep<'t>>,
) -> Vec<PackageId> {
    let mut found = Vec::new();
    for name in names(universe.package(id)) {
        for &other in lists.get(name as usize).into_iter().flatten() {
            for provider in &universe.name_of(other).providers {
                let speaks = |dep: &Dep<'t>| {
                    !dep.conflict && dep.bearing(universe, Some(provider.package), id) == Bearing::Satisfied
                };
                if !found.contains(&provider.package)
                    && list(universe.package(provider.package)).iter().any(speaks)
                {
                    found.push(provider.package);
                }
            }
        }
    }
    found
}
