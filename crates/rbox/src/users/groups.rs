//! groups — prints the groups that somebody is in.
//!
//! Source: BusyBox 1.37 `groups`.

use posix::passwd;

use super::accounts::unknown;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "groups",
    links: &["/usr/bin/groups"],
    usage: "\
groups [USER]

Print the groups USER is in
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let gids = match options.operands().first() {
        Some(name) => {
            let name = name.as_bytes();
            let user = passwd::user_by_name(name).ok_or_else(|| unknown("user", name))?;
            passwd::groups_of(name, user.gid)
        }
        None => {
            let primary = sys::identity::groups().1;
            let further = sys::identity::further_groups().doing("getgroups")?;
            let mut gids = vec![primary];
            gids.extend(further.into_iter().filter(|gid| *gid != primary));
            gids
        }
    };
    for (index, gid) in gids.iter().enumerate() {
        if index > 0 {
            cx.out.write(b" ");
        }
        match passwd::group_by_id(*gid) {
            Some(group) => cx.out.write(&group.name),
            None => {
                write!(cx.out, "{gid}");
                cx.report(Error::message(format_args!("unknown ID {gid}")));
            }
        }
    }
    cx.out.write(b"\n");
    Ok(())
}
