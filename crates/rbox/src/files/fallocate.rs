//! fallocate — reserve space for a file, or give it back.
//!
//! Source: BusyBox 1.37 for `-l` and `-o`; util-linux for `-n`, `-p`, `-z`, `-c`, `-i`; fallocate(2).

use super::common::{cant, size};
use crate::prelude::*;
use sys::{at, contents};

pub(crate) const APPLET: Applet = Applet {
    name: "fallocate",
    links: &["/usr/bin/fallocate"],
    usage: "\
fallocate [-cinpz] [-o OFFSET] -l LENGTH FILE

Reserve space for a range of FILE.

  -l, --length=LENGTH   The length of the range; k, M, G and so on multiply
  -o, --offset=OFFSET   Where it begins (by default 0)
  -n, --keep-size       Do not make FILE longer
  -p, --punch-hole      Give the space back; the range reads as zeros
  -z, --zero-range      Fill the range with zeros
  -c, --collapse-range  Take the range out of FILE
  -i, --insert-range    Put a hole into FILE
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let length = options.value('l').map(size::parse).transpose()?.ok_or_else(|| Error::usage(""))?;
    let offset = options.value('o').map(size::parse).transpose()?.unwrap_or(0);
    let keep = if options.has('n') { contents::FALLOC_FL_KEEP_SIZE } else { 0 };
    let flags = match options.last_of("cipz") {
        Some('c') => contents::FALLOC_FL_COLLAPSE_RANGE,
        Some('i') => contents::FALLOC_FL_INSERT_RANGE,
        // A hole never changes the size; the call wants that said.
        Some('p') => contents::FALLOC_FL_PUNCH_HOLE | contents::FALLOC_FL_KEEP_SIZE,
        Some(_) => contents::FALLOC_FL_ZERO_RANGE | keep,
        None => keep,
    };
    let path = Path::new(&options.operands()[0]);
    let create = if options.last_of("cipz").is_none() { at::O_CREAT } else { 0 };
    let file =
        at::open(at::CWD, path, at::O_RDWR | create, 0o666).map_err(|error| cant("open", path, error))?;
    contents::allocate(&file, flags, offset, length)
        .map_err(|error| Error::io(format_args!("fallocate '{}'", path.display()), error))
}
