//! nproc — print the number of processors that may be used.
//!
//! Counts those that this process may run on, and no more than its control group's quota of time is worth.
//!
//! Source: BusyBox 1.37; the kernel's cgroup-v2.rst for `cpu.max`; coreutils 9.8 for the quota.

use crate::prelude::*;

use super::cgroup;

pub(crate) const APPLET: Applet = Applet {
    name: "nproc",
    links: &["/usr/bin/nproc"],
    usage: "\
nproc [--all] [--ignore=N]

Print the number of processors that may be used.

  --all       Those that are installed
  --ignore=N  Leave out N, if one remains
",
    process: Process::Same,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let count = if options.has_long("all") { installed() } else { usable() };
    let ignored = match options.value_long("ignore").flatten() {
        Some(text) => cli::options::number(text)?,
        None => 0,
    };
    writeln!(cx.out, "{}", count.saturating_sub(ignored).max(1));
    Ok(())
}

fn usable() -> u64 {
    let allowed = match sys::schedule::affinity(0) {
        Ok(set) => set.iter().map(|word| u64::from(word.count_ones())).sum(),
        Err(_) => installed(),
    };
    match cgroup::processor_quota() {
        Some(quota) => allowed.min(quota.max(1)),
        None => allowed,
    }
}

/// The processors that the kernel has configured: the folders cpu0, cpu1, ….
fn installed() -> u64 {
    let entries = std::fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let is_processor = |name: &OsStr| {
        let digits = name.as_bytes().strip_prefix(b"cpu").unwrap_or_default();
        !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    };
    let count = entries.filter(|entry| is_processor(&entry.file_name())).count() as u64;
    count.max(1)
}
