//! lsmod — list the loaded kernel modules.
//!
//! Source: proc_modules(5); BusyBox 1.37 for the columns.

use std::fs;

use super::common;
use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "lsmod",
    links: &["/sbin/lsmod"],
    usage: "\
lsmod

List loaded kernel modules.
",
    process: Process::Same,
    run,
};

/// Bits of /proc/sys/kernel/tainted as BusyBox prints them: set, and for the first also not set.
const TAINTS: &[(u32, char, char)] =
    &[(1, 'P', 'G'), (2, 'F', ' '), (4, 'S', ' '), (8, 'R', ' '), (16, 'M', ' '), (32, 'B', ' ')];

fn run(cx: &mut Cx<'_>) -> Result {
    cx.options()?.expect_operands(0, 0)?;
    let modules = common::loaded().at("/proc/modules")?;
    writeln!(cx.out, "Module                  Size  Used by    {}", taint());
    for module in modules {
        let users = module.users.map_or_else(|| "-".to_string(), |users| users.to_string());
        let by = if module.by == "-" { "" } else { module.by.trim_end_matches(',') };
        writeln!(cx.out, "{:<19} {:>8} {:>2} {by}", module.name, module.size, users);
    }
    Ok(())
}

fn taint() -> String {
    let bits: u32 = fs::read_to_string("/proc/sys/kernel/tainted")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0);
    if bits == 0 {
        return "Not tainted".to_string();
    }
    let flags: String =
        TAINTS.iter().map(|&(bit, set, clear)| if bits & bit != 0 { set } else { clear }).collect();
    format!("Tainted: {flags}")
}
