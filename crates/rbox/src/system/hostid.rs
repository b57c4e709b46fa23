//! hostid — print the number of the host.
//!
//! Source: gethostid(3): the four bytes of /etc/hostid, or 0 as musl has it.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "hostid",
    links: &["/usr/bin/hostid"],
    usage: "hostid\n\nPrint the number of the host, as /etc/hostid has it.\n",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let id = std::fs::read("/etc/hostid").ok().and_then(|bytes| bytes.get(..4)?.try_into().ok());
    writeln!(cx.out, "{:08x}", id.map_or(0, u32::from_ne_bytes));
    Ok(())
}
