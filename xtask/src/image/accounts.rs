//! accounts — users, groups and passwords of an image, written into its passwd, group and shadow.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use super::profile::{Password, User};
use super::root::{Entry, Root};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
const SHADOW: &str = "/etc/shadow";

/// The first id of people's accounts.
const FIRST_ID: u32 = 1000;

/// The number of a user by name or number.
pub(crate) fn user_id(root: &Root, name: &str) -> Result<u32> {
    id(root, PASSWD, "user", name)
}

/// The number of a group by name or number.
pub(crate) fn group_id(root: &Root, name: &str) -> Result<u32> {
    id(root, GROUP, "group", name)
}

fn id(root: &Root, file: &str, kind: &str, name: &str) -> Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let text = root.text(file)?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name));
    let number = line.and_then(|line| line.split(':').nth(2)).and_then(|number| number.parse().ok());
    number.with_context(|| format!("the image has no {kind} {name} ({file})"))
}

/// Sets root's password.
pub(crate) fn set_root_password(root: &mut Root, password: &Password) -> Result<()> {
    let mut lines: Vec<String> = root.text(SHADOW)?.lines().map(str::to_string).collect();
    let line = format!("root:{}:::::::", password.field());
    match lines.iter_mut().find(|line| line.starts_with("root:")) {
        Some(old) => {
            let rest = old.splitn(3, ':').nth(2).unwrap_or("::::::").to_string();
            *old = format!("root:{}:{rest}", password.field());
        }
        None => lines.insert(0, line),
    }
    write_lines(root, SHADOW, 0o600, &lines)
}

/// Adds a user with a group of the same name, a home and the keys.
pub(crate) fn add_user(root: &mut Root, user: &User) -> Result<()> {
    let name = &user.name;
    if user_id(root, name).is_ok() {
        bail!("users: {name} is a user of the image already");
    }
    let uid = match user.uid {
        Some(uid) if ids(root, PASSWD)?.contains(&uid) => bail!("users: {name}: uid {uid} is taken already"),
        Some(uid) => uid,
        None => free_id(root, PASSWD)?,
    };
    let gid = match group_id(root, name) {
        Ok(gid) => gid,
        Err(_) => {
            let taken = ids(root, GROUP)?.contains(&uid);
            let gid = if taken { free_id(root, GROUP)? } else { uid };
            append(root, GROUP, 0o644, &format!("{name}:x:{gid}:"))?;
            gid
        }
    };
    for group in &user.groups {
        join(root, group, name).with_context(|| format!("users: {name}"))?;
    }
    let home = format!("/home/{name}");
    append(root, PASSWD, 0o644, &format!("{name}:x:{uid}:{gid}::{home}:{}", user.shell))?;
    append(root, SHADOW, 0o600, &format!("{name}:{}:::::::", user.password.field()))?;
    let owned = |entry: Entry| Entry { uid, gid, ..entry };
    root.put(&home, owned(Entry::directory(0o700)))?;
    if let Some(file) = &user.ssh_keys {
        let keys = fs::read(file).with_context(|| format!("users: {name}: ssh_keys: {}", file.display()))?;
        root.put(&format!("{home}/.ssh"), owned(Entry::directory(0o700)))?;
        root.put(&format!("{home}/.ssh/authorized_keys"), owned(Entry::file(0o600, keys)))?;
    }
    Ok(())
}

/// Adds a member to a group that is there.
fn join(root: &mut Root, group: &str, member: &str) -> Result<()> {
    group_id(root, group)?;
    let text = root.text(GROUP)?;
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.split(':').next() == Some(group) {
            true if line.ends_with(':') => format!("{line}{member}"),
            true => format!("{line},{member}"),
            false => line.to_string(),
        })
        .collect();
    write_lines(root, GROUP, 0o644, &lines)
}

fn ids(root: &Root, file: &str) -> Result<BTreeSet<u32>> {
    Ok(root.text(file)?.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect())
}

fn free_id(root: &Root, file: &str) -> Result<u32> {
    let taken = ids(root, file)?;
    (FIRST_ID..60_000).find(|id| !taken.contains(id)).with_context(|| format!("{file}: no id is free"))
}

fn append(root: &mut Root, file: &str, mode: u32, line: &str) -> Result<()> {
    let mut lines: Vec<String> = root.text(file)?.lines().map(str::to_string).collect();
    lines.push(line.to_string());
    write_lines(root, file, mode, &lines)
}

fn write_lines(root: &mut Root, file: &str, mode: u32, lines: &[String]) -> Result<()> {
    root.write(file, mode, lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::root::Kind;

    fn image() -> Root {
        let mut root = Root::default();
        root.put(PASSWD, Entry::file(0o644, "root:x:0:0:root:/root:/bin/sh\n")).unwrap();
        root.put(GROUP, Entry::file(0o644, "root:x:0:root\nwheel:x:10:root\naudio:x:18:\n")).unwrap();
        root.put(SHADOW, Entry::file(0o640, "root:*:19000:0:::::\n")).unwrap();
        root
    }

    fn user(name: &str, groups: &[&str]) -> User {
        User {
            name: name.to_string(),
            uid: None,
            groups: groups.iter().map(|group| group.to_string()).collect(),
            ssh_keys: None,
            password: Password::Locked,
            shell: "/bin/sh".to_string(),
        }
    }

    #[test]
    fn a_user_is_in_all_four_places() {
        let mut root = image();
        set_root_password(&mut root, &Password::Empty).unwrap();
        add_user(&mut root, &user("a", &["wheel", "audio"])).unwrap();
        add_user(&mut root, &user("b", &["audio"])).unwrap();
        assert_eq!(
            root.text(PASSWD).unwrap(),
            "root:x:0:0:root:/root:/bin/sh\na:x:1000:1000::/home/a:/bin/sh\nb:x:1001:1001::/home/b:/bin/sh\n"
        );
        assert_eq!(
            root.text(GROUP).unwrap(),
            "root:x:0:root\nwheel:x:10:root,a\naudio:x:18:a,b\na:x:1000:\nb:x:1001:\n"
        );
        assert_eq!(root.text(SHADOW).unwrap(), "root::19000:0:::::\na:*:::::::\nb:*:::::::\n");
        assert_eq!(root.get(SHADOW).unwrap().mode, 0o640);
        let home = root.get("/home/a").unwrap();
        assert_eq!((home.uid, home.mode, &home.kind), (1000, 0o700, &Kind::Directory));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let mut root = image();
        add_user(&mut root, &user("a", &[])).unwrap();
        for (user, message) in [
            (user("a", &[]), "a is a user of the image already"),
            (user("b", &["nobody"]), "users: b: the image has no group nobody"),
            (User { uid: Some(1000), ..user("b", &[]) }, "uid 1000 is taken"),
            (User { ssh_keys: Some("/no/such".into()), ..user("c", &[]) }, "ssh_keys: /no/such"),
        ] {
            let error = format!("{:#}", add_user(&mut root, &user).unwrap_err());
            assert!(error.contains(message), "{error}");
        }
    }
}
