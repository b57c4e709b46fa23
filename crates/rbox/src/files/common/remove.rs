//! remove — files and trees, for rm and for mv between file systems.

use super::{ask, cant, last_component, without_slashes};
use crate::prelude::*;
use cli::walk::{Event, Settings, Walk};
use sys::at::{self, Kind, Links, Stat};

/// What may be removed, and who is asked.
#[derive(Default)]
pub(crate) struct Removal {
    pub(crate) recursive: bool,
    /// `-f`: what is not there is no error, and nobody is asked.
    pub(crate) force: bool,
    /// `-i`: always ask.
    pub(crate) interactive: bool,
    pub(crate) verbose: bool,
    /// `-d`: empty directories too.
    pub(crate) empty_directories: bool,
    pub(crate) same_device: bool,
    /// `--no-preserve-root`
    pub(crate) root_too: bool,
    /// Whether a file that cannot be written is asked about: standard input is a terminal.
    pub(crate) asks_protected: bool,
}

/// Whether a removal must not even begin: `.`, `..` by name, the root directory by what it is, so that `//`,
/// `/./` or another mount of it are found as well. Gives the reason.
fn refusal(path: &Path, stat: Option<&Stat>, root: Option<&Stat>, root_too: bool) -> Option<&'static str> {
    let last = last_component(path);
    if last == "." || last == ".." {
        return Some("can't remove '.' or '..'");
    }
    if root_too {
        return None;
    }
    // A path of slashes is the root whatever stat says, and a root that cannot be asked about matches nothing else.
    if without_slashes(path).as_os_str() == "/" {
        return Some("can't remove the root directory");
    }
    match (stat, root) {
        (Some(stat), Some(root)) if stat.same_file(root) => Some("can't remove the root directory"),
        _ => None,
    }
}

/// Whether what is at `path` must not be removed with all in it, and why.
pub(crate) fn refused(path: &Path) -> Option<&'static str> {
    let stat = at::stat(at::CWD, path, Links::Keep);
    let root = at::stat(at::CWD, Path::new("/"), Links::Keep);
    refusal(path, stat.as_ref().ok(), root.as_ref().ok(), false)
}

impl Removal {
    /// Removes what is at `path`. What goes wrong is reported.
    pub(crate) fn remove(&self, cx: &mut Cx<'_>, path: &Path) {
        let path = without_slashes(path);
        let stat = at::stat(at::CWD, path, Links::Keep);
        let root = at::stat(at::CWD, Path::new("/"), Links::Keep).ok();
        if let Some(reason) = refusal(path, stat.as_ref().ok(), root.as_ref(), self.root_too) {
            return cx.report(Error::message(reason));
        }
        match stat {
            Err(error) if self.force && is_absent(&error) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => cx.report(cant("remove", path, error)),
            Err(error) => cx.report(cant("stat", path, error)),
            Ok(stat) if stat.is_directory() && self.recursive => self.tree(cx, path),
            Ok(stat) if stat.is_directory() && self.empty_directories => {
                self.entry(cx, at::CWD, path, path, &stat, "remove directory");
            }
            Ok(stat) if stat.is_directory() => {
                cx.report(Error::message(format_args!("'{}' is a directory", path.display())));
            }
            Ok(stat) => {
                self.entry(cx, at::CWD, path, path, &stat, "remove");
            }
        }
    }

    fn tree(&self, cx: &mut Cx<'_>, root: &Path) {
        let settings = Settings { same_device: self.same_device, ..Settings::default() };
        let mut walk = Walk::new(root, settings);
        // Per open directory: whether all in it went, so that one kept file gives one message, not one per level.
        let mut emptied: Vec<bool> = Vec::new();
        while let Some(event) = walk.next() {
            let gone = match event {
                Event::Enter => {
                    if self.descends(cx, &mut walk) {
                        emptied.push(true);
                        continue;
                    }
                    walk.skip();
                    false
                }
                Event::Failed(error) => {
                    cx.report(cant("remove", walk.path(), error));
                    if let Some(all) = emptied.last_mut() {
                        *all = false;
                    }
                    continue;
                }
                Event::Leave => {
                    emptied.pop().unwrap_or(false) && self.visited(cx, &mut walk, "remove directory")
                }
                Event::File | Event::Loop => self.visited(cx, &mut walk, "remove"),
            };
            if let Some(all) = emptied.last_mut() {
                *all &= gone;
            }
        }
    }

    fn descends(&self, cx: &mut Cx<'_>, walk: &mut Walk) -> bool {
        if !self.interactive {
            return true;
        }
        ask(cx, &format!("descend into directory '{}'", walk.path().display()))
    }

    /// Removes the walk's current place; whether it is gone.
    fn visited(&self, cx: &mut Cx<'_>, walk: &mut Walk, doing: &str) -> bool {
        if !self.interactive && !self.asks_protected {
            // The kind is known from the directory; nothing else is asked about.
            return self.unlink(
                cx,
                walk.directory(),
                walk.name(),
                walk.path(),
                walk.kind() == Kind::Directory,
            );
        }
        match walk.stat() {
            Ok(stat) => self.entry(cx, walk.directory(), walk.name(), walk.path(), &stat, doing),
            Err(error) => {
                cx.report(cant("remove", walk.path(), error));
                false
            }
        }
    }

    /// Asks where that is due, and removes one name; whether it is gone.
    fn entry(&self, cx: &mut Cx<'_>, dir: i32, name: &Path, path: &Path, stat: &Stat, doing: &str) -> bool {
        let protected = self.asks_protected
            && !self.force
            && stat.kind() != Kind::Symlink
            && at::access(dir, name, 2).is_err();
        if (self.interactive || protected) && !ask(cx, &format!("{doing} '{}'", path.display())) {
            return false;
        }
        self.unlink(cx, dir, name, path, stat.is_directory())
    }

    fn unlink(&self, cx: &mut Cx<'_>, dir: i32, name: &Path, path: &Path, is_directory: bool) -> bool {
        let result = if is_directory { at::rmdir(dir, name) } else { at::unlink(dir, name) };
        match result {
            // Somebody else removed it in between.
            Err(error) if self.force && is_absent(&error) => true,
            Err(error) => {
                cx.report(cant("remove", path, error));
                false
            }
            Ok(()) => {
                if self.verbose {
                    let what = if is_directory { "removed directory:" } else { "removed" };
                    write!(cx.out, "{what} '");
                    cx.out.write(path.as_os_str().as_bytes());
                    cx.out.write(b"'\n");
                }
                true
            }
        }
    }
}

/// Whether nothing is there, be it that the way to it is missing or is no directory.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No test gives the root to anything that removes: what is tested is the check in front of it.
    #[test]
    fn the_root_is_refused_however_it_is_called() {
        let root = at::stat(at::CWD, Path::new("/"), Links::Keep).unwrap();
        for path in [
            "/",
            "//",
            "///",
            "/.",
            "/./",
            "/..",
            "/../..",
            ".",
            "..",
            "./",
            "../",
            "a/.",
            "a/..",
            "/proc/self/root/.",
        ] {
            assert!(refusal(Path::new(path), Some(&root), Some(&root), false).is_some(), "{path}");
        }
        // By identity: a name that is not the root's own, at which the root lies (a bind mount).
        assert!(refusal(Path::new("/mnt/again"), Some(&root), Some(&root), false).is_some());
        // By name, when stat fails.
        assert!(refusal(Path::new("//"), None, None, false).is_some());
        // `.` and `..` stay refused whatever is asked for.
        assert!(refusal(Path::new(".."), Some(&root), Some(&root), true).is_some());
    }

    #[test]
    fn other_files_are_not_refused() {
        let root = at::stat(at::CWD, Path::new("/"), Links::Keep).unwrap();
        let other = Stat { inode: root.inode.wrapping_add(1), ..root };
        for path in ["a", "/a", "a/b", "...", ".a", "..a", "/.a"] {
            assert!(refusal(Path::new(path), Some(&other), Some(&root), false).is_none(), "{path}");
        }
    }
}
