//! mv — rename files, and move them between file systems.
//!
//! Source: POSIX.1-2024 `mv`; BusyBox 1.37 for options and messages; GNU for `-u`.

use super::common::copy::{Copier, Manner, Preserve};
use super::common::remove::{Removal, refused};
use super::common::{Destination, ask, cant, is_directory, stat_if_any, without_slashes};
use crate::prelude::*;
use cli::walk::Follow;
use sys::at::{self, Kind, Links, Stat};

pub(crate) const APPLET: Applet = Applet {
    name: "mv",
    links: &["/bin/mv"],
    usage: "\
mv [-finTuv] SOURCE DEST
   or: mv [-finuv] SOURCE... { -t DIRECTORY | DIRECTORY }

Rename SOURCE to DEST, or move SOURCEs into DIRECTORY.

  -f, --force                 Never ask
  -i, --interactive           Ask before overwriting
  -n, --no-clobber            Do not overwrite
  -u, --update                Overwrite only what is older
  -T, --no-target-directory   Take DEST as a file
  -t, --target-directory=DIR  Move into DIR
  -v, --verbose               Print what is moved
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let destination = Destination::of(&options)?;
    if options.has('T') && is_directory(&destination.target) && !is_directory(&destination.sources[0]) {
        return Err(Error::message(format_args!("'{}' is a directory", destination.target.display())));
    }
    for source in &destination.sources {
        let target = destination.path(source);
        match move_one(cx, &options, source, &target) {
            Ok(true) if options.has('v') => {
                writeln!(cx.out, "'{}' -> '{}'", source.display(), target.display());
            }
            Ok(_) => {}
            Err(error) => cx.report(error),
        }
    }
    Ok(())
}

/// Returns whether the file was moved; not where one is kept, or something was reported already.
fn move_one(cx: &mut Cx<'_>, options: &Options, source: &Path, target: &Path) -> Result<bool> {
    if let Some(there) = stat_if_any(target, Links::Keep) {
        let stat = stat_if_any(without_slashes(source), Links::Keep);
        if stat.is_some_and(|stat| !overwrites(cx, options, &stat, &there, target)) {
            return Ok(false);
        }
    }
    match at::rename(at::CWD, source, at::CWD, target) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => across(cx, source, target),
        Err(error) => Err(cant("rename", source, error)),
    }
}

fn overwrites(cx: &mut Cx<'_>, options: &Options, stat: &Stat, there: &Stat, target: &Path) -> bool {
    let asks = match options.last_of("finu") {
        Some('n') => return false,
        Some('u') if stat.modified <= there.modified => return false,
        Some('f') => false,
        Some('i') => true,
        // POSIX: without -f a file that cannot be written is asked about, on a terminal.
        _ => {
            there.kind() != Kind::Symlink
                && sys::fd::is_terminal(0)
                && at::access(at::CWD, target, 2).is_err()
        }
    };
    !asks || ask(cx, &format!("overwrite '{}'", target.display()))
}

/// To another file system: a copy with all attributes, and only when that is whole the original goes.
fn across(cx: &mut Cx<'_>, source: &Path, target: &Path) -> Result<bool> {
    let source = without_slashes(source);
    if let Some(reason) = refused(source) {
        // Before anything is copied, not only before it would be removed.
        return Err(Error::message(reason));
    }
    let stat = at::stat(at::CWD, source, Links::Keep).map_err(|error| cant("stat", source, error))?;
    if let Some(there) = stat_if_any(target, Links::Keep) {
        // rename(2) makes the same difference.
        let replaced = match (stat.is_directory(), there.is_directory()) {
            (true, true) => at::rmdir(at::CWD, target),
            (true, false) => Err(io::Error::from_raw_os_error(20)), // ENOTDIR
            (false, true) => Err(io::Error::from_raw_os_error(21)), // EISDIR
            (false, false) => Ok(()),                               // the copy replaces it
        };
        replaced.map_err(|error| cant("remove", target, error))?;
    }
    let preserve = Preserve { mode: true, owner: true, times: true, attributes: true, hard_links: true };
    let manner = Manner { recursive: true, follow: Follow::Never, preserve, ..Manner::default() };
    let mut copier = Copier::new(manner);
    if !copier.copy(cx, source, target) {
        return Ok(false);
    }
    let before = cx.status;
    Removal { recursive: true, force: true, ..Removal::default() }.remove(cx, source);
    Ok(cx.status == before)
}
