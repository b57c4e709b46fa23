//! delgroup — takes a group away, or a user out of a group.
//!
//! Source: BusyBox 1.37 `delgroup`.

use super::accounts::{self, Accounts};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "delgroup",
    links: &["/usr/sbin/delgroup"],
    usage: "\
delgroup [USER] GROUP

Delete group GROUP from the system or user USER from group GROUP
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    let mut accounts = Accounts::open()?;
    let group = options.operands()[options.operands().len() - 1].as_bytes();
    let Some(gid) = accounts.gid(group) else { return Err(accounts::unknown("group", group)) };
    if let [user, _] = options.operands() {
        let user = user.as_bytes();
        if !accounts.users.has(user) {
            return Err(accounts::unknown("user", user));
        }
        if !accounts.groups.remove_member(group, user) {
            cx.warn(&format!("can't find {} in /etc/group", OsStr::from_bytes(user).display()));
            return Ok(());
        }
        if let Some(shadow) = &mut accounts.group_shadow {
            shadow.remove_member(group, user);
        }
        return accounts.save_groups();
    }
    if let Some(owner) = accounts.owner_of(gid) {
        return Err(Error::message(format_args!(
            "'{}' still has '{}' as their primary group!",
            OsStr::from_bytes(&owner).display(),
            OsStr::from_bytes(group).display()
        )));
    }
    accounts.remove_group(group);
    accounts.save_groups()
}
