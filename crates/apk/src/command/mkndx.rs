//! mkndx — a repository's index of version 3, from the packages in it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::groups::GENERATION;
use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Failure, Result, files, os};
use crate::adb::heap::Heap;
use crate::adb::schema::{info, package as slot};
use crate::adb::value::{Tree, Value};
use crate::adb::{facts, index, kind};
use crate::error::Place;
use crate::identity::Digest;
use crate::package::Package;
use crate::package_name::{DEFAULT, Spec};
use crate::reader::{Format, PackageReader, detect};
use crate::trust::{Keys, Trust};

pub static APPLET: Applet = Applet {
    name: "mkndx",
    summary: "Create repository index (v3) file from packages",
    usage: &[" [<OPTIONS>...] PACKAGES..."],
    description: "apk mkndx makes a repository's index of version 3 from PACKAGES, which may be of either version.",
    groups: &[&GENERATION, &OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Mkndx",
    options: &[
        opt("description", "d", Takes::Text("TEXT"), "What the repository is, in a line"),
        opt(
            "filter-spec",
            "",
            Takes::Text("PKGNAME_SPEC"),
            "Keep only what INDEX has under these file names",
        ),
        opt("hash", "", Takes::Text("HASH"), "What tells packages of version 3 apart: sha256 or sha256-160"),
        opt(
            "index",
            "x",
            Takes::Text("INDEX"),
            "Take what is known from INDEX rather than reading packages again",
        ),
        opt("output", "o", Takes::Text("FILE"), "Write the index to FILE"),
        opt("pkgname-spec", "", Takes::Text("PKGNAME_SPEC"), "How the names of package files are made"),
    ],
};

/// Facts of a package, as they stand in the index.
struct Listed {
    package: Package,
    value: Value,
}

/// What was read of a package's file.
struct Found {
    package: Package,
    /// Written in front of the identity, as the reference does: what a version 3 package says of itself.
    own_hash: Option<Digest>,
    /// The text of .PKGINFO, whose order of lines is that of the values.
    text: Option<Vec<u8>>,
}

fn run(cx: &mut Cx) -> Result {
    let generation = files::Generation::new(cx)?;
    let is_cut = match cx.options.text("hash") {
        None | Some(b"sha256") => false,
        Some(b"sha256-160") => true,
        Some(other) => {
            let text = format!("hash '{}' not recognized or allowed", String::from_utf8_lossy(other));
            cx.messages.error(text);
            return Err(files::bad_argument(cx, "hash", "hash"));
        }
    };
    let spec = Spec::parse(cx.options.text("pkgname-spec").unwrap_or(DEFAULT))
        .ok_or_else(|| files::bad_argument(cx, "pkgname-spec", "pkgname-spec"))?;
    let Some(output) = cx.options.text("output").map(<[u8]>::to_vec) else {
        return Err(Failure::Error("Please specify --output FILE".to_string()));
    };
    let keys = files::keys(cx);
    let known = match cx.options.text("index").map(<[u8]>::to_vec) {
        Some(name) => Some(read_known(cx, &name, &keys)?),
        None => None,
    };
    let mut heap = Heap::new();
    let mut listed: Vec<Listed> = Vec::new();
    let (mut new_count, mut failed) = (0, 0);
    for name in cx.args.clone() {
        let known = known.as_ref().and_then(|known| known.find(&name, &spec));
        let is_new = known.is_none();
        let found = match known {
            Some(package) => Found { package: package.clone(), own_hash: None, text: None },
            None => match read_package(&name, is_cut, files::trust(cx, &keys)).place(&name) {
                Ok(found) => found,
                Err(error) => {
                    cx.messages.error(error.to_string());
                    failed += 1;
                    continue;
                }
            },
        };
        if cx.options.has("pkgname-spec") && !spec.matches(&name, &found.package) {
            let shown = String::from_utf8_lossy(&name);
            let text = format!("{shown}: not matching package name specification '{}'", spec.text());
            cx.messages.warning(text);
        }
        if is_new {
            cx.messages.message_at(2, [&name[..], b": indexed new package"].concat());
            new_count += 1;
        }
        let value = write_package(&mut heap, &found);
        listed.push(Listed { package: found.package, value });
    }
    if failed > 0 {
        cx.messages.error(format!("{failed} errors, not creating index"));
        return Err(Failure::Exit(-1));
    }
    listed.sort_by(|left, right| left.package.compare(&right.package));
    let values: Vec<Value> = listed.iter().map(|listed| listed.value).collect();
    let description = cx.options.text("description").unwrap_or_default();
    let spec = cx.options.text("pkgname-spec").unwrap_or_default();
    let tree = index::write(heap, description, spec, &values)?;
    let path = os(&output).to_owned();
    files::replace(path.as_ref(), &mut |out| generation.write(out, kind::INDEX, &tree)).place(&output)?;
    let count = listed.len();
    cx.messages.message(format!("Index has {count} packages (of which {new_count} are new)"));
    Ok(0)
}

/// An index that was there before.
struct Known {
    packages: Vec<Package>,
    mtime: i64,
}

impl Known {
    /// The package of a file that is older than the index, by its name and size.
    fn find(&self, name: &[u8], spec: &Spec) -> Option<&Package> {
        let meta = fs::metadata(os(name)).ok().filter(|meta| meta.mtime() <= self.mtime)?;
        self.packages.iter().find(|package| package.file_size == meta.len() && spec.matches(name, package))
    }
}

fn read_known(cx: &Cx, name: &[u8], keys: &Keys) -> Result<Known> {
    let file = files::open(name)?;
    let mtime = file.metadata().place(name)?.mtime();
    let read = || {
        let (format, start, input) = detect(Box::new(file))?;
        if format != Format::V3 {
            return Err(crate::error::Kind::FormatUnsupported.into());
        }
        index::Index::read(start, input, &files::trust(cx, keys))
    };
    let index = read().place(name)?;
    Ok(Known { packages: index.packages().map(|object| facts::read_info(&object)).collect(), mtime })
}

/// The facts of a package whose control section or tree must be trusted; its data is not read.
fn read_package(name: &[u8], is_cut: bool, trust: Trust) -> crate::error::Result<Found> {
    let file = files::open(name)?;
    let size = file.metadata()?.len();
    let reader = PackageReader::open(Box::new(file), trust).map_err(|error| match error.kind {
        crate::error::Kind::V2PackageFormat => crate::error::Kind::FormatUnsupported.into(),
        _ => error,
    })?;
    let mut package = reader.package().clone();
    package.file_size = size;
    let mut own_hash = None;
    if let Some(tree) = reader.tree() {
        let facts = Tree::new(tree)?.root().object(slot::INFO);
        own_hash = Digest::from_bytes(facts.blob(info::HASHES));
        if is_cut {
            package.identity = package.identity.map(Digest::cut);
        }
    }
    let text = reader.info_text().map(<[u8]>::to_vec);
    Ok(Found { package, own_hash, text })
}

fn write_package(heap: &mut Heap, found: &Found) -> Value {
    if let Some(text) = &found.text {
        return facts::write_info_of_text(heap, &found.package, text);
    }
    let Some(own_hash) = found.own_hash else { return facts::write_info(heap, &found.package) };
    let mut slots = [Value::NULL; info::COUNT];
    let said = Package { identity: Some(own_hash), ..found.package.clone() };
    heap.set_copying(true);
    facts::write_info_slots(heap, &said, &mut slots);
    heap.set_copying(false);
    if let Some(identity) = &found.package.identity {
        slots[info::HASHES - 1] = heap.blob(identity.bytes());
    }
    heap.object(&slots)
}
