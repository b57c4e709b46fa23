//! paste — join the lines of files side by side, or of each file one behind the other.
//!
//! Source: POSIX.1-2024 `paste`; GNU coreutils 9 for `-z`.

use super::common::{read_line, trimmed};
use crate::prelude::*;
use cli::input::Input;

pub(crate) const APPLET: Applet = Applet {
    name: "paste",
    links: &["/usr/bin/paste"],
    usage: "\
paste [-sz] [-d LIST] [FILE]...

Print the lines of FILEs side by side, tabs between them.

  -d, --delimiters=LIST  Characters to use in turn instead of tabs
  -s, --serial           Join the lines of one file, then those of the next
  -z, --zero-terminated  Lines end in NUL
",
    process: Process::Filter,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let end = if options.has('z') { 0 } else { b'\n' };
    let delimiters = delimiters(options.value('d').map_or(b"\t", OsStr::as_bytes));
    let mut inputs = Vec::new();
    for file in options.files() {
        match cx.open(&file) {
            Some(input) => inputs.push((file, Some(input))),
            None => return Ok(()), // side by side nothing sensible is left
        }
    }
    if options.has('s') {
        serial(cx, &mut inputs, &delimiters, end)
    } else {
        parallel(cx, &mut inputs, &delimiters, end)
    }
}

/// `\0` stands for no delimiter, an empty entry.
fn delimiters(list: &[u8]) -> Vec<Vec<u8>> {
    let mut delimiters = Vec::new();
    let mut at = 0;
    while at < list.len() {
        if list[at] == b'\\' && at + 1 < list.len() {
            delimiters.push(match list[at + 1] {
                b'n' => b"\n".to_vec(),
                b't' => b"\t".to_vec(),
                b'0' => Vec::new(),
                other => vec![other],
            });
            at += 2;
            continue;
        }
        let length = posix::regex::character_length(&list[at..]);
        delimiters.push(list[at..at + length].to_vec());
        at += length;
    }
    if delimiters.is_empty() {
        delimiters.push(Vec::new());
    }
    delimiters
}

type Inputs = [(PathBuf, Option<Input>)];

fn serial(cx: &mut Cx<'_>, inputs: &mut Inputs, delimiters: &[Vec<u8>], end: u8) -> Result {
    let mut line = Vec::new();
    for (path, input) in inputs {
        let Some(input) = input else { continue };
        let mut turn = delimiters.iter().cycle();
        let mut first = true;
        while read_line(input, end, &mut line).at(&*path)? {
            if !first && let Some(delimiter) = turn.next() {
                cx.out.write(delimiter);
            }
            first = false;
            cx.out.write(trimmed(&line, end));
        }
        cx.out.write(&[end]);
    }
    Ok(())
}

fn parallel(cx: &mut Cx<'_>, inputs: &mut Inputs, delimiters: &[Vec<u8>], end: u8) -> Result {
    let stdin = inputs.iter().position(|(path, _)| path.as_os_str() == "-");
    let mut line = Vec::new();
    loop {
        let mut row = Vec::new();
        let mut any = false;
        for index in 0..inputs.len() {
            if index > 0 {
                row.extend_from_slice(&delimiters[(index - 1) % delimiters.len()]);
            }
            // Every "-" reads on from the same buffer.
            let source = if inputs[index].0.as_os_str() == "-" { stdin.unwrap_or(index) } else { index };
            let (path, input) = &mut inputs[source];
            let Some(reader) = input else { continue };
            if read_line(reader, end, &mut line).at(&*path)? {
                any = true;
                row.extend_from_slice(trimmed(&line, end));
            } else {
                *input = None;
            }
        }
        if !any || cx.out.failed() {
            return Ok(());
        }
        cx.out.write(&row);
        cx.out.write(&[end]);
    }
}
