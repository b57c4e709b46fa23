//! su — runs a shell as another user.
//!
//! Source: BusyBox 1.37 `su`.

use posix::passwd;

use super::common::{self, Environment, FAILURE_PAUSE, Secret};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "su",
    links: &["/bin/su"],
    usage: "\
su [-lmp] [-s SH] [-] [USER [FILE ARGS | -c 'CMD' [ARG0 ARGS]]]

Run shell under USER (by default, root)

  -l, --login                 Clear environment, go to home dir, run shell as login shell (or -)
  -m                          Do not set new $HOME, $SHELL, $USER, $LOGNAME
  -p, --preserve-environment  The same
  -c, --command=CMD           Command to pass to 'sh -c'
  -s, --shell=SH              Shell to use instead of user's default
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    // What follows the user belongs to the shell, options too; but `su - USER -c CMD` is written as often.
    let options = cx.options()?;
    let mut operands = options.operands();
    let mut login = options.has('l');
    if let Some((first, rest)) = operands.split_first()
        && first == "-"
    {
        login = true;
        operands = rest;
    }
    let (name, arguments) = match operands.split_first() {
        Some((name, rest)) => (name.as_bytes(), rest),
        None => (&b"root"[..], operands),
    };
    let user = passwd::user_by_name(name)
        .ok_or_else(|| Error::message(format_args!("unknown user {}", OsStr::from_bytes(name).display())))?;
    let caller = passwd::user_by_id(sys::user::real_id());
    let caller_name =
        caller.map_or_else(|| "?".to_string(), |caller| String::from_utf8_lossy(&caller.name).into_owned());
    let terminal = common::terminal_name().unwrap_or_else(|| "none".to_string());
    let log = |sign: char| {
        common::log("su", &format!("{sign} {terminal} {caller_name}:{}", OsStr::from_bytes(name).display()));
    };
    if sys::user::real_id() != 0 {
        let secret = if common::has_expired(&user) { Secret::Locked } else { common::secret_of(&user) };
        let given = match secret {
            Secret::None => Vec::new(),
            _ => common::ask_secret(cx, "Password: ", None).unwrap_or_default(),
        };
        if !common::fits(&secret, &given) {
            log('-');
            std::thread::sleep(FAILURE_PAUSE);
            return Err(Error::message("incorrect password"));
        }
    }
    log('+');

    let keep = !login && (options.has('m') || options.has('p'));
    let mut shell = user.shell().to_path_buf();
    let wished = match options.value('s') {
        Some(wished) => Some(PathBuf::from(wished)),
        None if keep => std::env::var_os("SHELL").map(PathBuf::from),
        None => None,
    };
    if let Some(wished) = wished {
        // Who has a restricted shell may not trade it for another.
        if sys::user::real_id() != 0 && !common::is_listed_shell(&shell) {
            cx.warn("using restricted shell");
        } else {
            shell = wished;
        }
    }
    let mut environment = if login { Environment::fresh() } else { Environment::inherited() };
    if login || !keep && user.uid != 0 {
        environment.describe(&user, &shell);
    } else if !keep {
        // Root's tools may still want to know who became root.
        environment.set("HOME", user.home());
        environment.set("SHELL", shell.as_os_str());
    }
    if login {
        environment.set_path(user.uid);
    }
    common::become_user(&user)?;
    if login {
        common::go_home(cx, &user);
    }
    let mut all: Vec<OsString> = Vec::new();
    if let Some(command) = options.value('c') {
        all.extend(["-c".into(), command.to_os_string()]);
    }
    all.extend_from_slice(arguments);
    Err(environment.exec_shell(&shell, login, &all))
}
