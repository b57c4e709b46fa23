//! bench — our programs beside their peers, in one run, by CPU time.
//!
//! Numbers of one machine on one day say little; ratios of two programs that took turns say much. Nothing here fails
//! for being slow.

mod apk;
mod boot;
mod data;
mod race;
mod shell;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::arch::{Arch, ArchChoice};
use crate::build::{self, Variant};
use crate::{deps, workspace};

/// Time our programs beside their peers.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to time.
    #[arg(value_enum, default_value = "applets")]
    subject: Subject,
    /// Only cases whose name contains this.
    filter: Option<String>,
    /// How often each program runs.
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// The multi-call binary to compare with; else $TARN_PEER_BUSYBOX, else busybox in PATH.
    #[arg(long, value_name = "PROGRAM")]
    busybox: Option<PathBuf>,
    /// For `shell`: an unpacked source package whose `configure` is run as well; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    configure: Vec<PathBuf>,
    /// For `apk`: the program to compare with; else $TARN_PEER_APK.
    #[arg(long, value_name = "PROGRAM")]
    peer: Option<PathBuf>,
    /// For `apk`: the program to time; else the release build for this machine.
    #[arg(long, value_name = "PROGRAM")]
    ours: Option<PathBuf>,
    /// For `boot`: the architecture.
    #[arg(long, value_enum, default_value = "x86_64")]
    arch: ArchChoice,
    /// Install missing tools without asking.
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    /// crates/rbox/benches/applets.toml, beside BusyBox and, where named, GNU's tools.
    Applets,
    /// crates/shell/benches/*.sh, beside dash and BusyBox's ash.
    Shell,
    /// The package manager, beside apk-tools: a repository of 20,000 packages, 500 small ones, 100 MB.
    Apk,
    /// From the kernel's first message to the login prompt, beside an init that only prints and powers off.
    Boot,
}

/// `crates/rbox/benches/applets.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// A shell command; `$bin/grep` is the applet of whoever is timed, and the data lie in the current folder.
    run: String,
    /// The same command for a third program, such as GNU's `grep`.
    #[serde(default)]
    gnu: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match arguments.subject {
        Subject::Applets => applets(arguments),
        Subject::Shell => shell::run(arguments),
        Subject::Apk => {
            let filter = arguments.filter.as_deref();
            apk::run(arguments.ours.as_deref(), arguments.peer.as_deref(), filter, arguments.runs)
        }
        Subject::Boot => {
            deps::require(deps::Verb::Test, arguments.arch.each(), arguments.yes)?;
            arguments.arch.each().iter().try_for_each(|&arch| boot::run(arch, arguments.runs))
        }
    }
}

fn applets(arguments: &Arguments) -> Result<()> {
    let path = workspace::root().join("crates/rbox/benches/applets.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let cases: Cases = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let ours = testkit::golden::link_applets(&rbox(arguments)?).map_err(anyhow::Error::msg)?;
    let peer = busybox(arguments)?;
    let theirs = testkit::golden::link_applets(&peer).map_err(anyhow::Error::msg)?;
    let folder = data::make()?;
    println!(
        "ratio of CPU time: below 1 rbox is faster; {} runs each; peer: {}\n",
        arguments.runs,
        peer.display()
    );
    race::print_heading(&["rbox", "busybox", "GNU"]);
    for case in cases.case.iter().filter(|case| selected(arguments, &case.name)) {
        let command = |script: &str, bin: &Path| command(script, bin, folder.path());
        let mut runners = vec![command(&case.run, ours.path()), command(&case.run, theirs.path())];
        runners.extend(case.gnu.as_deref().map(|gnu| command(gnu, Path::new("/usr/bin"))));
        race::print_row(&case.name, &race::run(&runners, arguments.runs)?);
    }
    Ok(())
}

fn selected(arguments: &Arguments, name: &str) -> bool {
    arguments.filter.as_deref().is_none_or(|filter| name.contains(filter))
}

/// `sh -c SCRIPT` with `$bin`.
fn command(script: &str, bin: &Path, folder: &Path) -> race::Runner {
    race::Runner {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".to_string(), script.to_string()],
        environment: environment(bin),
        folder: folder.to_path_buf(),
    }
}

fn environment(bin: &Path) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("bin".to_string(), bin.display().to_string()),
        ("PATH".to_string(), format!("{}:/usr/bin:/bin", bin.display())),
        ("LC_ALL".to_string(), "C.UTF-8".to_string()),
        ("TZ".to_string(), "UTC".to_string()),
    ])
}

/// The release build for the host's architecture.
fn rbox(arguments: &Arguments) -> Result<PathBuf> {
    let Some(&arch) = [Arch::X86_64, Arch::Aarch64].iter().find(|arch| arch.name() == std::env::consts::ARCH)
    else {
        bail!("there is no build for {}", std::env::consts::ARCH);
    };
    deps::require(deps::Verb::Build, &[arch], arguments.yes)?;
    build::programs(arch, Variant::Stripped)?
        .into_iter()
        .find(|path| path.file_name().is_some_and(|name| name == "rbox"))
        .context("rbox was not built")
}

fn busybox(arguments: &Arguments) -> Result<PathBuf> {
    if let Some(path) = &arguments.busybox {
        return Ok(path.clone());
    }
    if let Some(path) = std::env::var_os("TARN_PEER_BUSYBOX") {
        return Ok(PathBuf::from(path));
    }
    ["/bin/busybox", "/usr/bin/busybox"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .context("no busybox to compare with: install it, or name one with --busybox or $TARN_PEER_BUSYBOX")
}
