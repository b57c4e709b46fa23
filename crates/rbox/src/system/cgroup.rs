//! cgroup — what the control group of this process may use: for free, nproc and top in containers.
//!
//! Source: the kernel's cgroup-v2.rst; files of version 1 are not read.

use std::fs;
use std::path::PathBuf;

/// The values of a file in the folders from this process's group up to the root.
fn values(file: &str) -> Vec<String> {
    let Ok(text) = fs::read_to_string("/proc/self/cgroup") else { return Vec::new() };
    let Some(path) = text.lines().find_map(|line| line.strip_prefix("0::/")) else { return Vec::new() };
    let mut folder = PathBuf::from("/sys/fs/cgroup").join(path);
    let mut values = Vec::new();
    while folder.starts_with("/sys/fs/cgroup") {
        if let Ok(value) = fs::read_to_string(folder.join(file)) {
            values.push(value.trim().to_string());
        }
        if !folder.pop() {
            break;
        }
    }
    values
}

/// How many processors the tightest quota is worth, rounded.
pub(super) fn processor_quota() -> Option<u64> {
    values("cpu.max").iter().filter_map(|value| quota(value)).min()
}

/// "QUOTA PERIOD" in microseconds; "max" is no limit.
fn quota(value: &str) -> Option<u64> {
    let (quota, period) = value.split_once(' ')?;
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota + period / 2).checked_div(period)
}

/// The tightest limit of memory, and what the group with it uses, in bytes.
pub(super) fn memory() -> Option<(u64, u64)> {
    let (limits, used) = (values("memory.max"), values("memory.current"));
    let pairs = limits.iter().zip(&used);
    pairs.filter_map(|(limit, used)| Some((limit.parse().ok()?, used.parse().ok()?))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas() {
        for (value, expected) in [
            ("max 100000", None),
            ("200000 100000", Some(2)),
            ("150000 100000", Some(2)),
            ("10000 100000", Some(0)),
            ("1 0", None),
            ("", None),
        ] {
            assert_eq!(quota(value), expected, "{value}");
        }
    }
}
