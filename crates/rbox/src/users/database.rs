//! database — /etc/passwd, group and shadow as lines that are changed and written back whole.
//!
//! A change is made to the lines in memory, written beside the old file, synced and renamed over it: a power cut leaves
//! the old file or the new one. The file before the change is kept as `passwd-`. One lock, shared with shadow-utils,
//! keeps two changes apart. Lines that are not understood are kept as they are.
//!
//! Source: lckpwdf(3) for the lock; BusyBox 1.37 for `passwd-`.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};

use crate::prelude::*;

const LOCK: &str = "/etc/.pwd.lock";
/// How long another change is waited for.
const LOCK_WAIT_SECONDS: u32 = 15;

/// Held while databases are read, changed and written.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take() -> Result<Lock> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(LOCK).at(LOCK)?;
        for _ in 0..LOCK_WAIT_SECONDS * 10 {
            if sys::record_lock::try_write_lock(&file).at(LOCK)? {
                return Ok(Lock { _file: file });
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Err(Error::message(format_args!("{LOCK}: another program is changing the databases")))
    }
}

/// One database in memory.
pub(super) struct Database {
    path: PathBuf,
    lines: Vec<Vec<u8>>,
}

impl Database {
    /// Reads a database. A missing file is an error: `open_or_empty` takes it for an empty one.
    pub(super) fn open(path: &str) -> Result<Database> {
        // A link is followed, so that the file is replaced and not the link.
        let path = fs::canonicalize(path).at(path)?;
        let text = fs::read(&path).at(&path)?;
        Ok(Database::of(path, &text))
    }

    /// Reads a database that this system may not have. None: it has none.
    pub(super) fn open_if_there(path: &str) -> Result<Option<Database>> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Database::open(path).map(Some),
        }
    }

    fn of(path: PathBuf, text: &[u8]) -> Database {
        let mut lines: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        Database { path, lines }
    }

    fn index(&self, name: &[u8]) -> Option<usize> {
        self.lines.iter().position(|line| field_of(line, 0) == Some(name) && line.contains(&b':'))
    }

    /// Whether there is a line of that name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.index(name).is_some()
    }

    /// Field `number` (the name is 0) of the line of that name.
    pub(super) fn field(&self, name: &[u8], number: usize) -> Option<&[u8]> {
        field_of(&self.lines[self.index(name)?], number)
    }

    /// Replaces a field; missing ones before it become empty. False: there is no such line.
    pub(super) fn set_field(&mut self, name: &[u8], number: usize, value: &[u8]) -> bool {
        let Some(index) = self.index(name) else { return false };
        let mut fields: Vec<&[u8]> = self.lines[index].split(|&byte| byte == b':').collect();
        while fields.len() <= number {
            fields.push(b"");
        }
        fields[number] = value;
        self.lines[index] = fields.join(&b':');
        true
    }

    pub(super) fn append(&mut self, line: &str) {
        self.lines.push(line.as_bytes().to_vec());
    }

    /// Takes the line of that name out. False: there is none.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        match self.index(name) {
            Some(index) => {
                self.lines.remove(index);
                true
            }
            None => false,
        }
    }

    /// The text as it would be written.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = self.lines.join(&b'\n');
        if !text.is_empty() {
            text.push(b'\n');
        }
        text
    }

    /// Adds `user` to the members in field 3 of a group's line. False: it is there already, or there is no such group.
    pub(super) fn add_member(&mut self, group: &[u8], user: &[u8]) -> bool {
        let Some(members) = self.field(group, 3).map(<[u8]>::to_vec).or(self.has(group).then(Vec::new))
        else {
            return false;
        };
        if members.split(|&byte| byte == b',').any(|member| member == user) {
            return false;
        }
        let joined = if members.is_empty() { user.to_vec() } else { [&members, &b","[..], user].concat() };
        self.set_field(group, 3, &joined)
    }

    /// Takes `user` out of a group's members. False: it is not among them.
    pub(super) fn remove_member(&mut self, group: &[u8], user: &[u8]) -> bool {
        let Some(members) = self.field(group, 3) else { return false };
        let all: Vec<&[u8]> = members.split(|&byte| byte == b',').collect();
        let rest: Vec<&[u8]> = all.iter().copied().filter(|member| *member != user).collect();
        if rest.len() == all.len() {
            return false;
        }
        let joined = rest.join(&b',');
        self.set_field(group, 3, &joined)
    }

    /// Takes `user` out of every group. The names of all lines are looked at, understood or not.
    pub(super) fn remove_member_everywhere(&mut self, user: &[u8]) -> bool {
        let names: Vec<Vec<u8>> =
            self.lines.iter().filter_map(|line| field_of(line, 0)).map(<[u8]>::to_vec).collect();
        let mut changed = false;
        for name in &names {
            changed |= self.remove_member(name, user);
        }
        changed
    }

    /// Writes the database in place of the old one, which stays as `NAME-`.
    pub(super) fn save(&self) -> Result {
        let old = fs::metadata(&self.path).at(&self.path)?;
        let beside = suffixed(&self.path, "+");
        let kept = suffixed(&self.path, "-");
        // Left behind by a power cut; the lock says that nobody writes it now.
        let _ = fs::remove_file(&beside);
        let written = write_synced(&beside, &self.text(), &old);
        if let Err(error) = written {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        let _ = fs::remove_file(&kept);
        let _ = fs::hard_link(&self.path, &kept); // a file system without links keeps no old file
        fs::rename(&beside, &self.path).at(&self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        File::open(folder).and_then(|folder| folder.sync_all()).at(folder)
    }
}

/// Sets a password in the shadow, and the day of its change.
pub(super) fn set_shadow_password(shadow: &mut Database, name: &[u8], password: &[u8]) {
    shadow.set_field(name, 1, password);
    shadow.set_field(name, 2, today().to_string().as_bytes());
}

/// Days since 1970.
pub(super) fn today() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400)
}

fn write_synced(path: &Path, text: &[u8], like: &fs::Metadata) -> Result {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).at(path)?;
    file.write_all(text).at(path)?;
    std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid())).at(path)?;
    file.set_permissions(fs::Permissions::from_mode(like.mode() & 0o7777)).at(path)?;
    file.sync_all().at(path)
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn field_of(line: &[u8], number: usize) -> Option<&[u8]> {
    line.split(|&byte| byte == b':').nth(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(text: &str) -> Database {
        Database::of(PathBuf::from("/nowhere"), text.as_bytes())
    }

    #[test]
    fn what_is_not_changed_stays_to_the_byte() {
        for text in ["", "a:x:1\n", "# comment\n\n+nis\na:x:1:b\n", "\u{fffd}x\n"] {
            assert_eq!(database(text).text(), text.as_bytes());
        }
        assert_eq!(database("a:x").text(), b"a:x\n");
    }

    #[test]
    fn fields_are_replaced() {
        let mut shadow = database("root::1:\nann:!\n");
        assert!(shadow.set_field(b"root", 1, b"$6$x") && shadow.set_field(b"ann", 2, b"9"));
        assert!(!shadow.set_field(b"bob", 1, b"x"));
        assert_eq!(shadow.text(), b"root:$6$x:1:\nann:!:9\n");
        assert_eq!(shadow.field(b"root", 2), Some(&b"1"[..]));
        assert_eq!(shadow.field(b"root", 9), None);
        assert!(shadow.remove(b"root") && !shadow.remove(b"root"));
    }

    #[test]
    fn members_come_and_go() {
        let mut group = database("wheel:x:10:root\nempty:x:11:\nold:x:12\n");
        assert!(group.add_member(b"wheel", b"ann") && group.add_member(b"empty", b"ann"));
        assert!(group.add_member(b"old", b"ann"));
        assert!(!group.add_member(b"wheel", b"ann") && !group.add_member(b"none", b"ann"));
        assert_eq!(group.text(), b"wheel:x:10:root,ann\nempty:x:11:ann\nold:x:12:ann\n");
        assert!(group.remove_member(b"wheel", b"root"));
        assert!(!group.remove_member(b"wheel", b"roo") && !group.remove_member(b"none", b"ann"));
        assert!(group.remove_member_everywhere(b"ann"));
        assert_eq!(group.text(), b"wheel:x:10:\nempty:x:11:\nold:x:12:\n");
    }
}
