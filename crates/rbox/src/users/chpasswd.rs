//! chpasswd — sets passwords from `user:password` lines.
//!
//! Source: BusyBox 1.37 `chpasswd`. *Differs:* all lines are checked before anything is changed.

use posix::passwd;

use super::common;
use super::database::{Database, Lock, set_shadow_password};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "chpasswd",
    links: &["/usr/sbin/chpasswd"],
    usage: "\
chpasswd [-e] [-c ALG] [-R DIR]

Read user:password from stdin and update /etc/shadow

  -e, --encrypted         Supplied passwords are in encrypted form
  -c, --crypt-method=ALG  sha512 (default) or sha256
  -R, --root=DIR          Directory to chroot into
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    common::require_root()?;
    let method = common::method(options.value('c'))?;
    if let Some(folder) = options.value('R') {
        sys::session::change_root(Path::new(folder)).at(folder)?;
        std::env::set_current_dir("/").at("/")?;
    }
    let mut text = Vec::new();
    cx.stdin().read_to_end(&mut text).doing("read error")?;

    let _lock = Lock::take()?;
    let mut users = Database::open(passwd::PASSWD)?;
    let mut shadow = Database::open_if_there(passwd::SHADOW)?;
    let mut changed = Vec::new();
    let (mut in_users, mut in_shadow) = (false, false);
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return Err(Error::message("missing new password"));
        };
        let (name, password) = (&line[..colon], &line[colon + 1..]);
        let shown = String::from_utf8_lossy(name).into_owned();
        if !users.has(name) {
            return Err(Error::message(format_args!("unknown user {shown}")));
        }
        let hash = if options.has('e') {
            password.to_vec()
        } else {
            common::new_hash(password, method)?.into_bytes()
        };
        if hash.contains(&b':') {
            return Err(Error::message(format_args!("the hash for '{shown}' has a colon")));
        }
        match &mut shadow {
            Some(shadow) if shadow.has(name) => {
                set_shadow_password(shadow, name, &hash);
                in_shadow = true;
            }
            _ => {
                users.set_field(name, 1, &hash);
                in_users = true;
            }
        }
        changed.push(shown);
    }
    if let Some(shadow) = shadow.filter(|_| in_shadow) {
        shadow.save()?;
    }
    if in_users {
        users.save()?;
    }
    for name in changed {
        common::log("chpasswd", &format!("password for '{name}' changed"));
        cx.warn(&format!("password for '{name}' changed"));
    }
    Ok(())
}
