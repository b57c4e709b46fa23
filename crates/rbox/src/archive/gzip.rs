//! gzip, gunzip and zcat — pack files one by one, and unpack them.
//!
//! Source: BusyBox 1.37 for options and messages; RFC 1952.
//!
//! *Differs:* the new file gets the times, mode and owner of the old one, and links are not followed without -f.

use super::common::Packing;
use super::common::single::{self, Format};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "gzip",
        links: &["/bin/gzip"],
        usage: "\
gzip [-cdfkntv123456789] [FILE]...

Pack FILEs (or stdin), each into FILE.gz.

  -c, --stdout      Write to stdout, keep FILEs
  -d, --decompress  Unpack
  -f, --force       Overwrite, follow links, write to terminals
  -k, --keep        Keep FILEs
  -n, --no-name     Ignored: names are never kept
  -N, --name        Ignored
  -q, --quiet       Ignored
  -t, --test        Unpack to nowhere
  -v, --verbose     Print names
  -1, --fast        Fast
  -2                .
  -3                .
  -4                .
  -5                .
  -6                Default
  -7                .
  -8                .
  -9, --best        Small
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "gunzip",
        links: &["/bin/gunzip"],
        usage: "\
gunzip [-cfktv] [FILE]...

Unpack FILEs (or stdin), whose names end in .gz, .tgz or .Z.

  -c, --stdout     Write to stdout, keep FILEs
  -f, --force      Overwrite, follow links
  -k, --keep       Keep FILEs
  -n, --no-name    Ignored: names inside are never used
  -q, --quiet      Ignored
  -t, --test       Unpack to nowhere
  -v, --verbose    Print names
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "zcat",
        links: &["/bin/zcat"],
        usage: "\
zcat [FILE]...

Unpack FILEs (or stdin) to stdout.

  -f, --force  Ignored
",
        process: Process::Fork,
        run,
    },
];

const GZIP: Format = Format {
    packing: Packing::Gzip,
    packer: "gzip",
    suffix: b".gz",
    suffixes: &[(b".tgz", b".tar"), (b".taz", b".tar"), (b".gz", b""), (b".z", b""), (b".Z", b"")],
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    single::run(cx, &options, &GZIP, 6)
}
