//! register — the database as it will be: packages, scripts, triggers.

use super::*;

impl Run<'_, '_> {
    /// Puts the new packages into the database, takes the removed ones out.
    pub(super) fn register(&mut self, work: &mut [Work]) {
        let mut gone = HashSet::new();
        for work in work.iter_mut() {
            if work.new.is_none() {
                gone.extend(work.old);
            }
            let Some(new) = work.new.as_mut().filter(|new| !new.name.is_empty()) else { continue };
            new.lines.flags = new.staged.flags;
            new.lines.files = new.staged.lines();
            self.installed.put(work.old, &new.lines);
            new.lines.files = Vec::new();
            for folder in &new.staged.folders {
                if !self.touched.contains(&folder.path) {
                    self.touched.insert(folder.path.clone());
                }
            }
        }
        self.replace_scripts(work);
        let installed = &mut self.installed;
        installed.retain(|position| !gone.contains(&position));
        let positions = installed.positions();
        for work in work.iter_mut() {
            if let Some(new) = work.new.as_mut().filter(|new| !new.name.is_empty()) {
                new.position = positions.get(new.name.as_slice()).copied().unwrap_or(usize::MAX);
            }
        }
    }

    /// Scripts and triggers of packages that go are left out, those of new ones are added.
    pub(super) fn replace_scripts(&mut self, work: &[Work]) {
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
        let positions = installed.positions();
        self.scripts.sort_by_cached_key(|stored| {
            let name = package_name(&stored.package);
            (!positions.contains_key(name), name.to_vec())
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
