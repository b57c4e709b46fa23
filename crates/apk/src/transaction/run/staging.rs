//! staging — packages are unpacked beside their places, and who has which path is settled.

use super::*;

impl Run<'_, '_> {
    /// Unpacks everything beside its place. Packages that fail are left out.
    pub(super) fn stage_all(
        &mut self,
        stage: &mut Stage<'_>,
        owners: &mut Owners<'_>,
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
    pub(super) fn leave(&self, owners: &mut Owners<'_>, old: usize) {
        let record = &self.database.installed.packages()[old];
        for place in self.database.installed.named(record) {
            if let Named::Folder(path) = place {
                owners.drop_folder(path);
            }
        }
    }

    /// Packages lose the files that others took.
    pub(super) fn rob(
        &mut self,
        stage: &mut Stage<'_>,
        work: &mut [Work],
        robbed: HashMap<usize, HashSet<Vec<u8>>>,
    ) {
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
                        let name = crate::transaction::journal::staged_name(&arrived.name, &path);
                        let _ = at::unlink(open.as_raw_fd(), Path::new(&name));
                    }
                    stays
                });
            }
        }
    }
}

/// Stages one package.
fn stage_one(
    stage: &mut Stage<'_>,
    owners: &mut Owners<'_>,
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
    // What is still asked of the package, until all of them are in place; the rest goes.
    let Package { tags, replaces, replaces_priority, identity, build_time, triggers, .. } =
        std::mem::take(&mut staged.package);
    staged.package = Package { build_time, triggers, ..Package::default() };
    let lines = Lines {
        facts: new.facts,
        tags,
        replaces,
        replaces_priority,
        repository_tag: new.repository_tag,
        ..Lines::default()
    };
    Ok(Arrived {
        full_name,
        name: new.name,
        version: new.version,
        identity: new.identity.or(identity).map(Digest::recorded),
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
