//! make — a version 3 package, from its facts and a folder of files.
//!
//! The order in which values are written is the reference's, so that the same package has the same bytes and identity.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::heap::Heap;
use super::schema::{acl, dir, file, info, package as slot};
use super::value::Value;
use crate::entry::Script;
use crate::error::{Error, Kind, Place, Result};
use crate::identity::Algorithm;

/// What a package is made of.
pub struct Parts {
    pub heap: Heap,
    /// Facts, whose `hashes` and sizes are filled in.
    pub info: [Value; info::COUNT],
    pub scripts: Vec<(Script, Vec<u8>)>,
    pub triggers: Vec<Vec<u8>>,
    pub replaces_priority: u64,
    /// The folder with the files.
    pub files: Option<PathBuf>,
    pub takes_xattrs: bool,
    /// Files are no newer than this, in seconds since 1970.
    pub newest: Option<u64>,
    /// Folders that hold nothing and are like any other are listed, too.
    pub lists_plain_folders: bool,
    /// The root itself is listed.
    pub lists_root: bool,
}

/// Names of owners.
pub trait OwnerNames {
    fn user(&self, uid: u32) -> Vec<u8>;
    fn group(&self, gid: u32) -> Vec<u8>;
}

/// A package's tree, and where the content of its data blocks lies.
pub struct Made {
    pub tree: Vec<u8>,
    /// Folder and file (from 1), and the file with the content and its size.
    pub data: Vec<(u32, u32, PathBuf, u64)>,
}

/// Bytes of the id that a package has in itself.
const UNIQUE_ID: usize = 20;

struct Scan<'a> {
    heap: &'a mut Heap,
    owners: &'a dyn OwnerNames,
    takes_xattrs: bool,
    newest: Option<u64>,
    lists_plain_folders: bool,
    /// First paths of files with several names.
    links: HashMap<(u64, u64), Vec<u8>>,
    folders: Vec<Folder>,
    installed_size: u64,
}

struct Folder {
    path: Vec<u8>,
    value: Value,
    /// Files in order, with content or without.
    contents: Vec<Option<(PathBuf, u64)>>,
}

/// Makes the tree.
///
/// Errors: a file cannot be read, or is of a kind that packages cannot hold.
pub fn make(mut parts: Parts, owners: &dyn OwnerNames) -> Result<Made> {
    let mut folders = Vec::new();
    let mut installed_size = 0;
    if let Some(root) = &parts.files {
        let mut scan = Scan {
            heap: &mut parts.heap,
            owners,
            takes_xattrs: parts.takes_xattrs,
            newest: parts.newest,
            lists_plain_folders: parts.lists_plain_folders,
            links: HashMap::new(),
            folders: Vec::new(),
            installed_size: 0,
        };
        scan.folder(root, b"", parts.lists_root)?;
        (folders, installed_size) = (scan.folders, scan.installed_size);
    }
    folders.sort_by(|left, right| left.path.cmp(&right.path));
    let has_something = !folders.is_empty() || !parts.scripts.is_empty();
    if installed_size == 0 && has_something {
        installed_size = 1;
    }
    let mut heap = parts.heap;
    parts.info[info::INSTALLED_SIZE - 1] = heap.int(installed_size);
    let (hash, hash_at) = heap.unshared_blob(&[0; UNIQUE_ID]);
    parts.info[info::HASHES - 1] = hash;
    let info = heap.object(&parts.info);
    let values: Vec<Value> = folders.iter().map(|folder| folder.value).collect();
    let paths = heap.object(&values);
    let scripts = Script::ALL.map(|script| {
        let text = parts.scripts.iter().find(|(which, _)| *which == script);
        text.map_or(Value::NULL, |(_, text)| heap.blob(text))
    });
    let scripts = heap.object(&scripts);
    let triggers: Vec<Value> = parts.triggers.iter().map(|trigger| heap.blob(trigger)).collect();
    let triggers = heap.object(&triggers);
    let priority = if parts.replaces_priority == 0 { Value::NULL } else { heap.int(parts.replaces_priority) };
    let mut root = [Value::NULL; slot::REPLACES_PRIORITY];
    for (place, value) in [
        (slot::INFO, info),
        (slot::PATHS, paths),
        (slot::SCRIPTS, scripts),
        (slot::TRIGGERS, triggers),
        (slot::REPLACES_PRIORITY, priority),
    ] {
        root[place - 1] = value;
    }
    let root = heap.object(&root);
    let mut tree = heap.finish(root)?;
    let id = Algorithm::Sha256.of(&tree);
    tree[hash_at..hash_at + UNIQUE_ID].copy_from_slice(&id[..UNIQUE_ID]);

    let mut data = Vec::new();
    for (folder_index, folder) in folders.into_iter().enumerate() {
        for (file_index, content) in folder.contents.into_iter().enumerate() {
            if let Some((path, size)) = content {
                data.push((folder_index as u32 + 1, file_index as u32 + 1, path, size));
            }
        }
    }
    Ok(Made { tree, data })
}

fn place(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

impl Scan<'_> {
    /// Takes a folder's files, then the folder, then the folders in it.
    fn folder(&mut self, path: &Path, name: &[u8], is_listed: bool) -> Result {
        let meta = fs::symlink_metadata(path).place(place(path))?;
        let mut names: Vec<OsString> = Vec::new();
        for entry in fs::read_dir(path).place(place(path))? {
            names.push(entry.place(place(path))?.file_name());
        }
        names.sort();
        let mut files = Vec::new();
        let mut contents = Vec::new();
        let mut folders = Vec::new();
        for file_name in names {
            let file_path = path.join(&file_name);
            let file_meta = fs::symlink_metadata(&file_path).place(place(&file_path))?;
            if file_meta.is_dir() {
                folders.push(file_name);
                continue;
            }
            let full_name = join(name, file_name.as_bytes());
            let (value, content) = self.file(&file_path, &file_meta, &full_name, file_name.as_bytes())?;
            files.push(value);
            contents.push(content);
        }
        let mode = meta.mode() & 0o7777;
        let xattrs = if self.takes_xattrs { xattrs(path)? } else { Vec::new() };
        let is_plain = mode == 0o755
            && meta.uid() == 0
            && meta.gid() == 0
            && xattrs.is_empty()
            && files.is_empty()
            && !folders.is_empty();
        if if name.is_empty() {
            is_listed || !files.is_empty()
        } else {
            !is_plain || self.lists_plain_folders
        } {
            let mut slots = [Value::NULL; dir::FILES];
            slots[dir::NAME - 1] = self.heap.blob(name);
            slots[dir::ACL - 1] = self.acl(&meta, &xattrs);
            slots[dir::FILES - 1] = self.heap.object(&files);
            let value = self.heap.object(&slots);
            self.folders.push(Folder { path: name.to_vec(), value, contents });
        }
        for folder in folders {
            self.folder(&path.join(&folder), &join(name, folder.as_bytes()), false)?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &Path,
        meta: &fs::Metadata,
        full_name: &[u8],
        name: &[u8],
    ) -> Result<(Value, Option<(PathBuf, u64)>)> {
        let kind = meta.file_type();
        let mut slots = [Value::NULL; file::TARGET];
        let mut content = None;
        let mut target = Vec::new();
        let mode_type = (meta.mode() & 0o170_000) as u16;
        let mut first = None;
        if kind.is_file() && meta.nlink() > 1 {
            let known = self.links.entry((meta.dev(), meta.ino())).or_insert_with(|| full_name.to_vec());
            // What later names will point to is written with the first one.
            self.heap.blob(&[&mode_type.to_le_bytes()[..], known].concat());
            first = Some(known.clone()).filter(|first| first != full_name);
        }
        slots[file::NAME - 1] = self.heap.blob(name);
        if kind.is_file() {
            if let Some(first) = first {
                target = [&mode_type.to_le_bytes()[..], &first].concat();
            } else {
                self.installed_size += meta.len();
                content = (meta.len() > 0).then(|| (path.to_path_buf(), meta.len()));
            }
            slots[file::HASH - 1] = self.heap.blob(&hash(path, meta.len())?);
        } else if kind.is_symlink() {
            let text = fs::read_link(path).place(place(path))?.into_os_string().into_vec();
            target = [&mode_type.to_le_bytes()[..], &text].concat();
        } else if kind.is_block_device() || kind.is_char_device() || kind.is_fifo() {
            target = [&mode_type.to_le_bytes()[..], &meta.rdev().to_le_bytes()].concat();
        } else {
            return Err(Error::new(Kind::AdbPackageFormat).at(place(path)));
        }
        slots[file::TARGET - 1] = self.heap.blob(&target);
        let mtime = u64::try_from(meta.mtime()).unwrap_or(0);
        slots[file::MTIME - 1] = self.heap.int(mtime.min(self.newest.unwrap_or(u64::MAX)));
        slots[file::SIZE - 1] = self.heap.int(meta.len());
        let xattrs = if self.takes_xattrs && kind.is_file() { xattrs(path)? } else { Vec::new() };
        slots[file::ACL - 1] = self.acl(meta, &xattrs);
        Ok((self.heap.object(&slots), content))
    }

    fn acl(&mut self, meta: &fs::Metadata, xattrs: &[Vec<u8>]) -> Value {
        let mut slots = [Value::NULL; acl::XATTRS];
        slots[acl::MODE - 1] = self.heap.int(u64::from(meta.mode() & 0o7777));
        slots[acl::USER - 1] = self.heap.blob(&self.owners.user(meta.uid()));
        slots[acl::GROUP - 1] = self.heap.blob(&self.owners.group(meta.gid()));
        let mut values: Vec<(&[u8], Value)> =
            xattrs.iter().map(|xattr| (xattr.as_slice(), self.heap.blob(xattr))).collect();
        values.sort_by(|left, right| left.0.cmp(right.0));
        let values: Vec<Value> = values.into_iter().map(|(_, value)| value).collect();
        slots[acl::XATTRS - 1] = self.heap.array(&values);
        self.heap.object(&slots)
    }
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// Name, zero byte and value of each attribute.
fn xattrs(path: &Path) -> Result<Vec<Vec<u8>>> {
    let file = File::open(path).place(place(path))?;
    let names = match sys::xattr::list(&file) {
        // A file system without attributes has none.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(Vec::new()),
        result => result.place(place(path))?,
    };
    let mut xattrs = Vec::new();
    for name in names {
        let value = sys::xattr::get(&file, &name).place(place(path))?;
        xattrs.push([name.as_bytes(), b"\0", &value].concat());
    }
    Ok(xattrs)
}

/// SHA-256 of a file that has `size` bytes.
fn hash(path: &Path, size: u64) -> Result<Vec<u8>> {
    let mut file = File::open(path).place(place(path))?.take(size);
    let mut hasher = Algorithm::Sha256.start();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece).place(place(path))? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&piece[..count]),
        }
    }
}
