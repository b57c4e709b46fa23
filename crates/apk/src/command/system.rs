//! system — what a command works on: the root's database, world and repositories, as one universe.

use std::fs;
use std::path::{Path, PathBuf};

use super::globals::ExtraRepository;
use super::{ARCH, Cx, Failure, Result, os};
use crate::catalog::{self, Catalog};
use crate::dependency::{self, Dependency};
use crate::error::{Error, Kind};
use crate::repository::{self, Config, Problem, Repositories};
use crate::trust::{Keys, Trust};
use crate::universe::{Dep, Origin, RepositorySet, Source, Universe};
use crate::v2;

/// What to read of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The installed packages and world.
    pub installed: bool,
    /// The repositories of the system.
    pub repositories: bool,
}

/// Everything.
pub const ALL: Wanted = Wanted { installed: true, repositories: true };

/// A root, opened for reading.
pub struct System {
    pub root: PathBuf,
    /// The first is primary.
    pub arches: Vec<Vec<u8>>,
    pub world: Vec<Dependency>,
    pub repositories: Repositories,
    /// Of each repository: the index's description, or why there is none.
    pub indexes: Vec<std::result::Result<Vec<u8>, Error>>,
    keys: Keys,
    catalogs: Vec<(Vec<u8>, Origin)>,
}

/// Where the parts of a system lie below its root.
const WORLD: &str = "etc/apk/world";
const ARCHES: &str = "etc/apk/arch";
const REPOSITORIES: &str = "etc/apk/repositories";
const REPOSITORY_FOLDERS: [&str; 2] = ["etc/apk/repositories.d", "lib/apk/repositories.d"];
const KEY_FOLDERS: [&str; 2] = ["etc/apk/keys", "lib/apk/keys"];
const DATABASE: &str = "lib/apk/db";
const CACHE: &str = "etc/apk/cache";
const CACHE_STATIC: &str = "var/cache/apk";

impl System {
    /// Reads the system that the options name, and says what is wrong with its repositories.
    pub fn open(cx: &mut Cx, wanted: Wanted) -> Result<System> {
        let root = cx.globals.root.clone().unwrap_or_else(|| PathBuf::from("/"));
        if let Err(error) = fs::read_dir(&root) {
            return Err(Failure::Error(format!("Unable to open root: {}", sys::error::text(&error))));
        }
        let mut system = System {
            arches: arches(cx, &root),
            keys: keys(cx, &root),
            root,
            world: Vec::new(),
            repositories: Repositories::default(),
            indexes: Vec::new(),
            catalogs: Vec::new(),
        };
        if wanted.installed
            && let Err(error) = system.read_database()
        {
            cx.messages.error(format!("Unable to read database: {}", error.reason()));
            return Err(Failure::Error(format!("Failed to open apk database: {}", error.reason())));
        }
        system.read_repositories(cx, wanted.repositories);
        for number in 0..system.repositories.list.len() {
            let index = system.read_index(cx, number);
            if let Err(error) = &index {
                let repository = &system.repositories.list[number];
                let from = if repository.is_remote() { "opening from cache" } else { "opening" };
                let url = repository::printable(&repository.index_url());
                cx.messages.warning(format!("{from} {}: {}", String::from_utf8_lossy(&url), error.reason()));
            }
            system.indexes.push(index);
        }
        Ok(system)
    }

    /// Adds packages that belong to no repository and are not installed: the text of their blocks.
    pub fn give(&mut self, blocks: Vec<u8>) -> Result<()> {
        self.catalogs.push((catalog::build(blocks)?, Origin::Given));
        Ok(())
    }

    /// Everything that was read, by name.
    pub fn universe(&self) -> Universe<'_> {
        let catalogs = self.catalogs.iter();
        let sources = catalogs
            .filter_map(|(bytes, origin)| Some(Source { catalog: Catalog::new(bytes)?, origin: *origin }))
            .collect();
        Universe::new(sources, self.repositories.tags(), RepositorySet::MAX)
    }

    /// The constraints of `list` with the universe's names.
    pub fn deps<'t>(universe: &mut Universe<'t>, list: &'t [Dependency]) -> Vec<Dep<'t>> {
        list.iter().map(|dependency| Dep::new(universe, dependency.borrow())).collect()
    }

    /// The directory of the cache: the one that was asked for, that of the root, or the one for indexes only.
    pub fn cache_folder(&self, cx: &Cx) -> PathBuf {
        if let Some(folder) = &cx.globals.cache_dir {
            return self.root.join(folder.strip_prefix("/").unwrap_or(folder));
        }
        let own = self.root.join(CACHE);
        if own.is_dir() { own } else { self.root.join(CACHE_STATIC) }
    }

    fn read_database(&mut self) -> crate::error::Result<()> {
        let world = fs::read(self.root.join(WORLD))?;
        self.world = dependency::parse_list(&world).map_err(|_| Error::new(Kind::DependencyFormat))?;
        let folder = self.root.join(DATABASE);
        let installed = fs::read(folder.join("installed"))?;
        fs::metadata(folder.join("triggers"))?;
        self.catalogs.push((catalog::build(installed)?, Origin::Installed));
        Ok(())
    }

    fn read_repositories(&mut self, cx: &mut Cx, of_system: bool) {
        let arch = self.arches[0].clone();
        let extra = cx.globals.repositories.clone();
        let mut repositories = std::mem::take(&mut self.repositories);
        for one in &extra {
            let mut config = Config::new(&mut repositories, &arch);
            match one {
                ExtraRepository::Url(url) => {
                    if let Err(problem) = config.url(url) {
                        cx.messages.warning(format!("<command line>:1: {problem}"));
                    }
                }
                ExtraRepository::Lines(lines) => {
                    if let Err((line, problem)) = config.read(lines) {
                        cx.messages.warning(format!("<command line>:{line}: {problem}"));
                    }
                }
            }
        }
        if of_system {
            let mut config = Config::new(&mut repositories, &arch);
            match cx.globals.repositories_file.clone() {
                Some(file) => {
                    let path = file.display().to_string();
                    let why = match fs::read(&file) {
                        Ok(text) => read_config(cx, &mut config, &path, &text)
                            .map(|problem| problem.kind().to_string()),
                        Err(error) => Some(sys::error::text(&error)),
                    };
                    if let Some(why) = why {
                        cx.messages.error(format!("failed to read repositories: {path}: {why}"));
                    }
                }
                None => self.read_system_repositories(cx, &mut config),
            }
        }
        self.repositories = repositories;
    }

    fn read_system_repositories(&self, cx: &mut Cx, config: &mut Config<'_>) {
        if let Ok(text) = fs::read(self.root.join(REPOSITORIES)) {
            read_config(cx, config, REPOSITORIES, &text);
        }
        for (name, path) in merged_folders(&self.root, &REPOSITORY_FOLDERS) {
            if name.ends_with(".list")
                && let Ok(text) = fs::read(&path)
            {
                read_config(cx, config, &name, &text);
            }
        }
    }

    /// Reads the index of a repository: its description.
    fn read_index(&mut self, cx: &Cx, number: usize) -> std::result::Result<Vec<u8>, Error> {
        let repository = &self.repositories.list[number];
        let path = match repository::local_path(&repository.index_url()) {
            Some(path) => PathBuf::from(os(path)),
            None => self.cache_folder(cx).join(repository.cache_name()),
        };
        let trust = Trust { keys: &self.keys, allow_untrusted: cx.globals.allow_untrusted, identity: None };
        let index = v2::index::read(Box::new(fs::File::open(&path)?), trust)?;
        self.catalogs.push((catalog::build(index.packages)?, Origin::Repository(number as u32)));
        Ok(index.description)
    }
}

fn read_config(cx: &mut Cx, config: &mut Config<'_>, name: &str, text: &[u8]) -> Option<Problem> {
    let (line, problem) = config.read(text).err()?;
    cx.messages.warning(format!("{name}:{line}: {problem}"));
    Some(problem)
}

/// The architectures of the command line, of the root, or of this program.
fn arches(cx: &Cx, root: &Path) -> Vec<Vec<u8>> {
    if !cx.globals.arches.is_empty() && cx.globals.root.is_some() {
        return cx.globals.arches.clone();
    }
    let lines = fs::read(root.join(ARCHES)).unwrap_or_default();
    let arches: Vec<Vec<u8>> =
        lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
    if arches.is_empty() { vec![ARCH.as_bytes().to_vec()] } else { arches }
}

/// The trusted keys of the root, or of the folder that was asked for.
fn keys(cx: &Cx, root: &Path) -> Keys {
    let mut keys = Keys::none();
    match &cx.globals.keys_dir {
        Some(folder) => {
            keys.load(&root.join(folder));
        }
        None => KEY_FOLDERS.iter().for_each(|folder| {
            keys.load(&root.join(folder));
        }),
    }
    keys
}

/// The files of several folders by name; a name in an earlier folder hides the same one in a later.
fn merged_folders(root: &Path, folders: &[&str]) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !files.iter().any(|(other, _)| *other == name) {
                files.push((name, entry.path()));
            }
        }
    }
    files.sort();
    files
}
