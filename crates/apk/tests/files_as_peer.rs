//! The applets that read and write files say and write what the reference does, to the byte.
//!
//! TARN_PEER_APK names the reference, TARN_TESTDATA the folder of real files; without them this test says so and does
//! nothing. Each command line runs in two equal folders, by the reference in one and by ours in the other.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, UNIX_EPOCH};

struct Bench {
    folder: PathBuf,
    peer: PathBuf,
    data: PathBuf,
    differences: Vec<String>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Bench {
    fn new_in(name: &str) -> Option<Bench> {
        let (Some(peer), Some(data)) = (std::env::var_os("TARN_PEER_APK"), std::env::var_os("TARN_TESTDATA"))
        else {
            eprintln!("skipped: TARN_PEER_APK or TARN_TESTDATA is not set");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("apk-files-{name}-{}", std::process::id()));
        for side in ["peer", "ours"] {
            fill(&folder.join(side), &Path::new(&data).join("apk"))
                .expect("the temporary folder can be written");
        }
        Some(Bench { folder, peer: peer.into(), data: Path::new(&data).join("apk"), differences: Vec::new() })
    }

    fn output(&self, side: &str, program: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.join(side)).env("SOURCE_DATE_EPOCH", "1700000000");
        command.env_remove("APK_CONFIG").output().expect("the program can be started")
    }

    /// Runs a command line, whose words are separated by `|` where one has blanks.
    fn run(&mut self, line: &str) {
        let separator = if line.contains('|') { '|' } else { ' ' };
        let args: Vec<&str> = line.split(separator).collect();
        let peer = self.output("peer", &self.peer, &args);
        let ours = self.output("ours", Path::new(env!("CARGO_BIN_EXE_apk")), &args);
        for (what, peer, ours) in [
            ("stdout", peer.stdout, ours.stdout),
            ("stderr", peer.stderr, ours.stderr),
            ("status", format!("{:?}", peer.status).into_bytes(), format!("{:?}", ours.status).into_bytes()),
        ] {
            if peer != ours {
                let (peer, ours) = (peer.escape_ascii(), ours.escape_ascii());
                self.differences
                    .push(format!("apk {line}: {what}\n  peer: {peer:.2000}\n  ours: {ours:.2000}"));
            }
        }
    }

    /// Compares a file that both have written.
    fn same(&mut self, name: &str) {
        let read =
            |side: &str| fs::read(self.folder.join(side).join(name)).map_err(|error| error.to_string());
        let (peer, ours) = (read("peer"), read("ours"));
        if peer.is_err() || peer != ours {
            self.differences.push(format!("file {name} is not the same"));
        }
    }

    fn finish(self) {
        assert!(self.differences.is_empty(), "{}", self.differences.join("\n"));
    }
}

fn fill(folder: &Path, data: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for source in ["v2/apko-packages/x86_64", "v2/misc", "v3/mossdef", "keys"] {
        for entry in fs::read_dir(data.join(source))? {
            let entry = entry?;
            let name = entry.file_name();
            let target = if source == "keys" { folder.join("keys").join(name) } else { folder.join(name) };
            fs::create_dir_all(folder.join("keys"))?;
            fs::write(target, fs::read(entry.path())?)?;
        }
    }
    let baselayout = "alpine-baselayout-3.4.0-r0.apk";
    fs::copy(data.join("v2/alpine-3.17-aarch64").join(baselayout), folder.join(baselayout))?;
    fs::write(folder.join("h.txt"), "hello\n".repeat(100))?;
    fs::write(folder.join("s"), "#!/bin/sh\n\necho a\n")?;
    fs::write(folder.join("wrong.yaml"), "#%SCHEMA: 676B6370\nfoo: bar\n")?;
    let root = folder.join("f");
    for name in ["usr/bin", "etc/emptyd", "sub/deep/er", "var"] {
        fs::create_dir_all(root.join(name))?;
    }
    let files: [(&str, &[u8], u32); 6] = [
        ("usr/bin/x", b"hi\n", 0o4755),
        ("etc/empty", b"", 0o644),
        ("sub/deep/big", &[b'b'; 5000], 0o640),
        ("sub/a", b"q\n", 0o644),
        ("sub/deep/er/q", b"q\n", 0o644),
        ("var/own", b"", 0o600),
    ];
    for (name, content, mode) in files {
        fs::write(root.join(name), content)?;
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode))?;
        let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000 + u64::from(mode));
        File::options().append(true).open(root.join(name))?.set_modified(time)?;
    }
    fs::hard_link(root.join("usr/bin/x"), root.join("usr/bin/y"))?;
    fs::set_permissions(root.join("var"), fs::Permissions::from_mode(0o700))
}

const PACKAGES: &str = "custom-ca-certs-1-1.0.0-r0.apk custom-ca-certs-2-1.0.0-r0.apk pretend-baselayout-1.0.0-r0.apk \
                        replayout-1.0.0-r0.apk";

#[test]
fn says_and_writes_what_the_reference_does() {
    let Some(mut bench) = Bench::new_in("files") else { return };
    for line in ["1.0 1.0.1", "1.0a 1.0", "foo 1", "1", "1 2 3", "1.0_rc1 1.0"] {
        bench.run(&format!("version -t {line}"));
    }
    bench.run("version -c 1.0 1.x 2 foo");
    bench.run("version -q -c x");

    let keys = bench.folder.join("peer/keys");
    let keys = keys.display();
    let files = "APKINDEX-untrusted.tar.gz hello-2.12-r0.apk hello-wolfi-2.12.1-r0.apk moci-0.1.1-r1.apk packages.adb \
                 replayout-1.0.0-r0.apk";
    for options in
        [format!("--keys-dir {keys}"), "--allow-untrusted".to_string(), format!("-q --keys-dir {keys}")]
    {
        bench.run(&format!("verify {options} {files}"));
    }
    bench.run("verify h.txt nothing");

    for file in ["moci-0.1.1-r1.apk", "packages.adb", "nothing", "h.txt"] {
        bench.run(&format!("adbdump {file}"));
        bench.run(&format!("adbdump --format json {file}"));
        bench.run(&format!("adbdump --keys-dir {keys} {file}"));
    }
    bench.run("adbdump --format x moci-0.1.1-r1.apk");
    bench.run("adbgen wrong.yaml");
    bench.run("adbsign h.txt --sign-key nothing");
    bench.run("adbsign h.txt");

    let facts = "mkpkg|-c|none|-F|f|-I|name:foo|-I|version:1.0-r0|-I|arch:x86_64|-I|description:a: b # c|-I|license:MIT|-I|\
                 url:http://x|-I|origin:o|-I|maintainer:Me <me@x>|-I|repo-commit:abcdef12|-I|build-time:1700000000|-I|\
                 provider-priority:5|-I|depends:b>=1 a !c so:libx.so.1 q><Q1abc !z>1|-I|provides:cmd:foo=1.0-r0 zz|-I|\
                 install-if:q w=1|-I|recommends:rr|-I|replaces:t|-I|replaces-priority:3|-I|layer:1|-I|tags:b=1 a|-t|/usr/*|\
                 -t|/etc|-s|post-install:s|-s|trigger:s|-o|b.apk";
    bench.run(facts);
    bench.same("b.apk");
    bench.run("adbdump b.apk");
    let text = bench.output("peer", &bench.peer, &["adbdump", "b.apk"]).stdout;
    for side in ["peer", "ours"] {
        fs::write(bench.folder.join(side).join("b.yaml"), &text)
            .expect("the temporary folder can be written");
    }
    bench.run("adbgen b.yaml");
    for compat in ["3.0.0_pre3", "3.0.0"] {
        bench.run(&format!("mkpkg -c none -F f -I name:foo -I version:1 --compat {compat} -o c.apk"));
        bench.same("c.apk");
    }
    for options in [
        "-c foo -I name:foo -I version:1",
        "-I name:foo",
        "-I version:1",
        "-I name:foo -I version:x",
        "-I name:.foo -I version:1",
        "-I foo",
        "-I foo:bar",
        "-I name:foo -I version:1 -s foo:bar",
        "-I name:foo -I version:1 -s post-install:bar",
        "-I name:foo -I version:1 -F nothing",
        "-I name:foo -I version:1 -I depends:a=x",
        "-I name:foo -I version:1 -I build-time:xx",
        "-I name:foo -I version:1 -I hashes:xx",
        "-I name:foo -I version:1 -I installed-size:7",
        "-I name:foo -I version:1 -I tags:a%",
        "-I name:foo -I version:1 -o /nothing/w",
        "-I name:foo -I version:1 --sign-key nothing",
        "-I name: -I version:1",
    ] {
        bench.run(&format!("mkpkg {options}"));
    }

    bench.run(&format!("index --allow-untrusted {PACKAGES} -o i.tar.gz"));
    bench.run("index --allow-untrusted -d desc replayout-1.0.0-r0.apk alpine-baselayout-3.4.0-r0.apk -o k");
    bench.run(&format!("index {PACKAGES} -o k"));
    bench.run("index --allow-untrusted -v nothing replayout-1.0.0-r0.apk -o k");
    bench.run("index --allow-untrusted moci-0.1.1-r1.apk -o k");
    bench.run(&format!("index --allow-untrusted -x i.tar.gz {PACKAGES} -o k"));
    bench.run("index --allow-untrusted -x i.tar.gz --merge replayout-1.0.0-r0.apk -o k");
    bench.run(&format!("mkndx --allow-untrusted -c none {PACKAGES} alpine-baselayout-3.4.0-r0.apk -o i.adb"));
    bench.same("i.adb");
    bench.run("mkndx --allow-untrusted -c none --hash sha256-160 -d desc moci-0.1.1-r1.apk b.apk -o j.adb");
    bench.same("j.adb");
    for options in [
        "moci-0.1.1-r1.apk nothing -o k",
        "replayout-1.0.0-r0.apk -o k",
        "",
        "--allow-untrusted moci-0.1.1-r1.apk --hash foo -o k",
        "--allow-untrusted moci-0.1.1-r1.apk --pkgname-spec ${name}.apk -o k",
        "--allow-untrusted moci-0.1.1-r1.apk -v -o k",
        "--allow-untrusted -x nothing moci-0.1.1-r1.apk -o k",
    ] {
        bench.run(format!("mkndx {options}").trim_end());
    }
    for side in ["peer", "ours"] {
        let folder = bench.folder.join(side).join("root/lib/apk/db");
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let source = bench.data.join("db/alpine-3.20/installed");
        fs::write(folder.join("installed"), fs::read(source).expect("the database is among the data"))
            .expect("the temporary folder can be written");
    }
    bench.run("--root root convdb -c none");
    bench.same("installed.adb");
    bench.run("adbdump installed.adb");
    bench.run("adbdump --format json installed.adb");
    bench.run("convndx --allow-untrusted -c none i.tar.gz");
    bench.run("convndx nothing");
    bench.run("convndx --allow-untrusted replayout-1.0.0-r0.apk");
    bench.finish();
}

#[test]
fn extracts_what_the_reference_does() {
    let Some(mut bench) = Bench::new_in("extract") else { return };
    for side in ["peer", "ours"] {
        let folder = bench.folder.join(side);
        fs::create_dir(folder.join("x")).expect("the temporary folder can be written");
        symlink("elsewhere", folder.join("x/l")).expect("the temporary folder can be written");
    }
    for line in [
        "extract nothing",
        "extract --destination nothing moci-0.1.1-r1.apk",
        "extract moci-0.1.1-r1.apk",
        "extract --allow-untrusted --destination x moci-0.1.1-r1.apk",
        "extract --allow-untrusted --destination x moci-0.1.1-r1.apk",
        "extract --allow-untrusted --force-overwrite --destination x moci-0.1.1-r1.apk",
        "extract -q --allow-untrusted --destination x alpine-baselayout-3.4.0-r0.apk",
    ] {
        bench.run(line);
    }
    let (peer, ours) = (listing(&bench.folder.join("peer/x")), listing(&bench.folder.join("ours/x")));
    assert!(peer.len() > 50);
    assert_eq!(peer, ours);
    bench.finish();
}

/// Path, mode, owner, size and, of files, time.
fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(meta) = entry.path().symlink_metadata() else { continue };
            let time = if meta.is_file() { meta.mtime() } else { 0 };
            let path = entry.path().strip_prefix(root).unwrap_or(&folder).display().to_string();
            let owner = (meta.uid(), meta.gid());
            let size = if meta.is_dir() { 0 } else { meta.size() };
            lines.push(format!("{path} {:o} {owner:?} {size} {time}", meta.mode()));
            if meta.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    lines.sort();
    lines
}
