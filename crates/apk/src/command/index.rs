//! index — a repository's index of version 2, from the packages in it.

use std::collections::HashSet;
use std::fs;

use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Failure, Result, files, os};
use crate::dependency::Dependency;
use crate::error::{Kind, Place};
use crate::output::wrap::Wrapped;
use crate::package::Package;
use crate::reader::{Format, PackageReader, detect};
use crate::trust::{Keys, Trust};
use crate::v2;
use crate::v2::writer::Member;

pub static APPLET: Applet = Applet {
    name: "index",
    summary: "Create repository index file from packages",
    usage: &[" [<OPTIONS>...] PACKAGES..."],
    description: "apk index makes a repository's index of version 2 from PACKAGES. It is not signed.",
    groups: &[&OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Index",
    options: &[
        opt("description", "d", Takes::Text("TEXT"), "What the repository is, in a line"),
        opt(
            "index",
            "x",
            Takes::Text("INDEX"),
            "Take what is known from INDEX rather than reading packages again",
        ),
        opt("merge", "", Takes::Nothing, "Keep the packages of INDEX that PACKAGES do not replace"),
        opt("no-warnings", "", Takes::Nothing, "Do not warn of dependencies that nothing provides"),
        opt("output", "o", Takes::Text("FILE"), "Write the index to FILE"),
        opt(
            "prune-origin",
            "",
            Takes::Nothing,
            "With --merge, drop packages whose origin is one of PACKAGES'",
        ),
        opt("rewrite-arch", "", Takes::Text("ARCH"), "Say that all packages are of ARCH"),
    ],
};

/// An index that was there before.
struct Known {
    packages: Vec<Package>,
    mtime: i64,
}

fn run(cx: &mut Cx) -> Result {
    let output = cx.options.text("output").map(<[u8]>::to_vec);
    if output.is_none() && !files::may_write_binary(cx) {
        let text = "Will not write binary index to console. Use --force-binary-stdout to override.";
        cx.messages.error(text);
        return Err(Failure::Exit(-1));
    }
    let keys = files::keys(cx);
    let known = match cx.options.text("index").map(<[u8]>::to_vec) {
        Some(name) => read_known(cx, &name, &keys)?,
        None => None,
    };
    let mut packages = Vec::new();
    let (mut new_count, mut failed) = (0, false);
    for name in cx.args.clone() {
        let Ok(meta) = fs::metadata(os(&name)) else {
            let shown = String::from_utf8_lossy(&name);
            cx.messages.warning(format!("File '{shown}' is unaccessible"));
            continue;
        };
        if let Some(package) = known.as_ref().and_then(|known| known.find(&name, &meta)) {
            packages.push(package.clone());
            continue;
        }
        let mut package = match read_package(&name, files::trust(cx, &keys)).place(&name) {
            Ok(package) => package,
            Err(error) => {
                cx.messages.error(error.to_string());
                failed = true;
                continue;
            }
        };
        package.file_size = meta.len();
        if let Some(arch) = cx.options.text("rewrite-arch") {
            package.arch = arch.to_vec();
        }
        cx.messages.message_at(2, [&name[..], b": indexed new package"].concat());
        packages.push(package);
        new_count += 1;
    }
    if failed {
        return Err(Failure::Exit(-1));
    }
    if let Some(known) = known.filter(|_| cx.options.has("merge")) {
        merge(&mut packages, known.packages, cx.options.has("prune-origin"));
    }
    packages.sort_by(|left, right| left.compare(right));
    packages.dedup_by(|later, first| later.identity == first.identity && later.name == first.name);
    write(cx, &packages, output.as_deref())?;
    if !cx.options.has("no-warnings") {
        warn(cx, &packages);
    }
    // With the index itself on standard output, only errors may stand beside it.
    if output.is_some() {
        let count = packages.len();
        cx.messages.message(format!("Index has {count} packages (of which {new_count} are new)"));
    }
    Ok(0)
}

impl Known {
    /// The package of a file that is older than the index, by its name and size.
    fn find(&self, name: &[u8], meta: &fs::Metadata) -> Option<&Package> {
        use std::os::unix::fs::MetadataExt;
        if meta.mtime() > self.mtime {
            return None;
        }
        let base = name.rsplit(|&byte| byte == b'/').next()?;
        let full_name = base.strip_suffix(b".apk")?;
        self.packages
            .iter()
            .find(|package| package.file_size == meta.len() && package.full_name() == full_name)
    }
}

/// The index named by `--index`; None where there is none.
fn read_known(cx: &Cx, name: &[u8], keys: &Keys) -> Result<Option<Known>> {
    use std::os::unix::fs::MetadataExt;
    let Ok(meta) = fs::metadata(os(name)) else { return Ok(None) };
    let file = files::open(name)?;
    let index = v2::index::read(Box::new(file), files::trust(cx, keys)).place(name)?;
    let mut old = false;
    let packages = v2::block::split(&index.packages).map(|block| v2::block::parse(block, &mut old));
    let packages = packages.collect::<crate::error::Result<Vec<_>>>().place(name)?;
    Ok(Some(Known { packages, mtime: meta.mtime() }))
}

/// The facts of a version 2 package, whose control section must be trusted; its data is not read.
fn read_package(name: &[u8], trust: Trust) -> crate::error::Result<Package> {
    let (format, _, input) = detect(Box::new(files::open(name)?))?;
    if format != Format::V2 {
        return Err(Kind::FormatUnsupported.into());
    }
    Ok(PackageReader::open(input, trust)?.package().clone())
}

/// Adds the packages of an older index that are not there by name and version.
fn merge(packages: &mut Vec<Package>, older: Vec<Package>, prunes_origins: bool) {
    let names: HashSet<Vec<u8>> = packages.iter().map(Package::full_name).collect();
    let origins: HashSet<Vec<u8>> = packages.iter().map(|package| package.origin.clone()).collect();
    packages.extend(older.into_iter().filter(|package| {
        let is_pruned = prunes_origins && !package.origin.is_empty() && origins.contains(&package.origin);
        !is_pruned && !names.contains(&package.full_name())
    }));
}

fn write(cx: &mut Cx, packages: &[Package], output: Option<&[u8]>) -> Result<()> {
    let mut text = Vec::new();
    for package in packages {
        v2::block::write(package, &mut text);
        text.push(b'\n');
    }
    let mtime = now();
    let mut member = Member::new();
    if let Some(description) = cx.options.text("description") {
        member.file(b"DESCRIPTION", mtime, description);
    }
    member.file(b"APKINDEX", mtime, &text);
    let bytes = member.pack(true)?;
    match output {
        Some(name) => files::replace(os(name).as_ref(), &mut |out| Ok(out.write_all(&bytes)?)).place(name)?,
        None => cx.messages.out.write(&bytes),
    }
    Ok(())
}

/// Seconds since 1970, or what SOURCE_DATE_EPOCH says.
fn now() -> i64 {
    let now = || {
        let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        passed.map_or(0, |passed| passed.as_secs())
    };
    i64::try_from(files::source_date().unwrap_or_else(now)).unwrap_or(i64::MAX)
}

/// Where lines of names end, as the reference has it where it writes to no terminal.
const LINE_MAX: usize = 50;

/// Warns of names that packages depend on and none provides.
fn warn(cx: &mut Cx, packages: &[Package]) {
    let provided: HashSet<&[u8]> = packages
        .iter()
        .flat_map(|package| {
            let names = package.provides.iter().map(|provided| &*provided.name);
            names.chain(std::iter::once(package.name.as_slice()))
        })
        .collect();
    let mut missing: Vec<&[u8]> = Vec::new();
    let needed = packages.iter().flat_map(|package| &package.depends);
    for Dependency { name, conflict, .. } in needed {
        if !conflict && !provided.contains(&**name) && !missing.contains(&&**name) {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return;
    }
    missing.sort();
    let count = missing.len();
    let mut listed = Wrapped::new(LINE_MAX);
    listed.indented(2);
    missing.iter().for_each(|name| listed.item(name));
    cx.messages.warning([b"No provider for the dependencies:\n", listed.into_bytes().as_slice()].concat());
    let text = format!("Total of {count} unsatisfiable package names. Your repository may be broken.");
    cx.messages.warning(text);
}
