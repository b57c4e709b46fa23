//! convndx — an index of version 3 from indexes of version 2.

use super::groups::GENERATION;
use super::{Applet, Cx, Result, files};
use crate::adb::heap::Heap;
use crate::adb::value::Value;
use crate::adb::{facts, index, kind};
use crate::error::{Kind, Place};
use crate::package::Package;
use crate::reader::{Format, detect};
use crate::trust::Trust;
use crate::v2;

pub static APPLET: Applet = Applet {
    name: "convndx",
    summary: "Convert v2 indexes to v3 format",
    usage: &[" INDEXES..."],
    description: "apk convndx writes to standard output one index of version 3 that holds the packages of all INDEXES.",
    groups: &[&GENERATION],
    run,
};

fn run(cx: &mut Cx) -> Result {
    let generation = files::Generation::new(cx)?;
    let keys = files::keys(cx);
    let mut packages = Vec::new();
    for name in cx.args.clone() {
        let trust = files::trust(cx, &keys);
        let read = read(&name, trust).place(&name)?;
        cx.messages.error_line(
            [&name[..], format!(": {} packages", packages.len() + read.len()).as_bytes()].concat(),
        );
        packages.extend(read);
    }
    let mut heap = Heap::new();
    // Written as they come, listed in their order.
    let mut listed: Vec<(&Package, Value)> =
        packages.iter().map(|package| (package, facts::write_info_of_lines(&mut heap, package))).collect();
    listed.sort_by(|left, right| left.0.compare(right.0));
    let values: Vec<Value> = listed.into_iter().map(|(_, value)| value).collect();
    let tree = index::write(heap, b"", b"", &values)?;
    let mut bytes = Vec::new();
    generation.write(&mut bytes, kind::INDEX, &tree)?;
    cx.messages.out.write(&bytes);
    Ok(0)
}

fn read(name: &[u8], trust: Trust) -> crate::error::Result<Vec<Package>> {
    let (format, _, input) = detect(Box::new(files::open(name)?))?;
    if format != Format::V2 {
        return Err(Kind::FormatUnsupported.into());
    }
    let index = v2::index::read(input, trust).map_err(|error| match error.kind {
        Kind::V2IndexFormat => Kind::FormatUnsupported.into(),
        _ => error,
    })?;
    let mut old = false;
    v2::block::split(&index.packages).map(|block| v2::block::parse(block, &mut old)).collect()
}
