//! adbgen — version 3 files from the text that adbdump prints.

use super::groups::GENERATION;
use super::{Applet, Cx, Failure, Result, files};
use crate::adb::container::Compression;
use crate::adb::generate;
use crate::error::Place;

pub static APPLET: Applet = Applet {
    name: "adbgen",
    summary: "Generate an ADB from textual representation",
    usage: &[" [<OPTIONS>...] FILES..."],
    description: "apk adbgen writes to standard output what FILES, printed by apk adbdump, stand for.",
    groups: &[&GENERATION],
    run,
};

/// Larger texts are refused: a hundred times what the largest index makes.
const TEXT_MAX: u64 = 1 << 30;

fn run(cx: &mut Cx) -> Result {
    let mut generation = files::Generation::new(cx)?;
    generation.compression = generation.compression.or(Some(Compression::None));
    for name in cx.args.clone() {
        let made =
            files::read_limited(&name, TEXT_MAX).and_then(|text| generate::generate(&text).place(&name));
        let (id, tree) = made.map_err(|error| {
            // The reference says no line, and scripts compare what it says.
            let line =
                if cx.messages.verbosity >= 2 { format!(" ({})", error.detail) } else { String::new() };
            Failure::Error(format!("{error}{line}"))
        })?;
        let mut bytes = Vec::new();
        generation.write(&mut bytes, id, &tree)?;
        cx.messages.out.write(&bytes);
    }
    Ok(0)
}
