//! explain — why there is no solution: for each name and package in trouble, what needs it and what stands against it.
//!
//! The lines and their order are the reference's; scripts look for them.

use super::{Solution, dependents};
use crate::output::wrap::Wrapped;
use crate::universe::{Bearing, DEFAULT_TAG, Dep, NameId, PackageId, Universe, compare_names, tag_set};
use crate::version;

struct Report<'s, 't> {
    universe: &'s Universe<'t>,
    solution: &'s Solution<'t>,
    /// Packages that would be there.
    marked: Vec<bool>,
    /// Names that something there provides, or that were reported.
    known: Vec<bool>,
    lines: Wrapped,
    /// The headline of the part that has begun, until something is said in it.
    headline: Option<Vec<u8>>,
    /// The label of the line that has begun.
    label: Option<&'static str>,
    said: usize,
}

/// The lines that follow "unable to select packages:".
pub fn explain<'t>(universe: &mut Universe<'t>, solution: &Solution<'t>, width: usize) -> Vec<u8> {
    load_alternatives(universe, solution);
    let universe = &*universe;
    let mut report = Report {
        universe,
        solution,
        marked: vec![false; universe.packages_len()],
        known: vec![false; universe.names_len()],
        lines: Wrapped::new(width),
        headline: None,
        label: None,
        said: 0,
    };
    let present =
        || solution.changes.list.iter().filter_map(|change| change.new.map(|new| (new, change.new_tag)));
    for (id, _) in present() {
        report.marked[id as usize] = true;
        let package = universe.package(id);
        report.known[package.name as usize] = true;
        for dep in &package.provides {
            let virtual_only = dep.version.is_empty();
            report.known[dep.name as usize] |= !virtual_only || report.is_chosen(dep.name);
        }
    }
    report.missing_names(&solution.world);
    for (id, tag) in present() {
        report.package(id, tag);
        report.missing_names(&universe.package(id).depends);
    }
    if report.said == 0 {
        report.lines.indented(0);
        report.lines.item(b"Huh? Error reporter did not find the broken constraints.");
        report.lines.end();
    }
    report.lines.into_bytes()
}

/// Reads all packages whose names are mentioned where a name has several providers.
fn load_alternatives<'t>(universe: &mut Universe<'t>, solution: &Solution<'t>) {
    let present = solution.changes.list.iter().filter_map(|change| change.new);
    let depends = present.flat_map(|id| universe.package(id).depends.iter());
    let wanted: Vec<NameId> = solution.world.iter().chain(depends).map(|dep| dep.name).collect();
    for name in wanted {
        universe.load(name);
        for index in 0..universe.name_of(name).providers.len() {
            let own = universe.package(universe.name_of(name).providers[index].package).name;
            universe.load(own);
        }
    }
}

impl<'s, 't> Report<'s, 't> {
    /// Whether the name is provided virtually by what is there.
    fn is_chosen(&self, name: NameId) -> bool {
        let providers = self.universe.name_of(name).providers.iter();
        providers.filter(|provider| self.marked[provider.package as usize]).count() > 0
    }

    fn say(&mut self, label: &'static str, item: &[u8]) {
        if let Some(headline) = self.headline.take() {
            self.lines.indented(2);
            self.lines.item(&[&headline, b":".as_slice()].concat());
            self.lines.end();
            self.said += 1;
        }
        if self.label != Some(label) {
            self.end_label();
            self.lines.label(4, label.as_bytes());
            self.label = Some(label);
        }
        self.lines.item(item);
    }

    fn end_label(&mut self) {
        if self.label.take().is_some() {
            self.lines.end();
        }
    }

    fn missing_names(&mut self, deps: &[Dep<'t>]) {
        for dep in deps.iter().filter(|dep| !dep.conflict) {
            if !std::mem::replace(&mut self.known[dep.name as usize], true) {
                self.missing_name(dep.name);
            }
        }
    }

    fn missing_name(&mut self, name: NameId) {
        let universe = self.universe;
        let text = universe.name_of(name).text;
        if universe.name_of(name).providers.is_empty() {
            self.headline = Some([text, b" (no such package)"].concat());
        } else {
            self.headline = Some([text, b" (virtual)"].concat());
            for word in "please select one of the 'provided by' packages explicitly".split(' ') {
                self.say("note:", word.as_bytes());
            }
            self.end_label();
            self.provided_by(name);
            self.end_label();
        }
        for dep in self.solution.world.iter().filter(|dep| dep.name == name && !dep.conflict) {
            self.say("required by:", &self.in_brackets(None, dep));
        }
        let list = self.reverse_depends(name);
        for id in dependents(universe, std::iter::once(list)) {
            let mut depends = universe.package(id).depends.iter();
            if let Some(dep) = depends.find(|dep| dep.name == name && !dep.conflict)
                && self.marked[id as usize]
            {
                self.say("required by:", &self.in_brackets(Some(id), dep));
            }
        }
        self.end_label();
        self.headline = None;
    }

    /// The packages that provide a name: a name where all packages of that name do.
    fn provided_by(&mut self, name: NameId) {
        let universe = self.universe;
        let providers = &universe.name_of(name).providers;
        let mut counts: Vec<(NameId, usize)> = Vec::new();
        for provider in providers {
            let own = universe.package(provider.package).name;
            match counts.iter_mut().find(|(name, _)| *name == own) {
                Some((_, count)) => *count += 1,
                None => counts.push((own, 1)),
            }
        }
        for provider in providers {
            let own = universe.package(provider.package).name;
            let Some((_, count)) = counts.iter_mut().find(|(name, _)| *name == own) else { continue };
            if *count == universe.name_of(own).providers.len() {
                *count = 0;
                self.say("provided by:", universe.name_of(own).text);
            } else if *count > 0 {
                *count -= 1;
                self.say("provided by:", &self.full_name(provider.package));
            }
        }
    }

    fn package(&mut self, id: PackageId, tag: usize) {
        self.headline = Some(self.full_name(id));
        self.uninstallable(id);
        self.masked(id, tag);
        self.conflicts(id);
        self.constraints(id, Bearing::Broken, "breaks:");
        if self.headline.is_none() {
            self.constraints(id, Bearing::Satisfied, "satisfies:");
        }
        self.headline = None;
    }

    fn uninstallable(&mut self, id: PackageId) {
        let package = self.universe.package(id);
        if package.is_installable() {
            return;
        }
        self.say("error:", b"uninstallable");
        self.end_label();
        if package.broken.arch {
            self.say("arch:", package.arch);
            self.end_label();
        }
        for (label, list) in [
            ("depends:", &package.depends),
            ("provides:", &package.provides),
            ("install_if:", &package.install_if),
        ] {
            for dep in list.iter().filter(|dep| dep.broken) {
                let mut text = Vec::new();
                dep.show(self.universe, &mut text);
                self.say(label, &text);
            }
            self.end_label();
        }
    }

    /// Says which tags a package would need that pinning does not allow.
    fn masked(&mut self, id: PackageId, tag: usize) {
        let package = self.universe.package(id);
        if package.installed || (package.given && package.size > 0) {
            return;
        }
        let allowed = self.universe.repositories_of(1 << DEFAULT_TAG | tag_set(tag));
        if package.given {
            // Made for this run: it is in no repository, as packages that are only in the cache.
            self.say("masked in:", b"cache");
        } else if package.repositories & self.universe.available == 0 {
            self.say("masked in:", b"--no-network");
        } else if package.repositories & allowed == 0 {
            for other in self.universe.tags().iter().skip(1) {
                if other.repositories & package.repositories != 0 {
                    self.say("masked in:", &[b"@", other.name.as_slice()].concat());
                }
            }
        }
        self.end_label();
    }

    fn conflicts(&mut self, id: PackageId) {
        let universe = self.universe;
        let package = universe.package(id);
        for provider in &universe.name_of(package.name).providers {
            if provider.package != id && self.marked[provider.package as usize] {
                self.say("conflicts:", &self.full_name(provider.package));
            }
        }
        for dep in &package.provides {
            let mut itself = true;
            for provider in &universe.name_of(dep.name).providers {
                if !self.marked[provider.package as usize]
                    || (dep.version.is_empty() && provider.version.is_none())
                {
                    continue;
                }
                if itself && provider.package == id && provider.version == dep.provided_version() {
                    itself = false;
                    continue;
                }
                self.say("conflicts:", &self.in_brackets(Some(provider.package), dep));
            }
        }
        self.end_label();
    }

    /// Says which constraints a package breaks, or satisfies.
    fn constraints(&mut self, id: PackageId, wanted: Bearing, label: &'static str) {
        let universe = self.universe;
        for dep in by_operator(&self.solution.world) {
            if dep.bearing(universe, None, id) == wanted {
                self.say(label, &self.in_brackets(None, dep));
            }
        }
        let package = universe.package(id);
        let own = std::iter::once(package.name).chain(package.provides.iter().map(|dep| dep.name));
        let lists = own.map(|name| self.reverse_depends(name));
        let mut packages = dependents(universe, lists);
        packages.retain(|&dependent| self.marked[dependent as usize]);
        packages.sort_by(|&a, &b| {
            let (a, b) = (universe.package(a), universe.package(b));
            let by_name = compare_names(universe.name_of(a.name).text, universe.name_of(b.name).text);
            by_name.then_with(|| version::compare(a.version, b.version))
        });
        for dependent in packages {
            for dep in by_operator(&universe.package(dependent).depends) {
                if dep.bearing(universe, Some(dependent), id) == wanted {
                    self.say(label, &self.in_brackets(Some(dependent), dep));
                }
            }
        }
        self.end_label();
    }

    fn reverse_depends(&self, name: NameId) -> Vec<NameId> {
        self.solution.reverse_depends.sorted(self.universe, name)
    }

    fn full_name(&self, id: PackageId) -> Vec<u8> {
        let package = self.universe.package(id);
        [self.universe.name_of(package.name).text, b"-", package.version].concat()
    }

    /// `world[dep]` or `name-version[dep]`.
    fn in_brackets(&self, id: Option<PackageId>, dep: &Dep<'t>) -> Vec<u8> {
        let mut text = id.map_or_else(|| b"world".to_vec(), |id| self.full_name(id));
        text.push(b'[');
        dep.show(self.universe, &mut text);
        text.push(b']');
        text
    }
}

/// Constraints in the order in which reports have them: exact ones first, conflicts last.
fn by_operator<'d, 't>(deps: &'d [Dep<'t>]) -> Vec<&'d Dep<'t>> {
    let mut deps: Vec<_> = deps.iter().collect();
    deps.sort_by_key(|dep| (dep.conflict, dep.op.0));
    deps
}
