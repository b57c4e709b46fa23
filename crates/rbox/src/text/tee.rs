//! tee — copy standard input to files and to standard output.
//!
//! Source: POSIX.1-2024 `tee`; BusyBox 1.37 for messages.

use std::fs::{File, OpenOptions};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "tee",
    links: &["/usr/bin/tee"],
    usage: "\
tee [-ai] [FILE]...

Copy stdin to each FILE and to stdout.

  -a, --append             Append to the FILEs
  -i, --ignore-interrupts  Ignore SIGINT
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    if options.has('i') {
        sys::signal::ignore(sys::signal::INTERRUPT);
    }
    let mut files: Vec<(PathBuf, File)> = Vec::new();
    for operand in options.operands() {
        let path = PathBuf::from(operand);
        let mut open = OpenOptions::new();
        if options.has('a') {
            open.append(true)
        } else {
            open.write(true).truncate(true)
        };
        match open.create(true).open(&path) {
            Ok(file) => files.push((path, file)),
            Err(error) => cx.report(Error::at(path, error)),
        }
    }
    let mut input = cx.stdin();
    loop {
        let bytes = input.fill_buf().doing("read error")?;
        if bytes.is_empty() {
            return Ok(());
        }
        cx.out.write(bytes);
        // What arrives is passed on at once, however little it is.
        cx.out.flush();
        let mut failed = Vec::new();
        files.retain_mut(|(path, file)| match file.write_all(bytes) {
            Ok(()) => true,
            Err(error) => {
                failed.push(Error::at(std::mem::take(path), error));
                false
            }
        });
        let length = bytes.len();
        input.consume(length);
        failed.into_iter().for_each(|error| cx.report(error));
    }
}
