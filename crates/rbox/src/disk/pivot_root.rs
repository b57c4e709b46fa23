//! pivot_root — change the root file system of this mount namespace.
//!
//! Source: pivot_root(2).

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "pivot_root",
    links: &["/sbin/pivot_root"],
    usage: "\
pivot_root NEW_ROOT PUT_OLD

Move the current root file system to PUT_OLD and make NEW_ROOT the new root
file system.
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(2, 2)?;
    let (new_root, put_old) = (Path::new(&options.operands()[0]), Path::new(&options.operands()[1]));
    sys::mount::pivot_root(new_root, put_old).at(new_root)
}
