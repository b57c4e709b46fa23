//! adbdump — what stands in version 3 files, as text.

use std::io::Read;

use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Result, files};
use crate::adb::container::{self, BlockKind, TREE_MAX};
use crate::adb::signature::{self, SIGNATURE_MAX};
use crate::adb::value::Tree;
use crate::adb::{dump, schema};
use crate::error::{Kind, Place};
use crate::identity::hexadecimal;
use crate::trust::Keys;

pub static APPLET: Applet = Applet {
    name: "adbdump",
    summary: "Dump an ADB to textual representation",
    usage: &[" [<OPTIONS>...] FILES..."],
    description: "apk adbdump prints the metadata of packages, indexes and installed databases of version 3 as text, from \
                  which apk adbgen makes them again.",
    groups: &[&OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Adbdump",
    options: &[opt("format", "", Takes::Text("FORMAT"), "How to print: yaml or json")],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Json,
}

/// So many bytes of a signature block are shown.
const SIGNATURE_SHOWN: usize = 56;

fn run(cx: &mut Cx) -> Result {
    let format = match cx.options.text("format") {
        None | Some(b"yaml") => Format::Yaml,
        Some(b"json") => Format::Json,
        Some(_) => return Err(files::bad_argument(cx, "format", "format")),
    };
    let keys = files::keys(cx);
    for name in cx.args.clone() {
        let mut out = Vec::new();
        let result = files::open(&name)
            .and_then(|file| dump_file(Box::new(file), format, &keys, &mut out).place(&name));
        cx.messages.out.write(&out);
        result?;
    }
    Ok(0)
}

fn dump_file(
    mut input: Box<dyn Read>,
    format: Format,
    keys: &Keys,
    out: &mut Vec<u8>,
) -> crate::error::Result {
    let mut start = [0; 4];
    input.read_exact(&mut start)?;
    let mut reader = container::Reader::open(start, input)?;
    let id = reader.schema;
    let line = |out: &mut Vec<u8>, text: String| {
        if format == Format::Yaml {
            out.extend_from_slice(text.as_bytes());
        }
    };
    line(out, format!("#%SCHEMA: {id:08X}\n"));
    let mut tree_bytes = Vec::new();
    while let Some(block) = reader.next_block()? {
        match block.kind {
            BlockKind::Tree => {
                tree_bytes = reader.read_block(TREE_MAX, Kind::AdbLimit)?;
                let tree = Tree::new(&tree_bytes)?;
                let (compat, version) = tree.versions();
                line(out, format!("# ADB block, size: {}, compat: {compat}, ver: {version}\n", block.size));
                match (schema::of(id), format) {
                    (Some(schema), Format::Yaml) => dump::yaml(schema, &tree.root(), out)?,
                    (Some(schema), Format::Json) => dump::json(schema, &tree.root(), out)?,
                    (None, _) => line(out, "# Unrecognized schema\n".to_string()),
                }
            }
            BlockKind::Signature => {
                let bytes = reader.read_block(SIGNATURE_MAX, Kind::AdbSignature)?;
                let is_good = signature::is_good(keys, id, &tree_bytes, &bytes);
                let verdict = if is_good { "OK".to_string() } else { Kind::SignatureUntrusted.to_string() };
                let (version, algorithm) =
                    (bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0));
                let shown = hexadecimal(
                    bytes.get(2..).map_or(&[][..], |rest| &rest[..rest.len().min(SIGNATURE_SHOWN - 2)]),
                );
                line(out, format!("# sig v{version:02x} h{algorithm:02x} {shown}..: {verdict}\n"));
            }
            BlockKind::Data => line(out, format!("# data block, size: {}\n", block.size)),
        }
    }
    Ok(())
}
