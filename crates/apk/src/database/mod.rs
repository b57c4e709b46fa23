//! database — what a root has: installed packages, wanted constraints, scripts, triggers; opened under its lock.
//!
//! Readers take no lock. Whoever may write holds it, and first ends what an interrupted run left (`transaction::journal`).

pub mod installed;
pub mod scripts;
pub mod store;
pub mod triggers;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sys::at;

use self::installed::Installed;
use self::scripts::Stored;
use crate::deflate;
use crate::error::{Error, Kind};
use crate::transaction::recover::{self, Recovered};
use crate::v2::members::gunzip;

/// The folder of the database, below the root.
pub const FOLDER: &str = "lib/apk/db";
/// The folders that `--initdb` makes.
const FOLDERS: &[&str] = &["etc/apk", FOLDER, CACHE_OF_INDEXES, "var/log"];
/// A cache for packages; where there is none, indexes lie in the other.
const CACHE: &str = "etc/apk/cache";
const CACHE_OF_INDEXES: &str = "var/cache/apk";

/// What a database is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Nothing is changed, no lock is taken.
    Read,
    /// Changes, under the lock.
    Write,
    /// Changes of a database that is made if it is not there (`--initdb`).
    Create,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// None: the running system.
    pub root: Option<&'a Path>,
    pub purpose: Purpose,
    /// Made for, or belongs to, a user who is not root: owners are not set.
    pub usermode: bool,
    /// How long to wait for the lock.
    pub wait: Duration,
    /// A wait that ends without the lock was interrupted, as the reference says where it is told how long to wait.
    pub alarms: bool,
    /// Architectures of the command line, the first is primary.
    pub arches: &'a [Vec<u8>],
    /// The architecture of this program.
    pub native: &'a str,
    /// Lines that are not known are skipped.
    pub tolerant: bool,
}

/// Why a database could not be opened: the lines to print before `reason`.
#[derive(Debug)]
pub struct NotOpened {
    pub lines: Vec<String>,
    /// Empty where the lines say all.
    pub reason: String,
}

/// An open database.
pub struct Database {
    /// The root folder.
    pub root: File,
    pub root_path: PathBuf,
    /// Whether the root is another than the running system's.
    pub has_own_root: bool,
    pub usermode: bool,
    pub purpose: Purpose,
    /// The folder of the database; None where it will be made.
    folder: Option<File>,
    /// Architectures that packages may have, the first is primary.
    pub arches: Vec<Vec<u8>>,
    arches_given: bool,
    /// The text of `etc/apk/world`.
    pub world: Vec<u8>,
    pub installed: Installed,
    /// What was done about an interrupted run.
    pub recovered: Option<Recovered>,
    /// The lock lasts as long as the file is open.
    _lock: Option<File>,
}

impl Database {
    /// Opens the database. `waiting` is called once when another process holds the lock and there is time to wait; its
    /// argument says who does, as far as that can be known.
    pub fn open(opening: &Opening<'_>, waiting: &mut dyn FnMut(&str)) -> Result<Database, NotOpened> {
        let root_path = opening.root.unwrap_or(Path::new("/"));
        let flags = at::O_RDONLY | at::O_DIRECTORY;
        if opening.purpose == Purpose::Create {
            // What is wrong with it shows when it is opened.
            let _ = at::mkdir(at::CWD, root_path, 0o755);
        }
        let root = at::open(at::CWD, root_path, flags, 0).map_err(|error| NotOpened {
            lines: vec![format!("Unable to open root: {}", sys::error::text(&error))],
            reason: String::new(),
        })?;
        let mut purpose = opening.purpose;
        let exists = at::stat(root.as_raw_fd(), Path::new(FOLDER), at::Links::Follow).is_ok();
        if purpose == Purpose::Create {
            if exists {
                purpose = Purpose::Write;
            } else {
                let has_cache = at::stat(root.as_raw_fd(), Path::new(CACHE), at::Links::Follow)
                    .is_ok_and(|stat| stat.is_directory());
                for folder in FOLDERS.iter().filter(|folder| !has_cache || **folder != CACHE_OF_INDEXES) {
                    store::make_folders(&root, folder, 0o755)
                        .map_err(|error| failed("Unable to create database", &error))?;
                }
            }
        }
        let lock = match purpose {
            Purpose::Write => Some(lock(&root, opening.wait, opening.alarms, waiting)?),
            _ => None,
        };
        let folder = at::open(root.as_raw_fd(), Path::new(FOLDER), flags, 0)
            .map_err(|error| failed("Unable to read database", &error))?;
        let usermode = match at::stat_fd(&folder) {
            Ok(stat) => opening.usermode || stat.uid != 0,
            Err(_) => opening.usermode,
        };
        let recovered = recover::recover(&root, &folder, lock.is_some());
        let mut database = Database {
            root,
            root_path: root_path.to_path_buf(),
            has_own_root: opening.root.is_some_and(|root| root != Path::new("/")),
            usermode,
            purpose: opening.purpose,
            folder: Some(folder),
            arches: Vec::new(),
            arches_given: purpose == Purpose::Create || opening.root.is_some() && !opening.arches.is_empty(),
            world: Vec::new(),
            installed: Installed::default(),
            recovered,
            _lock: lock,
        };
        database.read_arches(opening);
        database.read(opening.tolerant, purpose == Purpose::Create)?;
        Ok(database)
    }

    fn read_arches(&mut self, opening: &Opening<'_>) {
        self.arches = opening.arches.to_vec();
        if self.arches.is_empty() {
            let text = store::read(&self.root, "etc/apk/arch").ok().flatten().unwrap_or_default();
            let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
            self.arches = lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
        }
        if self.arches.is_empty() {
            self.arches.push(opening.native.as_bytes().to_vec());
        }
    }

    fn read(&mut self, tolerant: bool, is_new: bool) -> Result<(), NotOpened> {
        const WHAT: &str = "Unable to read database";
        let world = store::read(&self.root, "etc/apk/world").map_err(|error| failed(WHAT, &error))?;
        match world {
            Some(world) => self.world = world,
            None if is_new => {}
            None => return Err(failed(WHAT, &io::Error::from_raw_os_error(2))),
        }
        let because = |reason: String| NotOpened { lines: vec![format!("{WHAT}: {reason}")], reason };
        if let Some(fault) = crate::dependency::Borrowed::fault_in(&self.world) {
            return Err(because(fault.to_string()));
        }
        let Some(folder) = &self.folder else { return Ok(()) };
        let text = store::read(folder, "installed").map_err(|error| failed(WHAT, &error))?;
        if !is_new && text.is_none() {
            return Err(failed(WHAT, &io::Error::from_raw_os_error(2)));
        }
        self.installed = Installed::parse(text.unwrap_or_default(), tolerant).map_err(|error| {
            let reason = error.reason();
            let mut lines: Vec<String> = Vec::new();
            if !error.detail.is_empty() {
                lines.push(error.detail.clone());
            }
            lines.push(format!("{WHAT}: {reason}"));
            NotOpened { lines, reason }
        })?;
        let mut records = self.installed.packages().iter();
        if records.any(|record| self.installed.identity(record).is_none()) {
            return Err(because(Kind::V2DatabaseFormat.to_string()));
        }
        Ok(())
    }

    /// Whether the architectures that were asked for are others than the root has.
    pub fn has_other_arches(&self) -> bool {
        let text = || store::read(&self.root, "etc/apk/arch").ok().flatten().unwrap_or_default();
        self.arches_given && text() != [&self.arches.join(&b'\n')[..], b"\n"].concat()
    }

    /// The folder of the database.
    ///
    /// Errors: it does not exist.
    pub fn folder(&self) -> io::Result<&File> {
        self.folder.as_ref().ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    /// The scripts of installed packages.
    ///
    /// Errors: the archive is damaged.
    pub fn read_scripts(&self) -> crate::error::Result<Vec<Stored>> {
        let (_, bytes) = self.scripts_file()?;
        let tar = if bytes.starts_with(&[0x1f, 0x8b]) { gunzip(&bytes)? } else { bytes };
        scripts::parse(&tar)
    }

    /// Name and bytes of the archive of scripts: packed or not, as it was found; packed where there is none.
    fn scripts_file(&self) -> crate::error::Result<(&'static str, Vec<u8>)> {
        let folder = self.folder()?;
        for name in ["scripts.tar", "scripts.tar.gz"] {
            if let Some(bytes) = store::read(folder, name)? {
                return Ok((name, bytes));
            }
        }
        Ok(("scripts.tar.gz", Vec::new()))
    }

    /// The triggers of installed packages.
    pub fn read_triggers(&self) -> crate::error::Result<Vec<triggers::Trigger>> {
        let text = store::read(self.folder()?, "triggers")?;
        Ok(triggers::parse(&text.unwrap_or_default()))
    }

    /// The files as they will be, to be written beside the old ones: place, mode and bytes. Scripts and triggers are None
    /// where they stay as they are.
    pub fn files(
        &self,
        world: &[u8],
        installed: &Installed,
        scripts: Option<&[Stored]>,
        triggers: Option<&[triggers::Trigger]>,
    ) -> crate::error::Result<Vec<Replacement>> {
        let mut files = Vec::new();
        let exists = |name: &str| at::stat(self.root.as_raw_fd(), Path::new(name), at::Links::Follow).is_ok();
        let mut add = |path: String, bytes: Vec<u8>| files.push(Replacement { path, mode: 0o644, bytes });
        if self.arches_given {
            let mut text = self.arches.join(&b'\n');
            text.push(b'\n');
            add("etc/apk/arch".to_string(), text);
        }
        add("etc/apk/world".to_string(), world.to_vec());
        add(format!("{FOLDER}/installed"), installed.write());
        let (name, bytes) = self.scripts_file()?;
        match scripts {
            Some(scripts) => add(format!("{FOLDER}/{name}"), pack(name, scripts)?),
            None if bytes.is_empty() => add(format!("{FOLDER}/{name}"), pack(name, &[])?),
            None => {}
        }
        match triggers {
            Some(triggers) => add(format!("{FOLDER}/triggers"), triggers::write(triggers)),
            None if !exists("lib/apk/db/triggers") => add(format!("{FOLDER}/triggers"), Vec::new()),
            None => {}
        }
        Ok(files)
    }

    /// Whether any of `identities` is an architecture of this root. `noarch` always is.
    pub fn has_arch(&self, arch: &[u8]) -> bool {
        arch.is_empty() || arch == b"noarch" || arch == b"all" || self.arches.iter().any(|own| own == arch)
    }
}

/// A file that takes the place of another.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Below the root.
    pub path: String,
    pub mode: u32,
    pub bytes: Vec<u8>,
}

fn pack(name: &str, scripts: &[Stored]) -> crate::error::Result<Vec<u8>> {
    let tar = scripts::write(scripts);
    if !name.ends_with(".gz") {
        return Ok(tar);
    }
    deflate::gzip(&tar, 6)
}

fn failed(what: &str, error: &io::Error) -> NotOpened {
    let reason = sys::error::text(error);
    NotOpened { lines: vec![format!("{what}: {reason}")], reason }
}

/// Takes the lock.
fn lock(root: &File, wait: Duration, alarms: bool, waiting: &mut dyn FnMut(&str)) -> Result<File, NotOpened> {
    const WHAT: &str = "Unable to lock database";
    let path = format!("{FOLDER}/lock");
    let file = at::open(root.as_raw_fd(), Path::new(&path), at::O_RDWR | at::O_CREAT, 0o600)
        .map_err(|error| failed(WHAT, &error))?;
    let end = Instant::now() + wait;
    let mut pause = Duration::from_millis(10);
    let mut said = false;
    loop {
        match sys::lock::set(file.as_raw_fd(), sys::lock::Kind::Exclusive, false) {
            Ok(()) => return Ok(file),
            // File systems without locks (some of phones and containers): the run goes on without one.
            Err(error) if matches!(error.raw_os_error(), Some(NO_SYSCALL | NO_LOCKS | NOT_SUPPORTED)) => {
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let now = Instant::now();
                if now >= end {
                    // The reference's alarm interrupts its wait, and that is what it says.
                    let interrupted = io::Error::from_raw_os_error(INTERRUPTED);
                    return Err(failed(WHAT, if said && alarms { &interrupted } else { &error }));
                }
                if !std::mem::replace(&mut said, true) {
                    waiting(&holder(&file).unwrap_or_default());
                }
                std::thread::sleep(pause.min(end - now));
                pause = (pause * 2).min(Duration::from_millis(250));
            }
            Err(error) => return Err(failed(WHAT, &error)),
        }
    }
}

const INTERRUPTED: i32 = 4;
const NO_SYSCALL: i32 = 38;
const NO_LOCKS: i32 = 37;
const NOT_SUPPORTED: i32 = 95;

/// Who holds the lock: "process 12 (apk)". None where the system does not say.
///
/// Source: proc_locks(5).
fn holder(file: &File) -> Option<String> {
    let inode = at::stat_fd(file).ok()?.inode.to_string();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let line = locks.lines().find(|line| line.split([' ', ':']).any(|word| word == inode))?;
    let pid = line.split_whitespace().nth(4)?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("process {pid} ({})", name.trim_end()))
}

impl From<NotOpened> for Error {
    fn from(error: NotOpened) -> Error {
        Error::new(Kind::Message(error.reason))
    }
}
