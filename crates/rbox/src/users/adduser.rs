//! adduser — adds a user, with a group and a home of its own.
//!
//! The user appears last, when all that belongs to it is there: a power cut in between leaves an unused group or a
//! locked password behind, never a user without either.
//!
//! Source: BusyBox 1.37 `adduser`. *Differs:* a system user cannot log in (/sbin/nologin), names that the files cannot
//! hold are refused, a failure to make the home is a failure.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, lchown, symlink};

use super::accounts::{self, Accounts};
use super::database;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "adduser",
    links: &["/usr/sbin/adduser"],
    usage: "\
adduser [OPTIONS] USER [GROUP]

Create new user, or add USER to GROUP

  -h, --home=DIR           Home directory
  -g, --gecos=GECOS        GECOS field
  -s, --shell=SHELL        Login shell
  -G, --ingroup=GRP        Group
  -S, --system             Create a system user
  -D, --disabled-password  Don't assign a password
  -H, --no-create-home     Don't create home directory
  -u, --uid=UID            User id
  -k, --skel=SKEL          Skeleton directory (/etc/skel)
",
    process: Process::New,
    run,
};

/// What is to be made.
struct New {
    name: String,
    uid: u32,
    gid: u32,

    home: String,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 2)?;
    if let [user, group] = options.operands() {
        if options.in_order().next().is_some() {
            return Err(Error::usage(""));
        }
        let mut accounts = Accounts::open()?;
        accounts.add_member(group.as_bytes(), user.as_bytes())?;
        return accounts.save_groups();
    }
    let new = add(&options)?;
    if !options.has('H') {
        let skeleton = Path::new(options.value('k').unwrap_or(OsStr::new("/etc/skel")));
        make_home(cx, &new, skeleton)?;
    }
    if options.has('D') {
        return Ok(());
    }
    // passwd asks, as a program of its own: it is the one that knows how.
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let arguments = ["passwd".into(), "--".into(), OsString::from(&new.name)];
    let error = sys::process::exec(Path::new("/usr/bin/passwd"), &arguments, &environment);
    Err(Error::io("can't execute passwd, you must set password manually", error))
}

/// Adds the user to the databases.
fn add(options: &Options) -> Result<New> {
    let mut accounts = Accounts::open()?;
    let system = options.has('S');
    let name = accounts::new_name(&options.operands()[0])?;
    if accounts.users.has(name.as_bytes()) {
        return Err(accounts::in_use("user", &name));
    }
    let uid = match accounts::id_option(options, 'u')? {
        Some(uid) if accounts.has_uid(uid) => return Err(accounts::in_use("uid", &uid.to_string())),
        Some(uid) => uid,
        None => accounts::range(system)
            .find(|uid| !accounts.has_uid(*uid))
            .ok_or_else(|| Error::message("no uids left"))?,
    };
    let home = match options.value('h') {
        Some(home) => field(home)?,
        None => format!("/home/{name}"),
    };
    let shell = match options.value('s') {
        Some(shell) => field(shell)?,
        None => (if system { "/sbin/nologin" } else { "/bin/sh" }).to_string(),
    };
    let gecos = field(options.value('g').unwrap_or(OsStr::new("Linux User,,,")))?;

    let group = options.value('G').map(OsStr::as_bytes).or(system.then_some(&b"nogroup"[..]));
    let gid = match group {
        Some(group) => {
            let gid = accounts.gid(group).ok_or_else(|| accounts::unknown("group", group))?;
            accounts.groups.add_member(group, name.as_bytes());
            if let Some(shadow) = &mut accounts.group_shadow {
                shadow.add_member(group, name.as_bytes());
            }
            gid
        }
        None => {
            if accounts.groups.has(name.as_bytes()) {
                return Err(accounts::in_use("group", &name));
            }
            // The number of the user, where it is free.
            let gid = accounts.free_gid(None, system, Some(uid))?;
            accounts.add_group(&name, gid);
            gid
        }
    };
    accounts.users.append(&format!("{name}:x:{uid}:{gid}:{gecos}:{home}:{shell}"));
    if let Some(shadow) = &mut accounts.shadow {
        shadow.remove(name.as_bytes()); // left over from a user that somebody took out by hand
        shadow.append(&format!("{name}:!:{}:0:99999:7:::", database::today()));
        shadow.save()?;
    }
    accounts.save_groups()?;
    accounts.users.save()?;
    Ok(New { name, uid, gid, home })
}

/// A value that a line of the database can hold.
fn field(value: &OsStr) -> Result<String> {
    match value.to_str() {
        Some(text) if !text.contains([':', '\n']) => Ok(text.to_string()),
        _ => Err(Error::message(format_args!(
            "invalid argument {}: no colon or newline may be in it",
            cli::error::quoted(value)
        ))),
    }
}

/// Makes the home with what the skeleton has. A home that is there already is left as it is.
fn make_home(cx: &mut Cx<'_>, new: &New, skeleton: &Path) -> Result {
    let home = Path::new(&new.home);
    if let Some(parent) = home.parent() {
        fs::create_dir_all(parent).at(parent)?;
    }
    match fs::DirBuilder::new().mode(0o755).create(home) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error).at(home),
    }
    if skeleton.is_dir() {
        copy(cx, skeleton, home, new);
    }
    lchown(home, Some(new.uid), Some(new.gid)).at(home)
}

/// Copies what is in `from` into `to`, for the user to own. What fails is reported and left out.
fn copy(cx: &mut Cx<'_>, from: &Path, to: &Path, new: &New) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let copied = entry.file_type().and_then(|kind| {
            if kind.is_dir() {
                fs::create_dir(&target)?;
                copy(cx, &source, &target, new);
                fs::set_permissions(&target, fs::metadata(&source)?.permissions())?;
            } else if kind.is_symlink() {
                symlink(fs::read_link(&source)?, &target)?;
            } else if kind.is_file() {
                fs::copy(&source, &target)?;
            } else {
                return Ok(());
            }
            lchown(&target, Some(new.uid), Some(new.gid))
        });
        if let Err(error) = copied.at(&target) {
            cx.report(error);
        }
    }
}
