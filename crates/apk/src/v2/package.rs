//! package — a version 2 package: facts and scripts of its control member, then the entries of its data.

use std::io::Read;

use super::info;
use super::stream::{Event, Stream};
use super::tar::Header;
use crate::entry::{Entry, Kind as EntryKind, Owner, SCRIPT_MAX, Script};
use crate::error::{Error, Kind, Result};
use crate::identity::Digest;
use crate::package::Package;
use crate::trust::Trust;

/// Larger .PKGINFO are refused.
pub(crate) const INFO_MAX: u64 = 8 << 20;

/// A package whose control member was read and is trusted.
pub struct Reader<'a> {
    stream: Stream<'a>,
    pub package: Package,
    /// The text of .PKGINFO.
    pub info: Vec<u8>,
    pub scripts: Vec<(Script, Vec<u8>)>,
    is_over: bool,
}

impl<'a> Reader<'a> {
    /// Reads the control member.
    ///
    /// Errors: it is not trusted, or malformed.
    pub fn open(input: Box<dyn Read + 'a>, trust: Trust<'a>) -> Result<Reader<'a>> {
        let mut stream = Stream::new(input, trust)?;
        let mut package = None;
        let mut text = Vec::new();
        let mut scripts = Vec::new();
        loop {
            match stream.next_event()? {
                Event::Entry(header) if header.name == b".PKGINFO" => {
                    text = stream.read_all(INFO_MAX)?;
                    let info = info::parse(&text);
                    stream.expect_data(info.data_hash);
                    package = Some(info);
                }
                Event::Entry(header) if header.name == b".INSTALL" => {
                    return Err(Error::detailed(Kind::FormatObsolete, ".INSTALL of an old format"));
                }
                Event::Entry(header) => {
                    if let Some(script) = header.name.strip_prefix(b".").and_then(Script::parse) {
                        scripts.push((script, stream.read_all(SCRIPT_MAX)?));
                    }
                }
                Event::ControlEnd => break,
                Event::End => return Err(Kind::V2PackageFormat.into()),
            }
        }
        let mut package =
            package.ok_or_else(|| Error::detailed(Kind::V2PackageFormat, "there is no .PKGINFO"))?;
        if package.name.is_empty() || package.version.is_empty() {
            return Err(Error::detailed(Kind::V2PackageFormat, ".PKGINFO without name or version"));
        }
        if package.broken.any() {
            return Err(Error::detailed(Kind::V2PackageFormat, "a malformed dependency in .PKGINFO"));
        }
        package.identity = stream.identity();
        Ok(Reader { stream, package, info: text, scripts, is_over: false })
    }

    /// The next entry of the data; None behind the last, when all digests were right.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        while !self.is_over {
            match self.stream.next_event()? {
                Event::Entry(header) if header.name.starts_with(b".") && !header.name.contains(&b'/') => {}
                Event::Entry(header) => return entry(header).map(Some),
                Event::ControlEnd => {}
                Event::End => {
                    self.is_over = true;
                    // Of packages before version 2 it is known only now.
                    self.package.identity = self.package.identity.or(self.stream.identity());
                }
            }
        }
        Ok(None)
    }

    /// Reads from the current entry's content.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        self.stream.read(out)
    }

    /// Bytes of the file up to here.
    pub fn offset(&self) -> u64 {
        self.stream.offset()
    }
}

fn entry(header: Header) -> Result<Entry> {
    let device = (u64::from(header.device.0), u64::from(header.device.1));
    // The system's encoding (glibc and musl: `makedev`).
    let device =
        (device.0 & 0xffff_f000) << 32 | (device.0 & 0xfff) << 8 | (device.1 & !0xff) << 12 | device.1 & 0xff;
    let kind = match header.kind {
        b'0' => EntryKind::File,
        b'1' => EntryKind::HardLink(header.link),
        b'2' => EntryKind::Symlink(header.link),
        b'3' => EntryKind::CharDevice(device),
        b'4' => EntryKind::BlockDevice(device),
        b'5' => EntryKind::Directory,
        b'6' => EntryKind::Fifo,
        other => {
            let what = format!("unknown type of entry '{}'", other.escape_ascii());
            return Err(Error::detailed(Kind::V2PackageFormat, what));
        }
    };
    let digest = match &kind {
        EntryKind::File if header.sha1.is_none() => {
            let what = format!("no checksum of {}", String::from_utf8_lossy(&header.name));
            return Err(Error::detailed(Kind::FormatObsolete, what));
        }
        EntryKind::File => header.sha1,
        EntryKind::Symlink(text) => header.sha1.or_else(|| Some(Digest::sha1(text))),
        _ => None,
    };
    let mut path = header.name;
    while path.ends_with(b"/") {
        path.pop();
    }
    // The root's own entry, as tar names it.
    if path == b"." {
        path.clear();
    }
    Ok(Entry {
        path,
        kind,
        mode: header.mode,
        user: Owner { name: header.user, id: Some(header.uid) },
        group: Owner { name: header.group, id: Some(header.gid) },
        mtime: header.mtime,
        size: header.size,
        digest,
        xattrs: header.xattrs,
    })
}
