//! xz, unxz, xzcat, lzma, unlzma and lzcat — unpack what xz has packed.
//!
//! Source: BusyBox 1.37 for options and messages.

use super::common::Packing;
use super::common::single::{self, Format};
use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "xz",
        links: &["/usr/bin/xz"],
        usage: "\
xz -d [-cfkqtv] [FILE]...

Unpack FILEs (or stdin), whose names end in .xz or .txz.

  -d, --decompress  Unpack: nothing else is done
  -c, --stdout      Write to stdout, keep FILEs
  -f, --force       Overwrite, follow links
  -k, --keep        Keep FILEs
  -q, --quiet       Ignored
  -t, --test        Unpack to nowhere
  -v, --verbose     Print names
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "unxz",
        links: &["/usr/bin/unxz"],
        usage: "\
unxz [-cfkqtv] [FILE]...

Unpack FILEs (or stdin), whose names end in .xz or .txz.

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
        name: "xzcat",
        links: &["/usr/bin/xzcat"],
        usage: "xzcat [FILE]...\n\nUnpack FILEs (or stdin) to stdout.\n",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "lzma",
        links: &["/usr/bin/lzma"],
        usage: "\
lzma -d [-cfkqtv] [FILE]...

Unpack FILEs (or stdin), whose names end in .lzma or .tlz.

  -d, --decompress  Unpack: nothing else is done
  -c, --stdout      Write to stdout, keep FILEs
  -f, --force       Overwrite, follow links
  -k, --keep        Keep FILEs
  -q, --quiet       Ignored
  -t, --test        Unpack to nowhere
  -v, --verbose     Print names
",
        process: Process::Fork,
        run,
    },
    Applet {
        name: "unlzma",
        links: &["/usr/bin/unlzma"],
        usage: "\
unlzma [-cfkqtv] [FILE]...

Unpack FILEs (or stdin), whose names end in .lzma or .tlz.

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
        name: "lzcat",
        links: &["/usr/bin/lzcat"],
        usage: "lzcat [FILE]...\n\nUnpack FILEs (or stdin) to stdout.\n",
        process: Process::Fork,
        run,
    },
];

const XZ: Format = Format {
    packing: Packing::Xz,
    packer: "xz",
    suffix: b".xz",
    suffixes: &[(b".txz", b".tar"), (b".xz", b"")],
};
const LZMA: Format = Format {
    packing: Packing::Lzma,
    packer: "lzma",
    suffix: b".lzma",
    suffixes: &[(b".tlz", b".tar"), (b".lzma", b"")],
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let is_xz = cx.applet.name.contains("xz");
    single::run(cx, &options, if is_xz { &XZ } else { &LZMA }, 6)
}
