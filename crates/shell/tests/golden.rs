//! What scripts do, by section of the standard: `golden/*.test`, in the format of `testkit::golden`.
//!
//! Each block is a script of its own, run by our shell and by every other shell that is at hand (dash, bash, mksh, and
//! `$TARN_PEER_BUSYBOX ash`). Ours must do what the block says, and so must one of the others: an expectation that nobody
//! else shares is an opinion.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use testkit::golden::{self, Block};
use testkit::temporary::Directory;

/// A shell: how it is started, and a folder in which `sh` is the same one.
struct Shell {
    name: String,
    command: Vec<PathBuf>,
    folder: Directory,
}

impl Shell {
    fn new(name: &str, command: &[&Path]) -> Option<Shell> {
        let folder = Directory::new("shell-bin").ok()?;
        let line: Vec<String> = command.iter().map(|part| format!("'{}'", part.display())).collect();
        let link = folder.path().join("sh");
        if let [only] = command {
            std::os::unix::fs::symlink(only, link).ok()?;
        } else {
            fs::write(&link, format!("#!/bin/sh\nexec {} \"$@\"\n", line.join(" "))).ok()?;
            fs::set_permissions(&link, std::os::unix::fs::PermissionsExt::from_mode(0o755)).ok()?;
        }
        let command = command.iter().map(|part| part.to_path_buf()).collect();
        Some(Shell { name: name.to_string(), command, folder })
    }

    /// What the script prints, and its status.
    fn run(&self, script: &str) -> Result<(Vec<u8>, i32), String> {
        let directory = Directory::new("shell-golden").map_err(|error| error.to_string())?;
        let work = directory.path().join("work");
        let file = directory.path().join("script");
        fs::create_dir(&work).and_then(|()| fs::write(&file, script)).map_err(|error| error.to_string())?;
        let output = Command::new("timeout")
            .arg("60")
            .args(&self.command)
            .arg(&file)
            .current_dir(&work)
            .env_clear()
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.folder.path().display()))
            .env("HOME", directory.path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        use std::os::unix::process::ExitStatusExt;
        let status = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0));
        Ok((output.stdout, status))
    }
}

/// Our own shell.
fn own() -> Option<Shell> {
    Shell::new("sh", &[Path::new(env!("CARGO_BIN_EXE_shell-alone"))])
}

fn others() -> Vec<Shell> {
    let find = |name: &str| -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    };
    let mut shells = Vec::new();
    for (name, options) in [("dash", &[][..]), ("bash", &["--posix"]), ("mksh", &[])] {
        if let Some(program) = find(name) {
            let mut command = vec![program.as_path()];
            command.extend(options.iter().map(Path::new));
            shells.extend(Shell::new(name, &command));
        }
    }
    let busybox = std::env::var_os("TARN_PEER_BUSYBOX").map(PathBuf::from).or_else(|| find("busybox"));
    if let Some(busybox) = busybox {
        shells.extend(Shell::new("busybox ash", &[&busybox, Path::new("ash")]));
    }
    shells
}

fn check(block: &Block, own: &Shell, others: &[Shell]) -> Result<(), Failed> {
    let expected = (block.stdout.clone(), block.status);
    let got = own.run(&block.script)?;
    if got != expected {
        return Err(Failed::from(format!(
            "{}\nexpected status {} and\n{}\ngot status {} and\n{}",
            block.script,
            expected.1,
            String::from_utf8_lossy(&expected.0),
            got.1,
            String::from_utf8_lossy(&got.0)
        )));
    }
    if others.is_empty() || block.differs.is_some() {
        return Ok(());
    }
    for other in others {
        if other.run(&block.script)? == expected {
            return Ok(());
        }
    }
    let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
    Err(Failed::from(format!("{}\nnone of {} does the same", block.script, names.join(", "))))
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let Some(own) = own() else {
        eprintln!("golden: no folder for the tests can be made");
        return ExitCode::FAILURE;
    };
    let (own, others) = (Arc::new(own), Arc::new(others()));
    if others.is_empty() {
        eprintln!("golden: no other shell is at hand, so nothing is compared");
    }
    let mut files: Vec<PathBuf> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let mut trials = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let blocks = match fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| golden::parse(&text))
        {
            Ok(blocks) => blocks,
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                return ExitCode::FAILURE;
            }
        };
        for block in blocks {
            let (own, others) = (Arc::clone(&own), Arc::clone(&others));
            trials
                .push(Trial::test(format!("{name}: {}", block.title), move || check(&block, &own, &others)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
