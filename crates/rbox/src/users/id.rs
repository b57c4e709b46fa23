//! id — prints who somebody is, by number and name.
//!
//! Source: POSIX.1-2024 `id`; BusyBox 1.37 for the messages.

use posix::passwd;

use super::accounts::unknown;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "id",
    links: &["/usr/bin/id"],
    usage: "\
id [-ugGnr] [USER]

Print information about USER or the current user

  -u, --user    User ID
  -g, --group   Group ID
  -G, --groups  Supplementary group IDs
  -n, --name    Print names instead of numbers
  -r, --real    Print real ID instead of effective ID
",
    process: Process::Same,
    run,
};

/// Whose ids are printed.
struct Who {
    uid: u32,
    gid: u32,
    /// The other of real and effective, where it differs.
    other_uid: Option<u32>,
    other_gid: Option<u32>,
    groups: Vec<u32>,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let chosen: Vec<char> = "ugG".chars().filter(|&letter| options.has(letter)).collect();
    if chosen.len() > 1 || chosen.is_empty() && (options.has('n') || options.has('r')) {
        return Err(Error::usage(""));
    }
    let who = match options.operands().first() {
        Some(name) => named(name.as_bytes())?,
        None => current(options.has('r'))?,
    };
    let names = options.has('n');
    match chosen.first() {
        Some('u') => print_id(cx, who.uid, names, user_name),
        Some('g') => print_id(cx, who.gid, names, group_name),
        Some(_) => {
            for (index, gid) in who.groups.iter().enumerate() {
                if index > 0 {
                    cx.out.write(b" ");
                }
                print_id(cx, *gid, names, group_name);
            }
        }
        None => print_all(cx, &who),
    }
    cx.out.write(b"\n");
    Ok(())
}

fn named(name: &[u8]) -> Result<Who> {
    let user = passwd::user_by_name(name).ok_or_else(|| unknown("user", name))?;
    let groups = passwd::groups_of(name, user.gid);
    Ok(Who { uid: user.uid, gid: user.gid, other_uid: None, other_gid: None, groups })
}

fn current(real: bool) -> Result<Who> {
    let (real_uid, effective_uid) = (sys::user::real_id(), sys::user::effective_id());
    let (real_gid, effective_gid) = sys::identity::groups();
    let (uid, gid) = if real { (real_uid, real_gid) } else { (effective_uid, effective_gid) };
    let mut groups = vec![gid];
    for gid in sys::identity::further_groups().doing("getgroups")? {
        if !groups.contains(&gid) {
            groups.push(gid);
        }
    }
    Ok(Who {
        uid,
        gid,
        other_uid: (real_uid != effective_uid).then_some(real_uid),
        other_gid: (real_gid != effective_gid).then_some(real_gid),
        groups,
    })
}

/// `uid=0(root) gid=0(root) groups=0(root)`: the real ids, then the effective ones where they differ.
fn print_all(cx: &mut Cx<'_>, who: &Who) {
    print_pair(cx, "uid=", who.other_uid.unwrap_or(who.uid), user_name);
    print_pair(cx, " gid=", who.other_gid.unwrap_or(who.gid), group_name);
    if who.other_uid.is_some() {
        print_pair(cx, " euid=", who.uid, user_name);
    }
    if who.other_gid.is_some() {
        print_pair(cx, " egid=", who.gid, group_name);
    }
    for (index, gid) in who.groups.iter().enumerate() {
        print_pair(cx, if index == 0 { " groups=" } else { "," }, *gid, group_name);
    }
}

fn print_pair(cx: &mut Cx<'_>, label: &str, id: u32, name: fn(u32) -> Option<Vec<u8>>) {
    write!(cx.out, "{label}{id}");
    if let Some(name) = name(id) {
        cx.out.write(b"(");
        cx.out.write(&name);
        cx.out.write(b")");
    }
}

/// The number, or the name; a number without a name is printed as it is and makes the status 1.
fn print_id(cx: &mut Cx<'_>, id: u32, names: bool, name: fn(u32) -> Option<Vec<u8>>) {
    match names.then(|| name(id)) {
        None => write!(cx.out, "{id}"),
        Some(Some(name)) => cx.out.write(&name),
        Some(None) => {
            write!(cx.out, "{id}");
            cx.report(Error::message(format_args!("unknown ID {id}")));
        }
    }
}

fn user_name(uid: u32) -> Option<Vec<u8>> {
    passwd::user_by_id(uid).map(|user| user.name)
}

fn group_name(gid: u32) -> Option<Vec<u8>> {
    passwd::group_by_id(gid).map(|group| group.name)
}
