//! addgroup — adds a group, or a user to a group.
//!
//! Source: BusyBox 1.37 `addgroup`.

use super::accounts::{self, Accounts};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "addgroup",
    links: &["/usr/sbin/addgroup"],
    usage: "\
addgroup [-g GID] [-S] [USER] GROUP

Add a group or add a user to a group

  -g, --gid=GID  Group id
  -S, --system   Create a system group
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    let mut accounts = Accounts::open()?;
    if let [user, group] = options.operands() {
        if options.has('g') || options.has('S') {
            return Err(Error::usage(""));
        }
        accounts.add_member(group.as_bytes(), user.as_bytes())?;
        return accounts.save_groups();
    }
    let name = accounts::new_name(&options.operands()[0])?;
    if accounts.groups.has(name.as_bytes()) {
        return Err(accounts::in_use("group", &name));
    }
    let wished = accounts::id_option(&options, 'g')?;
    let gid = accounts.free_gid(wished, options.has('S'), None)?;
    accounts.add_group(&name, gid);
    accounts.save_groups()
}
