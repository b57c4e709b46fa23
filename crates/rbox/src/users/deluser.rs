//! deluser — takes a user away, out of all groups, and its own group where nobody else is in it.
//!
//! Source: BusyBox 1.37 `deluser`. *Differs:* the user's own group stays while others are in it or have it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use posix::passwd;

use super::accounts::{self, Accounts};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "deluser",
    links: &["/usr/sbin/deluser"],
    usage: "\
deluser [--remove-home] USER

Delete USER from the system

  --remove-home  Delete its home directory too
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let name = options.operands()[0].as_bytes();
    let mut accounts = Accounts::open()?;
    let text = accounts.users.text();
    let Some(user) = passwd::users(&text).find(|user| user.name == name) else {
        return Err(accounts::unknown("user", name));
    };
    // The user goes first: what is left behind by a power cut belongs to nobody.
    accounts.users.remove(name);
    accounts.users.save()?;
    if let Some(shadow) = &mut accounts.shadow
        && shadow.remove(name)
    {
        shadow.save()?;
    }
    accounts.groups.remove_member_everywhere(name);
    if let Some(shadow) = &mut accounts.group_shadow {
        shadow.remove_member_everywhere(name);
    }
    let empty = accounts.groups.field(name, 3).is_none_or(<[u8]>::is_empty);
    if let Some(gid) = accounts.gid(name)
        && empty
        && accounts.owner_of(gid).is_none()
    {
        accounts.remove_group(name);
    }
    accounts.save_groups()?;
    if options.has_long("remove-home") { remove_home(&user) } else { Ok(()) }
}

/// Removes a home that is the user's: never one that belongs to another, nor the root.
fn remove_home(user: &passwd::User) -> Result {
    let home = user.home();
    let Ok(metadata) = fs::symlink_metadata(home) else { return Ok(()) };
    let real = fs::canonicalize(home).at(home)?;
    if metadata.uid() != user.uid || !metadata.is_dir() || real.parent().is_none() {
        return Err(Error::message(format_args!(
            "{}: not the user's own directory: left alone",
            home.display()
        )));
    }
    fs::remove_dir_all(home).at(home)
}
