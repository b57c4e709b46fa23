//! adbsign — signatures of version 3 files, added or taken away, and their compression changed.

use std::io::Write;

use super::groups::GENERATION;
use super::options::{Group, Takes, opt};
use super::{Applet, Cx, Result, files, os};
use crate::adb::container::{self, BlockKind, TREE_MAX, Writer};
use crate::adb::signature::SIGNATURE_MAX;
use crate::error::{Kind, Place};

pub static APPLET: Applet = Applet {
    name: "adbsign",
    summary: "Sign, resign or recompress v3 packages and indexes",
    usage: &[" [<OPTIONS>...] FILES..."],
    description: "apk adbsign adds signatures to FILES, or replaces them. Compression stays as it is unless it is said.",
    groups: &[&GENERATION, &OPTIONS],
    run,
};

static OPTIONS: Group = Group {
    title: "Adbsign",
    options: &[opt("reset-signatures", "", Takes::Nothing, "Remove all signatures that are there")],
};

/// Files that fail stay as they were; the exit code is 0 all the same, as the reference's is.
fn run(cx: &mut Cx) -> Result {
    let generation = files::Generation::new(cx)?;
    for name in cx.args.clone() {
        let path = os(&name).to_owned();
        let result =
            files::replace(path.as_ref(), &mut |out| resign(cx, &generation, &name, out)).place(&name);
        if let Err(error) = result {
            cx.messages.error(error.to_string());
        }
    }
    Ok(0)
}

/// Copies a file with other signatures. The tree's own are kept unless they are to be reset.
fn resign(cx: &Cx, generation: &files::Generation, name: &[u8], out: &mut dyn Write) -> crate::error::Result {
    use std::io::Read;
    let keys = files::keys(cx);
    let trust = files::trust(cx, &keys);
    let mut input: Box<dyn Read> = Box::new(files::open(name)?);
    let mut start = [0; 4];
    input.read_exact(&mut start)?;
    let mut reader = container::Reader::open(start, input)?;
    let schema = reader.schema;
    let compression = generation.compression.unwrap_or(reader.compression);
    reader.next_block()?.ok_or(Kind::Eof)?;
    let tree = reader.read_block(TREE_MAX, Kind::AdbLimit)?;
    let mut writer = Writer::new(out, compression, schema)?;
    writer.block(BlockKind::Tree, &[&tree])?;
    let mut signatures = Vec::new();
    let mut block = reader.next_block()?;
    while let Some(found) = block
        && found.kind == BlockKind::Signature
    {
        signatures.push(reader.read_block(SIGNATURE_MAX, Kind::AdbSignature)?);
        block = reader.next_block()?;
    }
    // Whoever signs says that it is good: what is signed must have been good before.
    crate::adb::signature::check(&trust, schema, &tree, &signatures)?;
    if !cx.options.has("reset-signatures") {
        for signature in &signatures {
            writer.block(BlockKind::Signature, &[signature])?;
        }
    }
    generation.sign(&mut writer, schema, &tree)?;
    while let Some(found) = block {
        writer.stream(found.kind, b"", &mut reader, found.size)?;
        block = reader.next_block()?;
    }
    writer.finish()
}
