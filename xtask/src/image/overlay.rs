//! overlay — a folder of the host laid over the root.
//!
//! Owners and modes of the checkout mean nothing: git keeps one bit of them. All is root's; files are 0755 if anybody may
//! execute them and else 0644, folders 0755. What differs stands in a TOML file beside the folder, named like it
//! (`overlay/` and `overlay.toml`), which also declares what a checkout cannot hold:
//!
//! ```toml
//! "/etc/shadow" = { mode = "0640", group = "shadow" }
//! "/tmp"        = { mode = "1777", directory = true }
//! "/var/run"    = { link = "/run" }
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use toml::Spanned;

use super::accounts;
use super::root::{Entry, Kind, Root};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    mode: Option<String>,
    /// A name from the image's passwd or group, or a number.
    owner: Option<String>,
    group: Option<String>,
    #[serde(default)]
    directory: bool,
    link: Option<String>,
}

/// Puts everything below `folder` into the root.
pub(crate) fn lay_over(root: &mut Root, folder: &Path) -> Result<()> {
    copy(root, folder, "")
}

/// Applies the rules beside `folder`, if there are any. They come after all overlays: their names may be of any of them.
pub(crate) fn apply_rules(root: &mut Root, folder: &Path) -> Result<()> {
    let path = folder.with_extension("toml");
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let line = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let rules: BTreeMap<Spanned<String>, Rule> = toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(1, |span| line(span.start));
        anyhow!("{}:{at}: {}", path.display(), error.message())
    })?;
    for (place, rule) in &rules {
        apply(root, place.get_ref(), rule)
            .with_context(|| format!("{}:{}", path.display(), line(place.span().start)))?;
    }
    Ok(())
}

fn copy(root: &mut Root, folder: &Path, place: &str) -> Result<()> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(|| folder.display().to_string())?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_str().with_context(|| format!("{}: its name is not UTF-8", path.display()))?;
        let place = format!("{place}/{name}");
        let data = fs::symlink_metadata(&path).with_context(|| path.display().to_string())?;
        let placed = if data.is_dir() {
            root.put_if_free(&place, Entry::directory(0o755)).and_then(|()| copy(root, &path, &place))
        } else if data.is_symlink() {
            let target = fs::read_link(&path).with_context(|| path.display().to_string())?;
            let target =
                target.to_str().with_context(|| format!("{}: its target is not UTF-8", path.display()))?;
            root.put(&place, Entry::symlink(target))
        } else if data.is_file() {
            let mode = if data.permissions().mode() & 0o111 != 0 { 0o755 } else { 0o644 };
            let contents = fs::read(&path).with_context(|| path.display().to_string())?;
            root.put(&place, Entry::file(mode, contents))
        } else {
            bail!("{}: neither a file nor a folder nor a symbolic link", path.display());
        };
        placed.with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn apply(root: &mut Root, place: &str, rule: &Rule) -> Result<()> {
    match (&rule.link, rule.directory) {
        (Some(_), true) => bail!("{place}: a directory or a link, not both"),
        (Some(target), false) => root.put(place, Entry::symlink(target))?,
        (None, true) => root.put_if_free(place, Entry::directory(0o755))?,
        (None, false) => {}
    }
    let uid = rule.owner.as_deref().map(|name| accounts::user_id(root, name)).transpose()?;
    let gid = rule.group.as_deref().map(|name| accounts::group_id(root, name)).transpose()?;
    let Some(entry) = root.get_mut(place) else { bail!("{place}: the image has no such file or folder") };
    if rule.directory && entry.kind != Kind::Directory {
        bail!("{place}: is there already and not a directory");
    }
    if let Some(mode) = &rule.mode {
        match u32::from_str_radix(mode, 8) {
            Ok(bits) if bits <= 0o7777 => entry.mode = bits,
            _ => bail!("{place}: mode \"{mode}\": up to four octal digits"),
        }
    }
    entry.uid = uid.unwrap_or(entry.uid);
    entry.gid = gid.unwrap_or(entry.gid);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_modes_come_from_the_rules_alone() {
        let folder = testkit::temporary::Directory::new("tarn-overlay").unwrap();
        let overlay = folder.path().join("overlay");
        fs::create_dir_all(overlay.join("etc/init.d")).unwrap();
        fs::write(overlay.join("etc/group"), "root:x:0:\nshadow:x:42:\n").unwrap();
        fs::write(overlay.join("etc/shadow"), "root::::::::\n").unwrap();
        fs::write(overlay.join("etc/init.d/x"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(overlay.join("etc/init.d/x"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(overlay.join("etc"), fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink("init.d/x", overlay.join("etc/x")).unwrap();
        let rules = "\"/etc/shadow\" = { mode = \"0640\", group = \"shadow\" }\n\
                     \"/tmp\" = { mode = \"1777\", directory = true }\n\"/var/run\" = { link = \"/run\" }\n";
        fs::write(folder.path().join("overlay.toml"), rules).unwrap();
        let mut root = Root::default();
        lay_over(&mut root, &overlay).unwrap();
        apply_rules(&mut root, &overlay).unwrap();
        let seen: Vec<(&str, u32, u32)> =
            root.iter().map(|(path, entry)| (path, entry.mode, entry.gid)).collect();
        assert_eq!(
            seen,
            [
                ("etc", 0o755, 0),
                ("etc/group", 0o644, 0),
                ("etc/init.d", 0o755, 0),
                ("etc/init.d/x", 0o755, 0),
                ("etc/shadow", 0o640, 42),
                ("etc/x", 0o777, 0),
                ("tmp", 0o1777, 0),
                ("var", 0o755, 0),
                ("var/run", 0o777, 0),
            ]
        );
    }

    #[test]
    fn bad_rules_are_named() {
        for (rule, message) in [
            ("\n\"/x\" = { mode = \"0644\" }", "o.toml:2: /x: the image has no such file"),
            ("\"/etc\" = { mode = \"0888\" }", "o.toml:1: /etc: mode \"0888\": up to four octal digits"),
            ("\"/etc\" = { owner = \"nobody\" }", "no user nobody"),
            ("\"/etc\" = { own = \"nobody\" }", "o.toml:1: unknown field `own`"),
            ("\"/y\" = { link = \"x\", directory = true }", "not both"),
            ("\"/etc/f\" = { directory = true }", "is there already and not a directory"),
        ] {
            let folder = testkit::temporary::Directory::new("tarn-overlay").unwrap();
            let overlay = folder.path().join("o");
            fs::create_dir_all(overlay.join("etc")).unwrap();
            fs::write(overlay.join("etc/f"), "").unwrap();
            fs::write(folder.path().join("o.toml"), rule).unwrap();
            let mut root = Root::default();
            lay_over(&mut root, &overlay).unwrap();
            let error = format!("{:#}", apply_rules(&mut root, &overlay).unwrap_err());
            assert!(error.contains(message), "{rule}: {error}");
        }
    }
}
