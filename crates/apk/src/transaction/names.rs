//! names — users and groups of the root, by name: packages say whose their files are by name.

use std::fs::File;

use crate::database::store;
use crate::entry::Owner;

/// What a name stands for that neither the root nor the package knows a number of: nobody.
const NOBODY: u32 = 65534;

/// Names and numbers of `etc/passwd` and `etc/group`.
#[derive(Clone, Debug, Default)]
pub struct Names {
    users: Vec<(Vec<u8>, u32)>,
    groups: Vec<(Vec<u8>, u32)>,
}

impl Names {
    /// Reads the root's files; what is not there has no names.
    pub fn read(root: &File) -> Names {
        let text = |path: &str| store::read(root, path).ok().flatten().unwrap_or_default();
        Names {
            users: posix::passwd::users(&text("etc/passwd")).map(|user| (user.name, user.uid)).collect(),
            groups: posix::passwd::groups(&text("etc/group")).map(|group| (group.name, group.gid)).collect(),
        }
    }

    /// The number of a user.
    pub fn uid(&self, owner: &Owner) -> u32 {
        number(&self.users, owner)
    }

    /// The number of a group.
    pub fn gid(&self, owner: &Owner) -> u32 {
        number(&self.groups, owner)
    }
}

fn number(names: &[(Vec<u8>, u32)], owner: &Owner) -> u32 {
    if owner.name == b"root" {
        return 0;
    }
    let known = names.iter().find(|(name, _)| *name == owner.name).map(|(_, number)| *number);
    known.or(owner.id).unwrap_or(NOBODY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_root_come_first() {
        let names = Names { users: vec![(b"www".to_vec(), 33)], groups: Vec::new() };
        let owner = |name: &str, id| Owner { name: name.as_bytes().to_vec(), id };
        assert_eq!(names.uid(&owner("www", Some(80))), 33);
        assert_eq!(names.gid(&owner("www", Some(80))), 80);
        assert_eq!(names.gid(&owner("www", None)), NOBODY);
        assert_eq!(names.uid(&owner("root", Some(5))), 0);
    }
}
