//! run — the order of things: stage, plan, commit.

mod apply;
mod hooks;
mod planning;
mod register;
mod staging;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

use self::planning::{Aliases, Digests, Planning};
use super::folders::{Folders, join};
use super::owners::{Owner, Owners};
use super::plan::{Notice, Plan};
use super::protect::Rules;
use super::script::{Program, Stream};
use super::stage::{Complaint, Failure, Stage, Staged};
use super::{Event, New, Outcome, Settings, Step, access, plan, recover, space, trigger};
use crate::database::installed::{Entry, Flags, Installed, Lines, Named, Record};
use crate::database::scripts::Stored;
use crate::database::triggers::Trigger;
use crate::database::{Database, Purpose, store};
use crate::entry::Script;
use crate::error::{Error, Kind, Place, Result};
use crate::fast_hash::{FastMap, FastSet};
use crate::identity::Digest;
use crate::package::Package;

/// A step that is being done.
struct Work {
    number: usize,
    old: Option<usize>,
    /// The number among owners of what is new.
    owner: Option<usize>,
    new: Option<Arrived>,
}

/// A new package, staged.
struct Arrived {
    full_name: Vec<u8>,
    name: Vec<u8>,
    version: Vec<u8>,
    identity: Option<Digest>,
    lines: Lines,
    staged: Staged,
    /// Its position among the packages to be installed.
    position: usize,
}

/// The run's state behind the steps.
struct Run<'r, 'd> {
    database: &'d Database,
    settings: &'r Settings,
    say: &'r mut dyn FnMut(Event<'_>),
    installed: Installed,
    scripts: Vec<Stored>,
    scripts_changed: bool,
    triggers: Vec<Trigger>,
    triggers_changed: bool,
    /// Folders whose contents changed.
    touched: FastSet<Vec<u8>>,
    /// Packages whose triggers run for every folder: they are new.
    fresh: Vec<Digest>,
    /// The packages are what was written when the plan was.
    is_as_planned: bool,
    failed: usize,
    failed_triggers: usize,
}

/// Makes the changes. The database is as it will be found from now on.
///
/// Errors: nothing was changed: no room, a hook that failed, a database that cannot be written, a stop that was asked for.
pub fn run(
    database: &mut Database,
    settings: &Settings,
    world: Vec<u8>,
    steps: Vec<Step<'_>>,
    say: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    hooks::run(database, settings, "pre-commit", say)?;
    let mut run = Run {
        database,
        settings,
        say,
        installed: database.installed.clone(),
        scripts: database.read_scripts()?,
        scripts_changed: false,
        triggers: database.read_triggers()?,
        triggers_changed: false,
        touched: FastSet::default(),
        is_as_planned: true,
        fresh: Vec::new(),
        failed: 0,
        failed_triggers: 0,
    };
    if steps.iter().any(|step| step.old.is_some() || step.new.is_some()) {
        run.changes(&world, steps)?;
    } else if world != database.world || database.purpose == Purpose::Create || database.has_other_arches() {
        run.only_files(&world)?;
    }
    if settings.resets_folders {
        access::reset(&database.root, &run.installed, settings.keeps_owner);
    }
    let broken = run.installed.packages().iter().filter(|record| record.flags.is_broken()).count();
    let outcome = Outcome { failed: run.failed, broken: broken + run.failed_triggers };
    let installed = std::mem::take(&mut run.installed);
    database.installed = installed;
    database.world = world;
    if let Err(error) = hooks::run(database, settings, "post-commit", say) {
        say(Event::Error(error.reason().as_bytes()));
    }
    Ok(outcome)
}

impl Run<'_, '_> {
    /// Only the database itself changes.
    fn only_files(&mut self, world: &[u8]) -> Result {
        let folder = self.database.folder()?;
        let files = self.database.files(world, &self.installed, None, None)?;
        let mut plan = Plan::new();
        self.write_files(&mut plan, files)?;
        commit_plan(folder, &mut plan)?;
        plan::take_places(&plan, &mut Folders::new(&self.database.root))?;
        sys::filesystem::sync_of(folder)?;
        recover::forget(folder);
        Ok(())
    }

    fn changes(&mut self, world: &[u8], steps: Vec<Step<'_>>) -> Result {
        let database = self.database;
        let folder = database.folder()?;
        space::check(&database.root, &steps)?;
        let total = steps.len();
        let mut owners = Owners::new(&database.installed);
        for step in steps.iter().filter(|step| step.new.is_none() && step.only_tag.is_none()) {
            if let Some(old) = step.old {
                owners.packages[old].leaves = true;
            }
        }
        let keeps_owner = self.settings.keeps_owner;
        let mut stage = Stage::new(&database.root, folder, keeps_owner, self.settings.overwrite)?;
        stage.overlay.clone_from(&self.settings.overlay);
        stage.lists = self.settings.lists;
        let staged = self.stage_all(&mut stage, &mut owners, steps);
        let prepared = staged.and_then(|work| self.prepare(&mut stage, owners, world, work));
        let (mut plan, mut work) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                // Nothing has taken its place yet: the way back is that of an interrupted run.
                drop(stage);
                recover::recover(&database.root, folder, true);
                return Err(error);
            }
        };
        self.apply(&mut stage, &plan, &mut work, total)?;
        self.run_triggers();
        self.finish(&mut stage, &mut plan, &work, world)
    }

    /// Writes the plan and the database as it will be, and syncs everything: from here on there is only forward.
    fn prepare(
        &mut self,
        stage: &mut Stage<'_>,
        owners: Owners<'_>,
        world: &[u8],
        mut work: Vec<Work>,
    ) -> Result<(Plan, Vec<Work>)> {
        let rules = Rules::read(&self.database.root);
        let mut plan = Plan::new();
        let aliases = Aliases::new(stage, &work);
        let mut planning = Planning { rules: &rules, owners, aliases, recorded: None };
        for work in &work {
            let name = match (&work.new, work.old) {
                (Some(new), _) => new.name.clone(),
                (None, Some(old)) => {
                    self.database.installed.name(&self.database.installed.packages()[old]).to_vec()
                }
                (None, None) => Vec::new(),
            };
            let has_scripts = self.settings.scripts
                && work.new.as_ref().is_some_and(|new| {
                    let wanted = if work.old.is_some() {
                        [Script::PreUpgrade, Script::PostUpgrade]
                    } else {
                        [Script::PreInstall, Script::PostInstall]
                    };
                    new.staged.scripts.iter().any(|(script, _)| wanted.contains(script))
                });
            plan.begin(&name, has_scripts);
            let mut old_digests = Digests::default();
            if let Some(old) = work.old {
                self.note_digests(old, &rules, &mut old_digests);
            }
            if let Some(new) = &work.new {
                self.plan_new(&mut plan, new, &mut planning, &old_digests);
            }
            if let Some(old) = work.old {
                let folders = work.new.iter().flat_map(|new| &new.staged.folders);
                let stays = folders.map(|folder| folder.path.as_slice()).collect();
                self.plan_old(&mut plan, old, &stays, &mut planning, &old_digests, stage);
            }
            plan.end();
        }
        drop(planning);
        self.register(&mut work);
        let files = self.database_files(world)?;
        self.write_files(&mut plan, files)?;
        sync_staged(stage, &self.database.root)?;
        if (self.settings.is_stopped)() {
            return Err(Kind::Interrupted.into());
        }
        commit_plan(self.database.folder()?, &mut plan)?;
        Ok((plan, work))
    }

    fn database_files(&self, world: &[u8]) -> Result<Vec<crate::database::Replacement>> {
        self.database.files(
            world,
            &self.installed,
            self.scripts_changed.then_some(&self.scripts),
            self.triggers_changed.then_some(&self.triggers),
        )
    }

    fn write_files(&mut self, plan: &mut Plan, files: Vec<crate::database::Replacement>) -> Result {
        for file in files {
            let (folder, name) = super::folders::split(file.path.as_bytes());
            let mut folders = Folders::new(&self.database.root);
            let open = folders.open(folder).place(&file.path)?;
            let name = String::from_utf8_lossy(name).into_owned();
            store::write_beside(open, &name, &file.bytes, file.mode).place(&file.path)?;
            plan.file(&file.path);
        }
        Ok(())
    }

    /// The database takes its place, and the run is over.
    fn finish(&mut self, stage: &mut Stage<'_>, plan: &mut Plan, work: &[Work], world: &[u8]) -> Result {
        let _ = (work, world);
        let folder = self.database.folder()?;
        if !self.is_as_planned {
            // Scripts failed or made users: the plan's text was written before that was known.
            let waiting = format!("installed{}", store::BESIDE);
            store::replace(folder, &waiting, &self.installed.write(), 0o644)?;
        }
        plan::take_places(plan, &mut stage.folders)?;
        sys::filesystem::sync_of(&self.database.root)?;
        stage.journal.is_over()?;
        recover::forget(folder);
        Ok(())
    }
}

/// Syncs every file system that has staged files.
fn sync_staged(stage: &mut Stage<'_>, root: &File) -> Result {
    let mut synced = HashSet::new();
    if let Ok(stat) = at::stat_fd(root) {
        synced.insert(stat.device);
    }
    sys::filesystem::sync_of(root)?;
    for (device, path) in stage.journal.devices() {
        if synced.insert(device)
            && let Ok(open) = stage.folders.open(path)
        {
            sys::filesystem::sync_of(open)?;
        }
    }
    Ok(())
}

/// Writes the plan. Its rename is the point of no return.
fn commit_plan(folder: &File, plan: &mut Plan) -> Result {
    store::write_beside(folder, plan::NAME, plan.finish(), 0o644)?;
    store::take_place(folder, plan::NAME)?;
    sys::filesystem::sync_file(folder)?;
    Ok(())
}
