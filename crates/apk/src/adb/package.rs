//! package — a version 3 package: facts, scripts and paths of its tree, then data block by data block.

use std::io::Read;

use super::container::{self, BlockKind, TREE_MAX};
use super::facts::read_info;
use super::kind;
use super::schema::{acl, dir, file, package as slot};
use super::signature::{self, SIGNATURE_MAX};
use super::value::{Object, Tree};
use crate::entry::{Entry, Kind as EntryKind, Owner, SCRIPT_MAX, Script};
use crate::error::{Error, Kind, Result};
use crate::identity::Digest;
use crate::package::Package;
use crate::trust::Trust;

/// More signatures are refused.
const SIGNATURES_MAX: usize = 64;

/// A tree that is trusted, and the file behind it.
pub(crate) struct Opened<'a> {
    pub(crate) container: container::Reader<'a>,
    pub(crate) tree: Vec<u8>,
    /// The block behind the signatures, whose header was read to find their end.
    pub(crate) pending: Option<container::Block>,
}

/// Reads tree and signatures, and checks that the tree is trusted.
pub(crate) fn open<'a>(mut container: container::Reader<'a>, trust: &Trust) -> Result<Opened<'a>> {
    if container.next_block()?.is_none() {
        return Err(Kind::Eof.into());
    }
    let tree = container.read_block(TREE_MAX, Kind::AdbLimit)?;
    Tree::new(&tree)?;
    let mut signatures = Vec::new();
    let mut pending = None;
    while let Some(block) = container.next_block()? {
        if block.kind != BlockKind::Signature {
            pending = Some(block);
            break;
        }
        if signatures.len() == SIGNATURES_MAX {
            return Err(Kind::Limit("number of signatures").into());
        }
        signatures.push(container.read_block(SIGNATURE_MAX, Kind::AdbSignature)?);
    }
    signature::check(trust, container.schema, &tree, &signatures)?;
    Ok(Opened { container, tree, pending })
}

/// A package whose tree was read and is trusted.
pub struct Reader<'a> {
    container: container::Reader<'a>,
    tree: Vec<u8>,
    pending: Option<container::Block>,
    pub package: Package,
    /// The identity that the package says it has: what one that no index lists goes by.
    pub unique: Option<Digest>,
    pub scripts: Vec<(Script, Vec<u8>)>,
    /// Where in the paths the reader stands: a folder's slot, and a file's in it; 0 for the folder itself.
    dir: usize,
    file: usize,
}

impl<'a> Reader<'a> {
    /// Reads the tree. `start` are the file's first four bytes.
    ///
    /// Errors: it is no package, not trusted, or malformed.
    pub fn open(start: [u8; 4], input: Box<dyn Read + 'a>, trust: &Trust) -> Result<Reader<'a>> {
        Reader::from_container(container::Reader::open(start, input)?, trust)
    }

    /// The same of a file whose header was read.
    pub(crate) fn from_container(container: container::Reader<'a>, trust: &Trust) -> Result<Reader<'a>> {
        if container.schema != kind::PACKAGE {
            return Err(Kind::AdbSchema.into());
        }
        let opened = open(container, trust)?;
        let root = Tree::new(&opened.tree)?.root();
        let mut package = read_info(&root.object(slot::INFO));
        let unique = package.identity.take();
        package.identity = Some(Digest::sha256(&opened.tree));
        package.triggers = root.object(slot::TRIGGERS).blobs().map(<[u8]>::to_vec).collect();
        package.replaces_priority = root.int(slot::REPLACES_PRIORITY).unwrap_or(0) as u32;
        let scripts_object = root.object(slot::SCRIPTS);
        let mut scripts = Vec::new();
        for (index, script) in Script::ALL.into_iter().enumerate() {
            let text = scripts_object.blob(index + 1);
            if text.len() as u64 > SCRIPT_MAX {
                return Err(Kind::Limit("size of a script").into());
            }
            if !text.is_empty() {
                scripts.push((script, text.to_vec()));
            }
        }
        if package.name.is_empty() || package.version.is_empty() {
            return Err(Error::detailed(Kind::AdbPackageFormat, "there is no name or no version"));
        }
        let Opened { container, tree, pending, .. } = opened;
        Ok(Reader { container, tree, pending, package, unique, scripts, dir: 1, file: 0 })
    }

    /// The whole tree's bytes: what identities and signatures are of.
    pub fn tree(&self) -> &[u8] {
        &self.tree
    }

    /// The next folder, file or link; None behind the last, when no data is left over.
    pub fn next_entry(&mut self) -> Result<Option<Entry>> {
        let paths = Tree::new(&self.tree)?.root().object(slot::PATHS);
        loop {
            if self.dir > paths.len() {
                if self.pending.take().is_some() || self.container.next_block()?.is_some() {
                    return Err(Error::detailed(Kind::AdbBlock, "data that belongs to no file"));
                }
                return Ok(None);
            }
            let dir = paths.object(self.dir);
            if self.file == 0 {
                self.file = 1;
                return Ok(Some(folder(&dir)));
            }
            let files = dir.object(dir::FILES);
            if self.file > files.len() {
                (self.dir, self.file) = (self.dir + 1, 0);
                continue;
            }
            let object = files.object(self.file);
            let entry = file_entry(&dir, &object)?;
            let place = (self.dir as u32, self.file as u32);
            self.file += 1;
            if entry.kind == EntryKind::File && entry.size > 0 {
                take_data(&mut self.container, &mut self.pending, place, entry.size)?;
            }
            return Ok(Some(entry));
        }
    }

    /// Reads the content of `entry`, the current one, and compares it with its digest.
    pub(crate) fn check_content(&mut self, entry: &Entry) -> Result {
        let (EntryKind::File, Some(expected)) = (&entry.kind, entry.digest) else { return Ok(()) };
        let mut hasher = expected.algorithm().start();
        let mut piece = [0; 16 * 1024];
        // A file without bytes has no block of data, and the one before is not its own.
        let mut left = entry.size;
        while left > 0 {
            let count = self.read(&mut piece)?;
            if count == 0 {
                return Err(Kind::Eof.into());
            }
            hasher.update(&piece[..count]);
            left = left.saturating_sub(count as u64);
        }
        let found = Digest::finish(hasher, expected.algorithm());
        if found.is_some_and(|found| expected.is(&found)) {
            return Ok(());
        }
        Err(Error::detailed(Kind::FileIntegrity, String::from_utf8_lossy(&entry.path)))
    }

    /// Reads from the current file's content.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        Ok(self.container.read(out)?)
    }
}

/// Goes to the content of a file: the next block must be its own.
fn take_data(
    container: &mut container::Reader,
    pending: &mut Option<container::Block>,
    (dir, file): (u32, u32),
    size: u64,
) -> Result {
    let block = match pending.take() {
        Some(block) => Some(block),
        None => container.next_block()?,
    };
    let block = block.ok_or(Kind::Eof)?;
    let expected = [dir.to_le_bytes(), file.to_le_bytes()].concat();
    let mut header = [0; 8];
    if block.kind == BlockKind::Data && Some(block.size) == size.checked_add(8) {
        container.read_exact(&mut header)?;
    }
    if header[..] != expected[..] {
        return Err(Error::detailed(Kind::AdbBlock, format!("no data of file {file} in folder {dir}")));
    }
    Ok(())
}

fn folder(object: &Object) -> Entry {
    let mut entry = with_acl(&object.object(dir::ACL));
    entry.path = object.blob(dir::NAME).to_vec();
    entry
}

fn file_entry(folder: &Object, object: &Object) -> Result<Entry> {
    let (folder_name, name) = (folder.blob(dir::NAME), object.blob(file::NAME));
    if name.is_empty() || name.contains(&b'/') {
        return Err(Error::detailed(Kind::AdbPackageFormat, "a file without name"));
    }
    let mut entry = with_acl(&object.object(file::ACL));
    entry.path = if folder_name.is_empty() { name.to_vec() } else { [folder_name, b"/", name].concat() };
    entry.mtime = i64::try_from(object.int(file::MTIME).unwrap_or(0)).unwrap_or(i64::MAX);
    entry.kind = target(object.blob(file::TARGET))?;
    match &entry.kind {
        EntryKind::File => {
            entry.size = object.int(file::SIZE).unwrap_or(0);
            entry.digest = Digest::from_bytes(object.blob(file::HASH));
            if !matches!(entry.digest, Some(Digest::Sha256(_))) {
                return Err(Error::detailed(Kind::AdbPackageFormat, "a file without SHA-256"));
            }
        }
        EntryKind::Symlink(text) => entry.digest = Some(Digest::sha256(text)),
        _ => {}
    }
    Ok(entry)
}

const S_IFMT: u16 = 0o170_000;

/// What a target says the file is; a plain file where there is none.
fn target(bytes: &[u8]) -> Result<EntryKind> {
    let Some((mode, rest)) = bytes.split_first_chunk::<2>() else {
        return if bytes.is_empty() { Ok(EntryKind::File) } else { Err(malformed_target()) };
    };
    let device = || -> Result<u64> {
        let bytes = rest.try_into().map_err(|_| malformed_target())?;
        Ok(u64::from_le_bytes(bytes))
    };
    match u16::from_le_bytes(*mode) & S_IFMT {
        0o100_000 if !rest.is_empty() => Ok(EntryKind::HardLink(rest.to_vec())),
        0o120_000 if !rest.is_empty() => Ok(EntryKind::Symlink(rest.to_vec())),
        0o020_000 => device().map(EntryKind::CharDevice),
        0o060_000 => device().map(EntryKind::BlockDevice),
        0o010_000 => Ok(EntryKind::Fifo),
        0o140_000 => Ok(EntryKind::Socket),
        _ => Err(malformed_target()),
    }
}

#[cold]
fn malformed_target() -> Error {
    Error::detailed(Kind::AdbPackageFormat, "a file of unknown type")
}

/// A folder with this owner, mode and attributes.
fn with_acl(object: &Object) -> Entry {
    let owner = |slot| Owner { name: object.blob(slot).to_vec(), id: None };
    let xattrs = object.object(acl::XATTRS).blobs().filter_map(|blob| {
        let zero = blob.iter().position(|&byte| byte == 0)?;
        Some((blob[..zero].to_vec(), blob[zero + 1..].to_vec()))
    });
    Entry {
        mode: object.int(acl::MODE).unwrap_or(0) as u32 & 0o7777,
        user: owner(acl::USER),
        group: owner(acl::GROUP),
        xattrs: xattrs.collect(),
        ..Entry::default()
    }
}
