//! Queries print what the peer prints, to the byte: made-up repositories and a database (`queries/`), and real ones.
//!
//! Skipped, saying so, where TARN_PEER_APK does not name the peer; the real ones where TARN_TESTDATA does not name the
//! folder of real files.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use apk::identity::Digest;
use apk::v2::writer::Member;

/// A root of its own, removed at the end.
struct Root(PathBuf);

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Root {
    fn new(name: &str) -> Root {
        let root = Root(std::env::temp_dir().join(format!("apk-queries-{name}-{}", std::process::id())));
        for folder in ["etc/apk", "lib/apk/db", "var/cache/apk"] {
            fs::create_dir_all(root.0.join(folder)).unwrap();
        }
        fs::write(root.0.join("etc/apk/arch"), "x86_64\n").unwrap();
        root
    }

    /// Puts an index where the cache has that of `test:NAME`.
    fn cache(&self, name: &str, arch: &str, index: &[u8]) {
        let hash = Digest::sha256(format!("test:{name}/{arch}/APKINDEX.tar.gz").as_bytes()).hex();
        fs::write(self.0.join(format!("var/cache/apk/APKINDEX.{}.tar.gz", &hash[..8])), index).unwrap();
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .env_clear()
            .arg("--root")
            .arg(&self.0)
            .arg("--allow-untrusted")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("{}-- stderr\n{}? {:?}\n", text(&output.stdout), text(&output.stderr), output.status.code())
    }

    /// The lines in which the programs differ, command by command.
    fn compare<'c>(&self, peer: &Path, before: &[&str], commands: impl Iterator<Item = &'c str>) -> String {
        let ours = Path::new(env!("CARGO_BIN_EXE_apk"));
        let mut differences = String::new();
        for command in commands {
            let arguments: Vec<&str> = before.iter().copied().chain(command.split(' ')).collect();
            let (expected, got) = (self.run(peer, &arguments), self.run(ours, &arguments));
            if expected != got {
                let lines = expected.lines().zip(got.lines()).position(|(expected, got)| expected != got);
                let at = lines.unwrap_or_else(|| expected.lines().count().min(got.lines().count()));
                let from = |text: &str| text.lines().skip(at).take(6).collect::<Vec<_>>().join("\n");
                let _ = writeln!(
                    differences,
                    "apk {command}: line {}\n-- expected\n{}\n-- got\n{}\n",
                    at + 1,
                    from(&expected),
                    from(&got)
                );
            }
        }
        differences
    }
}

fn peer() -> Option<PathBuf> {
    let peer = std::env::var_os("TARN_PEER_APK").map(PathBuf::from);
    if peer.is_none() {
        eprintln!("skipped: TARN_PEER_APK is not set");
    }
    peer
}

#[test]
fn made_up_systems() {
    let Some(peer) = peer() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries");
    let root = Root::new("made-up");
    for (from, to) in [
        ("installed", "lib/apk/db/installed"),
        ("triggers", "lib/apk/db/triggers"),
        ("world", "etc/apk/world"),
    ] {
        fs::copy(folder.join(from), root.0.join(to)).unwrap();
    }
    for (name, description) in [("R0", "v1.2-3-g123 [/x]"), ("R1", "edge")] {
        let mut member = Member::new();
        member.file(b"DESCRIPTION", 0, description.as_bytes());
        member.file(b"APKINDEX", 0, &fs::read(folder.join(format!("{name}.index"))).unwrap());
        root.cache(name, "x86_64", &member.pack(true).unwrap());
    }
    let commands = fs::read_to_string(folder.join("commands")).unwrap();
    let commands = commands.lines().filter(|line| !line.starts_with('#'));
    assert!(commands.clone().count() > 300);
    let differences = root.compare(&peer, &["-X", "test:R0", "-X", "@edge test:R1"], commands);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn real_systems() {
    let (Some(peer), Some(data)) = (peer(), std::env::var_os("TARN_TESTDATA")) else {
        eprintln!("skipped: TARN_TESTDATA is not set");
        return;
    };
    let data = PathBuf::from(data).join("apk");
    let root = Root::new("real");
    fs::write(root.0.join("etc/apk/arch"), "aarch64\n").unwrap();
    let database = data.join("db/alpine-3.20");
    for (from, to) in [("installed", "lib/apk/db"), ("triggers", "lib/apk/db"), ("world", "etc/apk")] {
        fs::copy(database.join(from), root.0.join(to).join(from)).unwrap();
    }
    let index = fs::read(data.join("v2/alpine-3.17-aarch64/APKINDEX.tar.gz")).unwrap();
    root.cache("main", "aarch64", &index);
    let commands = [
        "list",
        "list -I",
        "list -u",
        "list -O",
        "list -a lib*",
        "list -P so:lib*",
        "list -d so:libz.so.1",
        "list -o openssl",
        "search",
        "search -q lib",
        "search -d compress",
        "search -r libxml2",
        "search -o lua",
        "search -e cmd:sh",
        "search so:libcrypto",
        "info",
        "info -vv",
        "info -a busybox",
        "info -r musl",
        "info -L apk-tools",
        "info zlib busybox",
        "info cmd:sh",
        "policy musl",
        "policy *zlib*",
        "version",
        "version -v",
        "version -I",
        "version -l <>=? -v",
        "query --fields all musl",
        "query --fields all:package libxml2 --format json",
        "query --format yaml --fields all busybox*",
        "query --format json --fields name,version,depends,provides *",
        "query --summarize origin *",
        "query --summarize license *",
        "query --summarize depends lua*",
        "query -R --fields package nginx",
        "query --match depends --fields package so:libssl.so.3",
        "query --installed --fields contents *",
        "dot zlib",
        "dot busybox lua5.4",
        "dot --installed",
    ];
    let differences = root.compare(&peer, &["-X", "test:main"], commands.into_iter());
    assert!(differences.is_empty(), "{differences}");
}
