//! check — the hardening of a kernel, judged by kernel-hardening-checker and compared with what was decided.
//!
//! The checker sees the configuration, the command line's words and the sysctl settings of an image. Each FAIL must
//! stand in `accepted-exceptions.toml` with its reason, and each exception there must still be a FAIL.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::spec;
use crate::arch::Arch;

/// The words that every image's kernel command line begins with: `kernel-config/cmdline`, and behind it what holds on
/// `arch` only.
pub(crate) fn boot_words(arch: Arch) -> Result<Vec<String>> {
    Ok(without_comments(&common_and_own("cmdline", "", arch)?).map(str::to_string).collect())
}

/// The sysctl file of an image: what holds everywhere, and behind it what holds on `arch`.
pub(crate) fn sysctl(arch: Arch) -> Result<String> {
    common_and_own("sysctl", ".conf", arch)
}

/// The text of `<stem><extension>` and, if there is one, of `<stem>-<arch><extension>`.
fn common_and_own(stem: &str, extension: &str, arch: Arch) -> Result<String> {
    let common = spec::folder().join(format!("{stem}{extension}"));
    let own = spec::folder().join(format!("{stem}-{}{extension}", arch.name()));
    let mut text = fs::read_to_string(&common).with_context(|| common.display().to_string())?;
    if own.exists() {
        text += &fs::read_to_string(&own).with_context(|| own.display().to_string())?;
    }
    Ok(text)
}

fn without_comments(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What the checker says about one thing.
#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(rename = "option_name")]
    name: String,
    /// `kconfig`, `cmdline` or `sysctl`.
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "check_result")]
    result: String,
    #[serde(rename = "check_result_bool")]
    passed: bool,
}

/// One accepted FAIL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    name: String,
    kind: String,
    /// Architectures; none means all.
    #[serde(default)]
    arch: Vec<String>,
    reason: String,
}

impl Exception {
    fn is_for(&self, verdict: &Verdict) -> bool {
        self.name == verdict.name && self.kind == verdict.kind
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    #[serde(rename = "exception")]
    list: Vec<Exception>,
}

/// What a check found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// `kind: (ok, fail)`.
    pub(crate) counts: BTreeMap<String, (usize, usize)>,
    /// FAILs without an exception, and exceptions without a FAIL.
    pub(crate) problems: Vec<String>,
}

impl Report {
    /// `kconfig 241 OK, 18 FAIL; …`
    pub(crate) fn summary(&self) -> String {
        let (mut all_ok, mut all_fail) = (0, 0);
        let mut parts = Vec::new();
        for (kind, (ok, fail)) in &self.counts {
            parts.push(format!("{kind} {ok} OK, {fail} FAIL"));
            all_ok += ok;
            all_fail += fail;
        }
        parts.push(format!("together {all_ok} OK, {all_fail} FAIL"));
        parts.join("; ")
    }
}

/// Where the checker is: named by the person, or in PATH.
pub(crate) fn find_checker(named: Option<&Path>) -> PathBuf {
    match named {
        Some(path) => path.to_path_buf(),
        None => PathBuf::from("kernel-hardening-checker"),
    }
}

/// Runs the checker on a configuration with an image's command line and sysctls.
pub(crate) fn run(checker: &Path, arch: Arch, config: &Path, scratch: &Path) -> Result<Report> {
    fs::create_dir_all(scratch).with_context(|| scratch.display().to_string())?;
    // In the forms of /proc/cmdline and of `sysctl -a`, which the checker reads.
    let cmdline = scratch.join("cmdline");
    fs::write(&cmdline, boot_words(arch)?.join(" ") + "\n").with_context(|| cmdline.display().to_string())?;
    let sysctl = scratch.join("sysctl");
    let settings: String = without_comments(&self::sysctl(arch)?)
        .map(|line| match line.split_once('=') {
            Some((name, value)) => format!("{} = {}\n", name.trim(), value.trim()),
            None => format!("{line}\n"),
        })
        .collect();
    fs::write(&sysctl, settings).with_context(|| sysctl.display().to_string())?;
    let output = Command::new(checker)
        .args(["-m", "json", "-c"])
        .arg(config)
        .arg("-l")
        .arg(&cmdline)
        .arg("-s")
        .arg(&sysctl)
        .output()
        .with_context(|| {
            format!(
                "cannot run {}; name it with --checker or KERNEL_HARDENING_CHECKER, \
                 it comes from https://github.com/a13xp0p0v/kernel-hardening-checker",
                checker.display()
            )
        })?;
    if !output.status.success() {
        bail!(
            "{}: {}\n{}",
            checker.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    let verdicts: Vec<Verdict> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{}: its JSON cannot be read", checker.display()))?;
    let path = spec::folder().join("accepted-exceptions.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let exceptions: Exceptions = toml::from_str(&text).with_context(|| path.display().to_string())?;
    compare(&verdicts, &exceptions.list, arch)
}

fn compare(verdicts: &[Verdict], exceptions: &[Exception], arch: Arch) -> Result<Report> {
    let mut report = Report::default();
    let here = |exception: &&Exception| {
        exception.arch.is_empty() || exception.arch.iter().any(|name| name == arch.name())
    };
    let exceptions: Vec<&Exception> = exceptions.iter().filter(here).collect();
    for exception in &exceptions {
        if exception.reason.trim().is_empty() {
            bail!("accepted-exceptions.toml: {} has no reason", exception.name);
        }
    }
    for verdict in verdicts {
        let (ok, fail) = report.counts.entry(verdict.kind.clone()).or_default();
        if verdict.passed {
            *ok += 1;
            continue;
        }
        *fail += 1;
        if !exceptions.iter().any(|exception| exception.is_for(verdict)) {
            report.problems.push(format!("new: {} {}: {}", verdict.kind, verdict.name, verdict.result));
        }
    }
    for exception in exceptions {
        if !verdicts.iter().any(|verdict| !verdict.passed && exception.is_for(verdict)) {
            report
                .problems
                .push(format!("stale: {} {} does not fail any more", exception.kind, exception.name));
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, kind: &str, passed: bool) -> Verdict {
        let result = if passed { "OK" } else { "FAIL: \"y\"" };
        Verdict { name: name.into(), kind: kind.into(), result: result.into(), passed }
    }

    fn exception(name: &str, kind: &str, arch: &[&str]) -> Exception {
        Exception {
            name: name.into(),
            kind: kind.into(),
            arch: arch.iter().map(|name| name.to_string()).collect(),
            reason: "because".into(),
        }
    }

    #[test]
    fn new_failures_and_stale_exceptions_are_problems() {
        let verdicts = [
            verdict("CONFIG_A", "kconfig", true),
            verdict("CONFIG_B", "kconfig", false),
            verdict("same", "cmdline", false),
            verdict("same", "sysctl", false),
        ];
        let exceptions = [
            exception("CONFIG_B", "kconfig", &[]),
            exception("same", "cmdline", &["x86_64"]),
            exception("CONFIG_A", "kconfig", &[]),
            exception("elsewhere", "kconfig", &["aarch64"]),
        ];
        let report = compare(&verdicts, &exceptions, Arch::X86_64).unwrap();
        assert_eq!(
            report.problems,
            ["new: sysctl same: FAIL: \"y\"", "stale: kconfig CONFIG_A does not fail any more"]
        );
        assert_eq!(report.counts["kconfig"], (1, 1));
        assert_eq!(report.counts["cmdline"], (0, 1));
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let mut silent = exception("CONFIG_B", "kconfig", &[]);
        silent.reason = " ".into();
        assert!(compare(&[], &[silent], Arch::X86_64).is_err());
    }

    #[test]
    fn the_committed_files_are_readable() {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let words = boot_words(arch).unwrap();
            assert!(
                !words.is_empty() && words.iter().all(|word| !word.contains(char::is_whitespace)),
                "{words:?}"
            );
            let text = sysctl(arch).unwrap();
            let mut names: Vec<&str> = Vec::new();
            for line in without_comments(&text) {
                let (name, value) = line.split_once('=').unwrap();
                assert!(!value.trim().is_empty(), "{line}");
                names.push(name.trim());
            }
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}: a setting stands twice", arch.name());
        }
    }
}
