//! planning — the steps that put a package in its place and take the old one away.

use super::*;

/// Digests that the database has of paths in protected folders.
pub(super) type Digests = FastMap<Vec<u8>, Digest>;

/// What plans are made from, besides the packages.
pub(super) struct Planning<'p> {
    pub(super) rules: &'p Rules,
    pub(super) owners: Owners<'p>,
    pub(super) aliases: Aliases,
    /// The digests of all packages, once somebody has asked.
    pub(super) recorded: Option<Digests>,
}

impl Run<'_, '_> {
    /// Adds the digests of a package's files in protected folders.
    pub(super) fn note_digests(&self, old: usize, rules: &Rules, digests: &mut Digests) {
        let installed = &self.database.installed;
        let record = &installed.packages()[old];
        let is_kept = |place: Named<'_>| matches!(place, Named::Folder(path) if rules.mode(path).keeps());
        if !installed.named(record).any(is_kept) {
            return;
        }
        let (mut folder, mut keeps): (&[u8], bool) = (b"", false);
        for entry in installed.entries(record) {
            match entry {
                Entry::Folder { path, .. } => (folder, keeps) = (path, rules.mode(path).keeps()),
                Entry::File { name, digest: Some(digest), .. } if keeps => {
                    digests.entry(join(folder, name)).or_insert(digest);
                }
                Entry::File { .. } => {}
            }
        }
    }

    pub(super) fn plan_new(
        &self,
        plan: &mut Plan,
        new: &Arrived,
        planning: &mut Planning<'_>,
        old: &Digests,
    ) {
        for folder in &new.staged.folders {
            let keeps = planning.rules.mode(&folder.path).keeps();
            for file in folder.files.iter().filter(|file| file.is_staged) {
                let path = join(&folder.path, &file.name);
                if keeps {
                    let digest = old.get(&path).copied().or_else(|| self.recorded(planning, &path));
                    plan.place_protected(&path, digest.as_ref(), file.digest.as_ref());
                } else {
                    plan.place(&path);
                }
            }
        }
    }

    /// The digest that the database has of a path of any package.
    fn recorded(&self, planning: &mut Planning<'_>, path: &[u8]) -> Option<Digest> {
        let recorded = planning.recorded.get_or_insert_with(|| {
            let mut digests = Digests::default();
            for number in 0..self.database.installed.packages().len() {
                self.note_digests(number, planning.rules, &mut digests);
            }
            digests
        });
        recorded.get(path).copied()
    }

    /// The steps that remove what an old package had and nobody has now. `digests` has those of its protected files.
    pub(super) fn plan_old(
        &mut self,
        plan: &mut Plan,
        old: usize,
        stays: &FastSet<&[u8]>,
        planning: &mut Planning<'_>,
        digests: &Digests,
        stage: &mut Stage<'_>,
    ) {
        let database = self.database;
        let record = &database.installed.packages()[old];
        let mut folders: Vec<&[u8]> = Vec::new();
        let mut keeps = false;
        // Looked for where there is a file.
        let mut aliases: Option<Vec<Vec<u8>>> = None;
        for place in database.installed.named(record) {
            let folder = folders.last().copied().unwrap_or_default();
            match place {
                Named::Folder(path) => {
                    folders.push(path);
                    (keeps, aliases) = (planning.rules.mode(path).keeps(), None);
                }
                Named::File(name) => {
                    if aliases.is_none() && !self.touched.contains(folder) {
                        self.touched.insert(folder.to_vec());
                    }
                    let aliases = aliases.get_or_insert_with(|| planning.aliases.of(stage, folder));
                    let path = join(folder, name);
                    let lives_on = planning.owners.owner(&path) != Some(old)
                        || aliases.iter().any(|alias| planning.owners.owner(&join(alias, name)).is_some());
                    if lives_on {
                        continue;
                    }
                    if keeps {
                        plan.remove_protected(&path, digests.get(&path));
                    } else {
                        plan.remove(&path);
                    }
                }
            }
        }
        folders.sort_by_key(|path| std::cmp::Reverse(path.len()));
        for path in folders {
            if !stays.contains(path) && !self.touched.contains(path) {
                self.touched.insert(path.to_vec());
            }
            if planning.owners.leave_folder(path) && !path.is_empty() {
                plan.remove_folder(path);
            }
        }
    }
}

/// The folders of new packages by what they are on the disk: more than one path may lead to one.
#[derive(Default)]
pub(super) struct Aliases {
    paths: FastMap<(u64, u64), Vec<Vec<u8>>>,
    places: FastMap<Vec<u8>, (u64, u64)>,
}

impl Aliases {
    /// Those of all new packages that have files in them.
    pub(super) fn new(stage: &mut Stage<'_>, work: &[Work]) -> Aliases {
        let mut found = Aliases::default();
        if !work.iter().any(|work| work.old.is_some()) {
            return found;
        }
        for folder in work.iter().filter_map(|work| work.new.as_ref()).flat_map(|new| &new.staged.folders) {
            if folder.files.is_empty() || found.places.contains_key(&folder.path) {
                continue;
            }
            let known = stage.journal.place_of(&folder.path);
            if let Some(place) = known.or_else(|| place_of(stage, &folder.path)) {
                found.places.insert(folder.path.clone(), place);
                found.paths.entry(place).or_default().push(folder.path.clone());
            }
        }
        found
    }

    /// The other paths of a folder.
    fn of(&mut self, stage: &mut Stage<'_>, path: &[u8]) -> Vec<Vec<u8>> {
        if self.paths.is_empty() {
            return Vec::new();
        }
        let Some(place) = self.places.get(path).copied().or_else(|| place_of(stage, path)) else {
            return Vec::new();
        };
        let paths = self.paths.get(&place);
        paths.into_iter().flatten().filter(|other| *other != path).cloned().collect()
    }
}

fn place_of(stage: &mut Stage<'_>, path: &[u8]) -> Option<(u64, u64)> {
    let stat = stage.folders.open(path).and_then(|open| at::stat_fd(open)).ok()?;
    Some((stat.device, stat.inode))
}
