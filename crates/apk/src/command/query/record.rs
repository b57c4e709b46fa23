//! record — what is known of a package, field by field.

use super::fields::{Field, Fields};
use super::reverse::Reverse;
use super::selection::paths;
use crate::command::select;
use crate::command::system::System;
use crate::database::scripts::Stored;
use crate::database::triggers::Trigger;
use crate::dependency;
use crate::fast_hash::FastSet;
use crate::repository;
use crate::universe::{Dep, NameId, PackageId, Universe};

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Vec<u8>),
    Number(u64),
    /// Words that stand in one line.
    Words(Vec<Vec<u8>>),
    /// The same, in YAML with their number before them.
    Counted(Vec<Vec<u8>>),
    /// Items that stand in a line each.
    Lines(Vec<Vec<u8>>),
}

/// Fields with their values.
pub(crate) type Record = Vec<(Field, Value)>;

/// Where records are made from.
pub(crate) struct Source<'s, 't> {
    pub(crate) system: &'s System,
    pub(crate) universe: &'s Universe<'t>,
    /// There if a field needs it.
    pub(crate) reverse: Option<Reverse>,
    /// The other side of dependencies is what is installed.
    pub(crate) reverse_installed: bool,
    triggers: Vec<Trigger>,
    scripts: Vec<Stored>,
}

impl<'s, 't> Source<'s, 't> {
    /// A source for these fields.
    pub(crate) fn new(
        system: &'s System,
        universe: &'s mut Universe<'t>,
        fields: &[Field],
    ) -> Source<'s, 't> {
        let has = |wanted: Field| fields.contains(&wanted);
        let reverse = fields.iter().any(|field| field.is_reverse()).then(|| {
            select::all(universe);
            Reverse::new(universe)
        });
        let database = system.database.borrow();
        let database = database.as_ref();
        let triggers = database.filter(|_| has(Field::Triggers)).and_then(|db| db.read_triggers().ok());
        let scripts = database.filter(|_| has(Field::Scripts)).and_then(|db| db.read_scripts().ok());
        Source {
            system,
            universe,
            reverse,
            reverse_installed: false,
            triggers: triggers.unwrap_or_default(),
            scripts: scripts.unwrap_or_default(),
        }
    }

    /// The fields of a package that it has; false where the database would have to know one and does not.
    pub(crate) fn record(&self, id: PackageId, fields: &Fields) -> (Record, bool) {
        let installed = self.universe.package(id).installed;
        let mut known = true;
        let mut record = Record::new();
        for &field in &fields.list {
            if field == Field::Hash || (field.is_of_installed() && !installed) {
                known = false;
            } else if let Some(value) = self.value(id, field, fields.reverse) {
                record.push((field, value));
            }
        }
        (record, known || fields.everything)
    }

    /// The value of one field; None where there is nothing to show.
    pub(crate) fn value(&self, id: PackageId, field: Field, reverse: Field) -> Option<Value> {
        let package = self.universe.package(id);
        let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| Value::Text(bytes.to_vec()));
        let number = |number: u64| (number > 0).then_some(Value::Number(number));
        let counted = |words: Vec<Vec<u8>>| (!words.is_empty()).then_some(Value::Counted(words));
        let words =
            |letter: u8| counted(dependency::words(package.field(letter)).map(<[u8]>::to_vec).collect());
        match field {
            Field::Package => text(&select::full_name(self.universe, id)),
            Field::Name => text(self.universe.name_of(package.name).text),
            Field::Version => text(package.version),
            Field::Description => text(package.field(b'T')),
            Field::Arch => text(package.arch),
            Field::License => text(package.field(b'L')),
            Field::Origin => text(package.field(b'o')),
            Field::Maintainer => text(package.field(b'm')),
            Field::Url => text(package.field(b'U')),
            Field::Commit => text(package.field(b'c')),
            Field::BuildTime => number(leading_number(package.field(b't'))),
            Field::InstalledSize => number(package.installed_size),
            Field::FileSize => number(package.size),
            Field::ProviderPriority => number(u64::from(package.provider_priority)),
            Field::Depends => counted(self.texts(&package.depends)),
            Field::Provides => counted(self.texts(&package.provides)),
            Field::InstallIf => counted(self.texts(&package.install_if)),
            Field::Tags => words(b'g'),
            Field::Hash | Field::Recommends | Field::Layer => None,
            Field::Repositories => Some(Value::Lines(self.repositories(id))),
            Field::DownloadUrl => self.download_url(id).map(Value::Text),
            Field::ReverseDepends | Field::ReverseInstallIf => {
                Some(Value::Words(self.others(id, field, reverse)))
            }
            Field::Contents => Some(Value::Lines(paths(package.block).collect())),
            Field::Triggers => {
                let triggers = self.triggers.iter().filter(|one| Some(one.identity) == package.identity);
                counted(triggers.flat_map(|one| one.patterns.iter().cloned()).collect())
            }
            Field::Scripts => {
                let scripts = self.scripts.iter().filter(|one| Some(one.identity) == package.identity);
                let mut kinds: Vec<_> = scripts.map(|one| one.script).collect();
                kinds.sort_by_key(|kind| kind.name());
                counted(kinds.into_iter().map(|kind| kind.name().as_bytes().to_vec()).collect())
            }
            Field::ReplacesPriority => number(leading_number(package.field(b'q'))),
            Field::Replaces => words(b'r'),
            Field::Status => Some(Value::Words(self.status(id))),
        }
    }

    fn texts(&self, list: &[Dep<'t>]) -> Vec<Vec<u8>> {
        let texts = list.iter().map(|dep| {
            let mut text = Vec::new();
            dep.write(self.universe, &mut text);
            text
        });
        texts.collect()
    }

    /// The other side of dependencies on a package, each text once.
    pub(crate) fn others(&self, id: PackageId, field: Field, shown: Field) -> Vec<Vec<u8>> {
        let mut seen: FastSet<(NameId, &[u8])> = FastSet::default();
        let mut texts = Vec::new();
        for other in self.other_packages(id, field) {
            let package = self.universe.package(other);
            let key = match shown {
                Field::Package => (package.name, package.version),
                Field::Origin => (0, package.field(b'o')),
                _ => (package.name, b"".as_slice()),
            };
            if seen.insert(key) {
                texts.push(match shown {
                    Field::Package => select::full_name(self.universe, other),
                    Field::Origin => key.1.to_vec(),
                    _ => self.universe.name_of(package.name).text.to_vec(),
                });
            }
        }
        texts
    }

    /// The packages on the other side of dependencies on a package.
    pub(crate) fn other_packages(&self, id: PackageId, field: Field) -> Vec<PackageId> {
        let Some(reverse) = &self.reverse else { return Vec::new() };
        let mut packages = match field {
            Field::ReverseInstallIf => reverse.install_ifs(self.universe, id),
            _ => reverse.depends(self.universe, id),
        };
        packages.retain(|&other| !self.reverse_installed || self.universe.package(other).installed);
        packages
    }

    fn repositories(&self, id: PackageId) -> Vec<Vec<u8>> {
        let package = self.universe.package(id);
        let installed = package.installed.then(|| b"lib/apk/db/installed".to_vec());
        let list = self.system.repositories.list.iter().enumerate();
        let having = list.filter(|(number, _)| package.repositories & (1 << number) != 0);
        installed.into_iter().chain(having.map(|(_, one)| repository::printable(&one.url))).collect()
    }

    fn download_url(&self, id: PackageId) -> Option<Vec<u8>> {
        let package = self.universe.package(id);
        let number = package.repositories.trailing_zeros() as usize;
        let repository = self.system.repositories.list.get(number)?;
        let name = self.universe.name_of(package.name).text;
        let url = repository.package_url(name, package.version, package.arch, package.identity.as_ref())?;
        Some(repository::printable(&url))
    }

    fn status(&self, id: PackageId) -> Vec<Vec<u8>> {
        let flags = self.universe.package(id).flags();
        let broken = [(b'f', "broken-files"), (b's', "broken-script"), (b'x', "broken-xattr")];
        let broken = broken.into_iter().filter(|(flag, _)| flags.contains(flag)).map(|(_, text)| text);
        std::iter::once("installed").chain(broken).map(|text| text.as_bytes().to_vec()).collect()
    }
}

fn leading_number(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}
