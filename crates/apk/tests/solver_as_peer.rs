//! The solver's cases: small repositories with what the command prints for them; the same lines from the peer where
//! TARN_PEER_APK names it.
//!
//! A case (`solver/*.case`): `world:` with its words; packages, a line each, `NAME VERSION|LETTER:VALUE...`, those that
//! are also installed behind `+`, those that are only installed behind `-`; then blocks of `$ ARGUMENTS`, the lines of
//! stdout and stderr, and `? EXIT CODE`.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use apk::identity::Digest;
use apk::v2::writer::Member;

/// A root of its own, removed at the end.
struct Root(PathBuf);

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The index block of a package's line.
fn block(line: &str) -> String {
    let mut fields = line.split('|');
    let mut words = fields.next().unwrap_or_default().split(' ');
    let mut identity = Vec::new();
    Digest::sha1(line.as_bytes()).write(&mut identity);
    let mut text = format!(
        "C:{}\nP:{}\nV:{}\nA:x86_64\nS:100\nI:1000\nT:text\nU:url\nL:MIT\n",
        String::from_utf8(identity).unwrap(),
        words.next().unwrap(),
        words.next().unwrap()
    );
    for field in fields {
        let _ = writeln!(text, "{field}");
    }
    text.push('\n');
    text
}

/// Makes the root of a case: its database, and the index of `test:repository` in the cache.
fn make_root(name: &str, head: &[&str]) -> Root {
    let root = Root(std::env::temp_dir().join(format!("apk-solver-{name}-{}", std::process::id())));
    for folder in ["etc/apk", "lib/apk/db", "var/cache/apk"] {
        fs::create_dir_all(root.0.join(folder)).unwrap();
    }
    let (mut world, mut installed, mut index) = (String::new(), String::new(), String::new());
    for line in head {
        if let Some(words) = line.strip_prefix("world:") {
            words.split_whitespace().for_each(|word| {
                let _ = writeln!(world, "{word}");
            });
        } else if let Some(package) = line.strip_prefix('-') {
            installed.push_str(&block(package));
        } else {
            let package = line.trim_start_matches('+');
            index.push_str(&block(package));
            if line.starts_with('+') {
                installed.push_str(&block(package));
            }
        }
    }
    fs::write(root.0.join("etc/apk/world"), world).unwrap();
    fs::write(root.0.join("etc/apk/arch"), "x86_64\n").unwrap();
    fs::write(root.0.join("lib/apk/db/installed"), installed).unwrap();
    fs::write(root.0.join("lib/apk/db/triggers"), "").unwrap();
    let mut member = Member::new();
    member.file(b"APKINDEX", 0, index.as_bytes());
    let hash = Digest::sha256(b"test:repository/x86_64/APKINDEX.tar.gz").hex();
    let cached = root.0.join(format!("var/cache/apk/APKINDEX.{}.tar.gz", &hash[..8]));
    fs::write(cached, member.pack(true).unwrap()).unwrap();
    root
}

/// What a program prints for the arguments, as a block of a case.
fn run(program: &Path, root: &Root, arguments: &str) -> String {
    let output = Command::new(program)
        .env_clear()
        .args(["--allow-untrusted", "--simulate", "-X", "test:repository", "--root"])
        .arg(&root.0)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    format!("{}{}? {code}\n", text(output.stdout), text(output.stderr))
}

#[test]
fn cases() {
    let peer = std::env::var_os("TARN_PEER_APK").map(PathBuf::from);
    if peer.is_none() {
        eprintln!("TARN_PEER_APK is not set: the peer is not asked");
    }
    let ours = Path::new(env!("CARGO_BIN_EXE_apk"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/solver");
    let mut failures = String::new();
    let mut blocks = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (head, rest) = text.split_once("\n$ ").unwrap();
        let head: Vec<&str> =
            head.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let root = make_root(&name, &head);
        for block in rest.split("\n$ ") {
            let (arguments, expected) = block.split_once('\n').unwrap();
            let expected = format!("{}\n", expected.trim_end_matches('\n'));
            for program in std::iter::once(ours).chain(peer.as_deref()) {
                let got = run(program, &root, arguments);
                if got != expected {
                    let _ = writeln!(
                        failures,
                        "{name}: {} {arguments}\nexpected:\n{expected}got:\n{got}",
                        program.display()
                    );
                }
            }
            blocks += 1;
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(blocks > 60, "only {blocks} blocks were found");
}
