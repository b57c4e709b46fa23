//! passwd — changes, removes, locks and unlocks passwords.
//!
//! Source: BusyBox 1.37 `passwd`. *Differs:* sha512 is the default, and des and md5 are not made any more.

use posix::passwd::{self, User};

use super::common::{self, Secret};
use super::database::{Database, Lock};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "passwd",
    links: &["/usr/bin/passwd"],
    usage: "\
passwd [-a ALG] [-dlu] [USER]

Change USER's password (default: current user)

  -a, --algorithm=ALG  sha512 (default) or sha256
  -d, --delete         Set password to ''
  -l, --lock           Lock (disable) account
  -u, --unlock         Unlock (enable) account
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let method = common::method(options.value('a'))?;
    let caller = sys::user::real_id();
    let me = passwd::user_by_id(caller);
    let user = match options.operands().first() {
        Some(name) => passwd::user_by_name(name.as_bytes())
            .ok_or_else(|| Error::message(format_args!("unknown user {}", name.display())))?,
        None => me.clone().ok_or_else(|| Error::message(format_args!("unknown uid {caller}")))?,
    };
    let my_name = me.map_or_else(|| caller.to_string(), |me| shown(&me));
    let name = shown(&user);
    let special = options.last_of("dlu");
    if caller != 0 && (special.is_some() || user.uid != caller) {
        common::log("passwd", &format!("can't change password for {name} by {my_name}"));
        return Err(Error::message(format_args!("{my_name} can't change password for {name}")));
    }
    let asked = match special {
        None => Some(ask_new(cx, &user, caller, method)?),
        Some(_) => None,
    };
    let _lock = Lock::take()?;
    change(&user, |field| match special {
        Some('d') => Ok(Vec::new()),
        Some('l') if field.starts_with(b"!") => Err(already(&name, "")),
        Some('l') => Ok([b"!", field].concat()),
        Some(_) => match field.strip_prefix(b"!") {
            Some(rest) => Ok(rest.to_vec()),
            None => Err(already(&name, "un")),
        },
        None => Ok(asked.clone().unwrap_or_default().into_bytes()),
    })?;
    common::log("passwd", &format!("password for {name} changed by {my_name}"));
    cx.out.flush();
    cx.warn(&format!("password for {name} changed by {my_name}"));
    Ok(())
}

fn shown(user: &User) -> String {
    String::from_utf8_lossy(&user.name).into_owned()
}

fn already(name: &str, prefix: &str) -> Error {
    Error::message(format_args!("password for {name} is already {prefix}locked"))
}

/// Changes the field that holds a user's password, wherever it is.
fn change(user: &User, new: impl Fn(&[u8]) -> Result<Vec<u8>>) -> Result {
    if let Some(mut shadow) = Database::open_if_there(passwd::SHADOW)?
        && let Some(field) = shadow.field(&user.name, 1)
    {
        let value = new(field)?;
        super::database::set_shadow_password(&mut shadow, &user.name, &value);
        return shadow.save();
    }
    let mut users = Database::open(passwd::PASSWD)?;
    let value = new(&user.password)?;
    users.set_field(&user.name, 1, &value);
    users.save()
}

/// Asks for the old password where one must be known, and twice for the new one. Returns its hash.
fn ask_new(cx: &mut Cx<'_>, user: &User, caller: u32, method: crypto::password::Method) -> Result<String> {
    let name = shown(user);
    if caller != 0 {
        match common::secret_of(user) {
            Secret::None => {}
            Secret::Locked => {
                return Err(Error::message(format_args!("can't change locked password for {name}")));
            }
            secret => {
                let given = common::ask_secret(cx, "Old password: ", None).ok_or_else(|| unchanged(&name))?;
                if !common::fits(&secret, &given) {
                    common::log("passwd", &format!("incorrect password for {name}"));
                    std::thread::sleep(common::FAILURE_PAUSE);
                    return Err(Error::message("Incorrect password"));
                }
            }
        }
    }
    writeln!(cx.out, "Changing password for {name}");
    let new = common::ask_secret(cx, "New password: ", None).ok_or_else(|| unchanged(&name))?;
    if let Some(weakness) = weakness(&new, &user.name) {
        writeln!(cx.out, "Bad password: {weakness}");
        // Root is warned and may know better.
        if caller != 0 {
            return Err(unchanged(&name));
        }
    }
    let again = common::ask_secret(cx, "Retype password: ", None).ok_or_else(|| unchanged(&name))?;
    if new != again {
        return Err(Error::message("Passwords don't match"));
    }
    common::new_hash(&new, method)
}

fn unchanged(name: &str) -> Error {
    Error::message(format_args!("password for {name} is unchanged"))
}

/// Why a password is easily guessed.
fn weakness(password: &[u8], name: &[u8]) -> Option<&'static str> {
    const SHORTEST: usize = 6;
    let same = |one: &[u8], other: &[u8]| one.eq_ignore_ascii_case(other);
    let backwards: Vec<u8> = name.iter().rev().copied().collect();
    if password.len() < SHORTEST {
        Some("too short")
    } else if same(password, name) || same(password, &backwards) {
        Some("similar to username")
    } else if password.windows(2).all(|pair| pair[0] == pair[1]) {
        Some("too simple")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_named() {
        for (password, expected) in [
            ("", Some("too short")),
            ("abcde", Some("too short")),
            ("Daemon", Some("similar to username")),
            ("nomead", Some("similar to username")),
            ("zzzzzzz", Some("too simple")),
            ("tarn lake", None),
        ] {
            assert_eq!(weakness(password.as_bytes(), b"daemon"), expected, "{password}");
        }
    }
}
