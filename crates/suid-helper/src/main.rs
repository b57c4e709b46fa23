//! suid-helper — lets everybody use the few applets that need root's rights to do their work for a user.
//!
//! rbox itself never has the set-user-id bit: a fault in any of its applets would be a way to root. This program has it,
//! stands behind the names of `LET_THROUGH`, and starts rbox under that name. The real user stays who called: the
//! applets ask for a password by it.
//!
//! *Source:* execve(2), credentials(7).

#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code))]

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const RBOX: &str = "/bin/rbox";

/// Which variables of the caller's an applet gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Environment {
    /// All: they are for the program that it starts as the other user, behind the password.
    Whole,
    /// Only what tells of the terminal.
    Terminal,
}

/// The applets. Each one looks at the real user before it does anything with root's rights.
const LET_THROUGH: &[(&str, Environment)] =
    &[("passwd", Environment::Terminal), ("su", Environment::Whole), ("vlock", Environment::Terminal)];

#[cfg(not(test))]
sys::start!(run);

fn run(mut arguments: Vec<OsString>) -> i32 {
    let called = arguments.first().cloned().unwrap_or_default();
    let Some((name, environment)) = applet(&called) else {
        let names: Vec<&str> = LET_THROUGH.iter().map(|(name, _)| *name).collect();
        complain(&format!("started as '{}', works as: {}", called.display(), names.join(" ")));
        return 127;
    };
    if sys::user::effective_id() != 0 {
        complain(&format!(
            "{name}: without root's rights: the set-user-id bit is missing, or nosuid or no_new_privs is in force"
        ));
        return 126;
    }
    arguments[0] = name.into();
    let variables: Vec<(OsString, OsString)> = match environment {
        Environment::Whole => std::env::vars_os().collect(),
        Environment::Terminal => std::env::vars_os().filter(|(variable, _)| variable == "TERM").collect(),
    };
    let error = sys::process::exec(Path::new(RBOX), &arguments, &variables);
    complain(&format!("{RBOX}: {}", sys::error::text(&error)));
    126
}

/// Which applet is meant by the name that the program was called by.
fn applet(called: &OsStr) -> Option<(&'static str, Environment)> {
    let base = called.as_bytes().rsplit(|&byte| byte == b'/').next()?;
    LET_THROUGH.iter().copied().find(|(name, _)| name.as_bytes() == base)
}

fn complain(text: &str) {
    let _ = std::io::stderr().write_all(format!("suid-helper: {text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_few_names_are_let_through() {
        for (called, expected) in [
            ("su", Some("su")),
            ("/bin/su", Some("su")),
            ("/tmp/x/passwd", Some("passwd")),
            ("sh", None),
            ("-su", None),
            ("su/", None),
            ("/bin/suid-helper", None),
            ("", None),
        ] {
            assert_eq!(applet(OsStr::new(called)).map(|(name, _)| name), expected, "{called}");
        }
    }
}
