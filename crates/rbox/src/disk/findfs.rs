//! findfs — the device that has a label or UUID.
//!
//! Source: findfs(8) of util-linux; BusyBox 1.37.

use block::find;

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "findfs",
    links: &["/sbin/findfs"],
    usage: "\
findfs LABEL=label | UUID=uuid | PARTLABEL=label | PARTUUID=uuid

Find the device with that label or UUID.
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, 1)?;
    let spec = &options.operands()[0];
    if find::Tag::parse(spec.as_bytes()).is_none() && !spec.as_bytes().starts_with(b"/dev/") {
        return Err(Error::usage(""));
    }
    let device = find::resolve(spec).ok_or(Error::exit(1))?;
    writeln!(cx.out, "{}", device.display());
    Ok(())
}
