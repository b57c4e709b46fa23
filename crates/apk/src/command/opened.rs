//! opened — the database of a command that may change it: its lock, its log, and what an interrupted run left.

use std::path::Path;
use std::time::Duration;

use sys::at;

use super::{ARCH, Cx, Failure, Result, time};
use crate::database::{Database, Opening, Purpose};
use crate::transaction::recover::Recovered;

/// How long to wait for another run where no time is given.
const WAIT: Duration = Duration::from_secs(60);

/// Whether the command changes the root: it has the options of commits, and nothing is simulated.
pub fn may_write(cx: &Cx) -> bool {
    !cx.globals.simulate && matches!(cx.applet.name, "add" | "del" | "fix" | "upgrade" | "update" | "undo")
}

/// Opens the database, to change it where the command may do so.
pub fn open(cx: &mut Cx) -> Result<Database> {
    let purpose = match may_write(cx) {
        true if cx.options.has("initdb") => Purpose::Create,
        true => Purpose::Write,
        false => Purpose::Read,
    };
    if purpose == Purpose::Read
        && cx.options.has("initdb")
        && let Some(root) = &cx.globals.root
        && let Ok(folder) = at::open(at::CWD, root, at::O_RDONLY | at::O_DIRECTORY, 0)
    {
        // The reference makes the folder of the cache even where it only simulates.
        let _ = crate::database::store::make_folders(&folder, "var/cache/apk", 0o755);
    }
    open_for(cx, purpose)
}

/// Opens the database for a purpose, and says what stands in the way.
pub fn open_for(cx: &mut Cx, purpose: Purpose) -> Result<Database> {
    let root = cx.globals.root.clone();
    let usermode = cx.options.has("usermode") || cx.options.has("no-chown");
    if purpose == Purpose::Create && usermode && sys::user::effective_id() == 0 {
        cx.messages.error("--usermode not allowed as root");
        return Err(Failure::Exit(99));
    }
    let waits_by_default = !cx.options.has("wait");
    let opening = Opening {
        root: root.as_deref(),
        purpose,
        usermode,
        wait: if waits_by_default { WAIT } else { Duration::from_secs(cx.globals.wait_s) },
        alarms: !waits_by_default,
        arches: &cx.globals.arches.clone(),
        native: ARCH,
        tolerant: cx.globals.force.old_apk,
    };
    if purpose != Purpose::Read {
        open_log(cx, root.as_deref().unwrap_or(Path::new("/")), purpose);
    }
    let cache = cx.globals.cache_dir.as_ref();
    let cache = cache.map(|folder| root.as_deref().unwrap_or(Path::new("/")).join(folder));
    if let Some(Err(error)) = cache.map(std::fs::read_dir) {
        let reason = sys::error::text(&error);
        cx.messages.error(format!("Unable to setup the cache: {reason}"));
        return Err(Failure::Error(format!("Failed to open apk database: {reason}")));
    }
    let messages = &mut cx.messages;
    let opened = Database::open(&opening, &mut |holder| {
        let text = "Waiting for repository lock";
        if messages.verbosity < 1 {
            return;
        }
        // Scripts that give a time know the line as it is.
        match (holder, waits_by_default) {
            ("", _) | (_, false) => messages.error_line(text),
            (holder, true) => messages.error_line(format!("{text}: {holder} has it")),
        }
    });
    let database = match opened {
        Ok(database) => database,
        Err(error) => {
            error.lines.iter().for_each(|line| cx.messages.error(line));
            if error.reason.is_empty() {
                return Err(Failure::Exit(99));
            }
            return Err(Failure::Error(format!("Failed to open apk database: {}", error.reason)));
        }
    };
    match &database.recovered {
        Some(Recovered::Undone) => cx.messages.warning("An interrupted transaction was undone"),
        Some(Recovered::Finished { without_scripts }) => {
            cx.messages.warning("An interrupted transaction was finished");
            for name in without_scripts {
                let name = String::from_utf8_lossy(name);
                cx.messages.warning(format!("{name}: scripts may not have run; 'apk fix {name}' runs them"));
            }
        }
        Some(Recovered::Left) => cx.messages.warning("A transaction is not finished"),
        Some(Recovered::Failed(why)) => {
            return Err(Failure::Error(format!("An interrupted transaction could not be ended: {why}")));
        }
        None => {}
    }
    Ok(database)
}

/// Begins the log of this run.
fn open_log(cx: &mut Cx, root: &Path, purpose: Purpose) {
    if !cx.globals.logfile {
        return;
    }
    if purpose == Purpose::Create {
        // What is wrong with it shows when the database is opened.
        let _ = at::mkdir(at::CWD, root, 0o755);
    }
    let Ok(folder) = at::open(at::CWD, root, at::O_RDONLY | at::O_DIRECTORY, 0) else { return };
    let _ = crate::database::store::make_folders(&folder, "var/log", 0o755);
    use std::os::fd::AsRawFd;
    let flags = at::O_WRONLY | at::O_CREAT | at::O_APPEND;
    let Ok(log) = at::open(folder.as_raw_fd(), Path::new("var/log/apk.log"), flags, 0o644) else { return };
    cx.messages.log_to(log);
    let command = cx.command_line.join(&b' ');
    let time = time::text(time::now_s());
    cx.messages.log_only(&[b"\nRunning `", &command[..], b"` at ", time.as_bytes()].concat());
    cx.messages.log_only(super::help::version_line().trim_end().as_bytes());
}
