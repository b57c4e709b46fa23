//! login — begins a session on a terminal.
//!
//! Source: BusyBox 1.37 `login`; login(1) of shadow-utils for securetty, nologin and .hushlogin.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use posix::passwd::{self, User};

use super::common::{self, Environment, FAILURE_PAUSE, Secret};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "login",
    links: &["/bin/login"],
    usage: "\
login [-p] [-h HOST] [[-f] USER]

Begin a new session on the system

  -f       Don't authenticate (user already authenticated)
  -h HOST  Host user came from (for network logins)
  -p       Preserve environment

$LOGIN_TIMEOUT  Seconds (default 60, 0 - disable)
",
    process: Process::New,
    run,
};

const TRIES: usize = 5;

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    if sys::user::effective_id() != 0 {
        return Err(Error::message("must be suid to work properly"));
    }
    if !sys::fd::is_terminal(0) {
        return Err(Error::message("standard input is not a terminal"));
    }
    // A user's answer to "who?" may begin with a dash; getty passes it behind "--".
    let named = options.operands().first().map(|name| name.as_bytes().to_vec());
    let trusted = options.has('f');
    if trusted && named.is_none() {
        return Err(Error::usage(""));
    }
    let terminal = common::terminal_name().unwrap_or_else(|| "UNKNOWN".to_string());
    let from = options
        .value('h')
        .map_or(format!(" on '{terminal}'"), |host| format!(" on '{terminal}' from '{}'", host.display()));
    let limit = time_limit();
    end_when_over(limit);
    let user = identify(cx, named, trusted, &terminal, &from)?;
    sys::session::alarm(0);

    refuse_while_closed(cx, &user)?;
    if user.uid == 0 {
        common::log("login", &format!("root login{from}"));
    }
    begin(cx, &user, options.has('p'))
}

fn time_limit() -> u32 {
    std::env::var("LOGIN_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

/// The time limit is the default action of SIGALRM: nothing has begun that would have to be undone.
fn end_when_over(seconds: u32) {
    sys::session::default(14);
    sys::session::alarm(seconds);
}

/// Asks until somebody is known. Errors: too many tries, or nobody is there any more.
fn identify(
    cx: &mut Cx<'_>,
    mut named: Option<Vec<u8>>,
    trusted: bool,
    terminal: &str,
    from: &str,
) -> Result<User> {
    for attempt in 1..=TRIES {
        let name = match named.take() {
            Some(name) => name,
            None => ask_name(cx)?,
        };
        let user = passwd::user_by_name(&name);
        if let Some(user) = &user
            && trusted
        {
            return Ok(user.clone());
        }
        let allowed = |user: &User| (user.uid != 0 || is_secure(terminal)) && !common::has_expired(user);
        // Somebody unknown, or root on a line that is not trusted, is asked for a password as anybody is.
        let secret = user.as_ref().filter(|user| allowed(user)).map_or(Secret::Locked, common::secret_of);
        if secret == Secret::None
            && let Some(user) = user
        {
            return Ok(user);
        }
        let Some(given) = common::ask_secret(cx, "Password: ", None) else { return Err(Error::exit(1)) };
        if common::fits(&secret, &given)
            && let Some(user) = user
        {
            return Ok(user);
        }
        std::thread::sleep(FAILURE_PAUSE);
        cx.out.write(b"Login incorrect\n");
        cx.out.flush();
        if attempt == TRIES {
            let shown =
                if user.is_some() { String::from_utf8_lossy(&name).into_owned() } else { "UNKNOWN".into() };
            common::log("login", &format!("invalid password for '{shown}'{from}"));
        }
    }
    Err(Error::exit(1))
}

fn ask_name(cx: &mut Cx<'_>) -> Result<Vec<u8>> {
    let host = sys::host::names().map(|names| names.node).unwrap_or_default();
    for _ in 0..TRIES {
        write!(cx.out, "{} login: ", host.display());
        cx.out.flush();
        let Some(line) = common::read_line() else { break };
        let name = line.trim_ascii();
        if !name.is_empty() {
            return Ok(name.to_vec());
        }
    }
    Err(Error::exit(1))
}

/// Whether root may log in on that terminal. Without /etc/securetty on any.
fn is_secure(terminal: &str) -> bool {
    match fs::read("/etc/securetty") {
        Ok(text) => lists(&text, terminal),
        Err(_) => true,
    }
}

fn lists(text: &[u8], terminal: &str) -> bool {
    text.split(|&byte| byte == b'\n')
        .map(|line| line.split(|&byte| byte == b'#').next().unwrap_or_default().trim_ascii())
        .any(|line| line == terminal.as_bytes())
}

/// /etc/nologin closes the system for all but root; what it says is shown.
fn refuse_while_closed(cx: &mut Cx<'_>, user: &User) -> Result {
    if user.uid == 0 {
        return Ok(());
    }
    let Ok(text) = fs::read("/etc/nologin") else { return Ok(()) };
    if text.is_empty() {
        cx.out.write(b"\nSystem closed for routine maintenance\n");
    } else {
        cx.out.write(&text);
    }
    cx.out.flush();
    // Time to read it: getty clears the screen.
    std::thread::sleep(Duration::from_secs(1));
    Err(Error::exit(1))
}

fn begin(cx: &mut Cx<'_>, user: &User, keep_environment: bool) -> Result {
    // The terminal is the user's for the session. One in a container may belong to another world.
    let _ = std::os::unix::fs::chown("/proc/self/fd/0", Some(user.uid), Some(user.gid));
    let _ = fs::set_permissions("/proc/self/fd/0", fs::Permissions::from_mode(0o600));
    common::become_user(user)?;
    common::go_home(cx, user);
    if !Path::new(".hushlogin").exists()
        && let Ok(text) = fs::read("/etc/motd")
    {
        cx.out.write(&text);
        cx.out.flush();
    }
    let mut environment = if keep_environment { Environment::inherited() } else { Environment::fresh() };
    environment.describe(user, user.shell());
    environment.set_path(user.uid);
    sys::signal_wait::reset_all();
    Err(environment.exec_shell(user.shell(), true, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn securetty_is_a_list() {
        for (terminal, expected) in
            [("tty1", true), ("ttyS0", true), ("pts/0", true), ("tty", false), ("tty2", false)]
        {
            assert_eq!(lists(b"tty1\n # tty2\nttyS0 # serial\npts/0", terminal), expected, "{terminal}");
        }
    }
}
