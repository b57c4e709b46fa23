//! crond and crontab — run commands at their times.
//!
//! Source: BusyBox 1.37 for options, the folder of tables and `cron.update`; crontab(5) for tables; POSIX.1-2024
//! `crontab`.

mod daemon;
mod schedule;
mod table;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "crond",
        links: &["/usr/sbin/crond"],
        usage: "\
crond [-fbS] [-l N] [-d N] [-L FILE] [-c DIR]

Run the commands of crontabs at their times.

  -f       Stay in the foreground
  -b       Go to the background (default)
  -S       Log to the system's log (default)
  -l N     Log messages from level N on (8; 0 is everything)
  -d N     The same, to standard error
  -L FILE  Log to FILE
  -c DIR   Where the tables are (/var/spool/cron/crontabs)
",
        process: Process::New,
        run: daemon::run,
    },
    Applet {
        name: "crontab",
        links: &["/usr/bin/crontab"],
        usage: "\
crontab [-c DIR] [-u USER] [-l | -e | -r | FILE]

Show, edit, remove or replace a table of commands for crond.

  -c DIR   Where the tables are (/var/spool/cron/crontabs)
  -u USER  The table of USER, for root
  -l       Print it
  -e       Edit it with $VISUAL or $EDITOR (vi)
  -r       Remove it
",
        process: Process::New,
        run: crontab,
    },
];

const FOLDER: &str = "/var/spool/cron/crontabs";
/// The names of users whose tables have changed, a line each; crond looks for it and removes it.
const UPDATE: &str = "cron.update";

fn crontab(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let folder = options.value('c').map_or(Path::new(FOLDER), Path::new);
    let user = user(&options)?;
    let path = folder.join(OsStr::from_bytes(&user.name));
    match options.last_of("ler") {
        Some('l') => {
            let text = fs::read(&path).map_err(|error| cannot_open(&path, error))?;
            cx.out.write(&text);
            Ok(())
        }
        Some('r') => match fs::remove_file(&path) {
            Ok(()) => tell_daemon(folder, &user.name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::at(path, error)),
        },
        Some(_) => edit(cx, folder, &path, &user.name),
        None => {
            let file = options.operands().first().map_or(Path::new("-"), Path::new);
            let mut text = Vec::new();
            let Some(mut input) = cx.open(file) else { return Ok(()) };
            input.read_to_end(&mut text).at(file)?;
            replace(cx, folder, &path, &user.name, &text)
        }
    }
}

fn cannot_open(path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't open '{}'", path.display()), error)
}

/// The user whose table it is: the caller, or for root the one asked for.
fn user(options: &Options) -> Result<posix::passwd::User> {
    let own = sys::user::real_id();
    match options.value('u') {
        Some(_) if own != 0 => Err(Error::message("must be root to use -u")),
        Some(name) => posix::passwd::user_by_name(name.as_bytes())
            .ok_or_else(|| Error::message(format_args!("unknown user {}", name.display()))),
        None => {
            posix::passwd::user_by_id(own).ok_or_else(|| Error::message(format_args!("unknown uid {own}")))
        }
    }
}

/// Writes the table as a whole, so that crond never sees half of one. Lines that make no sense are warned of.
fn replace(cx: &mut Cx<'_>, folder: &Path, path: &Path, user: &[u8], text: &[u8]) -> Result {
    table::parse(text, &mut |number, line| cx.warn(&format!("line {number}: bad line '{line}'")));
    let new = folder.join(format!(".new-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The error that counts is the first one.
        let _ = fs::remove_file(&new);
    }
    written.map_err(|error| Error::io(format_args!("can't create '{}'", path.display()), error))?;
    tell_daemon(folder, user)
}

fn tell_daemon(folder: &Path, user: &[u8]) -> Result {
    let path = folder.join(UPDATE);
    let line = [user, b"\n"].concat();
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).at(&path)?;
    file.write_all(&line).at(&path)
}

fn edit(cx: &mut Cx<'_>, folder: &Path, path: &Path, user: &[u8]) -> Result {
    let copy = std::env::temp_dir().join(format!("crontab.{}", std::process::id()));
    let old = fs::read(path).unwrap_or_default();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&copy).at(&copy)?;
    file.write_all(&old).at(&copy)?;
    drop(file);
    let edited = run_editor(cx, &copy).and_then(|()| fs::read(&copy).at(&copy));
    // A copy that cannot be removed harms nobody.
    let _ = fs::remove_file(&copy);
    let new = edited?;
    if new == old {
        return Ok(());
    }
    replace(cx, folder, path, user, &new)
}

/// Runs the editor by a shell, as its value may have options.
fn run_editor(cx: &mut Cx<'_>, file: &Path) -> Result {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(std::env::var_os).unwrap_or_else(|| OsString::from("vi"));
    let mut script = editor.clone();
    script.push(" \"$1\"");
    let command = ["/bin/sh".into(), "-c".into(), script, "sh".into(), file.as_os_str().to_os_string()];
    cx.out.flush();
    let pid = match sys::child::fork().doing("fork")? {
        Some(pid) => pid,
        None => return Err(cx.exec(&command)),
    };
    match sys::child::wait(pid).doing("wait")? {
        (_, sys::child::End::Exited(0)) => Ok(()),
        _ => Err(Error::message(format_args!("'{}' failed, nothing was changed", editor.display()))),
    }
}
