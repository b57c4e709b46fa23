//! common — names, passwords and sessions, as the domain's applets share them.

use std::fs::{self, File};

use crypto::password::{self, Method};
use posix::passwd::{self, User};
use sys::line::Settings;

use crate::prelude::*;

/// How long a wrong password is thought over.
pub(super) const FAILURE_PAUSE: std::time::Duration = std::time::Duration::from_secs(3);

/// What must be known to get in as somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Secret {
    /// Nothing.
    None,
    /// A password with this hash.
    Hash(Vec<u8>),
    /// Nobody gets in by a password.
    Locked,
}

/// What the databases say of a user's password. Who may not read the shadow finds everybody locked.
pub(super) fn secret_of(user: &User) -> Secret {
    let field = match user.password.as_slice() {
        b"x" => match passwd::shadow_by_name(&user.name) {
            Some(shadow) => shadow.password,
            None => return Secret::Locked,
        },
        other => other.to_vec(),
    };
    secret_in(field)
}

fn secret_in(field: Vec<u8>) -> Secret {
    match field.first() {
        None => Secret::None,
        Some(b'!' | b'*') => Secret::Locked,
        Some(_) => Secret::Hash(field),
    }
}

/// Whether `given` opens `secret`. Takes as long for a locked account as for another, so that the time tells nothing.
pub(super) fn fits(secret: &Secret, given: &[u8]) -> bool {
    match secret {
        Secret::None => true,
        Secret::Hash(hash) => password::verify(given, hash),
        Secret::Locked => {
            password::hash(given, b"$6$................$");
            false
        }
    }
}

/// Whether the account has ended, by the last day in its shadow line.
pub(super) fn has_expired(user: &User) -> bool {
    let today = super::database::today();
    passwd::shadow_by_name(&user.name)
        .and_then(|shadow| shadow.expires_day)
        .is_some_and(|day| day > 0 && day < today)
}

/// A new hash of `password` with a random salt.
pub(super) fn new_hash(password_bytes: &[u8], method: Method) -> Result<String> {
    let setting = new_setting(method)?;
    password::hash(password_bytes, setting.as_bytes())
        .ok_or_else(|| Error::message("the password is too long or has a zero byte"))
}

/// A setting for a new hash.
pub(super) fn new_setting(method: Method) -> Result<String> {
    let mut random = [0; 16];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random)).at("/dev/urandom")?;
    Ok(password::setting(method, &random))
}

/// The method that an option names; sha512 without one.
pub(super) fn method(name: Option<&OsStr>) -> Result<Method> {
    match name {
        None => Ok(Method::Sha512),
        Some(name) => Method::of(name.as_bytes()).ok_or_else(|| {
            Error::message(format_args!(
                "unknown method {}: sha512 and sha256 are known",
                cli::error::quoted(name)
            ))
        }),
    }
}

/// Prints `prompt` and reads a line from standard input, without echo on a terminal. None: its end, Ctrl-C or Ctrl-D,
/// or `limit_seconds` are over.
pub(super) fn ask_secret(cx: &mut Cx<'_>, prompt: &str, limit_seconds: Option<u64>) -> Option<Vec<u8>> {
    // Before the prompt: what is typed at once when it appears is neither shown nor lost.
    let before = Settings::of(0).ok();
    if let Some(before) = before {
        let mut secret = before;
        secret.make_secret();
        sys::line::flush_input(0);
        secret.apply(0).ok()?; // rather no password than one that everybody sees
    }
    write!(cx.out, "{prompt}");
    cx.out.flush();
    let line = read_keys(limit_seconds, before.is_some());
    if let Some(before) = before {
        let _ = before.apply(0);
        cx.out.write(b"\n");
        cx.out.flush();
    }
    line
}

fn read_keys(limit_seconds: Option<u64>, terminal: bool) -> Option<Vec<u8>> {
    const LINE_MAX: usize = password::PASSWORD_MAX_BYTES + 1;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        if !sys::line::wait_for_input(0, limit_seconds.map(|seconds| seconds * 1000)) {
            return None;
        }
        match sys::fd::read(0, &mut byte) {
            Ok(1) => {}
            _ if line.is_empty() => return None,
            _ => return Some(line),
        }
        match byte[0] {
            b'\n' => return Some(line),
            b'\r' if terminal => return Some(line),
            3 if terminal => return None,
            4 if terminal && line.is_empty() => return None,
            8 | 127 if terminal => {
                line.pop();
            }
            21 if terminal => line.clear(),
            other if line.len() < LINE_MAX => line.push(other),
            _ => {}
        }
    }
}

/// A line of standard input, byte for byte up to its end, so that what follows is left to others. None: nothing left.
pub(super) fn read_line() -> Option<Vec<u8>> {
    read_keys(None, false)
}

/// Whether a name may be given to a user or group: letters, digits, `_`, `-`, `.`; a `$` at the end; not too long, not
/// beginning with a dash, not only digits, which would be taken for an id.
pub(super) fn is_valid_name(name: &[u8]) -> bool {
    let body = name.strip_suffix(b"$").unwrap_or(name);
    !body.is_empty()
        && name.len() <= passwd::NAME_MAX_BYTES
        && !matches!(body[0], b'-' | b'.')
        && body.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        && !body.iter().all(u8::is_ascii_digit)
}

/// An error unless the caller is root.
pub(super) fn require_root() -> Result {
    if sys::user::effective_id() == 0 {
        Ok(())
    } else {
        Err(Error::message("permission denied (are you root?)"))
    }
}

/// Takes on a user's ids and groups, for good.
pub(super) fn become_user(user: &User) -> Result {
    let groups = passwd::groups_of(&user.name, user.gid);
    sys::identity::set(Some(user.uid), Some(user.gid), &groups).doing("can't change user and groups")
}

/// The variables of a session.
pub(super) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// What this process has.
    pub(super) fn inherited() -> Environment {
        Environment(std::env::vars_os().collect())
    }

    /// Only what tells of the terminal.
    pub(super) fn fresh() -> Environment {
        Environment(std::env::vars_os().filter(|(name, _)| name == "TERM").collect())
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.into(), value.into()));
    }

    /// Sets who the user is.
    pub(super) fn describe(&mut self, user: &User, shell: &Path) {
        let name = OsString::from_vec(user.name.clone());
        self.set("HOME", user.home());
        self.set("SHELL", shell);
        self.set("USER", name.clone());
        self.set("LOGNAME", name);
    }

    /// Sets the path of a user who has none yet.
    pub(super) fn set_path(&mut self, uid: u32) {
        let path = if uid == 0 {
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        } else {
            "/usr/local/bin:/usr/bin:/bin"
        };
        self.set("PATH", path);
    }

    /// Becomes a shell; `login` makes its name begin with a dash. Returns only the error.
    pub(super) fn exec_shell(&self, shell: &Path, login: bool, arguments: &[OsString]) -> Error {
        let base = shell.file_name().unwrap_or(shell.as_os_str());
        let mut name = OsString::from(if login { "-" } else { "" });
        name.push(base);
        let mut all = vec![name];
        all.extend_from_slice(arguments);
        let error = sys::process::exec(shell, &all, &self.0);
        Error::io(format_args!("can't execute '{}'", shell.display()), error)
    }
}

/// Goes to the home directory, or to / where that cannot be.
pub(super) fn go_home(cx: &mut Cx<'_>, user: &User) {
    if std::env::set_current_dir(user.home()).is_err() {
        cx.warn(&format!("can't change directory to '{}'", user.home().display()));
        let _ = std::env::set_current_dir("/");
    }
}

/// Whether /etc/shells has that shell. Without the file only /bin/sh counts.
pub(super) fn is_listed_shell(shell: &Path) -> bool {
    match fs::read("/etc/shells") {
        Ok(text) => text
            .split(|&byte| byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .any(|line| !line.starts_with(b"#") && line == shell.as_os_str().as_bytes()),
        Err(_) => shell == Path::new("/bin/sh"),
    }
}

/// The name of the terminal that is standard input, without `/dev/`.
pub(super) fn terminal_name() -> Option<String> {
    let path = fs::read_link("/proc/self/fd/0").ok()?;
    Some(path.strip_prefix("/dev").ok()?.to_string_lossy().into_owned())
}

/// Writes to the system's log: to syslogd's socket, else to the kernel's log.
pub(super) fn log(tag: &str, text: &str) {
    // auth.notice, as RFC 3164 writes it.
    let line = format!("<37>{tag}[{}]: {text}", std::process::id());
    let sent = std::os::unix::net::UnixDatagram::unbound()
        .and_then(|socket| socket.send_to(line.as_bytes(), "/dev/log"));
    if sent.is_err()
        && let Ok(mut kernel) = fs::OpenOptions::new().write(true).open("/dev/kmsg")
    {
        let _ = kernel.write_all(format!("{line}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_files_can_hold() {
        for (name, valid) in [
            ("ann", true),
            ("Ann_B.c-d9", true),
            ("host$", true),
            ("_x", true),
            ("9lives", true),
            ("", false),
            ("$", false),
            ("1000", false),
            ("-x", false),
            (".x", false),
            ("a:b", false),
            ("a b", false),
            ("a\nb", false),
            ("\u{e4}", false),
            ("a23456789012345678901234567890123", false),
        ] {
            assert_eq!(is_valid_name(name.as_bytes()), valid, "{name:?}");
        }
    }

    #[test]
    fn an_empty_field_needs_nothing_and_a_locked_one_takes_nothing() {
        assert_eq!(secret_in(Vec::new()), Secret::None);
        for locked in [&b"!"[..], b"*", b"!$6$salt$x", b"!!"] {
            assert_eq!(secret_in(locked.to_vec()), Secret::Locked);
        }
        assert!(fits(&Secret::None, b"anything"));
        assert!(!fits(&Secret::Locked, b""));
        let hash = password::hash(b"word", b"$5$rounds=1000$salt").unwrap();
        assert!(fits(&secret_in(hash.clone().into_bytes()), b"word"));
        assert!(!fits(&secret_in(hash.into_bytes()), b"Word"));
        assert!(!fits(&secret_in(b"x".to_vec()), b"x"));
    }
}
