//! true — do nothing, successfully.
//!
//! Source: POSIX.1-2024 `true`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "true",
    links: &["/bin/true"],
    usage: "true\n\nReturn an exit status of 0.\n",
    process: Process::Same,
    run,
};

fn run(_cx: &mut Cx<'_>) -> Result {
    Ok(())
}
