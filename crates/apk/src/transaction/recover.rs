//! recover — what an interrupted run left is finished, where its plan was whole, or undone.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

use super::folders::{Folders, as_path, split};
use super::journal::{self, is_staged};
use super::plan::{self, Plan};
use crate::database::installed::Installed;
use crate::database::store;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing had been changed; what was staged is gone.
    Undone,
    /// The changes are complete. Packages whose scripts may not have run are marked for `fix`.
    Finished { without_scripts: Vec<Vec<u8>> },
    /// There is something to do, but not for this run: it may not write, or another run is at it.
    Left,
    /// It could not be done: why.
    Failed(String),
}

/// Looks for an interrupted run and ends it. `has_lock` says that the caller holds the lock; else it is taken for the time
/// being, if it is free.
pub fn recover(root: &File, folder: &File, has_lock: bool) -> Option<Recovered> {
    let exists = |name: &str| at::stat(folder.as_raw_fd(), Path::new(name), at::Links::Keep).is_ok();
    if !exists(journal::NAME) && !exists(plan::NAME) {
        return None;
    }
    let _lock = if has_lock {
        None
    } else {
        let lock = at::open(folder.as_raw_fd(), Path::new("lock"), at::O_RDWR | at::O_CREAT, 0o600);
        match lock.and_then(|lock| {
            sys::lock::set(lock.as_raw_fd(), sys::lock::Kind::Exclusive, false)?;
            Ok(lock)
        }) {
            Ok(lock) => Some(lock),
            Err(_) => return Some(Recovered::Left),
        }
    };
    Some(
        end_run(root, folder).unwrap_or_else(|error| Recovered::Failed(sys::error::text(&error).to_string())),
    )
}

fn end_run(root: &File, folder: &File) -> std::io::Result<Recovered> {
    let said = journal::parse(&store::read(folder, journal::NAME)?.unwrap_or_default());
    let plan = store::read(folder, plan::NAME)?.and_then(Plan::parse);
    let mut folders = Folders::new(root);
    let recovered = match plan {
        Some(_) if said.is_over => Recovered::Finished { without_scripts: Vec::new() },
        Some(plan) => finish(&plan, &said.whole, folder, &mut folders)?,
        None if said.is_over => Recovered::Finished { without_scripts: Vec::new() },
        None => Recovered::Undone,
    };
    if recovered == Recovered::Undone {
        undo(&said, folder, &mut folders)?;
    }
    sys::filesystem::sync_of(root)?;
    forget(folder);
    Ok(recovered)
}

fn finish(
    plan: &Plan,
    whole: &[usize],
    folder: &File,
    folders: &mut Folders<'_>,
) -> std::io::Result<Recovered> {
    let mut without_scripts = Vec::new();
    for number in 0..plan.packages_len() {
        // Steps may be done twice, so that packages that were whole need no memory of their own.
        let mut full = None;
        plan::execute_rest(plan, number, folders, &mut |notice| {
            if let plan::Notice::Failed(_, error) = notice
                && matches!(
                    error.kind(),
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::ReadOnlyFilesystem
                )
            {
                full = Some(error);
            }
        });
        if let Some(error) = full {
            return Err(error);
        }
        let (name, has_scripts) = plan.package(number);
        if has_scripts && !whole.contains(&number) {
            without_scripts.push(name.to_vec());
        }
    }
    if !without_scripts.is_empty() {
        mark(folder, &without_scripts)?;
    }
    plan::take_places(plan, folders)?;
    Ok(Recovered::Finished { without_scripts })
}

/// Marks packages in the database that waits for its place, or is there already, as having broken scripts.
fn mark(folder: &File, names: &[Vec<u8>]) -> std::io::Result<()> {
    let waiting = format!("installed{}", store::BESIDE);
    let text = match store::read(folder, &waiting)? {
        Some(text) => text,
        None => store::read(folder, "installed")?.unwrap_or_default(),
    };
    let Ok(mut installed) = Installed::parse(text, true) else { return Ok(()) };
    for position in names.iter().filter_map(|name| installed.find(name)).collect::<Vec<_>>() {
        let mut flags = installed.packages()[position].flags;
        flags.broken_script = true;
        installed.set_flags(position, flags);
    }
    store::write_beside(folder, &waiting, &installed.write(), 0o644)?;
    store::take_place(folder, &waiting)
}

/// Takes away what was staged, and the folders that were made for it.
fn undo(said: &journal::Said, folder: &File, folders: &mut Folders<'_>) -> std::io::Result<()> {
    for path in &said.staged {
        let Ok(open) = folders.open(path) else { continue };
        let names = sys::directory::Names::read(open)?;
        for (name, _) in names.iter().filter(|(name, _)| is_staged(name.as_encoded_bytes())) {
            let _ = at::unlink(open.as_raw_fd(), Path::new(name));
        }
    }
    for path in said.made.iter().rev() {
        folders.rmdir(path);
    }
    forget_waiting(folder, folders);
    Ok(())
}

/// Files of the database that wait for a place they will not get.
pub fn forget_waiting(folder: &File, folders: &mut Folders<'_>) {
    for name in ["installed", "triggers", "scripts.tar", "scripts.tar.gz", plan::NAME] {
        store::forget_beside(folder, name);
        store::forget_beside(folder, &format!("{name}{}", store::BESIDE));
    }
    for path in ["etc/apk/world", "etc/apk/arch"] {
        let beside = plan::beside(path);
        let (above, name) = split(&beside);
        if let Ok(open) = folders.open(above) {
            let _ = at::unlink(open.as_raw_fd(), as_path(name));
        }
    }
}

/// Removes the plan and the journal: the run is over.
pub fn forget(folder: &File) {
    for name in [plan::NAME, journal::NAME] {
        let _ = at::unlink(folder.as_raw_fd(), Path::new(name));
    }
}
