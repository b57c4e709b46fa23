//! rev — reverse the characters of each line.
//!
//! Source: util-linux 2.39 `rev`. UTF-8 characters stay whole.

use super::common::{read_line, trimmed};
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "rev",
    links: &["/bin/rev"],
    usage: "\
rev [FILE]...

Print the lines of FILEs (or stdin), each from its end to its beginning.
",
    process: Process::Filter,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mut line = Vec::new();
    let mut reversed = Vec::new();
    for file in options.files() {
        let Some(mut input) = cx.open(&file) else { continue };
        while read_line(&mut input, b'\n', &mut line).at(&file)? && !cx.out.failed() {
            let text = trimmed(&line, b'\n');
            reversed.clear();
            // Turned around twice: each character once, then everything.
            let mut at = 0;
            while at < text.len() {
                let length = posix::regex::character_length(&text[at..]);
                reversed.extend(text[at..at + length].iter().rev());
                at += length;
            }
            reversed.reverse();
            reversed.extend_from_slice(&line[text.len()..]);
            cx.out.write(&reversed);
        }
    }
    Ok(())
}
