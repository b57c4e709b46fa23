//! bzip2, bunzip2 and bzcat — pack files one by one, and unpack them.
//!
//! Source: BusyBox 1.37 for options and messages.

use super::common::Packing;
use super::common::single::{self, Format};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "bzip2",
        links: &["/usr/bin/bzip2"],
        usage: "\
bzip2 [-cdfkqtvz123456789] [FILE]...

Pack FILEs (or stdin), each into FILE.bz2.

  -c, --stdout      Write to stdout, keep FILEs
  -d, --decompress  Unpack
  -z, --compress    Ignored
  -f, --force       Overwrite, follow links, write to terminals
  -k, --keep        Keep FILEs
  -q, --quiet       Ignored
  -t, --test        Unpack to nowhere
  -v, --verbose     Print names
  -1, --fast        Blocks of 100,000 bytes
  -2                .
  -3                .
  -4                .
  -5                .
  -6                .
  -7                .
  -8                .
  -9, --best        Blocks of 900,000 bytes (default)
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "bunzip2",
        links: &["/usr/bin/bunzip2"],
        usage: "\
bunzip2 [-cfkqtv] [FILE]...

Unpack FILEs (or stdin), whose names end in .bz2, .bz, .tbz or .tbz2.

  -c, --stdout   Write to stdout, keep FILEs
  -f, --force    Overwrite, follow links
  -k, --keep     Keep FILEs
  -q, --quiet    Ignored
  -t, --test     Unpack to nowhere
  -v, --verbose  Print names
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "bzcat",
        links: &["/usr/bin/bzcat"],
        usage: "bzcat [FILE]...\n\nUnpack FILEs (or stdin) to stdout.\n",
        process: Process::Fork,
        run,
    },
];

const BZIP2: Format = Format {
    packing: Packing::Bzip2,
    packer: "bzip2",
    suffix: b".bz2",
    suffixes: &[(b".tbz2", b".tar"), (b".tbz", b".tar"), (b".bz2", b""), (b".bz", b"")],
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    single::run(cx, &options, &BZIP2, 9)
}
