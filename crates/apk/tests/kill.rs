//! An install, an upgrade and a removal are killed at every system call; the next run finds the old root or the new one.
//! After SIGINT at every system call there is nothing left for a next run to do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod common;

use apk::identity::{Algorithm, Digest, hexadecimal};
use apk::v2::tar::Header;
use apk::v2::writer::Member;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// A folder of its own, removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn data_entry(data: &mut Member, name: &str, kind: u8, content: &[u8]) {
    if kind == b'0' {
        let record = format!("68 APK-TOOLS.checksum.SHA1={}\n", hexadecimal(&Algorithm::Sha1.of(content)));
        data.entry(&Header { kind: b'x', ..Header::default() }, record.as_bytes());
    }
    let mode = if kind == b'5' { 0o755 } else { 0o644 };
    let mut header = Header { name: name.into(), kind, mode, mtime: 1_000_000, ..Header::default() };
    if kind == b'2' {
        header.link = content.to_vec();
        return data.entry(&header, b"");
    }
    data.entry(&header, content);
}

/// Writes an unsigned package; gives its block for the index.
fn package(folder: &Path, name: &str, version: &str, entries: &[(&str, u8, &str)]) -> String {
    let mut data = Member::new();
    for (path, kind, content) in entries {
        data_entry(&mut data, path, *kind, content.as_bytes());
    }
    let data = data.pack(true).unwrap();
    let hash = hexadecimal(&Algorithm::Sha256.of(&data));
    let mut control = Member::new();
    let info = format!("pkgname = {name}\npkgver = {version}\narch = x86_64\nsize = 10\ndatahash = {hash}\n");
    control.file(b".PKGINFO", 0, info.as_bytes());
    let control = control.pack(false).unwrap();
    let identity = Digest::sha1(&control);
    let bytes = [control, data].concat();
    fs::write(folder.join(format!("{name}-{version}.apk")), &bytes).unwrap();
    format!("C:{identity}\nP:{name}\nV:{version}\nA:x86_64\nS:{}\nI:10\nT:t\nU:u\nL:l\n\n", bytes.len())
}

fn repository(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let one = [
        ("etc", b'5', ""),
        ("etc/a.conf", b'0', "one\n"),
        ("usr", b'5', ""),
        ("usr/bin", b'5', ""),
        ("usr/bin/a", b'0', "a one"),
        ("usr/old", b'5', ""),
        ("usr/old/gone", b'0', "x"),
    ];
    let two = [
        ("etc", b'5', ""),
        ("etc/a.conf", b'0', "two\n"),
        ("usr", b'5', ""),
        ("usr/bin", b'5', ""),
        ("usr/bin/a", b'0', "a two"),
        ("usr/new", b'5', ""),
        ("usr/new/link", b'2', "../bin/a"),
    ];
    let other = [("usr", b'5', ""), ("usr/b", b'5', ""), ("usr/b/b", b'0', "b")];
    let index =
        [package(folder, "a", "1", &one), package(folder, "a", "2", &two), package(folder, "b", "1", &other)]
            .concat();
    let mut member = Member::new();
    member.file(b"APKINDEX", 0, index.as_bytes());
    fs::write(folder.join("APKINDEX.tar.gz"), member.pack(true).unwrap()).unwrap();
}

/// Packages of version 3, beside the others.
const V3: &str = "\
package v3 c 1
  f etc/c.conf 644 one
  f usr/bin/c 755 c one
  h usr/bin/ch usr/bin/c
  f usr/gone/x 644 x
package v3 c 2
  f etc/c.conf 644 two
  f usr/bin/c 755 c two
  l usr/new/l ../bin/c
package v3 d 1
  f usr/d/d 644 d
";

fn arguments(scratch: &Path, root: &Path, words: &[&str]) -> Vec<String> {
    let mut arguments = vec!["--root".to_string(), root.display().to_string(), "--repository".to_string()];
    arguments.push(scratch.join("repository").display().to_string());
    arguments.push("--repository".to_string());
    arguments.push(scratch.join("v3/x86_64/Packages.adb").display().to_string());
    arguments.extend(["--allow-untrusted", "--arch", "x86_64"].map(str::to_string));
    arguments.extend(words.iter().map(|word| word.to_string()));
    arguments
}

fn run(scratch: &Path, root: &Path, words: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_apk")).args(arguments(scratch, root, words)).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{words:?}: {text}");
    text
}

/// How a traced run ended.
#[derive(PartialEq, Eq, Debug)]
enum End {
    Killed,
    /// It ended by itself, after that many system calls, with a status.
    Exited(usize, i32),
}

/// Runs the command and sends it the signal when it enters its system call number `at`. `look` is called at each one
/// before.
#[expect(clippy::zombie_processes, reason = "waitpid waits for it, through ptrace")]
fn run_traced(
    scratch: &Path,
    root: &Path,
    words: &[&str],
    (at, sent): (usize, Signal),
    look: &mut dyn FnMut(),
) -> End {
    // The shell waits for a line, so that it can be caught before it becomes the program.
    let mut child = Command::new("/bin/sh")
        .args(["-c", "read line; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_apk")])
        .args(arguments(scratch, root, words))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
        | ptrace::Options::PTRACE_O_TRACEEXEC
        | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::seize(pid, options).unwrap();
    ptrace::interrupt(pid).unwrap();
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let (mut is_program, mut is_inside, mut calls) = (false, false, 0);
    loop {
        let mut signal = None;
        match waitpid(pid, None).unwrap() {
            WaitStatus::Exited(_, status) => return End::Exited(calls, status),
            WaitStatus::Signaled(..) => return End::Killed,
            WaitStatus::PtraceEvent(_, _, event) if event == nix::libc::PTRACE_EVENT_EXEC => {
                // The exit of execve itself comes next.
                (is_program, is_inside) = (true, true);
            }
            WaitStatus::PtraceSyscall(_) if is_program => {
                is_inside = !is_inside;
                if is_inside {
                    calls += 1;
                    look();
                    if calls == at {
                        kill(pid, sent).unwrap();
                    }
                }
            }
            WaitStatus::Stopped(_, stopped) => signal = Some(stopped),
            _ => {}
        }
        let _ = ptrace::syscall(pid, signal);
    }
}

/// What a root holds: mode, owner and content of every path, but of the lock and the log, which tells of every run.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, (u32, u32, String)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().display().to_string()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                String::new()
            } else {
                String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
            };
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            if name != Path::new("lib/apk/db/lock") && name != Path::new("var/log/apk.log") {
                found.insert(name, (metadata.mode(), metadata.uid(), content));
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, from.metadata().unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_symlink() {
            symlink(fs::read_link(&path).unwrap(), &target).unwrap();
        } else if metadata.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(metadata.mode() & 0o7777)).unwrap();
        }
    }
}

/// A root, and what it is after a command.
struct Roots {
    scratch: Scratch,
    old_state: BTreeMap<PathBuf, (u32, u32, String)>,
    new_state: BTreeMap<PathBuf, (u32, u32, String)>,
}

/// Nobody is sent anything.
const NEVER: (usize, Signal) = (usize::MAX, Signal::SIGKILL);

/// How many system calls a run takes differs a little from run to run: several must have ended before their turn.
const OVER: usize = 5;

impl Roots {
    /// `before` are the commands that make the old root; `damage PATH` removes a file of it.
    fn new(name: &str, before: &[&[&str]], words: &[&str]) -> Roots {
        let scratch = Scratch(std::env::temp_dir().join(format!("apk-kill-{name}-{}", std::process::id())));
        let folder = &scratch.0;
        let _ = fs::remove_dir_all(folder);
        repository(&folder.join("repository/x86_64"));
        common::Packages::parse(V3).write(folder);
        let old = folder.join("old");
        fs::create_dir(&old).unwrap();
        run(folder, &old, &["--initdb", "add"]);
        for words in before {
            match words {
                ["damage", path] => fs::remove_file(old.join(path)).unwrap(),
                words => drop(run(folder, &old, words)),
            }
        }
        let old_state = snapshot(&old);

        let new = folder.join("new");
        copy(&old, &new);
        let journal = new.join("lib/apk/db/journal");
        let mut has_journal = false;
        let end = run_traced(folder, &new, words, NEVER, &mut || has_journal |= journal.exists());
        assert!(matches!(end, End::Exited(_, 0)) && has_journal, "{name}: {end:?}, journal: {has_journal}");
        run(folder, &new, &["add"]);
        let new_state = snapshot(&new);
        assert_ne!(old_state, new_state);
        Roots { scratch, old_state, new_state }
    }

    /// Runs the command on the old root, sends the signal, and looks what the root is then. True if it is new.
    fn interrupt(&self, words: &[&str], at: usize, sent: Signal) -> (End, bool) {
        let folder = &self.scratch.0;
        let root = folder.join("root");
        copy(&folder.join("old"), &root);
        let end = run_traced(folder, &root, words, (at, sent), &mut || {});
        if sent == Signal::SIGKILL {
            // Whichever command comes next: one that may write, or one that only looks.
            run(folder, &root, if at.is_multiple_of(2) { &["add"] } else { &["audit"] });
        }
        let state = snapshot(&root);
        let is_new = state != self.old_state;
        if is_new {
            for (path, is) in &state {
                assert_eq!(Some(is), self.new_state.get(path), "{words:?}: at {at}: {}", path.display());
            }
            assert_eq!(state.len(), self.new_state.len(), "{words:?}: at {at}");
        }
        fs::remove_dir_all(&root).unwrap();
        (end, is_new)
    }
}

/// Kills the command at each of its system calls.
fn kill_everywhere(name: &str, before: &[&[&str]], words: &[&str]) {
    let roots = Roots::new(name, before, words);
    let (mut undone, mut finished, mut over) = (0, 0, 0);
    for at in 1.. {
        let (end, is_new) = roots.interrupt(words, at, Signal::SIGKILL);
        *if is_new { &mut finished } else { &mut undone } += 1;
        if let End::Exited(calls, _) = end {
            assert!(is_new, "{name}: {calls} calls");
            over += 1;
            if over == OVER {
                break;
            }
        }
    }
    assert!(undone > 0 && finished > OVER, "{name}: {undone} undone, {finished} finished");
}

/// Asks the command to end at each of its system calls.
fn stop_everywhere(name: &str, before: &[&[&str]], words: &[&str]) {
    // Background jobs of some shells ignore it, and so would the command.
    sys::catch::set(Signal::SIGINT as i32, sys::catch::Disposition::Default).unwrap();
    let roots = Roots::new(name, before, words);
    let (mut undone, mut finished, mut over) = (0, 0, 0);
    for at in 1.. {
        let (end, is_new) = roots.interrupt(words, at, Signal::SIGINT);
        *if is_new { &mut finished } else { &mut undone } += 1;
        match end {
            // Before the program has asked to be told.
            End::Killed => assert!(!is_new, "{name}: at {at}"),
            End::Exited(_, 130) => {}
            End::Exited(_, 0) => over += usize::from(is_new),
            other => panic!("{name}: at {at}: {other:?}"),
        }
        if over == OVER {
            break;
        }
    }
    assert!(undone > OVER && finished > OVER, "{name}: {undone} undone, {finished} finished");
}

#[test]
fn an_install() {
    kill_everywhere("install", &[], &["add", "a=1", "b"]);
}

#[test]
fn an_upgrade() {
    kill_everywhere("upgrade", &[&["add", "a=1", "b"]], &["add", "a=2"]);
}

#[test]
fn a_removal() {
    kill_everywhere("removal", &[&["add", "a=1", "b"]], &["add", "!a"]);
}

#[test]
fn a_repair() {
    let before: &[&[&str]] = &[&["add", "a=1", "c=1"], &["damage", "usr/bin/a"], &["damage", "usr/gone/x"]];
    kill_everywhere("fix", before, &["fix", "a", "c"]);
}

#[test]
fn an_undo() {
    let before: &[&[&str]] = &[&["add", "a=1", "b"], &["add", "a=2", "c"]];
    kill_everywhere("undo", before, &["undo"]);
}

#[test]
fn an_install_of_version_3() {
    kill_everywhere("install3", &[], &["add", "c=1", "d"]);
}

#[test]
fn an_upgrade_of_version_3() {
    kill_everywhere("upgrade3", &[&["add", "c=1", "d"]], &["add", "c=2", "!d"]);
}

#[test]
fn an_install_is_stopped() {
    stop_everywhere("stop-install", &[], &["add", "a=1", "c=1"]);
}

#[test]
fn an_upgrade_is_stopped() {
    stop_everywhere("stop-upgrade", &[&["add", "a=1", "c=1"]], &["add", "a=2", "c=2"]);
}

#[test]
fn a_removal_is_stopped() {
    stop_everywhere("stop-removal", &[&["add", "a=1", "b"]], &["add", "!a"]);
}
