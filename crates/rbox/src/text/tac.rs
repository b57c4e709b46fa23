//! tac — print the lines of files from the last to the first.
//!
//! Source: BusyBox 1.37; GNU coreutils 9 for `-b` and `-s`.

use crate::prelude::*;
use posix::bytes::{Finder, rfind_byte};

pub(crate) const APPLET: Applet = Applet {
    name: "tac",
    links: &["/usr/bin/tac"],
    usage: "\
tac [-b] [-s TEXT] [FILE]...

Print FILEs (or stdin), their last line first.

  -b, --before          The separator stands before what it separates
  -s, --separator=TEXT  TEXT ends lines
",
    process: Process::Filter,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let separator = options.value('s').map_or(&b"\n"[..], OsStr::as_bytes);
    let mut text = Vec::new();
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        text.clear();
        if let Err(error) = input.read_to_end(&mut text).at(&file) {
            cx.report(error);
        }
        if options.has('b') || separator.len() != 1 {
            print_by_text(&text, separator, options.has('b'), &mut cx.out);
            continue;
        }
        let mut end = text.len();
        while end > 0 {
            let start = rfind_byte(&text[..end - 1], separator[0]).map_or(0, |place| place + 1);
            cx.out.write(&text[start..end]);
            end = start;
        }
    }
    Ok(())
}

fn print_by_text(text: &[u8], separator: &[u8], before: bool, out: &mut Output) {
    let finder = Finder::new(separator, false);
    let mut cuts = vec![0];
    let mut at = 0;
    while !separator.is_empty()
        && let Some(found) = finder.find(text, at)
    {
        at = found + separator.len();
        cuts.push(if before { found } else { at });
    }
    cuts.push(text.len());
    for pair in cuts.windows(2).rev() {
        out.write(&text[pair[0]..pair[1]]);
    }
}
