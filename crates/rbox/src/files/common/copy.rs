//! copy — files and trees, for cp, for mv between file systems and for install.

use std::fs::File;

use super::{ask, cant};
use crate::prelude::*;
use cli::walk::{Event, Follow, Ladder, Settings, Walk};
use posix::links::FirstNames;
use sys::at::{self, Kind, Links, SetTime, Stat};

/// How files are copied.
#[derive(Default)]
pub(crate) struct Manner {
    pub(crate) recursive: bool,
    pub(crate) follow: Follow,
    pub(crate) preserve: Preserve,
    pub(crate) existing: Existing,
    /// `-f`: with `-l` and `-s`, what is there is removed.
    pub(crate) force: bool,
    pub(crate) made: Made,
    pub(crate) verbose: bool,
    pub(crate) same_device: bool,
}

/// Copies one file or tree after the other.
pub(crate) struct Copier {
    pub(crate) manner: Manner,
    /// Files with several names that were copied, by device and inode.
    copied: FirstNames,
    /// The destination of the tree that is copied: it is not copied into itself.
    root: Option<Stat>,
}

/// What a copy takes over beside the contents.
#[derive(Clone, Copy, Default)]
pub(crate) struct Preserve {
    pub(crate) mode: bool,
    pub(crate) owner: bool,
    pub(crate) times: bool,
    pub(crate) attributes: bool,
    /// Names of one file become names of one file.
    pub(crate) hard_links: bool,
}

/// What happens to a file that is there already.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Existing {
    #[default]
    Overwrite,
    Ask,
    Keep,
    /// Only an older one is overwritten.
    Update,
}

/// What is made at the destination.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Made {
    #[default]
    Copy,
    HardLink,
    Symlink,
}

/// A name in an open directory, with its path for messages.
#[derive(Clone, Copy)]
struct Place<'a> {
    dir: i32,
    name: &'a Path,
    path: &'a Path,
}

impl Copier {
    pub(crate) fn new(manner: Manner) -> Copier {
        Copier { manner, copied: FirstNames::default(), root: None }
    }

    /// Copies `source` to the name `target`. What goes wrong is reported; returns whether nothing did.
    pub(crate) fn copy(&mut self, cx: &mut Cx<'_>, source: &Path, target: &Path) -> bool {
        let links = if self.manner.follow == Follow::Never { Links::Keep } else { Links::Follow };
        let stat = match at::stat(at::CWD, source, links) {
            Ok(stat) => stat,
            Err(error) => {
                cx.report(cant("stat", source, error));
                return false;
            }
        };
        if !stat.is_directory() {
            let from = Place { dir: at::CWD, name: source, path: source };
            let to = Place { dir: at::CWD, name: target, path: target };
            return self.leaf(cx, from, to, &stat, links);
        }
        if !self.manner.recursive {
            cx.report(Error::message(format_args!("omitting directory '{}'", source.display())));
            return false;
        }
        self.tree(cx, source, target)
    }

    fn tree(&mut self, cx: &mut Cx<'_>, source: &Path, target: &Path) -> bool {
        let settings =
            Settings { follow: self.manner.follow, same_device: self.manner.same_device, sorted: false };
        let mut walk = Walk::new(source, settings);
        let mut ladder = Ladder::new(true);
        let mut all = true;
        self.root = None;
        while let Some(event) = walk.next() {
            let path = target_path(target, source, walk.path());
            // Behind the root a copy has the name of the original, in the directory made for the one above.
            let name = if walk.depth() == 0 { target.to_path_buf() } else { walk.name().to_path_buf() };
            let to = Place { dir: ladder.top(), name: &name, path: &path };
            let done = match event {
                Event::Enter => self.enter(&mut walk, to, &mut ladder),
                Event::Leave => self.leave(cx, &mut walk, to, &mut ladder),
                Event::Failed(error) => Err(cant("open", walk.path(), error)),
                Event::Loop => Err(Error::message(format_args!(
                    "recursion detected, omitting directory '{}'",
                    walk.path().display()
                ))),
                Event::File => match walk.stat() {
                    Ok(stat) => {
                        let links = walk.links();
                        let from = Place { dir: walk.directory(), name: walk.name(), path: walk.path() };
                        all &= self.leaf(cx, from, to, &stat, links);
                        Ok(())
                    }
                    Err(error) => Err(cant("stat", walk.path(), error)),
                },
            };
            if let Err(error) = done {
                cx.report(error);
                all = false;
            }
        }
        all
    }

    /// Makes the directory for the walk's current one and steps into it, or skips it.
    fn enter(&mut self, walk: &mut Walk, to: Place<'_>, ladder: &mut Ladder) -> Result {
        let result = self.make_directory(walk, to, ladder);
        if result.is_err() {
            walk.skip();
        }
        result
    }

    fn make_directory(&mut self, walk: &mut Walk, to: Place<'_>, ladder: &mut Ladder) -> Result {
        let stat = walk.stat().map_err(|error| cant("stat", walk.path(), error))?;
        if self.root.is_some_and(|root| root.same_file(&stat)) {
            let path = walk.path().display();
            return Err(Error::message(format_args!("recursion detected, omitting directory '{path}'")));
        }
        // A link to a directory is none: it would lead out of the tree.
        match at::stat(to.dir, to.name, Links::Keep) {
            Ok(there) if there.is_directory() => {
                if walk.depth() == 0 && there.same_file(&stat) {
                    return Err(same_file(walk.path(), to.path));
                }
            }
            Ok(_) => {
                return Err(Error::message(format_args!(
                    "target '{}' is not a directory",
                    to.path.display()
                )));
            }
            Err(_) => {
                // Nobody else gets in before the copy has its owner and mode.
                at::mkdir(to.dir, to.name, 0o700)
                    .map_err(|error| cant("create directory", to.path, error))?;
            }
        }
        let flags = at::O_RDONLY | at::O_DIRECTORY | at::O_NOFOLLOW;
        let directory = at::open(to.dir, to.name, flags, 0).map_err(|error| cant("open", to.path, error))?;
        if walk.depth() == 0 {
            self.root = at::stat_fd(&directory).ok();
        }
        ladder.push(directory.into()).map_err(|error| cant("open", to.path, error))
    }

    /// Gives the finished directory its mode, owner and times, and steps out.
    fn leave(&mut self, cx: &mut Cx<'_>, walk: &mut Walk, to: Place<'_>, ladder: &mut Ladder) -> Result {
        let top = Number(ladder.top());
        let stat = walk.stat().map_err(|error| cant("stat", walk.path(), error))?;
        let original = self.manner.preserve.attributes.then(|| {
            let flags = at::O_RDONLY | at::O_DIRECTORY;
            at::open(walk.directory(), walk.name(), flags, 0).ok()
        });
        self.attributes(cx, &stat, original.flatten().as_ref().map(|file| file as _), &top, to.path);
        if !self.manner.preserve.mode {
            let mode = stat.permissions() & 0o777 & !at::umask();
            at::chmod_fd(&top, mode).map_err(|error| cant("preserve mode of", to.path, error))?;
        }
        if self.manner.verbose {
            told(cx, walk.path(), to.path);
        }
        ladder.pop().map_err(|error| cant("open", to.path, error))
    }

    /// Copies anything but a directory; returns whether nothing went wrong.
    fn leaf(&mut self, cx: &mut Cx<'_>, from: Place<'_>, to: Place<'_>, stat: &Stat, links: Links) -> bool {
        match self.leaf_or_error(cx, from, to, stat, links) {
            Ok(made) => {
                if made && self.manner.verbose {
                    told(cx, from.path, to.path);
                }
                true
            }
            Err(error) => {
                cx.report(error);
                false
            }
        }
    }

    /// Returns whether anything was made: not where a file is kept.
    fn leaf_or_error(
        &mut self,
        cx: &mut Cx<'_>,
        from: Place<'_>,
        to: Place<'_>,
        stat: &Stat,
        links: Links,
    ) -> Result<bool> {
        let there = match at::stat(to.dir, to.name, Links::Keep) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cant("stat", to.path, error)),
        };
        if let Some(there) = &there {
            if there.same_file(stat) {
                return Err(same_file(from.path, to.path));
            }
            if there.is_directory() {
                let path = to.path.display();
                return Err(Error::message(format_args!(
                    "can't overwrite directory '{path}' with non-directory"
                )));
            }
            if !self.overwrites(cx, stat, there, to.path) {
                return Ok(false);
            }
        }
        if self.manner.made == Made::Symlink {
            return self.replacing(there.is_some(), to, "create symlink", || {
                at::symlink(from.path, to.dir, to.name)
            });
        }
        if self.manner.made == Made::HardLink {
            return self.replacing(there.is_some(), to, "create link", || {
                at::link(from.dir, from.name, to.dir, to.name, links)
            });
        }
        if self.manner.preserve.hard_links && stat.links > 1 {
            if let Some(first) = self.copied.get(stat.device, stat.inode) {
                let first = Path::new(OsStr::from_bytes(first));
                return self.replacing(there.is_some(), to, "create link", || {
                    at::link(at::CWD, first, to.dir, to.name, Links::Keep)
                });
            }
            self.copied.add(stat.device, stat.inode, to.path.as_os_str().as_bytes());
        }
        match stat.kind() {
            Kind::Symlink => self.symlink(cx, from, to, stat, there.is_some()),
            Kind::File => self.file(cx, from, to, stat, there, links),
            // Without -r a fifo or a device is something to read from.
            _ if !self.manner.recursive => self.file(cx, from, to, stat, there, links),
            _ => self.node(cx, to, stat, there.is_some()),
        }
    }

    fn overwrites(&self, cx: &mut Cx<'_>, stat: &Stat, there: &Stat, path: &Path) -> bool {
        match self.manner.existing {
            Existing::Overwrite => true,
            Existing::Keep => false,
            Existing::Update => stat.modified > there.modified,
            Existing::Ask => ask(cx, &format!("overwrite '{}'", path.display())),
        }
    }

    /// Makes something at a name where a file may be: that is removed first by copies, and by links with `-f`.
    fn replacing(
        &self,
        there: bool,
        to: Place<'_>,
        doing: &str,
        make: impl Fn() -> io::Result<()>,
    ) -> Result<bool> {
        let replaces = self.manner.force || self.manner.made == Made::Copy;
        if there && replaces {
            at::unlink(to.dir, to.name).map_err(|error| cant("remove", to.path, error))?;
        }
        make().map_err(|error| cant(doing, to.path, error))?;
        Ok(true)
    }

    fn symlink(
        &self,
        cx: &mut Cx<'_>,
        from: Place<'_>,
        to: Place<'_>,
        stat: &Stat,
        there: bool,
    ) -> Result<bool> {
        let target =
            at::read_link(from.dir, from.name).map_err(|error| cant("read link", from.path, error))?;
        self.replacing(there, to, "create symlink", || at::symlink(Path::new(&target), to.dir, to.name))?;
        if self.manner.preserve.owner {
            self.owned(cx, at::chown(to.dir, to.name, Some(stat.uid), Some(stat.gid), Links::Keep), to.path);
        }
        if self.manner.preserve.times {
            let (accessed, modified) = (SetTime::To(stat.accessed), SetTime::To(stat.modified));
            at::set_times(to.dir, to.name, accessed, modified, Links::Keep)
                .map_err(|error| cant("preserve times of", to.path, error))?;
        }
        Ok(true)
    }

    fn node(&self, cx: &mut Cx<'_>, to: Place<'_>, stat: &Stat, there: bool) -> Result<bool> {
        let mode = if self.manner.preserve.mode { stat.mode } else { stat.mode & !0o7000 };
        self.replacing(there, to, "create", || at::mknod(to.dir, to.name, mode, stat.node))?;
        if self.manner.preserve.owner {
            self.owned(cx, at::chown(to.dir, to.name, Some(stat.uid), Some(stat.gid), Links::Keep), to.path);
        }
        if self.manner.preserve.mode {
            at::chmod(to.dir, to.name, stat.permissions(), Links::Keep)
                .map_err(|error| cant("preserve mode of", to.path, error))?;
        }
        if self.manner.preserve.times {
            let (accessed, modified) = (SetTime::To(stat.accessed), SetTime::To(stat.modified));
            at::set_times(to.dir, to.name, accessed, modified, Links::Keep)
                .map_err(|error| cant("preserve times of", to.path, error))?;
        }
        Ok(true)
    }

    fn file(
        &self,
        cx: &mut Cx<'_>,
        from: Place<'_>,
        to: Place<'_>,
        stat: &Stat,
        there: Option<Stat>,
        links: Links,
    ) -> Result<bool> {
        let follow = if links == Links::Keep { at::O_NOFOLLOW } else { 0 };
        let input = at::open(from.dir, from.name, at::O_RDONLY | follow, 0)
            .map_err(|error| cant("open", from.path, error))?;
        // Where owner or mode are still to come, nobody else may look in before.
        let mode = stat.permissions() & if self.manner.preserve.owner { 0o700 } else { 0o777 };
        let (output, beside) = match there {
            None => {
                let flags = at::O_WRONLY | at::O_CREAT | at::O_EXCL;
                let made = at::open(to.dir, to.name, flags, mode);
                (made.map_err(|error| cant("create", to.path, error))?, None)
            }
            Some(there) if matches!(there.kind(), Kind::File | Kind::Symlink) => replacement(to, mode)?,
            // Devices and fifos are written to, not replaced.
            Some(_) => {
                let made = at::open(to.dir, to.name, at::O_WRONLY, 0);
                (made.map_err(|error| cant("create", to.path, error))?, None)
            }
        };
        let copied = copy_contents(&input, &output, stat).at(to.path);
        if copied.is_ok() {
            self.attributes(cx, stat, Some(&input), &output, to.path);
        }
        if let Some(beside) = beside {
            let renamed = copied.and_then(|()| {
                at::rename(to.dir, &beside, to.dir, to.name).map_err(|error| cant("create", to.path, error))
            });
            if renamed.is_err() {
                // The old file is still there; the unfinished one is of no use.
                let _ = at::unlink(to.dir, &beside);
            }
            renamed?;
        } else {
            copied?;
        }
        Ok(true)
    }

    /// Owner, mode, attributes and times, in the order in which one does not undo another.
    fn attributes(
        &self,
        cx: &mut Cx<'_>,
        stat: &Stat,
        from: Option<&dyn at::AsRawFdDyn>,
        to: &dyn at::AsRawFdDyn,
        path: &Path,
    ) {
        let mut mode = stat.permissions();
        if self.manner.preserve.owner
            && !self.owned(cx, at::chown_fd(to, Some(stat.uid), Some(stat.gid)), path)
        {
            // A program must not become set-id for somebody else than its owner.
            mode &= !0o6000;
        }
        if self.manner.preserve.mode
            && let Err(error) = at::chmod_fd(to, mode)
        {
            cx.report(cant("preserve mode of", path, error));
        }
        if self.manner.preserve.attributes
            && let Some(from) = from
        {
            copy_attributes(from, to);
        }
        if self.manner.preserve.times {
            let (accessed, modified) = (SetTime::To(stat.accessed), SetTime::To(stat.modified));
            if let Err(error) = at::set_times_fd(to, accessed, modified) {
                cx.report(cant("preserve times of", path, error));
            }
        }
    }

    /// Whether the owner could be set. That a user cannot give files away is no failure of a copy.
    fn owned(&self, cx: &mut Cx<'_>, result: io::Result<()>, path: &Path) -> bool {
        match result {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => false,
            Err(error) => {
                cx.report(cant("preserve ownership of", path, error));
                false
            }
        }
    }
}

/// A file that takes the place of the one at `to` when it is whole, and its name until then. Where the directory
/// takes no new file, the old one is overwritten in place.
fn replacement(to: Place<'_>, mode: u32) -> Result<(File, Option<PathBuf>)> {
    for attempt in 0..100u32 {
        let name = PathBuf::from(format!(".copy-{}-{attempt}", std::process::id()));
        let beside = match to.name.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => super::join(parent, name.as_os_str()),
            _ => name,
        };
        match at::open(to.dir, &beside, at::O_WRONLY | at::O_CREAT | at::O_EXCL, mode) {
            Ok(file) => return Ok((file, Some(beside))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => break,
        }
    }
    let file = at::open(to.dir, to.name, at::O_WRONLY | at::O_TRUNC, 0)
        .map_err(|error| cant("create", to.path, error))?;
    Ok((file, None))
}

/// An open directory's number.
struct Number(i32);

impl std::os::fd::AsRawFd for Number {
    fn as_raw_fd(&self) -> i32 {
        self.0
    }
}

#[cold]
fn same_file(from: &Path, to: &Path) -> Error {
    Error::message(format_args!("'{}' and '{}' are the same file", from.display(), to.display()))
}

fn told(cx: &mut Cx<'_>, from: &Path, to: &Path) {
    cx.out.write(b"'");
    cx.out.write(from.as_os_str().as_bytes());
    cx.out.write(b"' -> '");
    cx.out.write(to.as_os_str().as_bytes());
    cx.out.write(b"'\n");
}

/// `path`, which begins with `source`, below `target`.
fn target_path(target: &Path, source: &Path, path: &Path) -> PathBuf {
    let below = &path.as_os_str().as_bytes()[source.as_os_str().len()..];
    let below = below.strip_prefix(b"/").unwrap_or(below);
    if below.is_empty() { target.to_path_buf() } else { super::join(target, OsStr::from_bytes(below)) }
}

/// Copies what a file holds; holes stay holes, and blocks are shared where the file system can.
pub(crate) fn copy_contents(input: &File, output: &File, stat: &Stat) -> io::Result<()> {
    if stat.kind() == Kind::File && stat.size > 0 {
        if sys::contents::share_blocks(input, output).is_ok() {
            return Ok(());
        }
        if stat.blocks * 512 < stat.size && copy_sparse(input, output, stat.size)? {
            return Ok(());
        }
    }
    copy_bytes(input, output, u64::MAX)
}

/// Copies range by range; false where the file system does not know the holes, and nothing was copied.
fn copy_sparse(input: &File, output: &File, size: u64) -> io::Result<bool> {
    use std::io::Seek;
    let mut offset = 0;
    loop {
        match sys::contents::next_data(input, offset) {
            Ok(Some((start, end))) => {
                let (mut from, mut to) = (input, output);
                from.seek(io::SeekFrom::Start(start))?;
                to.seek(io::SeekFrom::Start(start))?;
                copy_bytes(input, output, end - start)?;
                offset = end;
            }
            Ok(None) => break,
            Err(_) if offset == 0 => {
                let mut from = input;
                from.seek(io::SeekFrom::Start(0))?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    sys::contents::set_size(output, size)?;
    Ok(true)
}

/// Copies up to `limit` bytes from where both files stand.
fn copy_bytes(mut input: &File, mut output: &File, limit: u64) -> io::Result<()> {
    const CHUNK: u64 = 1 << 30;
    let mut left = limit;
    let mut first = true;
    while left > 0 {
        match sys::contents::copy_range(input, output, left.min(CHUNK) as usize) {
            // Files of /proc say 0 here and have contents nevertheless.
            Ok(0) if first => break,
            Ok(0) => return Ok(()),
            Ok(count) => left -= count as u64,
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(error),
            Err(_) => break, // not between these two files
        }
        first = false;
    }
    let mut buffer = vec![0; 128 * 1024];
    while left > 0 {
        let wanted = left.min(buffer.len() as u64) as usize;
        match input.read(&mut buffer[..wanted]) {
            Ok(0) => break,
            Ok(count) => {
                output.write_all(&buffer[..count])?;
                left -= count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies extended attributes as far as the destination takes them: many belong to one file system only.
fn copy_attributes(from: &dyn at::AsRawFdDyn, to: &dyn at::AsRawFdDyn) {
    for name in sys::xattr::list(from).unwrap_or_default() {
        if let Ok(value) = sys::xattr::get(from, &name) {
            let _ = sys::xattr::set(to, &name, &value);
        }
    }
}
