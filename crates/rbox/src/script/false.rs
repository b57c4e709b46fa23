//! false — do nothing, unsuccessfully.
//!
//! Source: POSIX.1-2024 `false`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "false",
    links: &["/bin/false"],
    usage: "false\n\nReturn an exit status of 1.\n",
    process: Process::Same,
    run,
};

fn run(_cx: &mut Cx<'_>) -> Result {
    Err(Error::exit(1))
}
