//! selection — the packages that a query is about, by its words and options.

use super::fields::{self, Field};
use crate::command::options::Options;
use crate::command::system::{System, Wanted};
use crate::command::{Cx, Failure, Result, commit, files, select};
use crate::dependency::{self, Borrowed};
use crate::solver::{self, Request};
use crate::universe::{DEFAULT_TAG, Dep, Package, PackageId, Universe, tag_set};
use crate::version;

/// Where packages come from where `--from` does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The installed packages and all repositories.
    System,
    /// All repositories.
    Repositories,
    /// The installed packages and the repositories of the command line.
    Installed,
    /// The repositories of the command line.
    None,
}

/// How packages are selected.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// What words are compared with.
    pub(crate) compared: Vec<Field>,
    /// Words match anywhere in a field, large and small letters alike.
    pub(crate) search: bool,
    /// Every version, not only the highest one.
    pub(crate) all_versions: bool,
    pub(crate) available: bool,
    pub(crate) installed: bool,
    pub(crate) orphaned: bool,
    pub(crate) upgradable: bool,
    /// No words select everything.
    pub(crate) all_without_words: bool,
    /// Words are constraints, of which what would be installed is selected; with those of world.
    solves: bool,
    world: bool,
}

/// What was selected.
pub(crate) struct Selected {
    /// By name and version; what was solved in the order of installation.
    pub(crate) packages: Vec<PackageId>,
    /// They are what would be installed.
    pub(crate) solved: bool,
    /// Words without a wildcard that fit nothing.
    pub(crate) unmatched: i32,
    /// Errors of the solver, which were printed.
    pub(crate) unsolved: i32,
}

impl Selected {
    /// Puts what was solved in the order of names, too.
    pub(crate) fn sorted(mut self, universe: &Universe<'_>) -> Selected {
        if self.solved {
            select::sort(universe, &mut self.packages);
        }
        self
    }
}

impl Selection {
    /// What the options that all queries share say; `compared` is what words are compared with where `--match` is not given.
    ///
    /// Errors: a field that there is not, printed.
    pub(crate) fn new(cx: &mut Cx, compared: &[Field]) -> Result<Selection> {
        let compared = match cx.options.text("match").map(fields::parse_compared) {
            None => compared.to_vec(),
            Some(Some(fields)) => fields,
            Some(None) if cx.options.text("match") == Some(b"all") => {
                return Err(Failure::Error("query failed: Operation not supported".to_string()));
            }
            Some(None) => return Err(files::bad_argument(cx, "match", "match")),
        };
        let has = |long: &str| cx.options.has(long);
        Ok(Selection {
            compared,
            search: has("search"),
            all_versions: has("all-matches"),
            available: has("available"),
            installed: has("installed"),
            orphaned: has("orphaned"),
            upgradable: has("upgradable"),
            all_without_words: false,
            solves: has("recursive") || has("world"),
            world: has("world"),
        })
    }

    /// The packages for the words of the command line.
    pub(crate) fn select<'t>(
        &self,
        cx: &mut Cx,
        system: &'t System,
        universe: &mut Universe<'t>,
        words: &'t [Vec<u8>],
    ) -> Result<Selected> {
        if words.is_empty() && self.all_without_words {
            let mut packages = select::all(universe);
            packages.retain(|&id| self.fits_filter(universe, id));
            return Ok(Selected { packages, solved: false, unmatched: 0, unsolved: 0 });
        }
        if self.solves {
            return self.solve(cx, system, universe, words);
        }
        let mut packages = self.candidates(universe, words);
        let words: Vec<Word> = words.iter().map(|word| Word::new(word, self.search)).collect();
        let mut matched = vec![false; words.len()];
        packages.retain(|&id| {
            if !self.fits_filter(universe, id) {
                return false;
            }
            let mut fits = false;
            for (word, matched) in words.iter().zip(&mut matched) {
                if self.compared.iter().any(|&field| has(universe, id, field, word)) {
                    (fits, *matched) = (true, true);
                }
            }
            fits
        });
        if !self.all_versions {
            packages = best_of_names(universe, &packages);
        }
        let unmatched = words.iter().zip(matched).filter(|(word, matched)| !matched && !word.has_wildcard());
        let unmatched = unmatched.count() as i32;
        Ok(Selected { packages, solved: false, unmatched, unsolved: 0 })
    }

    /// The packages that can fit: of exact names those that have or provide them, else all.
    fn candidates<'t>(&self, universe: &mut Universe<'t>, words: &'t [Vec<u8>]) -> Vec<PackageId> {
        let by_name = self.compared.iter().all(|field| matches!(field, Field::Name | Field::Provides));
        if self.search || !by_name || words.iter().any(|word| is_wild(word)) {
            return select::all(universe);
        }
        let mut packages = Vec::new();
        for word in words {
            let end = word.iter().position(|byte| matches!(byte, b'<' | b'>' | b'=' | b'~'));
            let name = universe.name(&word[..end.unwrap_or(word.len())]);
            universe.load(name);
            packages.extend(universe.name_of(name).providers.iter().map(|provider| provider.package));
        }
        packages.sort_unstable();
        packages.dedup();
        // Whether one is installed or can be upgraded depends on all of its name.
        for &id in &packages {
            universe.load(universe.package(id).name);
        }
        select::sort(universe, &mut packages);
        packages
    }

    fn fits_filter(&self, universe: &Universe<'_>, id: PackageId) -> bool {
        let package = universe.package(id);
        (!self.available || package.repositories != 0)
            && (!self.installed || package.installed)
            && (!self.orphaned || (package.installed && !is_anywhere(universe, id)))
            && (!self.upgradable || upgrades(universe, id).is_some())
    }

    /// What would be installed for the words.
    fn solve<'t>(
        &self,
        cx: &mut Cx,
        system: &'t System,
        universe: &mut Universe<'t>,
        words: &'t [Vec<u8>],
    ) -> Result<Selected> {
        let mut world = if self.world { System::deps(universe, &system.world) } else { Vec::new() };
        for word in words {
            let Some(borrowed) = Borrowed::parse(word) else {
                let word = String::from_utf8_lossy(word);
                cx.messages.error(format!(
                    "'{word}' is not a valid world dependency, format is name(@tag)([<>~=]version)"
                ));
                return Err(Failure::Error("query failed: dependency format is invalid".to_string()));
            };
            world.push(Dep::new(universe, borrowed));
        }
        let request = Request { world, ignore_conflicts: true, ..Request::default() };
        let solution = solver::solve(universe, &request);
        if solution.errors > 0 {
            commit::report(cx, system, universe, &solution);
            let unsolved = solution.errors as i32;
            return Ok(Selected { packages: Vec::new(), solved: true, unmatched: 0, unsolved });
        }
        let packages = solution.changes.list.iter().filter_map(|change| change.new).collect();
        Ok(Selected { packages, solved: true, unmatched: 0, unsolved: 0 })
    }
}

/// What to read of the system: what `--from` says, else `usual`.
///
/// Errors: a word that it does not know, printed.
pub(crate) fn sources(cx: &mut Cx, usual: Source) -> Result<Wanted> {
    let source = match cx.options.text("from") {
        None => usual,
        Some(b"system") => Source::System,
        Some(b"repositories") => Source::Repositories,
        Some(b"installed") => Source::Installed,
        Some(b"none") => Source::None,
        Some(_) => return Err(files::bad_argument(cx, "from", "from")),
    };
    Ok(Wanted {
        installed: needs_database(&cx.options) || matches!(source, Source::System | Source::Installed),
        repositories: matches!(source, Source::System | Source::Repositories),
    })
}

fn needs_database(options: &Options) -> bool {
    options.has("world") || (options.has("installed") && options.text("from").is_none())
}

/// Whether a repository has a package of the same name.
fn is_anywhere(universe: &Universe<'_>, id: PackageId) -> bool {
    let name = universe.package(id).name;
    universe.name_of(name).providers.iter().any(|provider| {
        let other = universe.package(provider.package);
        other.name == name && other.repositories != 0
    })
}

/// The installed package that this one would upgrade.
pub(crate) fn upgrades(universe: &Universe<'_>, id: PackageId) -> Option<PackageId> {
    let package = universe.package(id);
    let installed = universe.installed_of(package.name)?;
    let newer = version::compare(package.version, universe.package(installed).version).is_gt();
    let tag = universe.package(installed).tag();
    let allowed = universe.repositories_of(1 << DEFAULT_TAG | tag_set(tag));
    (newer && package.repositories & allowed != 0).then_some(installed)
}

/// Of each name the last package, which has the highest version.
fn best_of_names(universe: &Universe<'_>, packages: &[PackageId]) -> Vec<PackageId> {
    let name = |index: usize| packages.get(index).map(|&id| universe.package(id).name);
    let best = packages.iter().enumerate().filter(|(index, _)| name(*index) != name(index + 1));
    best.map(|(_, &id)| id).collect()
}

/// A word to compare with.
pub(crate) enum Word {
    Exact(Vec<u8>),
    /// In small letters.
    Pattern(Vec<u8>, bool),
}

fn is_wild(word: &[u8]) -> bool {
    word.iter().any(|byte| matches!(byte, b'?' | b'*' | b'['))
}

impl Word {
    /// `search` lets it match anywhere.
    pub(crate) fn new(word: &[u8], search: bool) -> Word {
        let wild = is_wild(word);
        match (search, wild) {
            (true, _) => Word::Pattern([b"*", &word.to_ascii_lowercase()[..], b"*"].concat(), wild),
            (false, true) => Word::Pattern(word.to_ascii_lowercase(), true),
            (false, false) => Word::Exact(word.to_vec()),
        }
    }

    fn has_wildcard(&self) -> bool {
        matches!(self, Word::Pattern(_, true))
    }

    /// Whether it is the text, or matches it.
    pub(crate) fn fits(&self, text: &[u8]) -> bool {
        match self {
            Word::Exact(word) => word == text,
            Word::Pattern(pattern, _) => posix::glob::matches(pattern, &text.to_ascii_lowercase()),
        }
    }
}

/// Whether the word fits a field of the package.
fn has(universe: &Universe<'_>, id: PackageId, field: Field, word: &Word) -> bool {
    let package = universe.package(id);
    let letter = match field {
        Field::Name => return word.fits(universe.name_of(package.name).text),
        Field::Version => return word.fits(package.version),
        Field::Package => return word.fits(&select::full_name(universe, id)),
        Field::Arch => return word.fits(package.arch),
        Field::Depends => return fits_list(universe, &package.depends, word).is_some(),
        Field::Provides => return fits_list(universe, &package.provides, word).is_some(),
        Field::InstallIf => return fits_list(universe, &package.install_if, word).is_some(),
        Field::Replaces => return package.installed && fits_words(package, b'r', word),
        Field::Contents => return package.installed && paths(package.block).any(|path| word.fits(&path)),
        Field::Tags => return dependency::words(package.field(b'g')).any(|tag| word.fits(tag)),
        Field::Description => b'T',
        Field::License => b'L',
        Field::Origin => b'o',
        Field::Maintainer => b'm',
        Field::Url => b'U',
        _ => return false,
    };
    let text = package.field(letter);
    !text.is_empty() && word.fits(text)
}

/// The name of the first constraint that fits, by its name alone or as a whole.
pub(crate) fn fits_list<'t>(universe: &Universe<'t>, list: &[Dep<'t>], word: &Word) -> Option<&'t [u8]> {
    list.iter().find_map(|dep| {
        let name = universe.name_of(dep.name).text;
        let whole = || {
            let mut text = Vec::new();
            dep.write(universe, &mut text);
            word.fits(&text)
        };
        (word.fits(name) || whole()).then_some(name)
    })
}

fn fits_words(package: &Package<'_>, letter: u8, word: &Word) -> bool {
    dependency::borrow_list(package.field(letter)).flatten().any(|dep| {
        let mut text = Vec::new();
        dep.write(&mut text);
        word.fits(dep.name) || word.fits(&text)
    })
}

/// The paths of a package's files, without the slash at the beginning.
pub(crate) fn paths(block: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut folder: &[u8] = b"";
    block.split(|&byte| byte == b'\n').filter_map(move |line| {
        if let Some(path) = line.strip_prefix(b"F:") {
            folder = path;
        }
        let name = line.strip_prefix(b"R:")?;
        Some(if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() })
    })
}
