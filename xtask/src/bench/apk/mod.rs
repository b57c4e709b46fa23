//! apk — our package manager beside apk-tools: CPU time and the most memory of everything that people wait for.
//!
//! All roots and repositories lie in a temporary folder; scripts are not run. Each program works on roots that it made
//! itself. What changes a root gets a fresh copy of it for each run, outside of the time.

mod repository;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use testkit::temporary::Directory;

use self::repository::{ARCH, KEY, Packages, Signer};
use super::race;
use crate::{deps, process, workspace};

const AVAILABLE: usize = 20_000;
const SMALL: usize = 500;

/// Something to time.
struct Case {
    name: &'static str,
    /// The root to work on, by its name; None for what needs none.
    root: Option<&'static str>,
    /// Whether each run gets a copy of the root.
    fresh: bool,
    arguments: Vec<String>,
}

/// One of the two programs, and where its roots lie.
struct Side {
    program: PathBuf,
    folder: PathBuf,
}

/// What both work on.
struct Data {
    folder: PathBuf,
    small: Vec<String>,
    large: Vec<String>,
    tops: Vec<String>,
    some: String,
}

/// Races `ours` (built here where it is None) beside `peer`.
pub(super) fn run(ours: Option<&Path>, peer: Option<&Path>, filter: Option<&str>, runs: usize) -> Result<()> {
    let peer = match (peer, std::env::var_os("TARN_PEER_APK")) {
        (Some(path), _) => path.to_path_buf(),
        (None, Some(path)) => PathBuf::from(path),
        (None, None) => bail!("no apk to compare with: name one with --peer or $TARN_PEER_APK"),
    };
    if !deps::in_path("openssl") {
        bail!("openssl, which signs the packages, is not in PATH");
    }
    let ours = match ours {
        Some(path) => path.to_path_buf(),
        None => build()?,
    };
    let folder = Directory::new("bench-apk")?;
    eprintln!("making repositories in {}", folder.path().display());
    let data = Data::make(folder.path())?;
    let mut sides = Vec::new();
    for (name, program) in [("ours", &ours), ("peer", &peer)] {
        let program = program.canonicalize().with_context(|| program.display().to_string())?;
        let side = Side { program, folder: folder.path().join(name) };
        side.prepare(&data).with_context(|| format!("preparing the roots of {}", side.program.display()))?;
        sides.push(side);
    }
    println!(
        "CPU time and most memory, ours beside {}; {runs} runs each; ratios below 1: ours needs less\n",
        peer.display()
    );
    println!(
        "{:<26} {:>10} {:>10} {:>6}   {:>8} {:>8} {:>6}",
        "case (median)", "ours ms", "peer ms", "ratio", "ours MB", "peer MB", "ratio"
    );
    for case in data.cases().iter().filter(|case| filter.is_none_or(|filter| case.name.contains(filter))) {
        race_one(case, &sides, runs)?;
    }
    if !deps::in_path("time") {
        println!("\nmemory is not measured: GNU time is not in PATH");
    }
    Ok(())
}

/// The release build for this machine.
fn build() -> Result<PathBuf> {
    process::run(Command::new("cargo").current_dir(workspace::root()).args([
        "build",
        "--release",
        "-p",
        "apk",
    ]))?;
    Ok(workspace::target().join("release/apk"))
}

/// Prints the line of a case.
fn race_one(case: &Case, sides: &[Side], runs: usize) -> Result<()> {
    let mut times: Vec<Vec<Duration>> = sides.iter().map(|_| Vec::new()).collect();
    let mut memory = Vec::new();
    for run in 0..=runs.max(1) {
        for (side, times) in sides.iter().zip(&mut times) {
            // The first run is for the memory, and warms up.
            let (time, kib, status) = side.once(case, run == 0)?;
            if !status {
                let who = if side.folder.ends_with("ours") { "ours" } else { "the peer" };
                println!("{:<26} skipped: {who} does not succeed", case.name);
                return Ok(());
            }
            match run {
                0 => memory.push(kib),
                _ => times.push(time),
            }
        }
    }
    times.iter_mut().for_each(|times| times.sort());
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let median = |times: &[Duration]| ms(times[times.len() / 2]);
    let mb = |kib: u64| kib as f64 / 1024.0;
    println!(
        "{:<26} {:>10.1} {:>10.1} {:>6.2}   {:>8.1} {:>8.1} {:>6.2}",
        case.name,
        median(&times[0]),
        median(&times[1]),
        ms(times[0][0]) / ms(times[1][0]).max(1e-3),
        mb(memory[0]),
        mb(memory[1]),
        mb(memory[0]) / mb(memory[1]).max(1e-3),
    );
    Ok(())
}

impl Data {
    fn make(folder: &Path) -> Result<Data> {
        let signer = Signer::new(folder)?;
        let (tops, some) = repository::index_only(&signer, &folder.join("big"), AVAILABLE)?;
        let small = Packages {
            prefix: "small",
            count: SMALL,
            files: (5, 17),
            bytes: (100, 6000),
            version: "1.0-r0",
            level: 9,
        };
        let names = small.write(&signer, &folder.join("small"))?;
        Packages { version: "1.1-r0", ..small }.write(&signer, &folder.join("newer"))?;
        let large = Packages {
            prefix: "large",
            count: 2,
            files: (1000, 1001),
            bytes: (20_000, 80_000),
            version: "1.0-r0",
            level: 6,
        };
        let large = large.write(&signer, &folder.join("large"))?;
        Ok(Data { folder: folder.to_path_buf(), small: names, large, tops, some })
    }

    fn url(&self, repository: &str) -> String {
        self.folder.join(repository).display().to_string()
    }

    /// The package files of a repository.
    fn packages(&self, repository: &str, names: &[String]) -> Vec<String> {
        let folder = self.folder.join(repository).join(ARCH);
        names.iter().map(|name| folder.join(format!("{name}-1.0-r0.apk")).display().to_string()).collect()
    }

    fn cases(&self) -> Vec<Case> {
        let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| word.to_string()).collect() };
        let with = |first: &[&str], more: &[String]| [words(first), more.to_vec()].concat();
        let shared = |name, root, arguments| Case { name, root: Some(root), fresh: false, arguments };
        let fresh = |name, root, arguments| Case { name, root: Some(root), fresh: true, arguments };
        let plain = |name, arguments| Case { name, root: None, fresh: false, arguments };
        let some = self.some.as_str();
        let (small, newer, large) = (self.url("small"), self.url("newer"), self.url("large"));
        let files = self.packages("small", &self.small);
        // Not /dev/null: programs that rename what they made over it would take it away.
        let made = self.folder.join("made").display().to_string();
        vec![
            plain("start: --version", words(&["--version"])),
            plain("version -t", words(&["version", "-t", "1.2.3-r0", "1.2.4_rc1"])),
            shared("update, file", "known", words(&["update"])),
            shared("update, test:", "remote", words(&["update"])),
            shared("update, v3", "known3", words(&["update"])),
            shared("policy", "known", words(&["policy", some])),
            shared("policy, test:", "remote", words(&["policy", some])),
            shared("policy, v3", "known3", words(&["policy", some])),
            shared("search -e", "known", words(&["search", "-e", some])),
            shared("search *net*", "known", words(&["search", "*net*"])),
            shared("search -d", "known", words(&["search", "-d", "net"])),
            shared("list", "known", words(&["list"])),
            shared("list, v3", "known3", words(&["list"])),
            shared("info -d", "known", words(&["info", "-d", some])),
            shared("query json", "known", words(&["query", "--format", "json", "--fields", "all", "*"])),
            shared("query one", "known", words(&["query", some])),
            shared("stats", "known", words(&["stats"])),
            shared("add -s closure", "known", with(&["add", "-s"], &self.tops)),
            shared("add -s closure, v3", "known3", with(&["add", "-s"], &self.tops)),
            shared("add -s docs + closure", "known", with(&["add", "-s", "docs"], &self.tops)),
            shared("upgrade -s", "known", words(&["upgrade", "-s"])),
            fresh("install 500", "empty", with(&["add", "-X", &small], &self.small)),
            fresh("upgrade 500", "full", words(&["upgrade", "-X", &newer])),
            fresh("reinstall 500", "full", with(&["fix", "-r", "-X", &small], &self.small)),
            fresh("no-op add", "full", words(&["add", "small7"])),
            shared("no-op add, 20k", "full-known", words(&["add", "small7"])),
            fresh("remove 500", "full", with(&["del"], &self.small)),
            shared("audit", "full", words(&["audit", "--system", "-r"])),
            shared("info -L", "full", words(&["info", "-L", "small7"])),
            shared("info -W", "full", words(&["info", "-W", "/usr/bin/small7"])),
            fresh("install 100 MB", "empty", with(&["add", "-X", &large], &self.large)),
            shared("verify 500", "empty", with(&["verify"], &files)),
            plain("index 500", with(&["index", "--allow-untrusted", "-o", &made], &files)),
            plain("mkndx 500", with(&["mkndx", "--allow-untrusted", "-o", &made], &files)),
        ]
    }
}

impl Side {
    fn root(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes the roots: `empty`, `known` and `known3` with the large index, `remote` with it as if it were far away,
    /// `full` with the small packages installed, and `full-known`, which has both.
    fn prepare(&self, data: &Data) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        let big = data.url("big");
        let adb = self.folder.join("big.adb");
        let index = data.folder.join("big").join(ARCH).join("APKINDEX.tar.gz");
        let output = self
            .command(&[])
            .arg("convndx")
            .arg("--allow-untrusted")
            .arg(index)
            .output()
            .with_context(|| self.program.display().to_string())?;
        if !output.status.success() {
            bail!("convndx failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        fs::write(&adb, output.stdout)?;
        let adb = adb.display().to_string();
        for (root, repository) in [
            ("empty", None),
            ("known", Some(big.clone())),
            ("known3", Some(adb)),
            ("remote", Some(format!("v2 test:{big}"))),
            ("full", None),
            ("full-known", Some(big)),
        ] {
            let path = self.root(root);
            let keys = path.join("etc/apk/keys");
            fs::create_dir_all(&keys)?;
            fs::copy(data.folder.join("keys").join(KEY), keys.join(KEY))?;
            let mut first = vec!["add", "--initdb", "--arch", ARCH];
            if !nix::unistd::geteuid().is_root() {
                first.push("--usermode");
            }
            self.run(root, &first)?;
            if root.starts_with("full") {
                let small = data.url("small");
                let mut arguments = vec!["add", "-X", &small];
                arguments.extend(data.small.iter().map(String::as_str));
                self.run(root, &arguments)?;
            }
            if let Some(repository) = repository {
                fs::write(path.join("etc/apk/repositories"), repository + "\n")?;
                self.run(root, &["update"])?;
            }
        }
        Ok(())
    }

    /// The program with the options that all cases have.
    fn command(&self, before: &[&Path]) -> Command {
        let mut words = before.iter().map(|word| word.as_os_str()).chain([self.program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).current_dir(&self.folder);
        command
    }

    fn on_root(command: &mut Command, root: &Path, arguments: &[impl AsRef<str>]) {
        // An index that was made here has no signature.
        command.arg("--root").arg(root).arg("--allow-untrusted");
        command.args(arguments.iter().map(|word| word.as_ref()));
        if arguments.first().is_some_and(|word| ["add", "del", "fix", "upgrade"].contains(&word.as_ref())) {
            command.arg("--no-scripts");
        }
    }

    fn run(&self, root: &str, arguments: &[&str]) -> Result<()> {
        let mut command = self.command(&[]);
        Side::on_root(&mut command, &self.root(root), arguments);
        process::output(&mut command).map(drop)
    }

    /// CPU time of one run, or with `weigh` its most memory in KiB, and whether it succeeded.
    fn once(&self, case: &Case, weigh: bool) -> Result<(Duration, u64, bool)> {
        let report = self.folder.join("memory");
        let mut before = Vec::new();
        // What a process is said to have needed counts the one that started it: GNU time is small.
        if weigh && deps::in_path("time") {
            before = vec![Path::new("time"), Path::new("-f%M"), Path::new("-o"), &report];
        }
        let mut command = self.command(&before);
        match case.root {
            None => {
                command.args(&case.arguments);
            }
            Some(root) => {
                let mut path = self.root(root);
                if case.fresh {
                    let copy = self.folder.join("copy");
                    if copy.exists() {
                        fs::remove_dir_all(&copy)?;
                    }
                    process::output(Command::new("cp").arg("-a").arg(&path).arg(&copy))?;
                    path = copy;
                }
                Side::on_root(&mut command, &path, &case.arguments);
            }
        }
        let start = race::children()?;
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        let time = race::children()?.saturating_sub(start);
        let report = fs::read_to_string(&report).unwrap_or_default();
        let kib = report.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
        Ok((time, kib, status.success()))
    }
}
