//! race — runs several commands in turns and compares their CPU time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// A command to be timed.
pub(super) struct Runner {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    /// Where it runs.
    pub(super) folder: PathBuf,
}

/// The CPU times of one runner, sorted.
pub(super) struct Times(Vec<Duration>);

impl Times {
    fn min(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }

    fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }
}

/// Runs every command `runs` times, taking turns so that the machine's other work meets them alike. All must succeed.
pub(super) fn run(runners: &[Runner], runs: usize) -> Result<Vec<Times>> {
    let mut times: Vec<Times> = runners.iter().map(|_| Times(Vec::with_capacity(runs))).collect();
    for _ in 0..runs.max(1) {
        for (runner, times) in runners.iter().zip(&mut times) {
            times.0.push(once(runner)?);
        }
    }
    for times in &mut times {
        times.0.sort();
    }
    Ok(times)
}

/// User and system time of one run, children included.
fn once(runner: &Runner) -> Result<Duration> {
    let before = children()?;
    let status = Command::new(&runner.program)
        .args(&runner.arguments)
        .current_dir(&runner.folder)
        .env_clear()
        .envs(&runner.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| runner.program.display().to_string())?;
    if !status.success() {
        bail!("{} {} failed: {status}", runner.program.display(), runner.arguments.join(" "));
    }
    Ok(children()?.saturating_sub(before))
}

/// User and system time of all children that have ended.
pub(super) fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("getrusage")?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64;
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}

pub(super) fn print_heading(names: &[&str]) {
    print!("{:<34}", "case (median; ratio of the minima)");
    for name in names {
        print!(" {name:>12}");
    }
    println!("   ratios");
}

/// One line: the medians, then ours divided by each peer's.
pub(super) fn print_row(name: &str, times: &[Times]) {
    print!("{name:<34}");
    for times in times {
        print!(" {:>9.2} ms", times.median().as_secs_f64() * 1e3);
    }
    for _ in times.len()..3 {
        print!(" {:>12}", "");
    }
    print!("  ");
    let Some((ours, peers)) = times.split_first() else { return println!() };
    for peer in peers {
        print!(" {:.2}", ours.min().as_secs_f64() / peer.min().as_secs_f64().max(1e-6));
    }
    println!();
}
