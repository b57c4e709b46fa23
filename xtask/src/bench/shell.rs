//! shell — `sh` beside BusyBox's ash and dash: the scripts of crates/shell/benches, and `configure` of real packages.
//!
//! The scripts find each shell's own applets first in PATH (dash has BusyBox's), and the shell itself in `$shell`. `configure` is run twice: with the host's
//! tools for all three, where the shells alone differ, and with the applets in front of them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Arguments, busybox, data, environment, race, rbox, selected};
use crate::workspace;

/// `configure` runs for seconds: fewer runs say enough.
const CONFIGURE_RUNS: usize = 5;

/// A shell, and the folder with links to the applets that belong to it.
struct Contender {
    shell: PathBuf,
    applets: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let ours = testkit::golden::link_applets(&rbox(arguments)?).map_err(anyhow::Error::msg)?;
    let peer = busybox(arguments)?;
    let theirs = testkit::golden::link_applets(&peer).map_err(anyhow::Error::msg)?;
    let contender = |shell: PathBuf, applets: &Path| Contender { shell, applets: applets.to_path_buf() };
    let mut contenders = vec![
        contender(ours.path().join("sh"), ours.path()),
        contender(theirs.path().join("ash"), theirs.path()),
    ];
    if let Some(dash) = ["/usr/bin/dash", "/bin/dash"].iter().map(PathBuf::from).find(|path| path.exists()) {
        contenders.push(contender(dash, theirs.path()));
    }
    let folder = data::make()?;
    println!(
        "ratio of CPU time: below 1 our sh is faster; {} runs each; peer: {}\n",
        arguments.runs,
        peer.display()
    );
    race::print_heading(&["rbox sh", "busybox ash", "dash"]);
    for script in scripts()? {
        let name = script.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if selected(arguments, &name) {
            let runners: Vec<race::Runner> = contenders
                .iter()
                .map(|one| one.runner(vec![script.display().to_string()], folder.path(), &one.applets))
                .collect();
            race::print_row(&name, &race::run(&runners, arguments.runs)?);
        }
    }
    for source in &arguments.configure {
        configure(arguments, &contenders, source, folder.path())?;
    }
    if arguments.configure.is_empty() && selected(arguments, "configure") {
        println!("configure: not run; name unpacked sources with --configure FOLDER");
    }
    Ok(())
}

/// The scripts of crates/shell/benches, sorted.
fn scripts() -> Result<Vec<PathBuf>> {
    let folder = workspace::root().join("crates/shell/benches");
    let mut scripts: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| folder.display().to_string())?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sh"))
        .collect();
    scripts.sort();
    Ok(scripts)
}

/// `configure` of one package, out of its tree and in a folder for each shell.
fn configure(arguments: &Arguments, contenders: &[Contender], source: &Path, folder: &Path) -> Result<()> {
    let source = source.canonicalize().with_context(|| source.display().to_string())?;
    let script = source.join("configure");
    if !script.is_file() {
        bail!("{} has no configure", source.display());
    }
    let package = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for (tools, own) in [("host's tools", false), ("own applets", true)] {
        let name = format!("configure {package}, {tools}");
        if !selected(arguments, &name) {
            continue;
        }
        let mut runners = Vec::new();
        for (number, one) in contenders.iter().enumerate() {
            let build = folder.join(format!("{package}-{number}-{own}"));
            fs::create_dir_all(&build).with_context(|| build.display().to_string())?;
            let applets = if own { one.applets.as_path() } else { Path::new("/usr/bin") };
            let mut runner = one.runner(vec![script.display().to_string()], &build, applets);
            // Otherwise it looks for a shell that it likes better, and hands over to it.
            runner.environment.insert("CONFIG_SHELL".to_string(), one.shell.display().to_string());
            runners.push(runner);
        }
        race::print_row(&name, &race::run(&runners, arguments.runs.min(CONFIGURE_RUNS))?);
    }
    Ok(())
}

impl Contender {
    fn runner(&self, arguments: Vec<String>, folder: &Path, applets: &Path) -> race::Runner {
        let mut environment = environment(applets);
        environment.insert("shell".to_string(), self.shell.display().to_string());
        race::Runner { program: self.shell.clone(), arguments, environment, folder: folder.to_path_buf() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_of_the_issue_has_a_script() {
        let scripts = scripts().unwrap();
        let names: Vec<&str> = scripts.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
        for case in [
            "applets",
            "counting",
            "filters",
            "functions",
            "pipelines",
            "read",
            "source",
            "startup",
            "strings",
        ] {
            assert!(names.contains(&case), "{case}");
        }
    }
}
