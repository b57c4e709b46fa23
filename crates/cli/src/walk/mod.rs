//! walk — a file tree, visited by open directories instead of paths.
//!
//! A path can be turned into a link to somewhere else between two calls, and has a length limit; a name in an open
//! directory has neither fault. So a visit is a directory's descriptor and a name in it; the whole path is for
//! messages only. Trees of any depth take a bounded number of descriptors and no stack.
//!
//! ```no_run
//! use cli::walk::{Event, Settings, Walk};
//!
//! let mut walk = Walk::new("/var/cache".as_ref(), Settings::default());
//! while let Some(event) = walk.next() {
//!     match event {
//!         Event::Leave => sys::at::rmdir(walk.directory(), walk.name())?,
//!         Event::File => sys::at::unlink(walk.directory(), walk.name())?,
//!         Event::Enter => {} // `walk.skip()` here would not descend, and give no `Leave`
//!         Event::Loop | Event::Failed(_) => {}
//!     }
//! }
//! # std::io::Result::Ok(())
//! ```

mod ladder;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sys::at::{self, Kind, Links, Stat};
use sys::directory::Names;

pub use ladder::Ladder;

/// Which symbolic links stand for their targets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Follow {
    #[default]
    Never,
    /// Only the root of the walk (`-H`).
    Root,
    /// All (`-L`).
    Always,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    pub follow: Follow,
    /// Do not descend into directories on other file systems than the root's. They are visited.
    pub same_device: bool,
    /// Visit the names of a directory in the order of their bytes.
    pub sorted: bool,
}

/// What is at the current place.
#[derive(Debug)]
pub enum Event {
    /// Anything but a directory.
    File,
    /// A directory, before what it holds.
    Enter,
    /// The same directory, after what it holds.
    Leave,
    /// A directory that the walk is inside of already, by way of a link. It is not entered.
    Loop,
    /// A call on the current place failed: no such root (no other event follows), or a directory that cannot be
    /// read (between `Enter` and `Leave`).
    Failed(io::Error),
}

/// A walk, standing at one place of the tree.
pub struct Walk {
    settings: Settings,
    levels: Vec<Level>,
    ladder: Ladder,
    /// The path of the current place, the root as it was given.
    path: Vec<u8>,
    /// Where the name of the current place begins in `path`; the root's name is its whole path.
    name_start: usize,
    depth: usize,
    kind: Kind,
    stat: Option<Stat>,
    root_device: Option<u64>,
    next: Next,
}

/// A directory that the walk is in.
struct Level {
    names: Names,
    next: usize,
    /// Of the directory itself, to go back to it.
    path_length: usize,
    name_start: usize,
    stat: Option<Stat>,
}

/// What `next` has to do first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Root,
    Descend,
    /// The directory could not be opened and said so.
    LeaveUnread,
    Entry,
    Over,
}

impl Walk {
    pub fn new(root: &Path, settings: Settings) -> Walk {
        Walk {
            settings,
            levels: Vec::new(),
            ladder: Ladder::new(settings.follow != Follow::Always),
            path: root.as_os_str().as_bytes().to_vec(),
            name_start: 0,
            depth: 0,
            kind: Kind::Unknown,
            stat: None,
            root_device: None,
            next: Next::Root,
        }
    }

    /// Goes to the next place.
    #[expect(clippy::should_implement_trait, reason = "the place is read from the walk itself")]
    pub fn next(&mut self) -> Option<Event> {
        match self.next {
            Next::Root => Some(self.visit_root()),
            Next::Descend => match self.descend() {
                Ok(()) => self.visit_entry(),
                Err(error) => {
                    self.next = Next::LeaveUnread;
                    Some(Event::Failed(error))
                }
            },
            Next::LeaveUnread => {
                self.next = self.after_place();
                Some(Event::Leave)
            }
            Next::Entry => self.visit_entry(),
            Next::Over => None,
        }
    }

    /// Behind `Enter`: does not go into the directory; no `Leave` follows.
    pub fn skip(&mut self) {
        if self.next == Next::Descend {
            self.next = self.after_place();
        }
    }

    /// The open directory that holds the current place. It stays valid until the next call of `next`.
    pub fn directory(&self) -> i32 {
        self.ladder.top()
    }

    /// The current place's name in `directory`; for the root its path.
    pub fn name(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path[self.name_start..]))
    }

    /// The current place's path as it would be printed.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// 0 at the root.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// What lies at the current place, behind a link if that is followed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a link at the current place stands for its target.
    pub fn links(&self) -> Links {
        match self.settings.follow {
            Follow::Always => Links::Follow,
            Follow::Root if self.depth == 0 => Links::Follow,
            _ => Links::Keep,
        }
    }

    /// What stat says of the current place; asked at most once.
    pub fn stat(&mut self) -> io::Result<Stat> {
        if let Some(stat) = self.stat {
            return Ok(stat);
        }
        let stat = self.ask()?;
        self.stat = Some(stat);
        self.kind = stat.kind();
        Ok(stat)
    }

    /// stat, following links as the walk does; a link that leads nowhere stands for itself.
    fn ask(&self) -> io::Result<Stat> {
        let links = self.links();
        match at::stat(self.directory(), self.name(), links) {
            Err(_) if links == Links::Follow => at::stat(self.directory(), self.name(), Links::Keep),
            other => other,
        }
    }

    fn visit_root(&mut self) -> Event {
        match self.stat() {
            Ok(stat) => {
                self.root_device = Some(stat.device);
                self.arrive()
            }
            Err(error) => {
                self.next = Next::Over;
                Event::Failed(error)
            }
        }
    }

    /// The event of a place whose kind is known.
    fn arrive(&mut self) -> Event {
        self.next = self.after_place();
        if self.kind != Kind::Directory {
            return Event::File;
        }
        if self.settings.follow == Follow::Always
            && let Ok(stat) = self.stat()
            && self.levels.iter().any(|level| level.stat.is_some_and(|above| above.same_file(&stat)))
        {
            return Event::Loop;
        }
        let elsewhere = self.settings.same_device
            && self.stat().is_ok_and(|stat| self.root_device.is_some_and(|device| device != stat.device));
        self.next = if elsewhere { Next::LeaveUnread } else { Next::Descend };
        Event::Enter
    }

    fn after_place(&self) -> Next {
        if self.levels.is_empty() { Next::Over } else { Next::Entry }
    }

    /// Opens the directory at the current place and reads its names.
    fn descend(&mut self) -> io::Result<()> {
        let mut flags = at::O_RDONLY | at::O_DIRECTORY | at::O_NOCTTY | at::O_NONBLOCK;
        if self.links() == Links::Keep {
            flags |= at::O_NOFOLLOW;
        }
        let directory = at::open(self.directory(), self.name(), flags, 0)?;
        let mut names = Names::read(&directory)?;
        if self.settings.sorted {
            names.sort();
        }
        self.levels.push(Level {
            names,
            next: 0,
            path_length: self.path.len(),
            name_start: self.name_start,
            stat: self.stat,
        });
        self.ladder.push(directory.into())?;
        Ok(())
    }

    /// Goes to the next name of the innermost directory, or out of it.
    fn visit_entry(&mut self) -> Option<Event> {
        self.depth = self.levels.len();
        let Some(level) = self.levels.last_mut() else {
            self.next = Next::Over;
            return None;
        };
        self.path.truncate(level.path_length);
        let Some((name, kind)) = level.names.get(level.next) else { return self.leave() };
        if self.path.last() != Some(&b'/') {
            self.path.push(b'/');
        }
        self.name_start = self.path.len();
        self.path.extend_from_slice(name.as_bytes());
        level.next += 1;
        self.kind = kind;
        self.stat = None;
        let through_link = kind == Kind::Symlink && self.settings.follow == Follow::Always;
        if (kind == Kind::Unknown || through_link)
            && let Err(error) = self.stat()
        {
            self.next = Next::Entry;
            return Some(Event::Failed(error));
        }
        Some(self.arrive())
    }

    fn leave(&mut self) -> Option<Event> {
        let level = self.levels.pop()?;
        self.name_start = level.name_start;
        self.stat = level.stat;
        self.kind = Kind::Directory;
        self.depth = self.levels.len();
        self.next = self.after_place();
        match self.ladder.pop() {
            Ok(()) => Some(Event::Leave),
            Err(error) => {
                // The tree was moved under the walk: no open directory is known to be the right one.
                self.levels.clear();
                self.next = Next::Over;
                Some(Event::Failed(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn temporary(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("walk-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    fn events(root: &Path, settings: Settings) -> Vec<String> {
        let mut walk = Walk::new(root, settings);
        let mut seen = Vec::new();
        while let Some(event) = walk.next() {
            let place = walk.path().strip_prefix(root).unwrap().display();
            seen.push(format!("{}{} {place}", format!("{event:?}").split('(').next().unwrap(), walk.depth()));
        }
        seen
    }

    #[test]
    fn visits_in_order() {
        let root = temporary("order");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/f"), "").unwrap();
        std::os::unix::fs::symlink("..", root.join("a/up")).unwrap();
        let sorted = Settings { sorted: true, ..Settings::default() };
        let plain = [
            "Enter0 ",
            "Enter1 a",
            "Enter2 a/b",
            "Leave2 a/b",
            "File2 a/f",
            "File2 a/up",
            "Leave1 a",
            "Leave0 ",
        ];
        assert_eq!(events(&root, sorted), plain);
        let following = events(&root, Settings { follow: Follow::Always, ..sorted });
        assert_eq!(following[5], "Loop2 a/up");
        assert_eq!(events(&root.join("nothing"), sorted), ["Failed0 "]);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn depth_has_no_limit() {
        let root = temporary("deep");
        let mut ladder = Ladder::new(true);
        let name = Path::new("a-name-of-some-length");
        ladder.push(fs::File::open(&root).unwrap().into()).unwrap();
        for _ in 0..400 {
            at::mkdir(ladder.top(), name, 0o700).unwrap();
            let next = at::open(ladder.top(), name, at::O_RDONLY | at::O_DIRECTORY, 0).unwrap();
            ladder.push(next.into()).unwrap();
        }
        let mut walk = Walk::new(&root, Settings::default());
        let mut removed = 0;
        while let Some(event) = walk.next() {
            if matches!(event, Event::Leave) {
                at::rmdir(walk.directory(), walk.name()).unwrap();
                removed += 1;
            }
        }
        assert_eq!(removed, 401);
    }
}
