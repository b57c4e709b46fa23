//! plan — the steps from staged files to the new system, as a text: written before the first of them is done, so that
//! whoever comes after an interruption can do the rest.
//!
//! Lines: `P name` begins a package, `S` says that it has scripts; then `r path` (the staged file takes its place),
//! `c old new path` (the same in a protected folder), `d path` (remove), `k digest path` (remove, unless it was changed),
//! `x path` (remove the folder if it is empty). `f path` is a file of the database that waits as `path.new`. The last line is
//! `end`. Every step may be done twice.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sys::at;

use super::folders::{Folders, as_path, is_absent};
use super::journal::staged_name;
use crate::identity::{Algorithm, Digest};

/// The file's name, in the folder of the database.
pub const NAME: &str = "commit";
const TITLE: &[u8] = b"apk commit 1\n";
const END: &[u8] = b"end\n";

/// The steps of all packages.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    text: Vec<u8>,
    packages: Vec<Range<usize>>,
    /// Files of the database.
    files: Vec<String>,
}

/// What was noticed while a step was done.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The new file lies beside a changed one.
    NewBeside(&'a [u8]),
    /// The file is gone.
    Removed(&'a [u8]),
    /// A step failed: its path and why.
    Failed(&'a [u8], io::Error),
}

impl Plan {
    /// No steps yet.
    pub fn new() -> Plan {
        Plan { text: TITLE.to_vec(), ..Plan::default() }
    }

    /// Begins the steps of a package.
    pub fn begin(&mut self, name: &[u8], has_scripts: bool) {
        let start = self.text.len();
        self.line(b'P', name);
        if has_scripts {
            self.text.extend_from_slice(b"S\n");
        }
        self.packages.push(start..start);
    }

    /// Ends the steps of the package.
    pub fn end(&mut self) {
        let end = self.text.len();
        if let Some(package) = self.packages.last_mut() {
            package.end = end;
        }
    }

    fn line(&mut self, letter: u8, text: &[u8]) {
        self.text.extend_from_slice(&[letter, b' ']);
        self.text.extend_from_slice(text);
        self.text.push(b'\n');
    }

    /// The staged file takes its place.
    pub fn place(&mut self, path: &[u8]) {
        self.line(b'r', path);
    }

    /// The staged file takes its place, unless what lies there was changed: differs from `old`.
    pub fn place_protected(&mut self, path: &[u8], old: Option<&Digest>, new: Option<&Digest>) {
        self.text.extend_from_slice(b"c ");
        self.digest(old);
        self.digest(new);
        self.text.extend_from_slice(path);
        self.text.push(b'\n');
    }

    /// The file goes.
    pub fn remove(&mut self, path: &[u8]) {
        self.line(b'd', path);
    }

    /// The file goes, unless it differs from `digest`; the new file beside it goes.
    pub fn remove_protected(&mut self, path: &[u8], digest: Option<&Digest>) {
        self.text.extend_from_slice(b"k ");
        self.digest(digest);
        self.text.extend_from_slice(path);
        self.text.push(b'\n');
    }

    /// The folder goes, if it is empty.
    pub fn remove_folder(&mut self, path: &[u8]) {
        self.line(b'x', path);
    }

    /// A file of the database takes its place at the end.
    pub fn file(&mut self, path: &str) {
        self.line(b'f', path.as_bytes());
        self.files.push(path.to_string());
    }

    /// The digest as a word: its text, with a mark where it is a cut SHA-256, as the text alone does not tell.
    fn digest(&mut self, digest: Option<&Digest>) {
        match digest {
            Some(digest) => {
                if matches!(digest, Digest::Sha256Cut(_)) {
                    self.text.push(b'S');
                }
                digest.write(&mut self.text);
            }
            None => self.text.push(b'-'),
        }
        self.text.push(b' ');
    }

    /// The whole text.
    pub fn finish(&mut self) -> &[u8] {
        self.text.extend_from_slice(END);
        &self.text
    }

    /// Reads a plan; None for what is not a whole one.
    pub fn parse(text: Vec<u8>) -> Option<Plan> {
        if !text.starts_with(TITLE) || !text.ends_with(b"\nend\n") {
            return None;
        }
        let mut plan = Plan::default();
        let mut position = TITLE.len();
        for line in text[position..].split_inclusive(|&byte| byte == b'\n') {
            match line {
                [b'P', b' ', ..] => plan.packages.push(position..position),
                [b'f', b' ', path @ ..] => {
                    plan.files.push(String::from_utf8(path.trim_ascii_end().to_vec()).ok()?);
                }
                _ => {}
            }
            position += line.len();
            if !matches!(line[0], b'f' | b'e')
                && let Some(package) = plan.packages.last_mut()
            {
                package.end = position;
            }
        }
        plan.text = text;
        Some(plan)
    }

    /// How many packages it has.
    pub fn packages_len(&self) -> usize {
        self.packages.len()
    }

    /// Files of the database.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    fn lines(&self, number: usize) -> impl Iterator<Item = &[u8]> {
        let text = self.text.get(self.packages[number].clone()).unwrap_or_default();
        text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
    }

    /// Name of a package, and whether it has scripts.
    pub fn package(&self, number: usize) -> (&[u8], bool) {
        let mut lines = self.lines(number);
        let name = lines.next().and_then(|line| line.get(2..)).unwrap_or_default();
        (name, lines.next() == Some(b"S"))
    }

    /// Does the steps of a package.
    pub fn execute(
        &self,
        number: usize,
        folders: &mut Folders<'_>,
        keep: Keep,
        notice: &mut dyn FnMut(Notice<'_>),
    ) {
        let (name, _) = self.package(number);
        for line in self.lines(number) {
            let (Some(&letter), Some(rest)) = (line.first(), line.get(2..)) else { continue };
            let (path, done) = match letter {
                b'r' => (rest, place(folders, name, rest)),
                b'c' => {
                    let Some((old, rest)) = word(rest) else { continue };
                    let Some((new, path)) = word(rest) else { continue };
                    let done = place_protected(folders, name, path, old, new, keep);
                    match done {
                        Ok(true) => {
                            notice(Notice::NewBeside(path));
                            continue;
                        }
                        other => (path, other.map(drop)),
                    }
                }
                b'd' => {
                    notice(Notice::Removed(rest));
                    (rest, folders.unlink(rest).map(drop))
                }
                b'k' => {
                    let Some((digest, path)) = word(rest) else { continue };
                    let done = remove_protected(folders, path, digest, keep);
                    if let Ok(true) = done {
                        notice(Notice::Removed(path));
                    }
                    (path, done.map(drop))
                }
                b'x' => {
                    folders.rmdir(rest);
                    continue;
                }
                _ => continue,
            };
            if let Err(error) = done {
                notice(Notice::Failed(path, error));
            }
        }
    }
}

/// What happens to files that were changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// New files are not put beside changed ones (`--clean-protected`).
    pub drops_new: bool,
    /// Changed files of removed packages go (`--purge`).
    pub purges: bool,
}

fn word(text: &[u8]) -> Option<(Option<Digest>, &[u8])> {
    let end = text.iter().position(|&byte| byte == b' ')?;
    let (word, rest) = (&text[..end], &text[end + 1..]);
    let digest = match word.strip_prefix(b"S") {
        Some(word) => Digest::parse(word).map(|digest| match digest {
            Digest::Sha1(bytes) => Digest::Sha256Cut(bytes),
            other => other,
        }),
        None => Digest::parse(word),
    };
    Some((digest, rest))
}

/// Renames the staged file. One that is not there any more was renamed before.
fn place(folders: &mut Folders<'_>, package: &[u8], path: &[u8]) -> io::Result<()> {
    let (folder, name) = folders.parent(path)?;
    let fd = folder.as_raw_fd();
    let staged = staged_name(package, path);
    let renamed = at::rename(fd, Path::new(&staged), fd, name);
    if renamed.is_err() {
        // It has no place to go to.
        let _ = at::unlink(fd, Path::new(&staged));
    }
    renamed
}

/// True if the new file was put beside what lies there.
fn place_protected(
    folders: &mut Folders<'_>,
    package: &[u8],
    path: &[u8],
    old: Option<Digest>,
    new: Option<Digest>,
    keep: Keep,
) -> io::Result<bool> {
    let (folder, name) = folders.parent(path)?;
    let fd = folder.as_raw_fd();
    let staged = staged_name(package, path);
    let unchanged = match (&old, at::stat(fd, name, at::Links::Keep)) {
        (_, Err(error)) if is_absent(&error) => true,
        (Some(old), Ok(_)) => is_content(folder, name, old),
        _ => false,
    };
    if unchanged {
        return at::rename(fd, Path::new(&staged), fd, name).map(|()| false);
    }
    if keep.drops_new || new.is_some_and(|new| is_content(folder, name, &new)) {
        at::unlink(fd, Path::new(&staged))?;
        return Ok(false);
    }
    let mut beside = name.as_os_str().to_os_string();
    beside.push(".apk-new");
    at::rename(fd, Path::new(&staged), fd, Path::new(&beside))?;
    Ok(true)
}

/// True if the file went.
fn remove_protected(
    folders: &mut Folders<'_>,
    path: &[u8],
    digest: Option<Digest>,
    keep: Keep,
) -> io::Result<bool> {
    folders.unlink(&[path, b".apk-new"].concat())?;
    let changed = match folders.parent(path) {
        Ok((folder, name)) => digest.is_some_and(|digest| !is_content(folder, name, &digest)),
        Err(_) => false,
    };
    let goes = !changed || keep.purges;
    if goes {
        folders.unlink(path)?;
    }
    Ok(goes)
}

/// Whether a file's content, or a link's text, has this digest.
pub fn is_content(folder: &File, name: &Path, digest: &Digest) -> bool {
    content_digest(folder, name, digest.algorithm()).is_some_and(|found| digest.is(&found))
}

/// The digest of a file's content, or of a link's text; None for others and for what cannot be read.
pub fn content_digest(folder: &File, name: &Path, algorithm: Algorithm) -> Option<Digest> {
    let fd = folder.as_raw_fd();
    let stat = at::stat(fd, name, at::Links::Keep).ok()?;
    let mut hasher = algorithm.start();
    match stat.kind() {
        at::Kind::Symlink => hasher.update(at::read_link(fd, name).ok()?.as_bytes()),
        at::Kind::File => {
            let mut file = at::open(fd, name, at::O_RDONLY | at::O_NOFOLLOW, 0).ok()?;
            let mut buffer = vec![0; (stat.size as usize).clamp(512, 64 * 1024)];
            loop {
                match file.read(&mut buffer).ok()? {
                    0 => break,
                    count => hasher.update(&buffer[..count]),
                }
            }
        }
        _ => return None,
    }
    Digest::finish(hasher, algorithm)
}

/// Does the steps of a package, as `Plan::execute`, where files that are in place already are no failure.
pub fn execute_rest(
    plan: &Plan,
    number: usize,
    folders: &mut Folders<'_>,
    notice: &mut dyn FnMut(Notice<'_>),
) {
    plan.execute(number, folders, Keep::default(), &mut |noticed| match noticed {
        Notice::Failed(_, error) if is_absent(&error) => {}
        other => notice(other),
    });
}

/// The path of a file that waits beside `path`.
pub fn beside(path: &str) -> Vec<u8> {
    format!("{path}{}", crate::database::store::BESIDE).into_bytes()
}

/// Puts the files of the database in their places.
pub fn take_places(plan: &Plan, folders: &mut Folders<'_>) -> io::Result<()> {
    for path in plan.files() {
        let from = beside(path);
        let (folder, name) = folders.parent(path.as_bytes())?;
        let (fd, from) = (folder.as_raw_fd(), super::folders::split(&from).1);
        match at::rename(fd, as_path(from), fd, name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let mut plan = Plan::new();
        plan.begin(b"a", true);
        plan.place(b"usr/bin/a");
        plan.place_protected(b"etc/a b", Some(&Digest::sha256(b"").cut()), None);
        plan.end();
        plan.begin(b"b", false);
        plan.remove(b"usr/x");
        plan.end();
        plan.file("lib/apk/db/installed");
        let text = plan.finish().to_vec();
        let back = Plan::parse(text.clone()).unwrap();
        assert_eq!((back.packages_len(), back.files()), (2, &["lib/apk/db/installed".to_string()][..]));
        assert_eq!(back.package(0), (&b"a"[..], true));
        assert_eq!(back.package(1), (&b"b"[..], false));
        assert_eq!(back.lines(1).last(), Some(&b"d usr/x"[..]));
        let protected = back.lines(0).last().unwrap();
        let (old, rest) = word(&protected[2..]).unwrap();
        assert!(matches!(old, Some(Digest::Sha256Cut(_))));
        assert_eq!(word(rest).unwrap(), (None, &b"etc/a b"[..]));
        assert!(Plan::parse(text[..text.len() - 2].to_vec()).is_none());
    }
}
