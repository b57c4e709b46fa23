//! Commands that change a root print and leave behind what the reference does, to the byte.
//!
//! TARN_PEER_APK names the reference, TARN_PEER_BUSYBOX the shell that scripts of packages are run by; without them this
//! test says so and does nothing. A case (`run/*.case`): packages, then lines that begin with `$`, each run by a shell in a
//! folder of its own, once by the reference and once by ours. `root` is the root; its files are compared after every line.
//! `a WORDS` is apk with the usual options, `s WORDS` the same with packages of a server. Everything runs in namespaces of its own. `APK_CASE=TEXT` chooses cases
//! whose title has the text.
//!
//! A package: `package v2|v3 NAME VERSION [KEY=VALUE]...`, then indented: `d PATH MODE [OWNER:GROUP]`, `f PATH MODE [OWNER:GROUP] TEXT`,
//! `l PATH TARGET`, `h PATH TARGET`, `p PATH` (fifo), `c PATH MAJOR MINOR` (device), `x PATH NAME VALUE` (attribute of the file above), `s SCRIPT TEXT`, `t TRIGGER`.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::server::Server;
use common::{Packages, Scratch};

/// What every line of a case may use.
const PRELUDE: &str = "\
export PATH=$PWD/bin:$PATH SOURCE_DATE_EPOCH=1700000000
umask 022
two=${PWD%/*}/v2 three=${PWD%/*}/v3
a() { apk --root root --repository ../v2 --repository-config \"v3 $three\" --allow-untrusted --arch x86_64 \"$@\"; }
v2() { apk --root root --repository ../v2 --allow-untrusted --arch x86_64 \"$@\"; }
v3() { apk --root root --repository-config \"v3 $three\" --allow-untrusted --arch x86_64 \"$@\"; }
s() { apk --root root --repository-config \"v3 $server/v3\" --allow-untrusted --arch x86_64 \"$@\"; }
o() { apk --root root --no-network --allow-untrusted \"$@\"; }
";

struct Case {
    title: String,
    packages: Packages,
    lines: Vec<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "case")) {
        let mut shared = String::new();
        for text in format!("\n{}", fs::read_to_string(file).unwrap()).split("\n#### ").map(str::to_string) {
            let (title, text) = text.split_once('\n').unwrap_or((&text, ""));
            if title.is_empty() || title.starts_with("# ") {
                shared = text.to_string();
                continue;
            }
            let text = format!("{shared}\n{text}");
            let lines = text.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_string).collect();
            let stem = file.file_stem().unwrap().to_string_lossy();
            cases.push(Case { title: format!("{stem}: {title}"), packages: Packages::parse(&text), lines });
        }
    }
    cases
}

fn shell(folder: &Path, port: u16, line: &str) -> Output {
    Command::new("timeout")
        .args(["20", "unshare", "-Urmpf", "--mount-proc", "sh", "-c"])
        .arg(format!("server=http://127.0.0.1:{port}\n{PRELUDE}\n{line}"))
        .current_dir(folder)
        .env_remove("APK_CONFIG")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The log without what differs from run to run.
fn log(text: &str) -> String {
    let lines = text.lines().map(|line| match line.rsplit_once("` at ") {
        Some((start, _)) => format!("{start}` at TIME\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

fn content(path: &Path, name: &str) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    if name == "var/log/apk.log" {
        return log(&String::from_utf8_lossy(&bytes));
    }
    let bytes = if name.ends_with("lib/apk/db/scripts.tar.gz") {
        let mut tar = Vec::new();
        let _ = archive::gzip::Reader::new(&mut std::io::Cursor::new(bytes)).read_to_end(&mut tar);
        tar
    } else {
        bytes
    };
    bytes.escape_ascii().to_string().replace(&"\\x00".repeat(8), "")
}

/// Everything below the root. Of the database's lock and our own files there is nothing to compare.
fn snapshot(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    let mut inodes: BTreeMap<u64, String> = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let meta = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if ["lib/apk/db/lock", "lib/apk/db/history", "bin/busybox", "lib/apk/exec"]
                .contains(&name.as_str())
            {
                continue;
            }
            let mut facts = format!("{:o} {}:{}", meta.mode(), meta.uid(), meta.gid());
            if meta.is_dir() {
                folders.push(path.clone());
            } else if meta.is_symlink() {
                let _ = write!(facts, " -> {}", fs::read_link(&path).unwrap().display());
            } else if meta.file_type().is_fifo() || meta.rdev() != 0 {
                let _ = write!(facts, " {}", meta.rdev());
            } else {
                if meta.nlink() > 1 {
                    let first = inodes.entry(meta.ino()).or_insert(name.clone());
                    let _ = write!(facts, " = {first}");
                }
                if meta.mtime() < 1_700_000_001 {
                    let _ = write!(facts, " @{}", meta.mtime());
                }
                let _ = write!(facts, " {}", content(&path, &name));
            }
            found.insert(name, facts);
        }
    }
    found
}

struct Bench {
    scratch: Scratch,
    server: Server,
    differences: Vec<String>,
}

impl Bench {
    fn new(case: &Case, peer: &Path, busybox: &Path) -> Bench {
        let scratch = Scratch::new("run");
        for (side, program) in [("peer", peer), ("ours", Path::new(env!("CARGO_BIN_EXE_apk")))] {
            let folder = scratch.path.join(side);
            fs::create_dir_all(folder.join("bin")).unwrap();
            symlink(program, folder.join("bin/apk")).unwrap();
            fs::create_dir_all(folder.join("root/bin")).unwrap();
            fs::copy(busybox, folder.join("root/bin/busybox")).unwrap();
            symlink("busybox", folder.join("root/bin/sh")).unwrap();
        }
        case.packages.write(&scratch.path);
        let server = Server::start(scratch.path.clone());
        Bench { scratch, server, differences: Vec::new() }
    }

    fn run(&mut self, title: &str, line: &str) {
        let sides = ["peer", "ours"].map(|side| self.scratch.path.join(side));
        let [peer, ours] = [&sides[0], &sides[1]].map(|folder| {
            let output = shell(folder, self.server.port, line);
            (output, snapshot(&folder.join("root")))
        });
        let mut said_the_same = true;
        for (what, peer, ours) in
            [("stdout", &peer.0.stdout, &ours.0.stdout), ("stderr", &peer.0.stderr, &ours.0.stderr)]
        {
            if peer != ours {
                said_the_same = false;
                let (peer, ours) = (String::from_utf8_lossy(peer), String::from_utf8_lossy(ours));
                self.differences.push(format!("{title}: {line}: {what}\n--- peer\n{peer}--- ours\n{ours}"));
            }
        }
        if peer.0.status != ours.0.status {
            self.differences.push(format!("{title}: {line}: peer {}, ours {}", peer.0.status, ours.0.status));
        }
        let names: std::collections::BTreeSet<&String> = peer.1.keys().chain(ours.1.keys()).collect();
        for name in names {
            let (peer, ours) = (peer.1.get(name), ours.1.get(name));
            // The log repeats what was said.
            if peer != ours && (said_the_same || name != "var/log/apk.log") {
                let lines = |text: Option<&String>| -> Vec<String> {
                    text.map_or("-", |text| text).split("\\n").map(str::to_string).collect()
                };
                let (peer, ours) = (lines(peer), lines(ours));
                let only = |these: &[String], those: &[String]| -> String {
                    these
                        .iter()
                        .filter(|line| !those.contains(line))
                        .map(|line| format!("    {line}\n"))
                        .collect()
                };
                let (mut more, mut less) = (only(&peer, &ours), only(&ours, &peer));
                if more.is_empty() && less.is_empty() {
                    // Only the order is another.
                    (more, less) = (only(&peer, &[]), only(&ours, &[]));
                }
                self.differences.push(format!("{title}: {line}: {name}\n--- peer\n{more}--- ours\n{less}"));
            }
        }
        if std::env::var_os("APK_SHOW").is_some() {
            let (out, error) =
                (String::from_utf8_lossy(&peer.0.stdout), String::from_utf8_lossy(&peer.0.stderr));
            eprintln!("$ {line}\n{out}{error}? {}", peer.0.status);
        }
    }
}

#[test]
fn changes_of_a_root() {
    let (Some(peer), Some(busybox)) =
        (std::env::var_os("TARN_PEER_APK"), std::env::var_os("TARN_PEER_BUSYBOX"))
    else {
        eprintln!("skipped: TARN_PEER_APK or TARN_PEER_BUSYBOX is not set");
        return;
    };
    let wanted = std::env::var("APK_CASE").unwrap_or_default();
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases().iter().filter(|case| case.title.contains(&wanted)) {
        let mut bench = Bench::new(case, Path::new(&peer), Path::new(&busybox));
        for line in &case.lines {
            bench.run(&case.title, line);
            // What follows differs because of what came before.
            if !bench.differences.is_empty() && std::env::var_os("APK_ALL").is_none() {
                break;
            }
        }
        differences.append(&mut bench.differences);
        count += 1;
    }
    assert!(count > 0, "no case");
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}
