//! counts — how many tests passed, failed and were skipped, added up over everything that ran, and what the failed ones
//! said, to be repeated at the end: the log of a whole run is long, and often only its end is at hand.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The most lines that are kept of one program's failures.
const REPORT_LINES: usize = 80;

#[derive(Default, Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    /// What each failure said.
    pub(super) reports: Vec<String>,
}

impl Counts {
    /// The counts of one check by itself, called `name`.
    pub(super) fn one(passed: bool, name: &str) -> Counts {
        let reports = if passed { Vec::new() } else { vec![name.to_string()] };
        Counts { passed: u64::from(passed), failed: u64::from(!passed), reports, ..Counts::default() }
    }

    /// Runs a test program, shows what it prints, and adds its result lines up. A program that fails without saying
    /// how many tests failed counts as one failure.
    pub(super) fn of(command: &mut Command) -> Result<Counts> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
        let mut counts = Counts::default();
        let mut report = Report::default();
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = line.context("reading a test's output")?;
                let line = String::from_utf8_lossy(&line);
                report.read(&line);
                if let Some(more) = result_line(&line) {
                    counts += more;
                } else if is_noise(&line) {
                    continue;
                }
                println!("{line}");
            }
        }
        let status = child.wait().context("waiting for a test program")?;
        if !status.success() && counts.failed == 0 {
            counts.failed = 1;
            report.failed.push(format!("{command:?}: {status}"));
        }
        counts.reports = report.failed;
        Ok(counts)
    }
}

/// The failures in the output of test programs: from `failures:` to the closing line, behind the program's name.
#[derive(Default)]
struct Report {
    program: String,
    lines: Option<Vec<String>>,
    failed: Vec<String>,
}

impl Report {
    fn read(&mut self, line: &str) {
        if line.trim_start().starts_with("Running ") {
            self.program = line.trim().to_string();
        } else if line.starts_with("failures:") && self.lines.is_none() {
            self.lines = Some(vec![self.program.clone()]);
        } else if let Some(lines) = &mut self.lines {
            if line.starts_with("test result: ") {
                self.failed.push(lines.join("\n"));
                self.lines = None;
            } else if !line.is_empty() && lines.len() < REPORT_LINES {
                lines.push(line.to_string());
            }
        }
    }
}

/// Lines of tests that passed say nothing that the count does not.
fn is_noise(line: &str) -> bool {
    line.is_empty() || line.starts_with("test ") && line.ends_with("... ok") || line.starts_with("running ")
}

/// The counts in a closing line of libtest or libtest-mimic.
fn result_line(line: &str) -> Option<Counts> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| -> Option<u64> {
        let end = rest.find(word)?;
        rest[..end].trim_end().rsplit(' ').next()?.parse().ok()
    };
    Some(Counts {
        passed: number(" passed")?,
        failed: number(" failed")?,
        skipped: number(" ignored")?,
        reports: Vec::new(),
    })
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.reports.extend(other.reports);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_closing_lines() {
        let line = "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(result_line(line), Some(Counts { passed: 12, failed: 1, skipped: 3, reports: vec![] }));
        assert_eq!(result_line("test a ... ok"), None);
    }

    #[test]
    fn a_silent_failure_counts() {
        let counts = Counts::of(&mut Command::new("false")).unwrap();
        assert_eq!((counts.passed, counts.failed, counts.skipped), (0, 1, 0));
        assert_eq!(counts.reports, ["\"false\": exit status: 1"]);
    }

    #[test]
    fn failures_are_kept_with_what_they_said() {
        let output = "     Running tests/a.rs\n\nfailures:\n\n---- one ----\nleft: 1\n\n\nfailures:\n    one\n\n\
                      test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured\n";
        let counts = Counts::of(Command::new("printf").args(["%s", output])).unwrap();
        assert_eq!(counts.failed, 1);
        assert_eq!(counts.reports, ["Running tests/a.rs\n---- one ----\nleft: 1\nfailures:\n    one"]);
    }
}
