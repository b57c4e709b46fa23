//! rmmod — unload kernel modules.
//!
//! Source: delete_module(2); BusyBox 1.37 for `-w`, `-f`, `-a`.

use super::common::{self, module_name};
use crate::prelude::*;
use sys::module;

pub(crate) const APPLET: Applet = Applet {
    name: "rmmod",
    links: &["/sbin/rmmod"],
    usage: "\
rmmod [-wfas] [MODULE]...

Unload kernel modules.

  -w, --wait   Wait until the module is no longer used
  -f, --force  Force unload
  -a           Remove all unused modules
  -s           Ignored (system log)
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let mut flags = if options.has('w') { 0 } else { module::REMOVE_NOW };
    if options.has('f') {
        flags |= module::REMOVE_FORCE;
    }
    if options.has('a') {
        return remove_unused(cx, flags);
    }
    options.expect_operands(1, usize::MAX)?;
    for operand in options.operands() {
        let name = module_name(operand.as_bytes());
        let name = String::from_utf8_lossy(&name);
        if let Err(error) = module::remove(&name, flags) {
            cx.report(Error::io(format_args!("can't unload module '{}'", operand.display()), error));
        }
    }
    Ok(())
}

/// Again and again: a module that goes frees those that it needed.
fn remove_unused(cx: &mut Cx<'_>, flags: u32) -> Result {
    loop {
        let mut removed = false;
        for module in common::loaded().at("/proc/modules")? {
            let unused = module.users == Some(0);
            removed |= unused && module::remove(&module.name, flags).is_ok();
        }
        if !removed || cx.out.failed() {
            return Ok(());
        }
    }
}
