//! golden — tests written as what a user types and sees.
//!
//! A file `<applet>.test` is a row of blocks:
//!
//! ```text
//! #### title
//! printf 'a\nb\n' | head -n1
//! ## stdout
//! a
//! ## stderr
//! ## status 0
//! ## differs busybox: why the reference does otherwise
//! ## needs root
//! ## needs native
//! ## needs mounts
//! ## needs namespaces: the block calls `unshare -rmn`, which not every machine lets a user do
//! ## fails: a known gap; the block must then fail
//! ```
//!
//! Each block runs in a fresh directory under `sh -u`, with a `PATH` whose first folder (`$bin`) links every applet to
//! the program under test: write `$bin/echo` where the shell's own builtin would be taken. `$root` is the folder with the
//! files of the images' root. A missing `stdout` section
//! means no output; a missing `stderr` section means none if the status is 0 and any otherwise. A last line `\` in a
//! section says that the output does not end in a newline. `UPDATE=1` rewrites the sections.
//!
//! Whatever a block runs can write below the temporary folder only (see `confined`): a test of `rm` that goes wrong must
//! not take the machine with it. Blocks that mount or unshare in a namespace of their own say `needs mounts` or
//! `needs namespaces` and are not confined.
//!
//! `TARN_RBOX` names another build of the program, `TARN_RUNNER` an emulator for single programs (`qemu-aarch64-static`)
//! to run it with; blocks that say `needs native` are then skipped.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::confined;
use crate::temporary::Directory;

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// One block of a file.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Block {
    pub title: String,
    pub script: String,
    pub stdout: Vec<u8>,
    pub stderr: Option<Vec<u8>>,
    pub status: i32,
    /// Why the reference differs, if it does.
    pub differs: Option<String>,
    pub fails: Option<String>,
    pub needs_root: bool,
    /// Mounts in a namespace of its own, which a confined process may not: must be careful itself.
    pub needs_mounts: bool,
    /// Cannot be seen right under an emulator for single programs (process lists, namespaces).
    pub needs_native: bool,
    pub needs_namespaces: bool,
}

/// Splits a file into its blocks.
///
/// Errors: the line that cannot be understood.
pub fn parse(text: &str) -> Result<Vec<Block>, String> {
    enum Section {
        Script,
        Stdout,
        Stderr,
        None,
    }
    let mut blocks: Vec<Block> = Vec::new();
    let mut section = Section::None;
    for (index, line) in text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("#### ") {
            blocks.push(Block { title: title.to_string(), ..Block::default() });
            section = Section::Script;
            continue;
        }
        let Some(block) = blocks.last_mut() else {
            if line.is_empty() || line.starts_with("# ") {
                continue;
            }
            return Err(format!("line {}: text before the first block", index + 1));
        };
        if let Some(word) = line.strip_prefix("## ") {
            section = Section::None;
            if word == "stdout" {
                section = Section::Stdout;
            } else if word == "stderr" {
                block.stderr = Some(Vec::new());
                section = Section::Stderr;
            } else if let Some(number) = word.strip_prefix("status ") {
                block.status =
                    number.trim().parse().map_err(|_| format!("line {}: bad status", index + 1))?;
            } else if let Some(reason) = word.strip_prefix("differs busybox: ") {
                block.differs = Some(reason.to_string());
            } else if let Some(reason) = word.strip_prefix("fails: ") {
                block.fails = Some(reason.to_string());
            } else if word == "needs root" {
                block.needs_root = true;
            } else if word == "needs mounts" {
                block.needs_mounts = true;
            } else if word == "needs native" {
                block.needs_native = true;
            } else if word == "needs namespaces" {
                block.needs_namespaces = true;
            } else {
                return Err(format!("line {}: unknown section '{word}'", index + 1));
            }
            continue;
        }
        if line == "\\" && matches!(section, Section::Stdout | Section::Stderr) {
            let bytes = match section {
                Section::Stdout => &mut block.stdout,
                _ => block.stderr.get_or_insert_default(),
            };
            bytes.pop();
            section = Section::None;
            continue;
        }
        match section {
            Section::Script => {
                block.script.push_str(line);
                block.script.push('\n');
            }
            Section::Stdout => push_line(&mut block.stdout, line),
            Section::Stderr => push_line(block.stderr.get_or_insert_default(), line),
            Section::None if line.is_empty() => {}
            Section::None => return Err(format!("line {}: text outside a section", index + 1)),
        }
    }
    for block in &mut blocks {
        trim_gap(&mut block.stdout);
        if let Some(stderr) = &mut block.stderr {
            trim_gap(stderr);
        }
    }
    Ok(blocks)
}

fn push_line(section: &mut Vec<u8>, line: &str) {
    section.extend_from_slice(line.as_bytes());
    section.push(b'\n');
}

/// The empty line before the next block is not output.
fn trim_gap(section: &mut Vec<u8>) {
    if section.ends_with(b"\n\n") || section == b"\n" {
        section.pop();
    }
}

/// What a block really did.
struct Outcome {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: i32,
}

/// Runs every block below `folder` as a test and gives the process's exit status.
pub fn main(folder: &str, program: &str) -> ExitCode {
    let arguments = Arguments::from_args();
    let reference = std::env::var_os("TARN_REFERENCE").map(PathBuf::from);
    let program = std::env::var_os("TARN_RBOX").map_or_else(|| PathBuf::from(program), PathBuf::from);
    let program = reference.clone().unwrap_or(program);
    let links = match link_applets(&program) {
        Ok(links) => Arc::new(links),
        Err(error) => {
            eprintln!("golden: {}: {error}", program.display());
            return ExitCode::FAILURE;
        }
    };
    let mut files = Vec::new();
    collect(Path::new(folder), &mut files);
    files.sort();
    if std::env::var_os("UPDATE").is_some() && reference.is_none() {
        return update(&files, links.path());
    }
    let mut trials = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).with_extension("").display().to_string();
        let blocks = match fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| parse(&text))
        {
            Ok(blocks) => blocks,
            Err(error) => {
                eprintln!("golden: {}: {error}", file.display());
                return ExitCode::FAILURE;
            }
        };
        for block in blocks {
            let links = Arc::clone(&links);
            let emulated = std::env::var_os("TARN_RUNNER").is_some();
            let skipped = block.needs_root && !is_root()
                || block.needs_native && emulated
                || block.needs_namespaces && (emulated || !has_namespaces())
                || reference.is_some() && block.differs.is_some();
            let of_reference = reference.is_some();
            trials.push(
                Trial::test(format!("{name}: {}", block.title), move || {
                    check(&block, links.path(), of_reference)
                })
                .with_ignored_flag(skipped),
            );
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

/// Whether a user may make namespaces here; asked once.
fn has_namespaces() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let allowed = Command::new("unshare").args(["-rmn", "true"]).stderr(Stdio::null()).status();
        let allowed = allowed.is_ok_and(|status| status.success());
        if !allowed {
            eprintln!("golden: `unshare -rmn` is not allowed here; the blocks that need it are skipped");
        }
        allowed
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "test") {
            files.push(path);
        }
    }
}

/// A folder with a link by the name of each applet of `program`, in a temporary directory.
pub fn link_applets(program: &Path) -> Result<Directory, String> {
    let program = program.canonicalize().map_err(|error| error.to_string())?;
    let directory = Directory::new("golden-bin").map_err(|error| error.to_string())?;
    let mut command = Command::new(&program);
    // Whatever the file is called, its own name as argv[0] makes it list its applets.
    let own_name = if program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("busybox")) {
        "busybox"
    } else {
        "rbox"
    };
    let runner = std::env::var_os("TARN_RUNNER").map(PathBuf::from);
    if let Some(runner) = &runner {
        command = Command::new(runner);
        command.arg("-0").arg(own_name).arg(&program);
    } else {
        command.arg0(own_name);
    }
    let list = command.arg("--list").output().map_err(|error| error.to_string())?;
    for name in String::from_utf8_lossy(&list.stdout).lines() {
        let link = directory.path().join(name);
        match &runner {
            None => std::os::unix::fs::symlink(&program, link),
            Some(runner) => write_wrapper(&link, runner, name, &program),
        }
        .map_err(|error| error.to_string())?;
    }
    Ok(directory)
}

/// An executable that runs `program` as `name` under an emulator for programs of another architecture.
fn write_wrapper(path: &Path, runner: &Path, name: &str, program: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let text = format!("#!/bin/sh\nexec '{}' -0 '{name}' '{}' \"$@\"\n", runner.display(), program.display());
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

fn check(block: &Block, bin: &Path, of_reference: bool) -> Result<(), Failed> {
    let outcome = run(block, bin).map_err(Failed::from)?;
    let result = compare(block, &outcome, of_reference);
    match (&block.fails, result) {
        (Some(_), Err(_)) => Ok(()),
        (Some(reason), Ok(())) => Err(Failed::from(format!("passes now, so remove `## fails: {reason}`"))),
        (None, result) => result.map_err(Failed::from),
    }
}

fn compare(block: &Block, outcome: &Outcome, of_reference: bool) -> Result<(), String> {
    let mut problems = String::new();
    if outcome.stdout != block.stdout {
        problems += &difference("stdout", &block.stdout, &outcome.stdout);
    }
    match &block.stderr {
        // The reference prints its own banner and usage: only that it complains is compared.
        Some(expected) if of_reference && expected.is_empty() == outcome.stderr.is_empty() => {}
        Some(expected) if *expected != outcome.stderr => {
            problems += &difference("stderr", expected, &outcome.stderr);
        }
        None if block.status == 0 && !outcome.stderr.is_empty() => {
            problems += &difference("stderr", b"", &outcome.stderr);
        }
        _ => {}
    }
    if outcome.status != block.status {
        problems += &format!("status: expected {}, got {}\n", block.status, outcome.status);
        if block.stderr.is_none() {
            problems += &difference("stderr", b"", &outcome.stderr);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("{}\n{problems}", block.script)) }
}

fn difference(what: &str, expected: &[u8], got: &[u8]) -> String {
    format!(
        "{what}: expected\n{}\n{what}: got\n{}\n",
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(got)
    )
}

/// Runs the script of a block in a fresh directory, with a time limit.
fn run(block: &Block, bin: &Path) -> Result<Outcome, String> {
    let directory = Directory::new("golden").map_err(|error| error.to_string())?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-u", "-c", &block.script])
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", bin.display()))
        .env("bin", bin)
        .env("root", concat!(env!("CARGO_MANIFEST_DIR"), "/../../boot/root"))
        .env("HOME", directory.path())
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = if block.needs_mounts || block.needs_namespaces {
        command.spawn()
    } else {
        confined::spawn(&mut command)
    }
    .map_err(|error| error.to_string())?;
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > TIME_LIMIT => {
                let _ = Command::new("kill").args(["-9", "--", &format!("-{}", child.id())]).status();
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{}\nstill running after {TIME_LIMIT:?}", block.script));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    // A process in a group of its own may have been left behind with the output open: it would keep the readers for ever.
    while !(stdout.is_finished() && stderr.is_finished()) {
        if start.elapsed() > TIME_LIMIT {
            return Err(format!(
                "{}\nended, and left a process that still writes after {TIME_LIMIT:?}",
                block.script
            ));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    use std::os::unix::process::ExitStatusExt;
    Ok(Outcome {
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
        status: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
    })
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth comparing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Writes what the blocks do now into their files.
fn update(files: &[PathBuf], bin: &Path) -> ExitCode {
    for file in files {
        let Ok(text) = fs::read_to_string(file) else { continue };
        let Ok(blocks) = parse(&text) else {
            eprintln!("golden: {}: not understood, left as it is", file.display());
            continue;
        };
        let mut written = String::new();
        for (index, block) in blocks.iter().enumerate() {
            let Ok(outcome) = run(block, bin) else {
                eprintln!("golden: {}: '{}' did not end, file left as it is", file.display(), block.title);
                return ExitCode::FAILURE;
            };
            if index > 0 {
                written.push('\n');
            }
            written += &render(block, &outcome);
        }
        if written != text {
            println!("updated {}", file.display());
            if let Err(error) = fs::write(file, written) {
                eprintln!("golden: {}: {error}", file.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn render(block: &Block, outcome: &Outcome) -> String {
    let mut text = format!("#### {}\n{}", block.title, block.script);
    if !outcome.stdout.is_empty() {
        text += &section("stdout", &outcome.stdout);
    }
    if !outcome.stderr.is_empty() {
        text += &section("stderr", &outcome.stderr);
    }
    if outcome.status != 0 {
        text += &format!("## status {}\n", outcome.status);
    }
    if let Some(reason) = &block.differs {
        text += &format!("## differs busybox: {reason}\n");
    }
    if let Some(reason) = &block.fails {
        text += &format!("## fails: {reason}\n");
    }
    if block.needs_root {
        text += "## needs root\n";
    }
    if block.needs_mounts {
        text += "## needs mounts\n";
    }
    if block.needs_native {
        text += "## needs native\n";
    }
    if block.needs_namespaces {
        text += "## needs namespaces\n";
    }
    text
}

fn section(name: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let end = if text.ends_with('\n') { "" } else { "\n\\\n" };
    format!("## {name}\n{text}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks() {
        let blocks = parse(
            "#### one\necho a\n## stdout\na\n\n#### two\nprintf b; false\n## stdout\nb\n\\\n\n## status 1\n## needs root\n",
        )
        .unwrap();
        assert_eq!(blocks[0].script, "echo a\n");
        assert_eq!(blocks[0].stdout, b"a\n");
        assert_eq!(blocks[1].stdout, b"b");
        assert_eq!((blocks[1].status, blocks[1].needs_root), (1, true));
        assert!(parse("#### x\n## nonsense\n").is_err());
    }
}
