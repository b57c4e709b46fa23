//! convdb — the installed database as a file of version 3.

use std::fs;
use std::path::Path;

use super::groups::GENERATION;
use super::owner_names::RootNames;
use super::{Applet, Cx, Result, files};
use crate::adb::heap::Heap;
use crate::adb::make::OwnerNames;
use crate::adb::schema::{acl, dir, file, package as slot};
use crate::adb::value::Value;
use crate::adb::{facts, kind};
use crate::database::installed::{Access, Entry, Installed, Record};
use crate::error::Place;
use crate::v2::block;

pub static APPLET: Applet = Applet {
    name: "convdb",
    summary: "Convert v2 installed database to v3 format",
    usage: &[""],
    description: "apk convdb writes the installed database, as version 3 would have it, to the file installed.adb in the current \
                  folder.",
    groups: &[&GENERATION],
    run,
};

/// Where the database is written to, in the current folder.
const OUTPUT: &str = "installed.adb";
const INSTALLED: &str = "lib/apk/db/installed";

fn run(cx: &mut Cx) -> Result {
    let generation = files::Generation::new(cx)?;
    let root = cx.globals.root.clone().unwrap_or_else(|| Path::new("/").to_path_buf());
    // The text alone: who converts a database need not have the rest of the root.
    let text = fs::read(root.join(INSTALLED)).place(INSTALLED)?;
    let installed = Installed::parse(text, cx.globals.force.old_apk)?;
    let owners = RootNames::read(&root);
    let mut heap = Heap::new();
    let mut packages = Vec::new();
    for record in installed.packages() {
        let tree = package(&installed, record, &owners)?;
        packages.push(heap.nested(&tree));
    }
    let packages = heap.object(&packages);
    let root = heap.object(&[packages]);
    let tree = heap.finish(root)?;
    files::replace(Path::new(OUTPUT), &mut |out| generation.write(out, kind::INSTALLED, &tree))
        .place(OUTPUT)?;
    Ok(0)
}

/// A folder whose files are being read.
struct Folder {
    name: Value,
    acl: Value,
    files: Vec<Value>,
}

impl Folder {
    fn close(self, heap: &mut Heap) -> Value {
        let mut slots = [Value::NULL; dir::FILES];
        slots[dir::NAME - 1] = self.name;
        slots[dir::ACL - 1] = self.acl;
        slots[dir::FILES - 1] = heap.object(&self.files);
        heap.object(&slots)
    }
}

/// The tree of one package.
fn package(installed: &Installed, record: &Record, owners: &dyn OwnerNames) -> crate::error::Result<Vec<u8>> {
    let mut package = crate::package::Package::default();
    for field in block::fields(installed.facts(record)) {
        let (letter, value) = field?;
        block::take(&mut package, letter, value)?;
    }
    package.replaces = installed.replaces(record).0;
    let mut heap = Heap::new();
    let info = facts::slots_of_lines(&mut heap, &package);
    let mut folders: Vec<Value> = Vec::new();
    let mut open: Option<Folder> = None;
    for entry in installed.entries(record) {
        match entry {
            Entry::Folder { path, access } => {
                folders.extend(open.take().map(|folder| folder.close(&mut heap)));
                let name = heap.blob(path);
                let acl = acl_of(&mut heap, &access, &Access::FOLDER, owners);
                open = Some(Folder { name, acl, files: Vec::new() });
            }
            Entry::File { name, access, digest } => {
                let mut slots = [Value::NULL; file::TARGET];
                slots[file::NAME - 1] = heap.blob(name);
                slots[file::ACL - 1] = acl_of(&mut heap, &access, &Access::FILE, owners);
                slots[file::HASH - 1] = digest.map_or(Value::NULL, |digest| heap.blob(digest.bytes()));
                let value = heap.object(&slots);
                if let Some(folder) = &mut open {
                    folder.files.push(value);
                }
            }
        }
    }
    folders.extend(open.take().map(|folder| folder.close(&mut heap)));
    let info = heap.object(&info);
    let paths = heap.object(&folders);
    let mut root = [Value::NULL; slot::REPLACES_PRIORITY];
    root[slot::INFO - 1] = info;
    root[slot::PATHS - 1] = paths;
    let root = heap.object(&root);
    heap.finish(root)
}

/// Owner and mode, unless they are as usual.
fn acl_of(heap: &mut Heap, access: &Access, usual: &Access, owners: &dyn OwnerNames) -> Value {
    if access == usual {
        return Value::NULL;
    }
    let mut slots = [Value::NULL; acl::GROUP];
    slots[acl::MODE - 1] = heap.int(u64::from(access.mode));
    slots[acl::USER - 1] = heap.blob(&owners.user(access.uid));
    slots[acl::GROUP - 1] = heap.blob(&owners.group(access.gid));
    heap.object(&slots)
}
