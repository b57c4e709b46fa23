//! entry — what a package brings: one file, folder, link or device, in the words that both formats share.

use crate::identity::Digest;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
    /// Another name of a file of this package: its path, as `Entry::path`.
    HardLink(Vec<u8>),
    /// The text of the link.
    Symlink(Vec<u8>),
    CharDevice(u64),
    BlockDevice(u64),
    Fifo,
    Socket,
}

/// Whose something is: by name, and by number where the name is unknown in the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    pub name: Vec<u8>,
    /// Version 3 packages have names only.
    pub id: Option<u32>,
}

/// One entry. `path` is relative to the root, without a slash at its ends; empty for the root itself. It is as the package
/// has it: `is_safe_path` says whether it may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: Vec<u8>,
    pub kind: Kind,
    /// The lower twelve bits.
    pub mode: u32,
    pub user: Owner,
    pub group: Owner,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Bytes of a file's content.
    pub size: u64,
    /// Of a file's content, or of a symlink's text. Readers compare content with it.
    pub digest: Option<Digest>,
    /// Extended attributes: full name and value.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Default for Entry {
    fn default() -> Entry {
        Entry {
            path: Vec::new(),
            kind: Kind::Directory,
            mode: 0o755,
            user: Owner { name: b"root".to_vec(), id: Some(0) },
            group: Owner { name: b"root".to_vec(), id: Some(0) },
            mtime: 0,
            size: 0,
            digest: None,
            xattrs: Vec::new(),
        }
    }
}

/// Whether a path, taken below a folder, names something below that folder and can be written in a line of a database:
/// relative, every component a name, no control characters. Links on the way are another matter: `extract` refuses them.
pub fn is_safe_path(path: &[u8]) -> bool {
    !path.is_empty()
        && !path.iter().any(|&byte| byte < 0x20 || byte == 0x7f)
        && path.split(|&byte| byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
}

/// Which script of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    Trigger,
    PreInstall,
    PostInstall,
    PreDeinstall,
    PostDeinstall,
    PreUpgrade,
    PostUpgrade,
}

impl Script {
    /// In the order of the slots of ADB's object.
    pub const ALL: [Script; 7] = [
        Script::Trigger,
        Script::PreInstall,
        Script::PostInstall,
        Script::PreDeinstall,
        Script::PostDeinstall,
        Script::PreUpgrade,
        Script::PostUpgrade,
    ];

    /// As in file names of packages and of scripts.tar.
    pub fn name(self) -> &'static str {
        match self {
            Script::Trigger => "trigger",
            Script::PreInstall => "pre-install",
            Script::PostInstall => "post-install",
            Script::PreDeinstall => "pre-deinstall",
            Script::PostDeinstall => "post-deinstall",
            Script::PreUpgrade => "pre-upgrade",
            Script::PostUpgrade => "post-upgrade",
        }
    }

    pub fn parse(name: &[u8]) -> Option<Script> {
        Script::ALL.into_iter().find(|script| script.name().as_bytes() == name)
    }
}

/// Longer scripts are refused.
pub const SCRIPT_MAX: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, safe) in [
            ("usr/bin/x", true),
            (".hidden", true),
            ("a/..b/c.", true),
            ("", false),
            ("/etc/passwd", false),
            ("../x", false),
            ("a/../b", false),
            ("a/./b", false),
            ("a//b", false),
            ("a/", false),
            ("..", false),
            ("a\nb", false),
            ("a\x7f", false),
        ] {
            assert_eq!(is_safe_path(path.as_bytes()), safe, "{path:?}");
        }
    }
}
