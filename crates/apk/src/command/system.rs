//! system — what a command works on: the root's database, world and repositories, as one universe.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::globals::ExtraRepository;
use super::refresh::{self, Refreshed};
use super::servers::{self, Servers, merged_folders};
use super::{ARCH, Cx, Failure, Result, interrupt, opened, os};
use crate::adb;
use crate::catalog::{self, Catalog, Made, Stored};
use crate::database::Database;
use crate::dependency::{self, Dependency, Op};
use crate::error::{Error, Kind, Place};
use crate::identity::Identity;
use crate::reader::PackageReader;
use crate::repository::{self, Config, Problem, Repositories};
use crate::trust::{Keys, Trust};
use crate::universe::{Dep, Origin, RepositorySet, Source, Universe};
use crate::v2::{self, index::Index};

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
    keys: Arc<Keys>,
    /// How servers are talked to, once somebody has asked.
    servers: OnceCell<Arc<Servers>>,
    catalogs: Vec<(Stored, Origin)>,
    /// The directory of the cache, once somebody has asked for it.
    cache: OnceCell<PathBuf>,
    /// Package files of the command line, by identity.
    given_files: Vec<(Identity, PathBuf)>,
    /// Indexes of servers that could not be fetched, and are not in the cache.
    pub unavailable: usize,
    /// Indexes of servers that could not be fetched, and are in the cache as they were.
    pub stale: usize,
    /// The repositories that packages can be fetched from: without the network only local ones.
    reachable: RepositorySet,
    /// The installed database: open to be changed where the command may do so.
    pub database: RefCell<Option<Database>>,
}

/// Where the parts of a system lie below its root.
const ARCHES: &str = "etc/apk/arch";
const REPOSITORIES: &str = "etc/apk/repositories";
const REPOSITORY_FOLDERS: [&str; 2] = ["etc/apk/repositories.d", "lib/apk/repositories.d"];
const KEY_FOLDERS: [&str; 2] = ["etc/apk/keys", "lib/apk/keys"];
const CACHE: &str = "etc/apk/cache";
const CACHE_STATIC: &str = "var/cache/apk";
/// Indexes with less text than this are read as fast as their catalogs would be.
const KEPT_LEAST: usize = 256 * 1024;

/// Stands in a catalog between an index's description and how it says that files are called.
const SPEC_MARK: u8 = 0;

impl System {
    /// Reads the system that the options name, and says what is wrong with its repositories.
    pub fn open(cx: &mut Cx, wanted: Wanted) -> Result<System> {
        let root = cx.globals.root.clone().unwrap_or_else(|| PathBuf::from("/"));
        let mut database = None;
        if wanted.installed {
            database = Some(opened::open(cx)?);
        } else if let Err(error) = fs::read_dir(&root) {
            return Err(Failure::Error(format!("Unable to open root: {}", sys::error::text(&error))));
        }
        let mut system = System {
            arches: arches(cx, &root),
            keys: Arc::new(keys(cx, &root)),
            servers: OnceCell::new(),
            root,
            world: Vec::new(),
            repositories: Repositories::default(),
            indexes: Vec::new(),
            catalogs: Vec::new(),
            cache: OnceCell::new(),
            given_files: Vec::new(),
            unavailable: 0,
            stale: 0,
            reachable: RepositorySet::MAX,
            database: RefCell::new(None),
        };
        if let Some(database) = database {
            system.arches.clone_from(&database.arches);
            system.world =
                dependency::parse_list(&database.world).map_err(|_| Error::new(Kind::DependencyFormat))?;
            let text = database.installed.text().to_vec();
            system.catalogs.push((Stored::Memory(catalog::build(text, b"")?), Origin::Installed));
            system.database = RefCell::new(Some(database));
        }
        system.read_repositories(cx, wanted.repositories);
        if !cx.globals.network {
            let repositories = system.repositories.list.iter().enumerate();
            let local = repositories.filter(|(_, repository)| !repository.is_remote());
            system.reachable = local.fold(0, |set, (number, _)| set | 1 << number);
        }
        for number in 0..system.repositories.list.len() {
            let refresh::Outcome { refreshed: tried, fresh, passed } = system.refresh(cx, number);
            interrupt::check()?;
            servers::warn(cx, &passed);
            let index = system.read_index(cx, number, fresh);
            let repository = &system.repositories.list[number];
            let from = match (repository.is_remote(), &tried, &index) {
                (true, Refreshed::NotTried, _) => "opening from cache",
                (true, Refreshed::Failed(_), Ok(_)) => "updating",
                (true, ..) => "updating and opening",
                (false, ..) => "opening",
            };
            let failure = match (&index, &tried) {
                (Ok(_), Refreshed::Failed(error)) => {
                    system.stale += 1;
                    Some(error)
                }
                (Err(_), Refreshed::Failed(error)) => {
                    system.unavailable += 1;
                    Some(error)
                }
                (Err(error), _) => {
                    system.unavailable += usize::from(repository.is_remote());
                    Some(error)
                }
                (Ok(_), _) => None,
            };
            if let Some(error) = failure {
                let url = repository::printable(&repository.index_url());
                cx.messages.warning(format!("{from} {}: {}", String::from_utf8_lossy(&url), error.reason()));
            }
            system.indexes.push(index);
        }
        system.warn_of_defects(cx);
        Ok(system)
    }

    /// Says what is wrong with packages of the indexes.
    fn warn_of_defects(&self, cx: &mut Cx) {
        let indexes = self.catalogs.iter().filter(|(_, origin)| matches!(origin, Origin::Repository(_)));
        let catalogs = indexes.filter_map(|(bytes, _)| Catalog::new(bytes));
        let defects = catalogs.fold(0, |defects, catalog| defects | catalog.defects());
        for (doubtful, uninstallable, what) in [
            (catalog::NEW_DOUBTFUL, catalog::NEW_UNINSTALLABLE, "This apk-tools is OLD! Some packages"),
            (catalog::DOUBTFUL, catalog::UNINSTALLABLE, "The indexes contain broken packages which"),
        ] {
            if defects & uninstallable != 0 {
                cx.messages.warning(format!("{what} are not installable."));
            } else if defects & doubtful != 0 {
                cx.messages.warning(format!("{what} might not function properly."));
            }
        }
    }

    /// Adds packages that belong to no repository and are not installed: the text of their blocks.
    pub fn give(&mut self, blocks: Vec<u8>) -> Result<()> {
        self.catalogs.push((Stored::Memory(catalog::build(blocks, b"")?), Origin::Given));
        Ok(())
    }

    /// The file of the command line that has this identity.
    pub fn given_file(&self, identity: &Identity) -> Option<&Path> {
        self.given_files.iter().find(|(own, _)| own == identity).map(|(_, path)| path.as_path())
    }

    /// The trusted keys.
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Everything that was read, by name. It is not given back piece by piece, as a command needs it to its end.
    pub fn universe(&self) -> ManuallyDrop<Universe<'_>> {
        let catalogs = self.catalogs.iter();
        let sources = catalogs
            .filter_map(|(bytes, origin)| Some(Source { catalog: Catalog::new(bytes)?, origin: *origin }))
            .collect();
        let mut universe = Universe::new(sources, self.repositories.tags(), self.reachable);
        universe.arches = &self.arches;
        ManuallyDrop::new(universe)
    }

    /// The constraints of `list` with the universe's names.
    pub fn deps<'t>(universe: &mut Universe<'t>, list: &'t [Dependency]) -> Vec<Dep<'t>> {
        list.iter().map(|dependency| Dep::new(universe, dependency.borrow())).collect()
    }

    /// The directory of the cache: the one that was asked for, that of the root, or the one for indexes only.
    pub fn cache_folder(&self, cx: &Cx) -> &Path {
        self.cache.get_or_init(|| {
            if let Some(folder) = &cx.globals.cache_dir {
                // An absolute one is the system's, as with the reference.
                return self.root.join(folder);
            }
            let own = self.root.join(CACHE);
            if own.is_dir() { own } else { self.root.join(CACHE_STATIC) }
        })
    }

    /// Whether the cache keeps packages: it was asked for, or the root has one.
    pub fn has_package_cache(&self, cx: &Cx) -> bool {
        cx.globals.cache_dir.is_some() || self.root.join(CACHE).is_dir()
    }

    fn read_repositories(&mut self, cx: &mut Cx, of_system: bool) {
        let arch = self.arches[0].clone();
        let extra = cx.globals.repositories.clone();
        let mut repositories = std::mem::take(&mut self.repositories);
        // Each option counts as a line of its own.
        let mut line = 0;
        for one in &extra {
            line += 1;
            let mut config = Config::new(&mut repositories, &arch);
            match one {
                ExtraRepository::Url(url) => {
                    if let Err(problem) = config.url(url) {
                        cx.messages.warning(format!("<command line>:{line}: {problem}"));
                    }
                }
                ExtraRepository::Lines(lines) => {
                    if let Err((within, problem)) = config.read(lines) {
                        cx.messages.warning(format!("<command line>:{}: {problem}", line + within - 1));
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

    /// Fetches the index of a repository, if it lies on a server and is old.
    fn refresh(&self, cx: &Cx, number: usize) -> refresh::Outcome<Index> {
        let repository = &self.repositories.list[number];
        if !repository.is_remote() {
            return refresh::Outcome { refreshed: Refreshed::NotTried, fresh: None, passed: Vec::new() };
        }
        let path = self.cache_folder(cx).join(repository.cache_name());
        let (keys, allow_untrusted) = (Arc::clone(&self.keys), cx.globals.allow_untrusted);
        let read =
            move |path: &Path| read_index_file(path, Trust { keys: &keys, allow_untrusted, identity: None });
        refresh::refresh(cx, || Arc::clone(self.servers(cx)), &repository.index_url(), &path, read)
    }

    /// How servers are talked to.
    pub fn servers(&self, cx: &Cx) -> &Arc<Servers> {
        self.servers.get_or_init(|| Arc::new(Servers::new(cx, &self.root)))
    }

    /// The names under which known packages lie in the cache, with their sizes: of installed packages, and of those of the
    /// repositories.
    pub fn cached_names(&self, of_repositories: bool) -> HashMap<Vec<u8>, u64> {
        let mut names = HashMap::new();
        for (bytes, origin) in &self.catalogs {
            let is_wanted = match origin {
                Origin::Installed => true,
                Origin::Repository(_) => of_repositories,
                Origin::Given => false,
            };
            let Some(catalog) = Catalog::new(bytes).filter(|_| is_wanted) else { continue };
            for number in 0..catalog.len() {
                let mut known = true;
                let Ok(package) = v2::block::parse(catalog.block(number), &mut known) else { continue };
                let full_name = [&package.name[..], b"-", &package.version].concat();
                let name = super::download::cached_name(&full_name, package.identity.as_ref());
                names.insert(name, package.file_size);
            }
        }
        names
    }

    /// How many different packages are known: of the repositories, and installed.
    pub fn distinct_packages(&self) -> usize {
        let mut identities = HashSet::new();
        for (bytes, _) in &self.catalogs {
            let Some(catalog) = Catalog::new(bytes) else { continue };
            for number in 0..catalog.len() {
                let lines = catalog.block(number).split(|&byte| byte == b'\n');
                // The database has the first 20 bytes of an identity: 26 digits of base64, and a part of the next.
                identities.extend(lines.take(4).filter_map(|line| line.strip_prefix(b"C:")?.get(2..28)));
            }
        }
        identities.len()
    }

    /// Takes a package file of the command line in; gives the constraint for world. None where `word` names no file.
    pub fn give_file(&mut self, cx: &Cx, word: &[u8]) -> Result<Option<Dependency>> {
        let path = Path::new(os(word));
        if !word.contains(&b'.') || !path.is_file() {
            return Ok(None);
        }
        let trust = Trust { allow_untrusted: cx.globals.allow_untrusted, ..Trust::signed(&self.keys) };
        let file = fs::File::open(path).place(word)?;
        let size = file.metadata().place(word)?.len();
        let reader = PackageReader::open(Box::new(io::BufReader::new(file)), trust).place(word)?;
        let mut package = reader.package().clone();
        package.identity = reader.own_identity();
        drop(reader);
        package.file_size = size;
        let identity = package.identity.ok_or_else(|| Error::new(Kind::FormatInvalid).at(word))?;
        let mut block = Vec::new();
        v2::block::write(&package, &mut block);
        block.push(b'\n');
        self.give(block)?;
        self.given_files.push((identity, path.to_path_buf()));
        let mut text = Vec::new();
        identity.write(&mut text);
        Ok(Some(Dependency {
            name: package.name.into(),
            op: Op::IDENTITY,
            version: text.into(),
            conflict: false,
            tag: None,
        }))
    }

    /// Reads the index of a repository, or finds its catalog: its description. `fresh` is the index if it was read
    /// before.
    fn read_index(
        &mut self,
        cx: &Cx,
        number: usize,
        fresh: Option<Index>,
    ) -> std::result::Result<Vec<u8>, Error> {
        let repository = &self.repositories.list[number];
        let path = match repository::local_path(&repository.index_url()) {
            Some(path) => PathBuf::from(os(path)),
            None => self.cache_folder(cx).join(repository.cache_name()),
        };
        let kept = self.cache_folder(cx).join(repository.catalog_name());
        let made = Made::of(&path, self.keys.fingerprint(), cx.globals.allow_untrusted)?;
        let origin = Origin::Repository(number as u32);
        if cx.globals.cache
            && let Some(stored) = Stored::open(&kept, &made)
        {
            let head = Catalog::new(&stored).map_or_else(Vec::new, |catalog| catalog.description().to_vec());
            self.catalogs.push((stored, origin));
            return Ok(self.take_head(number, head));
        }
        let trust = Trust { keys: &self.keys, allow_untrusted: cx.globals.allow_untrusted, identity: None };
        let index = match fresh {
            Some(index) => index,
            None => read_index_file(&path, trust)?,
        };
        let is_worth_it = index.packages.len() >= KEPT_LEAST;
        let mut head = index.description;
        head.truncate(head.iter().position(|&byte| byte == SPEC_MARK).unwrap_or(head.len()));
        if !index.pkgname_spec.is_empty() {
            head.push(SPEC_MARK);
            head.extend_from_slice(&index.pkgname_spec);
        }
        let bytes = catalog::build(index.packages, &head)?;
        // `update` leaves it; whoever else finds that it does not fit any more makes it again.
        let keeps = cx.applet.name == "update" || kept.exists();
        if cx.globals.cache && opened::may_write(cx) && keeps {
            // A cache that cannot be written costs time, and nothing else.
            let _ = match is_worth_it {
                true => Stored::save(&bytes, &kept, &made),
                false => fs::remove_file(&kept),
            };
        }
        self.catalogs.push((Stored::Memory(bytes), origin));
        Ok(self.take_head(number, head))
    }

    /// Takes the names of files out of what a catalog has in the place of a description. Gives the description.
    fn take_head(&mut self, number: usize, mut head: Vec<u8>) -> Vec<u8> {
        if let Some(mark) = head.iter().position(|&byte| byte == SPEC_MARK) {
            self.repositories.list[number].pkgname_spec = head.split_off(mark + 1);
            head.pop();
        }
        head
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

/// An index of either version: its packages are blocks of lines.
fn read_index_file(path: &Path, trust: Trust<'_>) -> std::result::Result<Index, Error> {
    let mut file = fs::File::open(path)?;
    let mut start = [0; 4];
    let is_adb = std::io::Read::read_exact(&mut file, &mut start).is_ok() && start.starts_with(b"ADB");
    if !is_adb {
        return v2::index::read(Box::new(fs::File::open(path)?), trust);
    }
    let index = adb::index::Index::read(start, Box::new(file), &trust)?;
    let mut packages = Vec::new();
    for object in index.packages() {
        v2::block::write(&adb::facts::read_info(&object), &mut packages);
        packages.push(b'\n');
    }
    let (description, pkgname_spec) = (index.description().to_vec(), index.pkgname_spec().to_vec());
    Ok(Index { description, packages, pkgname_spec })
}
