//! accounts — ids that are free, groups that are added and taken away: what the applets for accounts share.
//!
//! Source: BusyBox 1.37 `addgroup`, `delgroup` for the ranges of ids and the messages.

use std::ops::RangeInclusive;

use posix::passwd;

use super::common;
use super::database::{Database, Lock};
use crate::prelude::*;

const SYSTEM_IDS: RangeInclusive<u32> = 100..=999;
const USER_IDS: RangeInclusive<u32> = 1000..=59999;

/// The ids for new users or groups.
pub(super) fn range(system: bool) -> RangeInclusive<u32> {
    if system { SYSTEM_IDS } else { USER_IDS }
}

/// The databases of users and groups, open and locked for a change.
pub(super) struct Accounts {
    pub(super) users: Database,
    pub(super) groups: Database,
    pub(super) shadow: Option<Database>,
    /// Passwords and members of groups, where a system has that file.
    pub(super) group_shadow: Option<Database>,
    _lock: Lock,
}

impl Accounts {
    pub(super) fn open() -> Result<Accounts> {
        common::require_root()?;
        let lock = Lock::take()?;
        Ok(Accounts {
            users: Database::open(passwd::PASSWD)?,
            groups: Database::open(passwd::GROUP)?,
            shadow: Database::open_if_there(passwd::SHADOW)?,
            group_shadow: Database::open_if_there("/etc/gshadow")?,
            _lock: lock,
        })
    }

    pub(super) fn has_uid(&self, uid: u32) -> bool {
        passwd::users(&self.users.text()).any(|user| user.uid == uid)
    }

    pub(super) fn has_gid(&self, gid: u32) -> bool {
        passwd::groups(&self.groups.text()).any(|group| group.gid == gid)
    }

    /// The id of a group.
    pub(super) fn gid(&self, name: &[u8]) -> Option<u32> {
        self.groups.field(name, 2).and_then(passwd::number)
    }

    /// A free group id: the wished one, else the next from `first` on.
    pub(super) fn free_gid(&self, wished: Option<u32>, system: bool, first: Option<u32>) -> Result<u32> {
        if let Some(gid) = wished {
            return if self.has_gid(gid) { Err(in_use("gid", &gid.to_string())) } else { Ok(gid) };
        }
        let range = range(system);
        let start = first.unwrap_or(*range.start());
        (start..=*range.end()).find(|gid| !self.has_gid(*gid)).ok_or_else(|| Error::message("no gids left"))
    }

    pub(super) fn add_group(&mut self, name: &str, gid: u32) {
        self.groups.append(&format!("{name}:x:{gid}:"));
        if let Some(shadow) = &mut self.group_shadow {
            shadow.append(&format!("{name}:!::"));
        }
    }

    /// Adds a user to a group; that it is there already is no error.
    pub(super) fn add_member(&mut self, group: &[u8], user: &[u8]) -> Result {
        if !self.groups.has(group) {
            return Err(unknown("group", group));
        }
        if !self.users.has(user) {
            return Err(unknown("user", user));
        }
        self.groups.add_member(group, user);
        if let Some(shadow) = &mut self.group_shadow {
            shadow.add_member(group, user);
        }
        Ok(())
    }

    pub(super) fn remove_group(&mut self, name: &[u8]) {
        self.groups.remove(name);
        if let Some(shadow) = &mut self.group_shadow {
            shadow.remove(name);
        }
    }

    /// The name of a user whose primary group this is.
    pub(super) fn owner_of(&self, gid: u32) -> Option<Vec<u8>> {
        passwd::users(&self.users.text()).find(|user| user.gid == gid).map(|user| user.name)
    }

    /// Writes the groups.
    pub(super) fn save_groups(&self) -> Result {
        if let Some(shadow) = &self.group_shadow {
            shadow.save()?;
        }
        self.groups.save()
    }
}

pub(super) fn unknown(kind: &str, name: &[u8]) -> Error {
    Error::message(format_args!("unknown {kind} {}", OsStr::from_bytes(name).display()))
}

pub(super) fn in_use(kind: &str, name: &str) -> Error {
    Error::message(format_args!("{kind} '{name}' in use"))
}

/// A name for a new user or group.
pub(super) fn new_name(name: &OsStr) -> Result<String> {
    if common::is_valid_name(name.as_bytes()) {
        return Ok(name.to_string_lossy().into_owned());
    }
    Err(Error::message(format_args!(
        "invalid name {}: letters, digits, '_', '-' and '.' make one, at most {} of them, not only digits",
        cli::error::quoted(name),
        passwd::NAME_MAX_BYTES
    )))
}

/// The value of an option as an id.
pub(super) fn id_option(options: &Options, letter: char) -> Result<Option<u32>> {
    options
        .value(letter)
        .map(|value| {
            passwd::number(value.as_bytes())
                .ok_or_else(|| Error::message(format_args!("invalid number {}", cli::error::quoted(value))))
        })
        .transpose()
}
