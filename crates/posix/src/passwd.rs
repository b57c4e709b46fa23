//! passwd — the databases of users, groups and passwords, read.
//!
//! A line that cannot be understood (too few fields, an id that is no number) is skipped, as getpwent(3) does.
//!
//! *Source:* passwd(5), group(5), shadow(5).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub const PASSWD: &str = "/etc/passwd";
pub const GROUP: &str = "/etc/group";
pub const SHADOW: &str = "/etc/shadow";

/// The longest name that this system makes or believes: what fits a utmp record.
pub const NAME_MAX_BYTES: usize = 32;

/// One line of /etc/passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: Vec<u8>,
    /// A hash, or "x": it is in /etc/shadow.
    pub password: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
    pub gecos: Vec<u8>,
    home: Vec<u8>,
    shell: Vec<u8>,
}

impl User {
    /// The home directory; empty where the line names none.
    pub fn home(&self) -> &Path {
        path(&self.home)
    }

    /// The login shell; an empty field means /bin/sh.
    pub fn shell(&self) -> &Path {
        if self.shell.is_empty() { Path::new("/bin/sh") } else { path(&self.shell) }
    }
}

/// One line of /etc/group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

/// What /etc/shadow says of a user's password. Numbers that are not given are None.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow {
    pub name: Vec<u8>,
    /// A hash; empty: no password needed; beginning with `!` or `*`: none fits.
    pub password: Vec<u8>,
    /// Days since 1970 of the last change; 0 asks for a new one at the next login.
    pub changed_day: Option<u64>,
    pub days_max: Option<u64>,
    /// Days behind `days_max` after which the account is closed.
    pub days_inactive: Option<u64>,
    /// The day since 1970 on which the account ends.
    pub expires_day: Option<u64>,
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// The user of that name in /etc/passwd.
pub fn user_by_name(name: &[u8]) -> Option<User> {
    let text = fs::read(PASSWD).ok()?;
    users(&text).find(|user| user.name == name)
}

/// The first user of that id in /etc/passwd.
pub fn user_by_id(uid: u32) -> Option<User> {
    let text = fs::read(PASSWD).ok()?;
    users(&text).find(|user| user.uid == uid)
}

/// The user that `text` names, by name or, where no user is called so, by number.
pub fn user_by_name_or_id(text: &[u8]) -> Option<User> {
    user_by_name(text).or_else(|| user_by_id(number(text)?))
}

/// The group of that name in /etc/group.
pub fn group_by_name(name: &[u8]) -> Option<Group> {
    let text = fs::read(GROUP).ok()?;
    groups(&text).find(|group| group.name == name)
}

/// The first group of that id in /etc/group.
pub fn group_by_id(gid: u32) -> Option<Group> {
    let text = fs::read(GROUP).ok()?;
    groups(&text).find(|group| group.gid == gid)
}

/// The id that `text` stands for as a user: that of the user of this name, else the number itself (chown, find -user).
pub fn uid_of(text: &[u8]) -> Option<u32> {
    user_by_name(text).map(|user| user.uid).or_else(|| number(text))
}

/// The id that `text` stands for as a group: that of the group of this name, else the number itself.
pub fn gid_of(text: &[u8]) -> Option<u32> {
    group_by_name(text).map(|group| group.gid).or_else(|| number(text))
}

/// The ids of a user's groups: the primary one first, then those of /etc/group that name the user, each once.
///
/// Source: initgroups(3).
pub fn groups_of(name: &[u8], primary: u32) -> Vec<u32> {
    let mut gids = vec![primary];
    let text = fs::read(GROUP).unwrap_or_default();
    for group in groups(&text) {
        if group.members.iter().any(|member| member == name) && !gids.contains(&group.gid) {
            gids.push(group.gid);
        }
    }
    gids
}

/// The password line of that user; None if there is none or the caller may not read it.
pub fn shadow_by_name(name: &[u8]) -> Option<Shadow> {
    let text = fs::read(SHADOW).ok()?;
    shadows(&text).find(|shadow| shadow.name == name)
}

/// The users of a passwd file, in its order.
pub fn users(text: &[u8]) -> impl Iterator<Item = User> {
    lines(text).filter_map(user)
}

/// The groups of a group file, in its order.
pub fn groups(text: &[u8]) -> impl Iterator<Item = Group> {
    lines(text).filter_map(group)
}

/// The lines of a shadow file, in its order.
pub fn shadows(text: &[u8]) -> impl Iterator<Item = Shadow> {
    lines(text).filter_map(shadow)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

// Once, however many look for one.
#[inline(never)]
fn user(line: &[u8]) -> Option<User> {
    let mut fields = line.split(|&byte| byte == b':');
    let name = name_field(fields.next()?)?;
    let password = fields.next()?.to_vec();
    let uid = number(fields.next()?)?;
    let gid = number(fields.next()?)?;
    let gecos = fields.next()?.to_vec();
    let home = fields.next()?.to_vec();
    let shell = fields.next()?.to_vec();
    Some(User { name, password, uid, gid, gecos, home, shell })
}

fn group(line: &[u8]) -> Option<Group> {
    let mut fields = line.split(|&byte| byte == b':');
    let name = name_field(fields.next()?)?;
    let password = fields.next()?.to_vec();
    let gid = number(fields.next()?)?;
    let members = fields.next().unwrap_or_default();
    let members =
        members.split(|&byte| byte == b',').filter(|member| !member.is_empty()).map(<[u8]>::to_vec).collect();
    Some(Group { name, password, gid, members })
}

fn shadow(line: &[u8]) -> Option<Shadow> {
    let mut fields = line.split(|&byte| byte == b':');
    let name = name_field(fields.next()?)?;
    let password = fields.next()?.to_vec();
    let mut days = || fields.next().and_then(number).map(u64::from);
    let changed_day = days();
    let _days_min = days();
    let days_max = days();
    let _days_warn = days();
    let days_inactive = days();
    let expires_day = days();
    Some(Shadow { name, password, changed_day, days_max, days_inactive, expires_day })
}

/// A name that can belong to somebody: not empty, and not a line of NIS or a comment.
fn name_field(name: &[u8]) -> Option<Vec<u8>> {
    (!name.is_empty() && !matches!(name[0], b'+' | b'-' | b'#')).then(|| name.to_vec())
}

/// A decimal id, digits only. 4294967295 is no id: the kernel takes it for "leave as it is".
pub fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|&id| id != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_users() {
        let text =
            b"root:x:0:0:root:/root:/bin/ash\n# c:x:1:1:a:b:c\nbad:x:y:0:::\nshort:x:1\n+nis:x:1:1:::\n\
                     minus:x:4294967295:1:::\n\xff:*:1000:100:Ann,,,:/home/ann:\n";
        let users: Vec<User> = users(text).collect();
        assert_eq!(users.len(), 2);
        assert_eq!(
            (users[0].uid, users[0].home(), users[0].shell()),
            (0, Path::new("/root"), Path::new("/bin/ash"))
        );
        assert_eq!((users[1].name.as_slice(), users[1].gid), (&b"\xff"[..], 100));
        assert_eq!(users[1].shell(), Path::new("/bin/sh"));
    }

    #[test]
    fn reads_groups() {
        let groups: Vec<Group> = groups(b"wheel:x:10:root,ann\nempty:x:5:\nold:x:6\nbad:x::a").collect();
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[0].members, [b"root".to_vec(), b"ann".to_vec()]);
        assert!(groups[1].members.is_empty() && groups[2].members.is_empty());
    }

    #[test]
    fn reads_shadow() {
        let all: Vec<Shadow> = shadows(b"root::19000:0:99999:7:::\nann:!$6$x:0::30::5:20000:\nb:*").collect();
        assert_eq!(
            (all[0].changed_day, all[0].days_max, all[0].expires_day),
            (Some(19000), Some(99999), None)
        );
        assert_eq!(
            (all[1].changed_day, all[1].days_inactive, all[1].expires_day),
            (Some(0), Some(5), Some(20000))
        );
        assert_eq!(all[2].password, b"*");
    }

    #[test]
    fn ids_are_digits() {
        for (text, id) in [
            ("0", Some(0)),
            ("4294967294", Some(4294967294)),
            ("4294967295", None),
            ("+1", None),
            ("", None),
            ("1a", None),
        ] {
            assert_eq!(number(text.as_bytes()), id, "{text}");
        }
    }
}
