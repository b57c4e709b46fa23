//! chroot — run a command with another root directory.
//!
//! Source: BusyBox 1.37; coreutils for the statuses, `--userspec` and `--skip-chdir`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "chroot",
    links: &["/usr/sbin/chroot"],
    usage: "\
chroot [--userspec=USER[:GROUP]] NEWROOT [PROG ARGS]

Run PROG ($SHELL -i, or /bin/sh) with NEWROOT as its root directory.

  --userspec=USER[:GROUP]  As this user and group
  --skip-chdir             Stay in the working directory
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.failure = 125;
    let options = cx.options_first()?;
    options.expect_operands(1, usize::MAX)?;
    let (root, command) = options.operands().split_first().ok_or_else(|| Error::usage(""))?;
    let ids = options.value_long("userspec").flatten();
    sys::session::change_root(Path::new(root)).map_err(|error| {
        Error::io(format_args!("can't change root directory to '{}'", root.display()), error)
    })?;
    if !options.has_long("skip-chdir") {
        std::env::set_current_dir("/").at("/")?;
    }
    // The names are those of the new root.
    if let Some(spec) = ids {
        become_user(spec)?;
    }
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| OsString::from("/bin/sh"));
    let default = [shell, OsString::from("-i")];
    Err(cx.exec(if command.is_empty() { &default } else { command }))
}

fn become_user(spec: &OsStr) -> Result {
    let mut parts = spec.as_bytes().splitn(2, |&byte| byte == b':');
    let unknown = |what: &str, name: &[u8]| {
        Error::message(format_args!("unknown {what} {}", OsStr::from_bytes(name).display()))
    };
    let user = parts.next().unwrap_or_default();
    let uid = if user.is_empty() {
        None
    } else {
        Some(posix::passwd::uid_of(user).ok_or_else(|| unknown("user", user))?)
    };
    let gid = match parts.next() {
        Some(group) if !group.is_empty() => {
            Some(posix::passwd::gid_of(group).ok_or_else(|| unknown("group", group))?)
        }
        _ => posix::passwd::user_by_name_or_id(user).map(|user| user.gid),
    };
    sys::identity::set(uid, gid, &[]).doing("can't change user")
}
