//! entries — the folders and files of a package: walked through line by line, and written.

use matching::bytes::find_byte;

use super::Access;
use crate::identity::Digest;

/// A folder or file of a package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// Its path without slashes at the ends; the root is empty.
    Folder { path: &'a [u8], access: Access },
    /// A file, link or device in the folder named last.
    File { name: &'a [u8], access: Access, digest: Option<Digest> },
}

/// A folder or file of a package, by its name alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named<'a> {
    /// Its path without slashes at the ends; the root is empty.
    Folder(&'a [u8]),
    /// A file, link or device in the folder named last.
    File(&'a [u8]),
}

impl Entry<'_> {
    /// Appends the lines.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Entry::Folder { path, access } => {
                out.extend_from_slice(b"F:");
                out.extend_from_slice(path);
                out.push(b'\n');
                access.write(b'M', &Access::FOLDER, out);
            }
            Entry::File { name, access, digest } => {
                out.extend_from_slice(b"R:");
                out.extend_from_slice(name);
                out.push(b'\n');
                access.write(b'a', &Access::FILE, out);
                if let Some(digest) = digest {
                    out.extend_from_slice(b"Z:");
                    digest.cut().write(out);
                    out.push(b'\n');
                }
            }
        }
    }
}

/// Walks the lines of files for what has a name.
pub struct NamedParts<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Iterator for NamedParts<'a> {
    type Item = Named<'a>;

    fn next(&mut self) -> Option<Named<'a>> {
        loop {
            let end = find_byte(self.rest, b'\n').unwrap_or(self.rest.len());
            let line = self.rest.get(..end).filter(|line| line.len() > 1)?;
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            match line[0] {
                b'F' => return Some(Named::Folder(&line[2..])),
                b'R' => return Some(Named::File(&line[2..])),
                _ => {}
            }
        }
    }
}

/// Walks the lines of files.
pub struct Entries<'a> {
    pub(super) rest: &'a [u8],
    pub(super) sha256: bool,
}

impl<'a> Entries<'a> {
    fn peek(&self) -> Option<&'a [u8]> {
        let end = find_byte(self.rest, b'\n').unwrap_or(self.rest.len());
        self.rest.get(..end).filter(|line| line.len() > 1)
    }

    fn skip(&mut self, line: &[u8]) {
        self.rest = self.rest.get(line.len() + 1..).unwrap_or_default();
    }

    /// The lines of `letters` that follow, each given to `take`.
    fn follow(&mut self, letters: &[u8], mut take: impl FnMut(u8, &'a [u8])) {
        while let Some(line) = self.peek().filter(|line| letters.contains(&line[0])) {
            take(line[0], &line[2..]);
            self.skip(line);
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let line = self.peek()?;
            self.skip(line);
            match line[0] {
                b'F' => {
                    let mut access = Access::FOLDER;
                    self.follow(b"M", |_, value| access = Access::parse(value).unwrap_or(access));
                    return Some(Entry::Folder { path: &line[2..], access });
                }
                b'R' => {
                    let (mut access, mut digest) = (Access::FILE, None);
                    self.follow(b"aZ", |letter, value| match letter {
                        b'a' => access = Access::parse(value).unwrap_or(access),
                        _ => digest = Digest::parse(value),
                    });
                    if let (true, Some(Digest::Sha1(bytes))) = (self.sha256, digest) {
                        digest = Some(Digest::Sha256Cut(bytes));
                    }
                    return Some(Entry::File { name: &line[2..], access, digest });
                }
                _ => {}
            }
        }
    }
}
