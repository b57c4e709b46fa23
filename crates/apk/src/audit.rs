//! audit — what of a root is not as the database says: the administrator's changes, or damage.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

use crate::database::installed::{Access, Entry, Installed};
use crate::identity::{Algorithm, Digest};
use crate::transaction::folders::{Folders, join};
use crate::transaction::order;
use crate::transaction::plan::content_digest;
use crate::transaction::protect::{Mode as Rule, Rules};

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Protected paths: the configuration.
    Backup,
    /// All that packages have, but the configuration.
    System,
    /// That, and what no package has.
    Full,
}

/// How to look.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub scope: Scope,
    /// Owners and modes, too.
    pub checks_access: bool,
    /// Into folders that no package has.
    pub recursive: bool,
    /// Links to busybox that no package has are passed over.
    pub ignores_busybox: bool,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `A`, `D`, `d`, `M`, `m`, `U`, `X` or `x`.
    pub letter: u8,
    /// Without slashes at the ends.
    pub path: Vec<u8>,
    pub is_folder: bool,
    /// The position of the package that has it.
    pub package: Option<usize>,
    /// What the database says.
    pub recorded: Option<Facts>,
    /// What is there.
    pub found: Option<Facts>,
}

/// Owner, mode and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub access: Access,
    pub digest: Option<Digest>,
}

/// Folders of the root that belong to nobody's configuration.
const IGNORED: [&[u8]; 9] = [b"dev", b"home", b"lib/apk", b"proc", b"root", b"run", b"sys", b"tmp", b"var"];

struct Audit<'a> {
    installed: &'a Installed,
    rules: &'a Rules,
    settings: Settings,
    files: HashMap<Vec<u8>, (usize, Facts)>,
    own_folders: HashMap<&'a [u8], (usize, Access)>,
    folders: Folders<'a>,
    visited: HashSet<Vec<u8>>,
    seen: HashSet<Vec<u8>>,
    report: &'a mut dyn FnMut(&Finding),
}

/// Looks at the folders below `start` (empty: everything), and gives each finding to `report`.
///
/// Errors: `start` is no folder.
pub fn audit(
    root: &File,
    installed: &Installed,
    rules: &Rules,
    settings: Settings,
    start: &[u8],
    report: &mut dyn FnMut(&Finding),
) -> io::Result<()> {
    let mut audit = Audit {
        installed,
        rules,
        settings,
        files: HashMap::new(),
        own_folders: HashMap::new(),
        folders: Folders::new(root),
        visited: HashSet::new(),
        seen: HashSet::new(),
        report,
    };
    audit.read_database();
    audit.folder(start)?;
    audit.missing();
    Ok(())
}

impl<'a> Audit<'a> {
    fn read_database(&mut self) {
        for (number, record) in self.installed.packages().iter().enumerate() {
            let mut folder: &[u8] = b"";
            for entry in self.installed.entries(record) {
                match entry {
                    Entry::Folder { path, access } => {
                        folder = path;
                        self.own_folders.entry(path).or_insert((number, access));
                    }
                    Entry::File { name, access, digest } => {
                        self.files.insert(join(folder, name), (number, Facts { access, digest }));
                    }
                }
            }
        }
    }

    fn folder(&mut self, path: &[u8]) -> io::Result<()> {
        let names = sys::directory::Names::read(self.folders.open(path)?)?;
        self.visited.insert(path.to_vec());
        for (name, _) in names.iter() {
            let below = join(path, name.as_encoded_bytes());
            let Ok(Some(stat)) = self.folders.stat(&below) else { continue };
            if stat.is_directory() {
                self.found_folder(&below, &stat)?;
            } else {
                self.found_file(below, &stat);
            }
        }
        Ok(())
    }

    fn found_folder(&mut self, path: &[u8], stat: &at::Stat) -> io::Result<()> {
        if IGNORED.contains(&path) {
            return Ok(());
        }
        let is_protected = self.rules.mode(path).keeps();
        let is_wanted = is_protected == (self.settings.scope == Scope::Backup);
        let found = Facts { access: access_of(stat), digest: None };
        let Some(&(package, access)) = self.own_folders.get(path) else {
            match self.settings.scope {
                Scope::System => {}
                Scope::Full if is_protected => return self.enter(path),
                Scope::Backup | Scope::Full if !is_wanted => {}
                Scope::Backup | Scope::Full => {
                    let letter = if self.settings.recursive { b'd' } else { b'D' };
                    self.report(letter, path, true, None, None, Some(found));
                    if self.settings.recursive {
                        return self.enter(path);
                    }
                }
            }
            return Ok(());
        };
        if self.settings.checks_access && is_wanted && !same_access(&access, &found.access) {
            self.report(b'm', path, true, Some(package), Some(Facts { access, digest: None }), Some(found));
        }
        self.enter(path)
    }

    /// Goes into a folder; one that may not be read is passed over.
    fn enter(&mut self, path: &[u8]) -> io::Result<()> {
        match self.folder(path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            other => other,
        }
    }

    /// Whether the scope has the file.
    fn is_wanted(&self, path: &[u8], is_symlink: bool) -> bool {
        match (self.settings.scope, self.rules.mode(path)) {
            (Scope::Backup, Rule::Symlinks) => is_symlink,
            (Scope::Backup, mode) => mode.keeps(),
            // Files among such links are nobody's business.
            (Scope::Full, Rule::Symlinks) => !is_symlink,
            (Scope::System | Scope::Full, mode) => !mode.keeps(),
        }
    }

    fn found_file(&mut self, path: Vec<u8>, stat: &at::Stat) {
        let recorded = self.files.get(&path).copied();
        if recorded.is_some() {
            self.seen.insert(path.clone());
        }
        let is_symlink = stat.kind() == at::Kind::Symlink;
        if !self.is_wanted(&path, is_symlink) {
            return;
        }
        let Some((package, recorded)) = recorded else {
            let is_leftover = self.settings.scope == Scope::Backup && path.ends_with(b".apk-new");
            if self.settings.scope != Scope::System && !is_leftover && !self.is_busybox(&path, is_symlink) {
                let found = self.facts(&path, stat, Algorithm::Sha256);
                self.report(b'A', &path, false, None, None, Some(found));
            }
            return;
        };
        let algorithm = recorded.digest.map_or(Algorithm::Sha256, |digest| digest.algorithm());
        let found = self.facts(&path, stat, algorithm);
        let same = match (&recorded.digest, &found.digest) {
            (Some(recorded), Some(found)) => recorded.is(found),
            (None, None) => true,
            _ => false,
        };
        let letter = if !same {
            b'U'
        } else if self.settings.checks_access && !same_access(&recorded.access, &found.access) {
            b'M'
        } else {
            return;
        };
        self.report(letter, &path, false, Some(package), Some(recorded), Some(found));
    }

    fn is_busybox(&mut self, path: &[u8], is_symlink: bool) -> bool {
        if !self.settings.ignores_busybox || !is_symlink {
            return false;
        }
        let target = self
            .folders
            .parent(path)
            .and_then(|(folder, name)| at::read_link(folder.as_raw_fd(), name))
            .unwrap_or_default();
        ["/bin/busybox", "/usr/bin/busybox", "/bin/bbsuid", "/usr/bin/bbsuid"]
            .iter()
            .any(|own| target == *own)
    }

    fn facts(&mut self, path: &[u8], stat: &at::Stat, algorithm: Algorithm) -> Facts {
        let digest = match self.folders.parent(path) {
            Ok((folder, name)) => content_digest(folder, name, algorithm),
            Err(_) => None,
        };
        Facts { access: access_of(stat), digest }
    }

    /// Files that packages have and that are not there, in the reference's order.
    fn missing(&mut self) {
        if self.settings.scope == Scope::Backup {
            return;
        }
        let installed = self.installed;
        let mut missing = Vec::new();
        for (number, record) in installed.packages().iter().enumerate() {
            let mut folder: &[u8] = b"";
            for entry in installed.entries(record) {
                match entry {
                    Entry::Folder { path, .. } => folder = path,
                    Entry::File { name, access, digest } if self.visited.contains(folder) => {
                        let path = join(folder, name);
                        let is_missed = match (self.settings.scope, self.rules.mode(&path)) {
                            (Scope::System, mode) => mode != Rule::Free,
                            (_, mode) => !mode.keeps(),
                        };
                        if is_missed && !self.seen.contains(&path) {
                            let place = order::of_file(folder, name);
                            missing.push((place, path, number, Facts { access, digest }));
                        }
                    }
                    Entry::File { .. } => {}
                }
            }
        }
        missing.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        for (_, path, number, recorded) in missing {
            self.report(b'X', &path, false, Some(number), Some(recorded), None);
        }
    }

    fn report(
        &mut self,
        letter: u8,
        path: &[u8],
        is_folder: bool,
        package: Option<usize>,
        recorded: Option<Facts>,
        found: Option<Facts>,
    ) {
        let finding = Finding { letter, path: path.to_vec(), is_folder, package, recorded, found };
        (self.report)(&finding);
    }
}

fn access_of(stat: &at::Stat) -> Access {
    Access { uid: stat.uid, gid: stat.gid, mode: stat.permissions(), xattrs: None }
}

fn same_access(recorded: &Access, found: &Access) -> bool {
    (recorded.uid, recorded.gid, recorded.mode) == (found.uid, found.gid, found.mode)
}

/// Reads more rules from a file of the system.
pub fn rules_of(file: &Path) -> io::Result<Rules> {
    let mut rules = Rules::default();
    rules.add_lines(&std::fs::read(file)?);
    Ok(rules)
}
