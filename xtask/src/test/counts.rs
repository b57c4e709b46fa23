//! counts — how many tests passed, failed and were skipped, added up over everything that ran.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

#[derive(Default, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Counts {
    /// The counts of one check by itself.
    pub(super) fn one(passed: bool) -> Counts {
        Counts { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    /// Runs a test program, shows what it prints, and adds its result lines up. A program that fails without saying
    /// how many tests failed counts as one failure.
    pub(super) fn of(command: &mut Command) -> Result<Counts> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
        let mut counts = Counts::default();
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).split(b'\n') {
                let line = line.context("reading a test's output")?;
                let line = String::from_utf8_lossy(&line);
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
        }
        Ok(counts)
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
    Some(Counts { passed: number(" passed")?, failed: number(" failed")?, skipped: number(" ignored")? })
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
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
        assert_eq!(result_line(line), Some(Counts { passed: 12, failed: 1, skipped: 3 }));
        assert_eq!(result_line("test a ... ok"), None);
    }

    #[test]
    fn a_silent_failure_counts() {
        assert_eq!(
            Counts::of(&mut Command::new("false")).unwrap(),
            Counts { passed: 0, failed: 1, skipped: 0 }
        );
    }
}
