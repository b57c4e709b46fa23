//! servers — files of servers and their mirrors, fetched for a command that a signal may end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Cx, interrupt, os};
use crate::error::{Error, Kind, Result};
use crate::network::{self, Mirrors, Passed, Settings, Wanted};

/// Lists of mirrors, each a file `NAME.list`; a name in the first folder hides the same one in the second.
pub const MIRROR_FOLDERS: [&str; 2] = ["etc/apk/mirrors.d", "lib/apk/mirrors.d"];

/// How servers are talked to in this run, and which of them have the same files.
#[derive(Debug)]
pub struct Servers {
    settings: Settings,
    mirrors: Mirrors,
}

impl Servers {
    /// By the options, and the lists of the root.
    pub fn new(cx: &Cx, root: &Path) -> Servers {
        let mut settings = Settings::from_environment(Duration::from_secs(cx.globals.timeout_s.max(1)));
        settings.check_certificate = cx.globals.check_certificate;
        settings.refresh = cx.globals.force.refresh;
        let mut mirrors = Mirrors::default();
        for (name, path) in merged_folders(root, &MIRROR_FOLDERS) {
            if name.ends_with(".list")
                && let Ok(text) = fs::read(path)
            {
                mirrors.add(&text);
            }
        }
        Servers { settings, mirrors }
    }

    /// Whether there are servers with the same files.
    pub fn has_mirrors(&self) -> bool {
        !self.mirrors.is_empty()
    }

    /// Fetches a url into a file; `check` reads it before it counts. `test:` is a file that is treated as if it were far
    /// away. Gives the mirrors that were passed over, too.
    pub fn fetch(
        &self,
        wanted: Wanted<'_>,
        path: &Path,
        check: &mut dyn FnMut(&Path) -> Result,
        progress: &mut dyn FnMut(u64),
    ) -> (Result, Vec<Passed>) {
        let mut file = match open(path, wanted.is_identified) {
            Ok(file) => file,
            Err(error) => return (Err(error.into()), Vec::new()),
        };
        if let Some(local) = wanted.url.strip_prefix(b"test:") {
            return (copy(os(local).as_ref(), &mut file).and_then(|()| check(path)), Vec::new());
        }
        let (fetched, passed) =
            network::fetch(&self.settings, &self.mirrors, wanted, &mut file, &mut |_| check(path), progress);
        (fetched.map(drop), passed)
    }
}

/// The file that a transfer goes to. What an earlier transfer has left is kept where it can be taken up.
fn open(path: &Path, is_kept: bool) -> io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(!is_kept).open(path)
}

fn copy(from: &Path, to: &mut File) -> Result {
    to.set_len(0)?;
    io::copy(&mut File::open(from)?, to)?;
    Ok(())
}

/// Does work that a signal may end: on a thread of its own, which ends with the process then.
///
/// Errors: `Interrupted`.
pub fn unless_interrupted<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _section = interrupt::Section::enter();
    interrupt::wait_for(work).ok_or_else(|| Error::new(Kind::Interrupted))
}

/// Says which servers were passed over.
pub fn warn(cx: &mut Cx, passed: &[Passed]) {
    for Passed { url, why } in passed {
        let url = crate::repository::printable(url);
        cx.messages.warning(format!("{}: {}; a mirror has it", String::from_utf8_lossy(&url), why.reason()));
    }
}

/// The files of several folders by name; a name in an earlier folder hides the same one in a later.
pub fn merged_folders(root: &Path, folders: &[&str]) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !files.iter().any(|(other, _)| *other == name) {
                files.push((name, entry.path()));
            }
        }
    }
    files.sort();
    files
}
