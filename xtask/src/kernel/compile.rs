//! compile — Kconfig and make, in a folder of their own beside the source.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::config::Config;
use super::fragment::{self, Wish};
use super::spec::Spec;
use super::toolchain::{self, Toolchain};
use crate::arch::Arch;

/// A build folder with the source it is made from.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) arch: Arch,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) source: PathBuf,
    pub(crate) objects: PathBuf,
    pub(crate) jobs: usize,
}

impl Tree<'_> {
    /// `make` in the fixed environment.
    fn make(&self) -> Command {
        let mut make = toolchain::command("make");
        make.current_dir(&self.source)
            .arg(format!("O={}", self.objects.display()))
            .arg(format!("-j{}", self.jobs))
            .arg(format!("KCFLAGS=-frandom-seed={}", self.spec.seed_name()))
            .env("ARCH", kernel_arch(self.arch))
            .env("CROSS_COMPILE", self.toolchain.prefix)
            .env("SOURCE_DATE_EPOCH", self.spec.released.to_string())
            .env("KBUILD_BUILD_TIMESTAMP", date(self.spec.released))
            .env("KBUILD_BUILD_VERSION", "1")
            .env("KBUILD_BUILD_USER", "tarn")
            .env("KBUILD_BUILD_HOST", "tarn")
            .env("LOCALVERSION", "") // set and empty: no `+` behind the version
            .stdin(Stdio::null());
        make
    }

    /// Writes `.config` from the wishes and Kconfig's own defaults.
    pub(crate) fn configure(&self, wishes: &[Wish]) -> Result<Config> {
        fs::create_dir_all(&self.objects).with_context(|| self.objects.display().to_string())?;
        let merged = self.objects.join("tarn.config");
        fs::write(&merged, fragment::text(wishes)).with_context(|| merged.display().to_string())?;
        let log = self.objects.join("configure.log");
        let output = File::create(&log).with_context(|| log.display().to_string())?;
        let errors = output.try_clone()?;
        // Defaults and not allnoconfig: what nobody thinks to ask for (processors' errata, quirks) stays as it is meant.
        let status = self
            .make()
            .arg("alldefconfig")
            .env("KCONFIG_ALLCONFIG", &merged)
            .stdout(output)
            .stderr(errors)
            .status()
            .context("cannot run make")?;
        if !status.success() {
            bail!("make alldefconfig: {status}\n{}", tail(&log, 30));
        }
        let path = self.objects.join(".config");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Config::parse(&text))
    }

    /// The release string that the configured tree has.
    pub(crate) fn release(&self) -> Result<String> {
        let path = self.objects.join("include/config/kernel.release");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let release = text.trim().to_string();
        if !release.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
            bail!("the kernel calls itself {release:?}, which cannot name a folder of modules");
        }
        Ok(release)
    }

    /// Compiles kernel and modules. `expected` is the number of steps that the last such build took, if it is known.
    pub(crate) fn compile(&self, expected: Option<usize>) -> Result<usize> {
        let log = self.objects.join("make.log");
        let mut output = File::create(&log).with_context(|| log.display().to_string())?;
        let errors = output.try_clone()?;
        let mut make = self.make();
        make.args([image_target(self.arch), "modules"]).stdout(Stdio::piped()).stderr(errors);
        let mut child = make.spawn().context("cannot run make")?;
        let Some(stdout) = child.stdout.take() else { bail!("make gave no output") };
        let mut progress = Progress::new(self.arch, expected);
        for line in BufReader::new(stdout).split(b'\n') {
            let mut line = line.context("make's output")?;
            progress.step(&line);
            line.push(b'\n');
            output.write_all(&line).with_context(|| log.display().to_string())?;
        }
        let status = child.wait().context("make")?;
        progress.finish();
        if !status.success() {
            bail!("make: {status}; the whole log is {}\n{}", log.display(), tail(&log, 30));
        }
        Ok(progress.steps)
    }

    /// The kernel as boot loaders take it.
    pub(crate) fn image(&self) -> PathBuf {
        // The folder is named by the source's own division, which knows no bits: x86, arm64.
        let folder = match self.arch {
            Arch::X86_64 => "arch/x86/boot",
            Arch::Aarch64 => "arch/arm64/boot",
        };
        self.objects.join(folder).join(image_target(self.arch))
    }
}

/// The value of `ARCH` for the kernel's makefiles.
fn kernel_arch(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64",
        Arch::Aarch64 => "arm64",
    }
}

fn image_target(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "bzImage",
        Arch::Aarch64 => "Image",
    }
}

/// What make does, shown on the terminal: a line that moves, or one in half a minute where nobody watches.
struct Progress {
    arch: Arch,
    expected: Option<usize>,
    steps: usize,
    start: Instant,
    shown: Instant,
    terminal: bool,
}

impl Progress {
    fn new(arch: Arch, expected: Option<usize>) -> Progress {
        let now = Instant::now();
        Progress {
            arch,
            expected,
            steps: 0,
            start: now,
            shown: now,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn step(&mut self, line: &[u8]) {
        // "  CC [M]  fs/ext4/inode.o"
        if !line.starts_with(b"  ") {
            return;
        }
        self.steps += 1;
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(30) };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let last = String::from_utf8_lossy(line);
        let last: Vec<&str> = last.split_whitespace().collect();
        let file: String = last.last().unwrap_or(&"").chars().take(40).collect();
        let of = self.expected.map_or(String::new(), |expected| format!(" of about {expected}"));
        let text = format!(
            "kernel {}: step {}{of}, {}, {file}",
            self.arch.name(),
            self.steps,
            span(self.start.elapsed())
        );
        if self.terminal { eprint!("\r{text:<100}") } else { eprintln!("{text}") }
    }

    fn finish(&self) {
        if self.terminal {
            eprint!("\r{:<100}\r", "");
        }
    }
}

/// `1 min 5 s`, or `5.2 s`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f32())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// The last lines of a file, for messages.
fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A time as `date -u` prints it. The kernel copies the text into its banner, so a bare number would be shown as it is.
fn date(epoch: u64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // 1970 began on a Thursday
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, seconds) = (epoch / 86_400, epoch % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} UTC {year}",
        WEEKDAYS[(days % 7) as usize],
        MONTHS[month],
        day + 1,
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_date_writes_them() {
        // From `LC_ALL=C date -u -d @N`.
        let cases = [
            (0, "Thu Jan  1 00:00:00 UTC 1970"),
            (951_827_696, "Tue Feb 29 12:34:56 UTC 2000"),
            (1_709_251_199, "Thu Feb 29 23:59:59 UTC 2024"),
            (1_735_689_599, "Tue Dec 31 23:59:59 UTC 2024"),
            (1_794_660_961, "Sat Nov 14 12:56:01 UTC 2026"),
            (4_107_542_400, "Mon Mar  1 00:00:00 UTC 2100"),
        ];
        for (epoch, expected) in cases {
            assert_eq!(date(epoch), expected);
        }
    }

    #[test]
    fn spans_are_short() {
        assert_eq!(span(Duration::from_millis(5_240)), "5.2 s");
        assert_eq!(span(Duration::from_secs(3_601)), "60 min 1 s");
    }
}
