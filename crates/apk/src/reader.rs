//! reader — a package file of either version: its facts at once, then its entries as a stream, all of it checked on the way.

use std::io::{self, Read};

use crate::adb;
use crate::entry::{Entry, Kind as EntryKind, Script};
use crate::error::{Error, Kind, Result};
use crate::identity::{Algorithm, Digest, Hasher};
use crate::package::Package;
use crate::trust::Trust;
use crate::v2;

/// What a file begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    V2,
    V3,
}

/// A package whose facts are trusted. Between two calls of `next_entry` the content of the first may be read.
///
/// A file's content is compared with its digest: at its end, where `read` gives the error, or when it is skipped.
pub struct PackageReader<'a> {
    inner: Inner<'a>,
    content: Option<Content>,
}

enum Inner<'a> {
    V2(Box<v2::package::Reader<'a>>),
    V3(Box<adb::package::Reader<'a>>),
}

/// The content that is being read.
struct Content {
    path: Vec<u8>,
    left: u64,
    expected: Option<Digest>,
    hasher: Hasher,
}

/// The first four bytes of a file, the format that they tell, and all of the file again.
///
/// Errors: the file is shorter, or begins as neither format does.
pub fn detect<'a>(mut input: Box<dyn Read + 'a>) -> Result<(Format, [u8; 4], Box<dyn Read + 'a>)> {
    let mut start = [0; 4];
    input.read_exact(&mut start)?;
    match &start {
        [0x1f, 0x8b, ..] => Ok((Format::V2, start, Box::new(io::Cursor::new(start).chain(input)))),
        [b'A', b'D', b'B', _] => Ok((Format::V3, start, input)),
        _ => Err(Error::detailed(Kind::FormatInvalid, "neither gzip nor ADB")),
    }
}

impl<'a> PackageReader<'a> {
    /// Reads a package's facts and scripts.
    ///
    /// Errors: it is not trusted, malformed, or the system refused.
    pub fn open(input: Box<dyn Read + 'a>, trust: Trust<'a>) -> Result<PackageReader<'a>> {
        let (format, start, input) = detect(input)?;
        let inner = match format {
            Format::V2 => Inner::V2(Box::new(v2::package::Reader::open(input, trust)?)),
            Format::V3 => Inner::V3(Box::new(adb::package::Reader::open(start, input, &trust)?)),
        };
        Ok(PackageReader { inner, content: None })
    }

    pub fn format(&self) -> Format {
        match &self.inner {
            Inner::V2(_) => Format::V2,
            Inner::V3(_) => Format::V3,
        }
    }

    /// The facts, with the identity that the file has.
    pub fn package(&self) -> &Package {
        match &self.inner {
            Inner::V2(reader) => &reader.package,
            Inner::V3(reader) => &reader.package,
        }
    }

    /// The identity under which a package goes that no index lists: a version 3 package says it itself.
    pub fn own_identity(&self) -> Option<Digest> {
        match &self.inner {
            Inner::V2(reader) => reader.package.identity,
            Inner::V3(reader) => reader.unique.or(reader.package.identity),
        }
    }

    /// The tree of a version 3 package: what its identity is of. None of a version 2 package.
    pub fn tree(&self) -> Option<&[u8]> {
        match &self.inner {
            Inner::V2(_) => None,
            Inner::V3(reader) => Some(reader.tree()),
        }
    }

    /// The text .PKGINFO of a version 2 package. None of a version 3 package.
    pub fn info_text(&self) -> Option<&[u8]> {
        match &self.inner {
            Inner::V2(reader) => Some(&reader.info),
            Inner::V3(_) => None,
        }
    }

    pub fn scripts(&self) -> &[(Script, Vec<u8>)] {
        match &self.inner {
            Inner::V2(reader) => &reader.scripts,
            Inner::V3(reader) => &reader.scripts,
        }
    }

    /// The scripts; none the second time.
    pub fn take_scripts(&mut self) -> Vec<(Script, Vec<u8>)> {
        std::mem::take(match &mut self.inner {
            Inner::V2(reader) => &mut reader.scripts,
            Inner::V3(reader) => &mut reader.scripts,
        })
    }

    /// The next entry. None behind the last, when the whole file was as it was promised.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        self.skip_content()?;
        let entry = match &mut self.inner {
            Inner::V2(reader) => reader.next_entry()?,
            Inner::V3(reader) => reader.next_entry()?,
        };
        if let Some(entry) = &entry
            && entry.kind == EntryKind::File
        {
            self.content = Some(Content {
                path: entry.path.clone(),
                left: entry.size,
                expected: entry.digest,
                hasher: entry.digest.map_or(Algorithm::Sha1, |digest| digest.algorithm()).start(),
            });
            if entry.size == 0 {
                self.finish_content()?;
            }
        }
        Ok(entry)
    }

    /// Reads the current file's content. 0 at its end.
    ///
    /// Errors: it is not what its digest says, or the file ends within it.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let Some(content) = &mut self.content else { return Ok(0) };
        let wanted = content.left.min(out.len() as u64) as usize;
        let count = match &mut self.inner {
            Inner::V2(reader) => reader.read(&mut out[..wanted])?,
            Inner::V3(reader) => reader.read(&mut out[..wanted])?,
        };
        if count == 0 && wanted > 0 {
            return Err(Kind::Eof.into());
        }
        content.hasher.update(&out[..count]);
        content.left -= count as u64;
        if content.left == 0 {
            self.finish_content()?;
        }
        Ok(count)
    }

    fn finish_content(&mut self) -> Result {
        let Some(content) = self.content.take() else { return Ok(()) };
        let Some(expected) = content.expected else { return Ok(()) };
        let found = Digest::finish(content.hasher, expected.algorithm());
        if found.is_some_and(|found| expected.is(&found)) {
            return Ok(());
        }
        Err(Error::detailed(Kind::FileIntegrity, String::from_utf8_lossy(&content.path)))
    }

    fn skip_content(&mut self) -> Result {
        if self.content.is_some() {
            let mut piece = [0; 16 * 1024];
            while self.read(&mut piece)? > 0 {}
        }
        Ok(())
    }

    /// Reads what is left, for the errors in it.
    pub fn finish(mut self) -> Result<Package> {
        while self.next_entry()?.is_some() {}
        Ok(self.package().clone())
    }
}

/// The current file's content.
impl Read for PackageReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(PackageReader::read(self, out)?)
    }
}

/// Reads a package or an index of either version to its end, for the errors in it.
///
/// Errors: it is not trusted, malformed, or not what its digests say.
pub fn verify<'a>(input: Box<dyn Read + 'a>, trust: Trust<'a>) -> Result {
    let (format, start, input) = detect(input)?;
    if format == Format::V3 {
        return adb::verify(start, input, &trust);
    }
    let mut stream = v2::stream::Stream::new(input, trust)?;
    let (mut is_package, mut is_well_formed) = (false, true);
    loop {
        match stream.next_event()? {
            v2::stream::Event::Entry(header) if header.name == b".PKGINFO" && !is_package => {
                is_package = true;
                let info = stream.read_all(v2::package::INFO_MAX)?;
                stream.expect_data(v2::info::parse(&info).data_hash);
            }
            v2::stream::Event::Entry(header) => {
                is_well_formed &= is_package || v2::stream::is_index_file(&header.name);
            }
            // Whether it is trusted is told first.
            v2::stream::Event::ControlEnd if !is_well_formed => return Err(Kind::V2IndexFormat.into()),
            v2::stream::Event::ControlEnd => {}
            v2::stream::Event::End => return Ok(()),
        }
    }
}
