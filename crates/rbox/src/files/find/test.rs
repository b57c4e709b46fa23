//! test — what can be asked about a file.

use super::kind_letter;
use crate::prelude::*;
use cli::walk::Walk;
use sys::at::{self, Kind, Links, Stat, Time};

pub(super) enum Test {
    True,
    False,
    Name {
        pattern: Vec<u8>,
        of: Subject,
        fold: bool,
    },
    Type(Vec<u8>),
    Permissions {
        mode: u32,
        how: Bits,
    },
    /// Age in units of so many seconds.
    Age {
        of: Stamp,
        unit_seconds: i64,
        count: Count,
    },
    Newer {
        of: Stamp,
        than: Time,
    },
    User(Count),
    Group(Count),
    NoUser,
    NoGroup,
    Size {
        unit: u64,
        count: Count,
    },
    Inode(Count),
    Links(Count),
    SameFile {
        device: u64,
        inode: u64,
    },
    Empty,
    /// May be read (4), written (2), executed (1).
    Access(i32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Name,
    Path,
    Link,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bits {
    Exact,
    All,
    Any,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    Accessed,
    Changed,
    Modified,
    Born,
}

impl Stamp {
    /// None where the file system does not say.
    pub(super) fn of(self, walk: &Walk, stat: &Stat) -> Option<Time> {
        Some(match self {
            Stamp::Accessed => stat.accessed,
            Stamp::Changed => stat.changed,
            Stamp::Modified => stat.modified,
            Stamp::Born => return at::birth(walk.directory(), walk.name(), walk.links()),
        })
    }
}

/// `N`, `+N` or `-N`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Count {
    Exactly(u64),
    More(u64),
    Less(u64),
}

impl Count {
    pub(super) fn holds(self, number: u64) -> bool {
        match self {
            Count::Exactly(count) => number == count,
            Count::More(count) => number > count,
            Count::Less(count) => number < count,
        }
    }
}

impl Test {
    pub(super) fn holds(&self, walk: &mut Walk, now: Time) -> io::Result<bool> {
        Ok(match self {
            Test::True => true,
            Test::False => false,
            Test::Name { pattern, of, fold } => self::matches(walk, pattern, *of, *fold),
            Test::Type(letters) => letters.contains(&kind_letter(walk.kind())),
            Test::Empty if walk.kind() == Kind::Directory => is_empty_directory(walk)?,
            Test::Empty if walk.kind() != Kind::File => false,
            Test::Access(wanted) => at::access(walk.directory(), walk.name(), *wanted).is_ok(),
            _ => {
                let stat = walk.stat()?;
                self.holds_of(walk, &stat, now)
            }
        })
    }

    /// The tests that need what stat says.
    fn holds_of(&self, walk: &Walk, stat: &Stat, now: Time) -> bool {
        match self {
            Test::Permissions { mode, how: Bits::Exact } => stat.permissions() == *mode,
            Test::Permissions { mode, how: Bits::All } => stat.permissions() & mode == *mode,
            Test::Permissions { mode, how: Bits::Any } => *mode == 0 || stat.permissions() & mode != 0,
            Test::Age { of, unit_seconds, count } => {
                let Some(time) = of.of(walk, stat) else { return false };
                // Whole units; a time in the future is younger than any age.
                let age = (now.seconds - time.seconds).div_euclid(*unit_seconds);
                match u64::try_from(age) {
                    Ok(age) => count.holds(age),
                    Err(_) => matches!(count, Count::Less(_)),
                }
            }
            Test::Newer { of, than } => of.of(walk, stat).is_some_and(|time| time > *than),
            Test::User(count) => count.holds(u64::from(stat.uid)),
            Test::Group(count) => count.holds(u64::from(stat.gid)),
            Test::NoUser => posix::passwd::user_by_id(stat.uid).is_none(),
            Test::NoGroup => posix::passwd::group_by_id(stat.gid).is_none(),
            Test::Size { unit, count } => count.holds(stat.size.div_ceil(*unit)),
            Test::Inode(count) => count.holds(stat.inode),
            Test::Links(count) => count.holds(stat.links),
            Test::SameFile { device, inode } => stat.device == *device && stat.inode == *inode,
            Test::Empty => stat.size == 0,
            _ => false,
        }
    }
}

fn matches(walk: &Walk, pattern: &[u8], of: Subject, fold: bool) -> bool {
    let text = match of {
        Subject::Path => walk.path().as_os_str().as_bytes().to_vec(),
        // The root of a walk is named by the last part of its path.
        Subject::Name => super::super::common::last_component(walk.path()).as_bytes().to_vec(),
        Subject::Link => {
            if walk.kind() != Kind::Symlink {
                return false;
            }
            match at::read_link(walk.directory(), walk.name()) {
                Ok(target) => target.into_vec(),
                Err(_) => return false,
            }
        }
    };
    if fold {
        return posix::glob::matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase());
    }
    posix::glob::matches(pattern, &text)
}

fn is_empty_directory(walk: &Walk) -> io::Result<bool> {
    let flags = at::O_RDONLY | at::O_DIRECTORY;
    let links = if walk.links() == Links::Keep { at::O_NOFOLLOW } else { 0 };
    let directory = at::open(walk.directory(), walk.name(), flags | links, 0)?;
    Ok(sys::directory::Names::read(&directory)?.is_empty())
}
