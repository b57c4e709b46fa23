//! stage — a package's files, unpacked beside their places under names that nobody uses, checked on the way.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

use super::folders::{Folders, as_path, join, split};
use super::journal::{Journal, staged_name};
use super::names::Names;
use super::owners::{Owner, Owners, Verdict, judge};
use crate::database::installed::{Access, Entry as Line, Flags};
use crate::entry::{self, Entry, Kind, Script, is_safe_path};
use crate::error::Error;
use crate::fast_hash::{FastMap, FastSet};
use crate::identity::{Algorithm, Digest};
use crate::package::Package;
use crate::reader::{Format, PackageReader};

/// Something to say about a package, when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    Warning(Vec<u8>),
    Error(Vec<u8>),
}

/// A staged file, or one that failed.
#[derive(Clone, Debug)]
pub struct StagedFile {
    pub name: Vec<u8>,
    pub access: Access,
    pub digest: Option<Digest>,
    pub is_symlink: bool,
    /// False where it could not be made: the database lists it, nothing takes its place.
    pub is_staged: bool,
    /// Whose it is by name, where the name was not known in the root yet.
    pub unknown: Option<Box<(entry::Owner, entry::Owner)>>,
}

/// A folder of a package and what is staged in it.
#[derive(Clone, Debug)]
pub struct StagedFolder {
    pub path: Vec<u8>,
    pub access: Access,
    pub files: Vec<StagedFile>,
}

/// A package whose files are staged.
#[derive(Debug, Default)]
pub struct Staged {
    pub package: Package,
    pub scripts: Vec<(Script, Vec<u8>)>,
    pub folders: Vec<StagedFolder>,
    pub complaints: Vec<Complaint>,
    /// Paths as they came, folders with a mark; empty unless somebody wants to be told.
    pub listed: Vec<Vec<u8>>,
    pub flags: Flags,
}

impl Staged {
    /// The lines of folders and files for the database.
    pub fn lines(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for folder in &self.folders {
            Line::Folder { path: &folder.path, access: folder.access }.write(&mut out);
            for file in &folder.files {
                Line::File { name: &file.name, access: file.access, digest: file.digest }.write(&mut out);
            }
        }
        out
    }

    /// Every file's path.
    pub fn paths(&self) -> impl Iterator<Item = (Vec<u8>, &StagedFile)> {
        self.folders
            .iter()
            .flat_map(|folder| folder.files.iter().map(|file| (join(&folder.path, &file.name), file)))
    }
}

/// What staging needs and what lasts from package to package.
pub struct Stage<'a> {
    pub root: &'a File,
    pub folders: Folders<'a>,
    pub journal: Journal,
    pub names: Names,
    /// Owners are not set on files: the user is not root.
    pub keeps_owner: bool,
    pub overwrites: bool,
    /// Paths are noted as they come.
    pub lists: bool,
    /// Paths of an overlay: the packages' own versions are left out.
    pub overlay: HashSet<Vec<u8>>,
    /// Folders that are known to be there.
    known: FastSet<Vec<u8>>,
    umask: u32,
    buffer: Vec<u8>,
}

/// Why a package could not be staged.
#[derive(Debug)]
pub enum Failure {
    /// This package is not installed, others are.
    Package(Error),
    /// Nothing is installed: there is no room, the journal cannot be written, or the run is to end.
    All(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match &error.kind {
            crate::error::Kind::Io(inner) if is_full(inner) => Failure::All(error),
            crate::error::Kind::Interrupted => Failure::All(error),
            _ => Failure::Package(error),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A file of the package that could not be made.
enum Trouble {
    /// Told, and the package is marked.
    Told(String),
    Stop(Failure),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        if is_full(&error) {
            return Trouble::Stop(Failure::All(error.into()));
        }
        Trouble::Told(sys::error::text(&error))
    }
}

impl<'a> Stage<'a> {
    /// Begins with a new journal in `database`.
    pub fn new(
        root: &'a File,
        database: &File,
        keeps_owner: bool,
        overwrites: bool,
    ) -> io::Result<Stage<'a>> {
        Ok(Stage {
            root,
            folders: Folders::new(root),
            journal: Journal::create(database)?,
            names: Names::read(root),
            keeps_owner,
            overwrites,
            lists: false,
            overlay: HashSet::new(),
            known: FastSet::default(),
            umask: at::umask(),
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Stages the files of a package. On failure nothing of it is left, but folders that the journal knows.
    pub fn package(
        &mut self,
        reader: &mut PackageReader<'_>,
        owners: &mut Owners<'_>,
        number: usize,
    ) -> std::result::Result<Staged, Failure> {
        let mut staged = Staged { package: reader.package().clone(), ..Staged::default() };
        staged.flags.sha256 = reader.format() == Format::V3;
        staged.scripts = reader.take_scripts();
        // The trigger last, as the reference writes them to the database.
        staged.scripts.sort_by_key(|(script, _)| (*script == Script::Trigger, *script));
        let result = self.entries(reader, owners, number, &mut staged);
        if let Err(failure) = result {
            self.undo(&owners.packages[number].name, &staged);
            return Err(failure);
        }
        for folder in &mut staged.folders {
            folder.files.sort_by(|left, right| left.name.cmp(&right.name));
        }
        Ok(staged)
    }

    fn undo(&mut self, package: &[u8], staged: &Staged) {
        for (path, file) in staged.paths() {
            if file.is_staged
                && let Ok((folder, _)) = self.folders.parent(&path)
            {
                let _ = at::unlink(folder.as_raw_fd(), Path::new(&staged_name(package, &path)));
            }
        }
    }

    fn entries(
        &mut self,
        reader: &mut PackageReader<'_>,
        owners: &mut Owners<'_>,
        number: usize,
        staged: &mut Staged,
    ) -> std::result::Result<(), Failure> {
        let mut by_path: FastMap<Vec<u8>, usize> = FastMap::default();
        let is_v3 = staged.flags.sha256;
        while let Some(entry) = reader.next_entry()? {
            if !is_v3 && entry.path.starts_with(b".") && !entry.path.starts_with(b"..") {
                // The packager's own, as with the reference.
                continue;
            }
            if is_v3 && entry.path.is_empty() {
                // The root: nobody's folder.
                continue;
            }
            if let Kind::Directory = entry.kind {
                self.folder(entry, owners, staged, &mut by_path)?;
                continue;
            }
            self.file(reader, entry, owners, number, staged, &mut by_path)?;
        }
        Ok(())
    }

    fn folder(
        &mut self,
        entry: Entry,
        owners: &mut Owners<'_>,
        staged: &mut Staged,
        by_path: &mut FastMap<Vec<u8>, usize>,
    ) -> std::result::Result<(), Failure> {
        if !entry.path.is_empty() && !is_safe_path(&entry.path) {
            malicious(&entry.path, staged);
            return Ok(());
        }
        if by_path.contains_key(&entry.path) {
            return Ok(());
        }
        if self.lists {
            staged.listed.push([&entry.path[..], b" (dir)"].concat());
        }
        let access = self.access(&entry);
        if let Err(error) = self.make_folder(&entry.path, access) {
            match Trouble::from(error) {
                Trouble::Stop(failure) => return Err(failure),
                Trouble::Told(_) => {} // what is in the way is told of by the files that need the folder
            }
        }
        by_path.insert(entry.path.clone(), staged.folders.len());
        owners.add_folder(&entry.path);
        staged.folders.push(StagedFolder { path: entry.path, access, files: Vec::new() });
        Ok(())
    }

    fn access(&self, entry: &Entry) -> Access {
        let (uid, gid) = (self.names.uid(&entry.user), self.names.gid(&entry.group));
        Access { uid, gid, mode: entry.mode & 0o7777, xattrs: xattrs_digest(entry) }
    }

    /// Makes a folder that is not there. One that is there keeps its owner and mode: they may be the administrator's.
    fn make_folder(&mut self, path: &[u8], access: Access) -> io::Result<()> {
        if path.is_empty() || self.known.contains(path) {
            return Ok(());
        }
        let (above, _) = split(path);
        if !above.is_empty() && !self.known.contains(above) {
            self.make_folder(above, Access::FOLDER)?;
        }
        let (folder, name) = self.folders.parent(path)?;
        let fd = folder.as_raw_fd();
        if at::stat(fd, name, at::Links::Keep).is_err() {
            self.journal.makes(path, folder)?;
            at::mkdir(fd, name, access.mode)?;
            if access.mode & (self.umask | 0o7000) != 0 {
                at::chmod(fd, name, access.mode, at::Links::Follow)?;
            }
            if !self.keeps_owner && (access.uid, access.gid) != (0, 0) {
                // The reference says nothing of a new folder's owner either.
                let _ = at::chown(fd, name, Some(access.uid), Some(access.gid), at::Links::Keep);
            }
        }
        self.known.insert(path.to_vec());
        Ok(())
    }

    fn file(
        &mut self,
        reader: &mut PackageReader<'_>,
        entry: Entry,
        owners: &mut Owners<'_>,
        number: usize,
        staged: &mut Staged,
        by_path: &mut FastMap<Vec<u8>, usize>,
    ) -> std::result::Result<(), Failure> {
        let path = entry.path.clone();
        if !is_safe_path(&path) {
            malicious(&path, staged);
            return Ok(());
        }
        let (folder, name) = split(&path);
        if folder.is_empty() && !by_path.contains_key(folder) {
            // The root needs no entry of its own.
            by_path.insert(Vec::new(), staged.folders.len());
            staged.folders.push(StagedFolder { path: Vec::new(), access: Access::FOLDER, files: Vec::new() });
            owners.add_folder(b"");
        }
        let Some(&position) = by_path.get(folder) else {
            error(staged, &owners.packages[number], &[&path[..], b": no dirent in archive"].concat());
            return Ok(());
        };
        let is_again = owners.owner(&path) == Some(number);
        if !self.may_take(&path, owners, number, staged) {
            return Ok(());
        }
        if self.lists {
            staged.listed.push(path.clone());
        }
        let is_overlaid = self.overlay.contains(&path);
        let owner = &owners.packages[number];
        let (user, group) = (self.names.uid(&entry.user), self.names.gid(&entry.group));
        let is_symlink = matches!(entry.kind, Kind::Symlink(_));
        let mode = if is_symlink { 0o777 } else { entry.mode & 0o7777 };
        let access = Access { uid: user, gid: group, mode, xattrs: xattrs_digest(&entry) };
        let unknown = (entry.user.name != b"root" || entry.group.name != b"root")
            .then(|| Box::new((entry.user.clone(), entry.group.clone())));
        let mut file = StagedFile {
            name: name.to_vec(),
            access,
            digest: digest_of(&entry, staged),
            is_symlink,
            is_staged: true,
            unknown,
        };
        let owner_name = owner.name.clone();
        if is_overlaid {
            // The overlay brings it.
            file.is_staged = false;
            staged.folders[position].files.push(file);
            return Ok(());
        }
        match self.write(reader, &entry, &owner_name, &access) {
            Ok(lost) => {
                for what in lost {
                    let text = [b"failed to preserve ", &path[..], b": ", what.as_bytes()].concat();
                    warning(staged, &owners.packages[number], &text);
                    staged.flags.broken_files |= what != "xattr";
                    staged.flags.broken_xattrs |= what == "xattr";
                }
            }
            Err(Trouble::Told(reason)) => {
                (file.is_staged, file.digest) = (false, None);
                let text = [b"failed to extract ", &path[..], b": ", reason.as_bytes()].concat();
                error(staged, &owners.packages[number], &text);
            }
            Err(Trouble::Stop(failure)) => {
                // What was begun is undone with the rest.
                staged.folders[position].files.push(file);
                return Err(failure);
            }
        }
        if is_again {
            let text = [b"failed to commit ", &path[..], b": No such file or directory"].concat();
            error(staged, &owners.packages[number], &text);
            // What came last is what lies there.
            if let Some(first) =
                staged.folders[position].files.iter_mut().find(|first| first.name == file.name)
            {
                *first = file;
            }
            return Ok(());
        }
        staged.folders[position].files.push(file);
        Ok(())
    }

    /// Whether the package gets the path; tells why not.
    fn may_take(&self, path: &[u8], owners: &mut Owners<'_>, number: usize, staged: &mut Staged) -> bool {
        if let Some(owner) = owners.owner(path).filter(|&owner| owner != number) {
            let (new, old) = (&owners.packages[number], &owners.packages[owner]);
            match judge(new, old) {
                Verdict::Take => {}
                Verdict::Leave => return false,
                Verdict::Conflict => {
                    let full_name = [&old.name[..], b"-", &old.version].concat();
                    let lead: &[u8] = if self.overwrites { b"overwriting " } else { b"trying to overwrite " };
                    let text = [lead, path, b" owned by ", &full_name[..], b"."].concat();
                    let new = new.clone();
                    if !self.overwrites {
                        error(staged, &new, &text);
                        return false;
                    }
                    warning(staged, &new, &text);
                }
            }
        }
        owners.set_owner(path, number);
        true
    }

    /// Makes the staged file. Gives what of its owner, mode and attributes could not be set.
    fn write(
        &mut self,
        reader: &mut PackageReader<'_>,
        entry: &Entry,
        package: &[u8],
        access: &Access,
    ) -> std::result::Result<Vec<&'static str>, Trouble> {
        let (folder_path, _) = split(&entry.path);
        let open = self.folders.open(folder_path)?;
        self.journal
            .stages_in(folder_path, open)
            .map_err(|error| Trouble::Stop(Failure::All(Error::from(error).at("journal"))))?;
        let staged = staged_name(package, &entry.path);
        let name = Path::new(&staged);
        let mut lost = Vec::new();
        let hard_link = match &entry.kind {
            Kind::HardLink(target) => Some((target, staged_name(package, target))),
            _ => None,
        };
        if let Some((target, from)) = hard_link {
            let (target_folder, _) = split(target);
            let from_folder = at::open_in_root(self.root, non_empty(target_folder))?;
            let fd = self.folders.open(folder_path)?.as_raw_fd();
            again(fd, name, || {
                at::link(from_folder.as_raw_fd(), Path::new(&from), fd, name, at::Links::Keep)
            })?;
            return Ok(lost);
        }
        let keeps_owner = self.keeps_owner;
        let umask = self.umask;
        let folder = self.folders.open(folder_path)?;
        let fd = folder.as_raw_fd();
        let is_owned = |lost: &mut Vec<&'static str>, done: io::Result<()>| {
            if done.is_err() {
                lost.push("owner");
            }
        };
        match &entry.kind {
            Kind::File => {
                let flags = at::O_RDWR | at::O_CREAT | at::O_EXCL | at::O_NOFOLLOW;
                let mut file = match at::open(fd, name, flags, access.mode & 0o777) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        at::unlink(fd, name)?;
                        at::open(fd, name, flags, access.mode & 0o777)?
                    }
                    other => other?,
                };
                let mut written = 0;
                loop {
                    let count = match reader.read(&mut self.buffer) {
                        Ok(0) => break,
                        Ok(count) => count,
                        Err(error) => {
                            let _ = at::unlink(fd, name);
                            return Err(Trouble::Stop(error.into()));
                        }
                    };
                    written += count as u64;
                    if let Err(error) = file.write_all(&self.buffer[..count]) {
                        let _ = at::unlink(fd, name);
                        return Err(error.into());
                    }
                }
                debug_assert!(written <= entry.size, "the reader limits content to the size it told");
                if !keeps_owner && (access.uid, access.gid) != (0, 0) {
                    is_owned(&mut lost, at::chown_fd(&file, Some(access.uid), Some(access.gid)));
                }
                if access.mode & (umask | 0o7000) != 0 {
                    at::chmod_fd(&file, access.mode)?;
                }
                for (key, value) in &entry.xattrs {
                    let key = std::ffi::CString::new(key.as_slice()).map_err(io::Error::from)?;
                    if sys::xattr::set(&file, &key, value).is_err() && !lost.contains(&"xattr") {
                        lost.push("xattr");
                    }
                }
                let time = at::SetTime::To(at::Time { seconds: entry.mtime, nanoseconds: 0 });
                at::set_times_fd(&file, time, time)?;
            }
            Kind::Symlink(target) => {
                again(fd, name, || at::symlink(as_path(target), fd, name))?;
                if !keeps_owner && (access.uid, access.gid) != (0, 0) {
                    let (uid, gid) = (Some(access.uid), Some(access.gid));
                    is_owned(&mut lost, at::chown(fd, name, uid, gid, at::Links::Keep));
                }
            }
            Kind::CharDevice(node) | Kind::BlockDevice(node) => {
                let kind = if matches!(entry.kind, Kind::CharDevice(_)) {
                    at::Kind::CharDevice
                } else {
                    at::Kind::BlockDevice
                };
                again(fd, name, || at::mknod(fd, name, kind.bits() | access.mode, *node))?;
                self.finish_node(entry, name, access, &mut lost)?;
            }
            Kind::Fifo => {
                again(fd, name, || at::mknod(fd, name, at::Kind::Fifo.bits() | access.mode, 0))?;
                self.finish_node(entry, name, access, &mut lost)?;
            }
            Kind::Directory | Kind::HardLink(_) | Kind::Socket => {}
        }
        Ok(lost)
    }

    fn finish_node(
        &mut self,
        entry: &Entry,
        name: &Path,
        access: &Access,
        lost: &mut Vec<&'static str>,
    ) -> io::Result<()> {
        let keeps_owner = self.keeps_owner;
        let fd = self.folders.open(split(&entry.path).0)?.as_raw_fd();
        if !keeps_owner && (access.uid, access.gid) != (0, 0) {
            let owned = at::chown(fd, name, Some(access.uid), Some(access.gid), at::Links::Keep);
            if owned.is_err() {
                lost.push("owner");
            }
        }
        at::chmod(fd, name, access.mode, at::Links::Keep)?;
        let time = at::SetTime::To(at::Time { seconds: entry.mtime, nanoseconds: 0 });
        at::set_times(fd, name, time, time, at::Links::Keep)
    }

    /// Sets the owners of files whose owner's name got a number since they were staged: a script made the user. True if
    /// there were some.
    pub fn own_again(&mut self, package: &[u8], staged: &mut Staged) -> bool {
        let mut changed = false;
        self.names = Names::read(self.root);
        for folder in &mut staged.folders {
            for file in &mut folder.files {
                let Some(owners) = &file.unknown else { continue };
                let (uid, gid) = (self.names.uid(&owners.0), self.names.gid(&owners.1));
                if (uid, gid) == (file.access.uid, file.access.gid) {
                    continue;
                }
                (file.access.uid, file.access.gid) = (uid, gid);
                changed = true;
                let name = staged_name(package, &join(&folder.path, &file.name));
                if let Ok(open) = self.folders.open(&folder.path)
                    && !self.keeps_owner
                    && at::chown(open.as_raw_fd(), Path::new(&name), Some(uid), Some(gid), at::Links::Keep)
                        .is_ok()
                    && file.access.mode & 0o6000 != 0
                {
                    // chown takes the set-id bits away.
                    let _ = at::chmod(open.as_raw_fd(), Path::new(&name), file.access.mode, at::Links::Keep);
                }
            }
        }
        changed
    }
}

/// Makes something; what lies there under its staged name is an old one's and goes.
fn again(fd: i32, name: &Path, mut make: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    match make() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            at::unlink(fd, name)?;
            make()
        }
        other => other,
    }
}

fn non_empty(folder: &[u8]) -> &Path {
    if folder.is_empty() { Path::new(".") } else { as_path(folder) }
}

fn malicious(path: &[u8], staged: &mut Staged) {
    let full_name = staged.package.full_name();
    let text = [&full_name[..], b": ignoring malicious file ", path].concat();
    staged.complaints.push(Complaint::Warning(text));
    staged.flags.broken_files = true;
}

fn error(staged: &mut Staged, owner: &Owner, text: &[u8]) {
    staged.complaints.push(Complaint::Error(said(owner, text)));
    staged.flags.broken_files = true;
}

fn warning(staged: &mut Staged, owner: &Owner, text: &[u8]) {
    staged.complaints.push(Complaint::Warning(said(owner, text)));
}

fn said(owner: &Owner, text: &[u8]) -> Vec<u8> {
    [&owner.name[..], b"-", &owner.version, b": ", text].concat()
}

/// The digest for the database. A hard link has that of its target.
fn digest_of(entry: &Entry, staged: &Staged) -> Option<Digest> {
    match &entry.kind {
        Kind::HardLink(target) => {
            staged.paths().find(|(path, _)| path == target).and_then(|(_, file)| file.digest)
        }
        _ => entry.digest,
    }
}

/// The digest of all attributes, by name: lengths as 32 bits, the most significant byte first.
fn xattrs_digest(entry: &Entry) -> Option<Digest> {
    if entry.xattrs.is_empty() {
        return None;
    }
    let mut xattrs: Vec<&(Vec<u8>, Vec<u8>)> = entry.xattrs.iter().collect();
    xattrs.sort();
    let mut hasher = Algorithm::Sha1.start();
    for (name, value) in xattrs {
        for part in [name, value] {
            hasher.update(&(part.len() as u32).to_be_bytes());
            hasher.update(part);
        }
    }
    Digest::finish(hasher, Algorithm::Sha1)
}
