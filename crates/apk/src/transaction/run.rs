//! run — the order of things: stage, plan, commit.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

use super::folders::{Folders, join};
use super::owners::{Owner, Owners};
use super::plan::{Notice, Plan};
use super::protect::Rules;
use super::script::{Program, Stream};
use super::stage::{Complaint, Failure, Stage, Staged};
use super::{Event, New, Outcome, Settings, Step, access, plan, recover, trigger};
use crate::database::installed::{Entry, Flags, Installed, Lines, Record};
use crate::database::scripts::Stored;
use crate::database::triggers::Trigger;
use crate::database::{Database, Purpose, store};
use crate::entry::Script;
use crate::error::{Error, Kind, Place, Result};
use crate::identity::Digest;

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
    touched: HashSet<Vec<u8>>,
    /// Packages whose triggers run for every folder: they are new.
    fresh: Vec<Digest>,
    failed: usize,
    failed_triggers: usize,
}

/// Makes the changes. The database is as it will be found from now on.
///
/// Errors: nothing was changed: no room, a hook that failed, a database that cannot be written.
pub fn run(
    database: &mut Database,
    settings: &Settings,
    world: Vec<u8>,
    steps: Vec<Step<'_>>,
    say: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    hooks(database, settings, "pre-commit", say)?;
    let mut run = Run {
        database,
        settings,
        say,
        installed: database.installed.clone(),
        scripts: database.read_scripts()?,
        scripts_changed: false,
        triggers: database.read_triggers()?,
        triggers_changed: false,
        touched: HashSet::new(),
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
    if let Err(error) = hooks(database, settings, "post-commit", say) {
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
        let prepared = staged.and_then(|work| self.prepare(&mut stage, &owners, world, work));
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

    /// Unpacks everything beside its place. Packages that fail are left out.
    fn stage_all(
        &mut self,
        stage: &mut Stage<'_>,
        owners: &mut Owners,
        steps: Vec<Step<'_>>,
    ) -> Result<Vec<Work>> {
        let mut robbed: HashMap<usize, HashSet<Vec<u8>>> = HashMap::new();
        let mut work = Vec::with_capacity(steps.len());
        for (number, step) in steps.into_iter().enumerate() {
            let old = step.old;
            if let (Some(tag), Some(old)) = (step.only_tag, old) {
                let mut lines = self.installed.lines(&self.installed.packages()[old]);
                lines.repository_tag = tag;
                self.installed.put(Some(old), &lines);
                work.push(Work { number, old: None, owner: None, new: None });
                continue;
            }
            let Some(new) = step.new else {
                if let Some(old) = old {
                    self.leave(owners, old);
                }
                work.push(Work { number, old, owner: None, new: None });
                continue;
            };
            owners.mark();
            let owner = owners.add_package(Owner {
                name: new.name.clone(),
                version: new.version.clone(),
                origin: new.origin.clone(),
                ..Owner::default()
            });
            match stage_one(stage, owners, owner, new) {
                Ok(arrived) => {
                    if let Some(old) = old {
                        self.leave(owners, old);
                    }
                    for (path, from) in owners.taken() {
                        if Some(from) != old && !owners.packages[from].leaves {
                            robbed.entry(from).or_default().insert(path);
                        }
                    }
                    work.push(Work { number, old, owner: Some(owner), new: Some(arrived) });
                }
                Err((Failure::All(error), _)) => return Err(error),
                Err((Failure::Package(error), full_name)) => {
                    owners.take_back();
                    let text = [&full_name[..], b": ", error.reason().as_bytes()].concat();
                    let failed = Arrived {
                        full_name,
                        name: Vec::new(),
                        version: Vec::new(),
                        identity: None,
                        lines: Lines::default(),
                        staged: Staged { complaints: vec![Complaint::Error(text)], ..Staged::default() },
                        position: usize::MAX,
                    };
                    self.failed += 1;
                    work.push(Work { number, old: None, owner: None, new: Some(failed) });
                }
            }
        }
        self.rob(stage, &mut work, robbed);
        Ok(work)
    }

    /// The folders of a package that goes are no longer its own.
    fn leave(&self, owners: &mut Owners, old: usize) {
        let record = &self.database.installed.packages()[old];
        for entry in self.database.installed.entries(record) {
            if let Entry::Folder { path, .. } = entry {
                owners.drop_folder(path);
            }
        }
    }

    /// Packages lose the files that others took.
    fn rob(&mut self, stage: &mut Stage<'_>, work: &mut [Work], robbed: HashMap<usize, HashSet<Vec<u8>>>) {
        for (from, paths) in robbed {
            if from < self.installed.packages().len() {
                let mut lines = self.installed.lines(&self.installed.packages()[from]);
                lines.files = without(&self.installed, &self.installed.packages()[from], &paths);
                self.installed.put(Some(from), &lines);
                continue;
            }
            let Some(arrived) = work.iter_mut().find(|work| work.owner == Some(from)) else { continue };
            let Some(arrived) = &mut arrived.new else { continue };
            for folder in &mut arrived.staged.folders {
                folder.files.retain(|file| {
                    let path = join(&folder.path, &file.name);
                    let stays = !paths.contains(&path);
                    if !stays && let Ok((open, _)) = stage.folders.parent(&path) {
                        let name = super::journal::staged_name(&arrived.name, &path);
                        let _ = at::unlink(open.as_raw_fd(), Path::new(&name));
                    }
                    stays
                });
            }
        }
    }

    /// Writes the plan and the database as it will be, and syncs everything: from here on there is only forward.
    fn prepare(
        &mut self,
        stage: &mut Stage<'_>,
        owners: &Owners,
        world: &[u8],
        mut work: Vec<Work>,
    ) -> Result<(Plan, Vec<Work>)> {
        let rules = Rules::read(&self.database.root);
        let mut plan = Plan::new();
        let same_folders = same_folders(stage, &work);
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
            let mut old_digests = HashMap::new();
            if let Some(old) = work.old {
                self.note_digests(old, &rules, &mut old_digests);
            }
            if let Some(new) = &work.new {
                self.plan_new(&mut plan, new, &rules, &old_digests);
            }
            if let Some(old) = work.old {
                let folders = work.new.iter().flat_map(|new| &new.staged.folders);
                let stays = folders.map(|folder| folder.path.as_slice()).collect();
                self.plan_old(&mut plan, old, &stays, owners, &rules, &same_folders, stage);
            }
            plan.end();
        }
        self.register(&mut work);
        let files = self.database_files(world)?;
        self.write_files(&mut plan, files)?;
        sync_staged(stage, &self.database.root)?;
        commit_plan(self.database.folder()?, &mut plan)?;
        Ok((plan, work))
    }

    fn note_digests(&self, old: usize, rules: &Rules, digests: &mut HashMap<Vec<u8>, Digest>) {
        let record = &self.database.installed.packages()[old];
        let mut folder: &[u8] = b"";
        for entry in self.database.installed.entries(record) {
            match entry {
                Entry::Folder { path, .. } => folder = path,
                Entry::File { name, digest: Some(digest), .. } => {
                    let path = join(folder, name);
                    if rules.mode_in_folder(&path).keeps() {
                        digests.insert(path, digest);
                    }
                }
                Entry::File { .. } => {}
            }
        }
    }

    fn plan_new(&self, plan: &mut Plan, new: &Arrived, rules: &Rules, old: &HashMap<Vec<u8>, Digest>) {
        for (path, file) in new.staged.paths().filter(|(_, file)| file.is_staged) {
            if rules.mode_in_folder(&path).keeps() {
                let digest = old.get(&path).copied().or_else(|| self.recorded(&path));
                plan.place_protected(&path, digest.as_ref(), file.digest.as_ref());
            } else {
                plan.place(&path);
            }
        }
    }

    /// The digest that the database has of a path of any package.
    fn recorded(&self, wanted: &[u8]) -> Option<Digest> {
        let (wanted_folder, wanted_name) = super::folders::split(wanted);
        let installed = &self.database.installed;
        installed.packages().iter().find_map(|record| {
            let mut folder: &[u8] = b"";
            installed.entries(record).find_map(|entry| match entry {
                Entry::Folder { path, .. } => {
                    folder = path;
                    None
                }
                Entry::File { name, digest, .. } => {
                    (folder == wanted_folder && name == wanted_name).then_some(digest).flatten()
                }
            })
        })
    }

    /// The steps that remove what an old package had and nobody has now.
    #[expect(clippy::too_many_arguments, reason = "all of what a removal depends on")]
    fn plan_old(
        &mut self,
        plan: &mut Plan,
        old: usize,
        stays: &HashSet<&[u8]>,
        owners: &Owners,
        rules: &Rules,
        same_folders: &HashMap<(u64, u64), Vec<Vec<u8>>>,
        stage: &mut Stage<'_>,
    ) {
        let record = &self.database.installed.packages()[old];
        let mut folders: Vec<&[u8]> = Vec::new();
        let mut aliases: Vec<Vec<u8>> = Vec::new();
        for entry in self.database.installed.entries(record) {
            match entry {
                Entry::Folder { path, .. } => {
                    folders.push(path);
                    aliases = aliases_of(stage, path, same_folders);
                }
                Entry::File { name, digest, .. } => {
                    let folder = folders.last().copied().unwrap_or_default();
                    let path = join(folder, name);
                    let lives_on = owners.owner(&path) != Some(old)
                        || aliases.iter().any(|alias| owners.owner(&join(alias, name)).is_some());
                    self.touched.insert(folder.to_vec());
                    if lives_on {
                        continue;
                    }
                    if rules.mode_in_folder(&path).keeps() {
                        plan.remove_protected(&path, digest.as_ref());
                    } else {
                        plan.remove(&path);
                    }
                }
            }
        }
        folders.sort_by_key(|path| std::cmp::Reverse(path.len()));
        for path in folders {
            if !stays.contains(path) {
                self.touched.insert(path.to_vec());
            }
            if !path.is_empty() && !owners.has_folder(path) {
                plan.remove_folder(path);
            }
        }
    }

    /// Puts the new packages into the database, takes the removed ones out.
    fn register(&mut self, work: &mut [Work]) {
        let mut gone = HashSet::new();
        for work in work.iter_mut() {
            if work.new.is_none() {
                gone.extend(work.old);
            }
            let Some(new) = work.new.as_mut().filter(|new| !new.name.is_empty()) else { continue };
            new.lines.flags = new.staged.flags;
            new.lines.files = new.staged.lines();
            self.installed.put(work.old, &new.lines);
            for folder in &new.staged.folders {
                self.touched.insert(folder.path.clone());
            }
        }
        self.replace_scripts(work);
        let installed = &mut self.installed;
        installed.retain(|position| !gone.contains(&position));
        for work in work.iter_mut() {
            if let Some(new) = work.new.as_mut().filter(|new| !new.name.is_empty()) {
                new.position = installed.find(&new.name).unwrap_or(usize::MAX);
            }
        }
    }

    /// Scripts and triggers of packages that go are left out, those of new ones are added.
    fn replace_scripts(&mut self, work: &[Work]) {
        let mut left: HashSet<Digest> = HashSet::new();
        for old in work.iter().filter_map(|work| work.old) {
            let record = &self.database.installed.packages()[old];
            left.extend(self.database.installed.identity(record));
        }
        let counts = (self.scripts.len(), self.triggers.len());
        self.scripts.retain(|stored| !left.contains(&stored.identity));
        self.triggers.retain(|trigger| !left.contains(&trigger.identity));
        self.scripts_changed = counts.0 != self.scripts.len();
        self.triggers_changed = counts.1 != self.triggers.len();
        for new in work.iter().filter_map(|work| work.new.as_ref()) {
            let Some(identity) = new.identity else { continue };
            for (script, text) in &new.staged.scripts {
                self.scripts.push(Stored {
                    package: new.full_name.clone(),
                    identity,
                    script: *script,
                    mtime: new.staged.package.build_time,
                    text: text.clone(),
                });
                self.scripts_changed = true;
            }
            let patterns = &new.staged.package.triggers;
            if !patterns.is_empty() {
                self.triggers.push(Trigger { identity, patterns: patterns.clone() });
                self.triggers_changed = true;
            }
            self.fresh.push(identity);
        }
        // In the order of the packages, as the reference has them.
        let installed = &self.installed;
        self.scripts.sort_by_cached_key(|stored| {
            let name = package_name(&stored.package);
            installed.find(name).map_or((1, name.to_vec()), |_| (0, name.to_vec()))
        });
        if self.triggers_changed {
            let names: HashMap<Digest, &[u8]> = installed
                .packages()
                .iter()
                .filter_map(|record| Some((installed.identity(record)?, installed.name(record))))
                .collect();
            self.triggers.sort_by_key(|trigger| {
                let name = names.get(&trigger.identity).copied();
                (name.is_none(), name)
            });
        }
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

    /// Scripts run and files take their places, package by package.
    fn apply(&mut self, stage: &mut Stage<'_>, plan: &Plan, work: &mut [Work], total: usize) -> Result {
        for (index, work) in work.iter_mut().enumerate() {
            (self.say)(Event::Begin(work.number));
            if let Some(new) = &mut work.new {
                self.arrive(stage, plan, index, work.old, new);
            } else if let Some(old) = work.old {
                self.go(stage, plan, index, old);
            }
            stage.journal.is_whole(index)?;
            (self.say)(Event::Progress { done: index + 1, total });
        }
        Ok(())
    }

    fn arrive(
        &mut self,
        stage: &mut Stage<'_>,
        plan: &Plan,
        index: usize,
        old: Option<usize>,
        new: &mut Arrived,
    ) {
        let mut arguments = vec![new.version.clone()];
        if let Some(old) = old {
            let record = &self.database.installed.packages()[old];
            arguments.push(self.database.installed.version(record).to_vec());
        }
        let (before, after) = match old {
            Some(_) => (Script::PreUpgrade, Script::PostUpgrade),
            None => (Script::PreInstall, Script::PostInstall),
        };
        let mut flags = new.staged.flags;
        let scripts = std::mem::take(&mut new.staged.scripts);
        if self.run_new(&scripts, before, new, &arguments, &mut flags)
            && stage.own_again(&new.name, &mut new.staged)
        {
            let mut lines = self.installed.lines(&self.installed.packages()[new.position]);
            lines.files = new.staged.lines();
            self.installed.put(Some(new.position), &lines);
        }
        for path in &new.staged.listed {
            (self.say)(Event::Path(path));
        }
        for complaint in &new.staged.complaints {
            match complaint {
                Complaint::Warning(text) => (self.say)(Event::Warning(text)),
                Complaint::Error(text) => (self.say)(Event::Error(text)),
            }
        }
        self.place(stage, plan, index, &new.full_name, &mut flags);
        self.run_new(&scripts, after, new, &arguments, &mut flags);
        if new.position != usize::MAX {
            self.installed.set_flags(new.position, flags);
        }
    }

    /// Runs one of a new package's scripts. True if it has it and scripts run at all.
    fn run_new(
        &mut self,
        scripts: &[(Script, Vec<u8>)],
        script: Script,
        new: &Arrived,
        arguments: &[Vec<u8>],
        flags: &mut Flags,
    ) -> bool {
        let Some((_, text)) = scripts.iter().find(|(own, _)| *own == script) else { return false };
        if !self.settings.scripts {
            return false;
        }
        if !self.run_script(&new.full_name, &new.name, script, text, arguments, true) {
            flags.broken_script = true;
        }
        true
    }

    fn place(
        &mut self,
        stage: &mut Stage<'_>,
        plan: &Plan,
        index: usize,
        full_name: &[u8],
        flags: &mut Flags,
    ) {
        let say = &mut *self.say;
        plan.execute(index, &mut stage.folders, self.settings.keep, &mut |notice| match notice {
            Notice::NewBeside(path) => say(Event::NewBeside(path)),
            Notice::Removed(path) => say(Event::Path(path)),
            Notice::Failed(path, error) => {
                let reason = sys::error::text(&error).to_string();
                let text = [full_name, b": failed to commit ", path, b": ", reason.as_bytes()].concat();
                say(Event::Error(&text));
                flags.broken_files = true;
            }
        });
    }

    fn go(&mut self, stage: &mut Stage<'_>, plan: &Plan, index: usize, old: usize) {
        let installed = &self.database.installed;
        let record = &installed.packages()[old];
        let full_name = installed.full_name(record);
        let name = installed.name(record).to_vec();
        let arguments = vec![installed.version(record).to_vec()];
        let stored = match (self.settings.scripts, installed.identity(record)) {
            (true, Some(identity)) => {
                let stored = self.database.read_scripts().unwrap_or_default();
                stored.into_iter().filter(|stored| stored.identity == identity).collect()
            }
            _ => Vec::new(),
        };
        let run = |this: &mut Self, script: Script| {
            if let Some(stored) = stored.iter().find(|stored| stored.script == script) {
                this.run_script(&full_name, &name, script, &stored.text, &arguments, true);
            }
        };
        run(self, Script::PreDeinstall);
        let mut flags = Flags::default();
        self.place(stage, plan, index, &full_name, &mut flags);
        run(self, Script::PostDeinstall);
    }

    fn run_script(
        &mut self,
        full_name: &[u8],
        name: &[u8],
        script: Script,
        text: &[u8],
        arguments: &[Vec<u8>],
        in_step: bool,
    ) -> bool {
        (self.say)(Event::Script { package: full_name, script, in_step });
        let program_name = [full_name, b".", script.name().as_bytes()].concat();
        let program = Program {
            name: &program_name,
            script: script.name(),
            package: name,
            text: Some(text),
            arguments,
        };
        let say = &mut *self.say;
        let result =
            self.settings.runner.run(&self.database.root, &program, &mut |stream: Stream, text: &[u8]| {
                say(Event::Line { stream, text, in_step });
            });
        if let Err(reason) = &result {
            let text = [b"lib/apk/exec/", &program_name[..], b": ", reason.as_bytes()].concat();
            (self.say)(Event::Error(&text));
        }
        result.is_ok()
    }

    fn run_triggers(&mut self) {
        if !self.settings.scripts {
            return;
        }
        for fired in trigger::fired(&self.installed, &self.triggers, &self.fresh, &self.touched) {
            let found = self
                .scripts
                .iter()
                .find(|stored| stored.identity == fired.identity && stored.script == Script::Trigger);
            let Some(text) = found.map(|stored| stored.text.clone()) else { continue };
            let record = &self.installed.packages()[fired.position];
            let (full_name, name) = (self.installed.full_name(record), self.installed.name(record).to_vec());
            if !self.run_script(&full_name, &name, Script::Trigger, &text, &fired.folders, false) {
                // The package is whole: as with the reference, the database does not say so.
                self.failed_triggers += 1;
            }
        }
    }

    /// The database takes its place, and the run is over.
    fn finish(&mut self, stage: &mut Stage<'_>, plan: &mut Plan, work: &[Work], world: &[u8]) -> Result {
        let _ = (work, world);
        let folder = self.database.folder()?;
        let text = self.installed.write();
        let waiting = format!("installed{}", store::BESIDE);
        if store::read(folder, &waiting)?.is_none_or(|planned| planned != text) {
            // Scripts failed or made users: the plan's text was written before that was known.
            store::replace(folder, &waiting, &text, 0o644)?;
        }
        plan::take_places(plan, &mut stage.folders)?;
        sys::filesystem::sync_of(&self.database.root)?;
        stage.journal.is_over()?;
        recover::forget(folder);
        Ok(())
    }
}

/// The name in `NAME-VERSION`: versions have dashes only before their revision.
fn package_name(full_name: &[u8]) -> &[u8] {
    let mut dashes = full_name.iter().enumerate().rev().filter(|(_, byte)| **byte == b'-').map(|(at, _)| at);
    let mut end = dashes.next().unwrap_or(full_name.len());
    if full_name.get(end + 1) == Some(&b'r') && full_name[end + 1..].iter().skip(1).all(u8::is_ascii_digit) {
        end = dashes.next().unwrap_or(end);
    }
    &full_name[..end]
}

/// Stages one package.
fn stage_one(
    stage: &mut Stage<'_>,
    owners: &mut Owners,
    owner: usize,
    new: New<'_>,
) -> std::result::Result<Arrived, (Failure, Vec<u8>)> {
    let full_name = [&new.name[..], b"-", &new.version].concat();
    let mut staged = Staged::default();
    if let Some(open) = new.open {
        let mut reader = open().map_err(|error| (Failure::from(error), full_name.clone()))?;
        owners.packages[owner].replaces.clone_from(&reader.package().replaces);
        owners.packages[owner].replaces_priority = reader.package().replaces_priority;
        staged = stage.package(&mut reader, owners, owner).map_err(|failure| (failure, full_name.clone()))?;
    }
    let lines = Lines {
        facts: new.facts,
        tags: staged.package.tags.clone(),
        replaces: staged.package.replaces.clone(),
        replaces_priority: staged.package.replaces_priority,
        repository_tag: new.repository_tag,
        ..Lines::default()
    };
    Ok(Arrived {
        full_name,
        name: new.name,
        version: new.version,
        identity: new.identity.or(staged.package.identity).map(Digest::recorded),
        lines,
        staged,
        position: usize::MAX,
    })
}

/// The lines of a package's files without some.
fn without(installed: &Installed, record: &Record, paths: &HashSet<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut folder: &[u8] = b"";
    for entry in installed.entries(record) {
        match entry {
            Entry::Folder { path, .. } => folder = path,
            Entry::File { name, .. } if paths.contains(&join(folder, name)) => continue,
            Entry::File { .. } => {}
        }
        entry.write(&mut out);
    }
    out
}

/// The folders of new packages by what they are on the disk, where more than one path leads to one.
fn same_folders(stage: &mut Stage<'_>, work: &[Work]) -> HashMap<(u64, u64), Vec<Vec<u8>>> {
    let mut found: HashMap<(u64, u64), Vec<Vec<u8>>> = HashMap::new();
    if !work.iter().any(|work| work.old.is_some()) {
        return found;
    }
    let mut seen = HashSet::new();
    for folder in work.iter().filter_map(|work| work.new.as_ref()).flat_map(|new| &new.staged.folders) {
        if !folder.files.is_empty()
            && seen.insert(folder.path.as_slice())
            && let Ok(stat) = stage.folders.open(&folder.path).and_then(|open| at::stat_fd(open))
        {
            found.entry((stat.device, stat.inode)).or_default().push(folder.path.clone());
        }
    }
    found
}

/// The other paths of a folder among those of new packages.
fn aliases_of(
    stage: &mut Stage<'_>,
    path: &[u8],
    same_folders: &HashMap<(u64, u64), Vec<Vec<u8>>>,
) -> Vec<Vec<u8>> {
    if same_folders.is_empty() {
        return Vec::new();
    }
    let Ok(stat) = stage.folders.open(path).and_then(|open| at::stat_fd(open)) else { return Vec::new() };
    let paths = same_folders.get(&(stat.device, stat.inode));
    paths.into_iter().flatten().filter(|other| *other != path).cloned().collect()
}

/// Syncs every file system that has staged files.
fn sync_staged(stage: &mut Stage<'_>, root: &File) -> Result {
    let mut synced = HashSet::new();
    if let Ok(stat) = at::stat_fd(root) {
        synced.insert(stat.device);
    }
    sys::filesystem::sync_of(root)?;
    let staged: Vec<Vec<u8>> = stage.journal.staged().map(<[u8]>::to_vec).collect();
    for path in staged {
        if let Ok(open) = stage.folders.open(&path)
            && let Ok(stat) = at::stat_fd(open)
            && synced.insert(stat.device)
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

/// Runs the commit hooks.
///
/// Errors: one failed.
fn hooks(database: &Database, settings: &Settings, argument: &str, say: &mut dyn FnMut(Event<'_>)) -> Result {
    if !settings.scripts {
        return Ok(());
    }
    let mut seen = HashSet::new();
    let mut hooks = Vec::new();
    for folder in ["etc/apk/commit_hooks.d", "lib/apk/commit_hooks.d"] {
        for name in super::protect::list_names(&database.root, folder) {
            if !name.starts_with('.') && seen.insert(name.clone()) {
                hooks.push((name.clone(), format!("{folder}/{name}")));
            }
        }
    }
    hooks.sort();
    for (_, path) in hooks {
        let stat = at::stat(database.root.as_raw_fd(), Path::new(&path), at::Links::Follow);
        if !stat.is_ok_and(|stat| stat.kind() == at::Kind::File && stat.mode & 0o111 != 0) {
            continue;
        }
        let is_skipped = !settings.hooks;
        say(Event::Hook { path: &path, argument, is_skipped });
        if is_skipped {
            continue;
        }
        let program = Program {
            name: path.as_bytes(),
            script: argument,
            package: b"",
            text: None,
            arguments: &[argument.as_bytes().to_vec()],
        };
        let result = settings.runner.run(&database.root, &program, &mut |stream, text| {
            say(Event::Line { stream, text, in_step: false });
        });
        if let Err(reason) = result {
            return Err(Error::new(Kind::Message(format!("{path}: {reason}"))));
        }
    }
    Ok(())
}
