//! planning — the steps that put a package in its place and take the old one away.

use super::*;

impl Run<'_, '_> {
    pub(super) fn note_digests(&self, old: usize, rules: &Rules, digests: &mut HashMap<Vec<u8>, Digest>) {
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

    pub(super) fn plan_new(
        &self,
        plan: &mut Plan,
        new: &Arrived,
        rules: &Rules,
        old: &HashMap<Vec<u8>, Digest>,
    ) {
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
    pub(super) fn recorded(&self, wanted: &[u8]) -> Option<Digest> {
        let (wanted_folder, wanted_name) = crate::transaction::folders::split(wanted);
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
    pub(super) fn plan_old(
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
}

/// The folders of new packages by what they are on the disk, where more than one path leads to one.
pub(super) fn same_folders(stage: &mut Stage<'_>, work: &[Work]) -> HashMap<(u64, u64), Vec<Vec<u8>>> {
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
pub(super) fn aliases_of(
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
