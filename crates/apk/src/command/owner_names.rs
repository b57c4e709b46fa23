//! owner_names — what the owners of files are called in a root.

use std::fs;
use std::path::Path;

use crate::adb::make::OwnerNames;

/// Numbers and names of `etc/passwd` and `etc/group`.
pub struct RootNames {
    users: Vec<(u32, Vec<u8>)>,
    groups: Vec<(u32, Vec<u8>)>,
}

/// What an owner without a name is called.
const NOBODY: &[u8] = b"nobody";

impl RootNames {
    /// Reads the root's files; what is not there has no names.
    pub fn read(root: &Path) -> RootNames {
        let text = |path: &str| fs::read(root.join(path)).unwrap_or_default();
        RootNames {
            users: posix::passwd::users(&text("etc/passwd")).map(|user| (user.uid, user.name)).collect(),
            groups: posix::passwd::groups(&text("etc/group")).map(|group| (group.gid, group.name)).collect(),
        }
    }
}

fn name_of(names: &[(u32, Vec<u8>)], id: u32) -> Vec<u8> {
    if id == 0 {
        return b"root".to_vec();
    }
    let known = names.iter().find(|(number, _)| *number == id);
    known.map_or_else(|| NOBODY.to_vec(), |(_, name)| name.clone())
}

impl OwnerNames for RootNames {
    fn user(&self, uid: u32) -> Vec<u8> {
        name_of(&self.users, uid)
    }

    fn group(&self, gid: u32) -> Vec<u8> {
        name_of(&self.groups, gid)
    }
}
