//! journal — which folders were made and where files were staged, told before it is done, so that it can be undone.
//!
//! Lines `D path` (a folder that will be made), `S path` (a folder in which files will be staged), `P number` (a package of
//! the plan that is whole, with its scripts), `Z` (all is done, the plan may go). Paths have no line feeds: `entry::is_safe_path` lets none in.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use sys::at;

use super::folders::split;
use crate::fast_hash::FastMap;

/// The file's name, in the folder of the database.
pub const NAME: &str = "journal";
const TITLE: &[u8] = b"apk journal 1\n";

/// The beginning of the names of staged files; 48 hexadecimal digits follow.
pub const STAGED: &[u8] = b".apk.";
const STAGED_LENGTH: usize = STAGED.len() + 48;

/// Whether a name is that of a staged file.
pub fn is_staged(name: &[u8]) -> bool {
    name.len() == STAGED_LENGTH
        && name.strip_prefix(STAGED).is_some_and(|rest| rest.iter().all(u8::is_ascii_hexdigit))
}

/// The name under which a file waits beside its place.
///
/// Source: the reference's, so that either program takes what the other one left behind for what it is.
pub fn staged_name(package: &[u8], path: &[u8]) -> String {
    let digest = crate::identity::Digest::sha256(&[package, b"\0", path].concat());
    format!(".apk.{}", &digest.hex()[..48])
}

/// An open journal.
pub struct Journal {
    file: File,
    folders: FastMap<Vec<u8>, Folder>,
    /// File systems on which something was made or is staged, by a folder of each.
    devices: FastMap<u64, Vec<u8>>,
}

/// What is known of a folder.
#[derive(Clone, Copy, Default)]
struct Folder {
    /// It was said that files will be staged in it.
    is_staged: bool,
    /// On which file system it lies, and as what; None where nobody has looked.
    place: Option<(u64, u64)>,
}

impl Journal {
    /// Begins one.
    pub fn create(folder: &File) -> io::Result<Journal> {
        let flags = at::O_WRONLY | at::O_CREAT | at::O_TRUNC | at::O_APPEND | at::O_NOFOLLOW;
        let mut file = at::open(folder.as_raw_fd(), Path::new(NAME), flags, 0o644)?;
        file.write_all(TITLE)?;
        Ok(Journal { file, folders: FastMap::default(), devices: FastMap::default() })
    }

    fn line(&mut self, letter: u8, text: &[u8]) -> io::Result<()> {
        self.file.write_all(&[&[letter, b' '], text, b"\n"].concat())
    }

    /// Notes where a folder lies.
    fn look_at(&mut self, path: &[u8], open: &File) -> io::Result<()> {
        if self.folders.get(path).is_none_or(|folder| folder.place.is_none()) {
            let stat = at::stat_fd(open)?;
            self.devices.entry(stat.device).or_insert_with(|| path.to_vec());
            self.folders.entry(path.to_vec()).or_default().place = Some((stat.device, stat.inode));
        }
        Ok(())
    }

    /// Says that the folder will be made, and that files may be staged in it. The one above it is open as `above`.
    pub fn makes(&mut self, path: &[u8], above: &File) -> io::Result<()> {
        self.look_at(split(path).0, above)?;
        self.folders.insert(path.to_vec(), Folder { is_staged: true, place: None });
        self.file.write_all(&[b"D ", path, b"\nS ", path, b"\n"].concat())
    }

    /// Says that files will be staged in the folder; it is open as `open`.
    pub fn stages_in(&mut self, path: &[u8], open: &File) -> io::Result<()> {
        self.look_at(path, open)?;
        match self.folders.get_mut(path) {
            Some(folder) if !folder.is_staged => folder.is_staged = true,
            _ => return Ok(()),
        }
        self.line(b'S', path)
    }

    /// On which file system a folder lies, and as what, if files are staged in it.
    pub fn place_of(&self, path: &[u8]) -> Option<(u64, u64)> {
        self.folders.get(path)?.place
    }

    /// Says that a package of the plan is whole.
    pub fn is_whole(&mut self, number: usize) -> io::Result<()> {
        self.line(b'P', number.to_string().as_bytes())
    }

    /// Says that everything is in place.
    pub fn is_over(&mut self) -> io::Result<()> {
        self.line(b'Z', b"")
    }

    /// The file systems with staged files: number and a folder.
    pub fn devices(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.devices.iter().map(|(device, path)| (*device, path.as_slice()))
    }
}

/// What a journal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub made: Vec<Vec<u8>>,
    pub staged: Vec<Vec<u8>>,
    pub whole: Vec<usize>,
    pub is_over: bool,
}

/// Reads a journal. A last line that was cut is left out: what it tells of was not done yet.
pub fn parse(text: &[u8]) -> Said {
    let mut said = Said::default();
    let Some(text) = text.strip_prefix(TITLE) else { return said };
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        match line {
            [b'D', b' ', path @ ..] => said.made.push(path.to_vec()),
            [b'S', b' ', path @ ..] => said.staged.push(path.to_vec()),
            [b'P', b' ', number @ ..] => {
                said.whole
                    .extend(std::str::from_utf8(number).ok().and_then(|number| number.parse::<usize>().ok()));
            }
            [b'Z', b' '] => said.is_over = true,
            _ => {}
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let said = parse(b"apk journal 1\nD usr\nS usr/bin\nS \nP 3\nD usr/cut");
        assert_eq!(said.made, [b"usr".to_vec()]);
        assert_eq!(said.staged, [b"usr/bin".to_vec(), Vec::new()]);
        assert_eq!(said.whole, [3]);
        assert_eq!(parse(b"something else\nD x\n"), Said::default());
    }

    #[test]
    fn names_of_staged_files() {
        let name = staged_name(b"custom-ca-certs-2", b"usr/local/share/ca-certificates/cert-c.crt");
        assert!(is_staged(name.as_bytes()), "{name}");
        assert!(!is_staged(b".apk.0123"));
        assert!(!is_staged(b".apk.x8c09ce32e66d00f460ddc44c8c62fd70645aa8b3a4db1d7"));
    }
}
