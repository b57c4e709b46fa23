//! yes — print a line again and again.
//!
//! Source: BusyBox 1.37.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "yes",
    links: &["/usr/bin/yes"],
    usage: "\
yes [STRING]...

Print the STRINGs (or y) again and again.
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let words: Vec<&[u8]> = cx.args.iter().map(|arg| arg.as_bytes()).collect();
    let mut line = if words.is_empty() { b"y".to_vec() } else { words.join(&b' ') };
    line.push(b'\n');
    let block = line.repeat((32 * 1024 / line.len()).max(1));
    while !cx.out.failed() {
        cx.out.write(&block);
    }
    Ok(())
}
