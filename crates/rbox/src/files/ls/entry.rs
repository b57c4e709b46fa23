//! entry — what is listed, and in which order.

use std::cmp::Ordering;

use crate::applets::files::common::version;
use crate::prelude::*;
use sys::at::{Kind, Stat, Time};

/// One name.
pub(super) struct Item {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// None where nothing that is shown needs it.
    pub(super) stat: Option<Stat>,
}

/// Which of a file's times counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Modified,
    Changed,
    Accessed,
}

impl What {
    pub(super) fn of(self, stat: &Stat) -> Time {
        match self {
            What::Modified => stat.modified,
            What::Changed => stat.changed,
            What::Accessed => stat.accessed,
        }
    }
}

/// The order of names.
pub(super) struct Order {
    by: By,
    time: What,
    reverse: bool,
    directories_first: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Time,
    Size,
    Extension,
    Version,
    Nothing,
}

impl Order {
    pub(super) fn of(options: &Options) -> Order {
        let by = match options.last_of("tSXvU") {
            Some('t') => By::Time,
            Some('S') => By::Size,
            Some('X') => By::Extension,
            Some('v') => By::Version,
            Some('U') => By::Nothing,
            // -c and -u sort by the time that they choose, unless -l shows it.
            _ if (options.has('c') || options.has('u')) && !options.has('l') => By::Time,
            _ => By::Name,
        };
        Order {
            by,
            time: super::time_shown(options),
            reverse: options.has('r'),
            directories_first: options.has_long("group-directories-first"),
        }
    }

    pub(super) fn needs_stat(&self) -> bool {
        matches!(self.by, By::Time | By::Size)
    }

    pub(super) fn sort(&self, items: &mut [Item]) {
        items.sort_by(|a, b| {
            let grouped = if self.directories_first {
                (b.kind == Kind::Directory).cmp(&(a.kind == Kind::Directory))
            } else {
                Ordering::Equal
            };
            let order = self.compare(a, b);
            grouped.then(if self.reverse { order.reverse() } else { order })
        });
    }

    fn compare(&self, a: &Item, b: &Item) -> Ordering {
        let order = match (self.by, &a.stat, &b.stat) {
            (By::Nothing, ..) => return Ordering::Equal,
            (By::Time, Some(a), Some(b)) => self.time.of(b).cmp(&self.time.of(a)),
            (By::Size, Some(a), Some(b)) => b.size.cmp(&a.size),
            (By::Extension, ..) => extension(&a.name).cmp(extension(&b.name)),
            (By::Version, ..) => version::compare(&a.name, &b.name),
            _ => Ordering::Equal,
        };
        order.then_with(|| a.name.cmp(&b.name))
    }
}

/// From the last dot on, or nothing.
fn extension(name: &[u8]) -> &[u8] {
    name.iter().rposition(|&byte| byte == b'.').map_or(&[], |dot| &name[dot..])
}
