//! place — a directory that archives are unpacked in, and that no name in an archive leads out of.
//!
//! A name may be absolute, hold `..`, or go through a link that the archive itself put there before. So slashes in
//! front are dropped, `..` is refused, and the kernel resolves the rest with the directory as its root: links are
//! followed, inside.
//!
//! Source: openat2(2), RESOLVE_IN_ROOT.

use std::fs::File;
use std::os::fd::AsRawFd;

use crate::prelude::*;
use sys::at;

pub(crate) struct Root {
    directory: File,
    /// The directory that was found last, by its name: neighbours follow one another.
    last: Option<(Vec<u8>, File)>,
}

/// A name in an open directory.
pub(crate) struct Place {
    pub(crate) directory: File,
    pub(crate) name: PathBuf,
}

impl Place {
    pub(crate) fn dir(&self) -> i32 {
        self.directory.as_raw_fd()
    }
}

/// The parts of a name, without slashes in front, doubled ones and `.`; None where it holds `..`.
pub(crate) fn parts(name: &[u8]) -> Option<Vec<&[u8]>> {
    let parts: Vec<&[u8]> =
        name.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    (!parts.contains(&&b".."[..])).then_some(parts)
}

impl Root {
    /// Unpacks here.
    pub(crate) fn here() -> Result<Root> {
        let directory = at::open(at::CWD, Path::new("."), at::O_RDONLY | at::O_DIRECTORY, 0).at(".")?;
        Ok(Root { directory, last: None })
    }

    /// The place of a name. `make` makes the directories that are missing on the way.
    ///
    /// Errors: InvalidInput for a name that would lead out; those of the calls.
    pub(crate) fn locate(&mut self, name: &[u8], make: bool) -> io::Result<Place> {
        let Some(parts) = parts(name) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "name with '..' refused"));
        };
        let Some((last, above)) = parts.split_last() else {
            return Ok(Place { directory: self.directory.try_clone()?, name: ".".into() });
        };
        let parent = above.join(&b'/');
        let directory = match &self.last {
            Some((known, directory)) if *known == parent => directory.try_clone()?,
            _ => {
                let directory = self.open(above, make)?;
                self.last = Some((parent, directory.try_clone()?));
                directory
            }
        };
        Ok(Place { directory, name: OsString::from_vec(last.to_vec()).into() })
    }

    /// To be called when a directory may have become something else.
    pub(crate) fn forget(&mut self) {
        self.last = None;
    }

    fn open(&self, parts: &[&[u8]], make: bool) -> io::Result<File> {
        if parts.is_empty() {
            return self.directory.try_clone();
        }
        let path = |count: usize| PathBuf::from(OsString::from_vec(parts[..count].join(&b'/')));
        match at::open_in_root(&self.directory, &path(parts.len())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && make => {}
            other => return other,
        }
        let mut directory = self.directory.try_clone()?;
        for count in 1..=parts.len() {
            directory = match at::open_in_root(&self.directory, &path(count)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let name = Path::new(OsStr::from_bytes(parts[count - 1]));
                    at::mkdir(directory.as_raw_fd(), name, 0o777)?;
                    at::open_in_root(&self.directory, &path(count))?
                }
                other => other?,
            };
        }
        Ok(directory)
    }
}

/// Removes what is at a place, unless it is a directory.
pub(crate) fn clear(place: &Place) -> io::Result<()> {
    match at::unlink(place.dir(), &place.name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        let joined = |name: &[u8]| parts(name).map(|parts| parts.join(&b'/'));
        for (name, expected) in [
            ("a/b", Some("a/b")),
            ("/etc/passwd", Some("etc/passwd")),
            ("//a//b/", Some("a/b")),
            ("./a/./b", Some("a/b")),
            (".", Some("")),
            ("..", None),
            ("a/../b", None),
            ("a/..", None),
            ("/../a", None),
            ("..a/b..", Some("..a/b..")),
        ] {
            assert_eq!(joined(name.as_bytes()), expected.map(|text| text.as_bytes().to_vec()), "{name}");
        }
    }
}
