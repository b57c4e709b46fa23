//! What several tests need: folders that are removed at the end, and packages of both formats made from a few lines.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part; what fails here fails the test"
)]

pub(crate) mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use apk::identity::{Algorithm, Digest, hexadecimal};
use apk::v2::tar::Header;
use apk::v2::writer::Member;

/// A folder of its own, removed at the end.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("apk-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch { path }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// One entry of a package.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) path: String,
    /// As tar's type flag.
    pub(crate) kind: u8,
    pub(crate) mode: u32,
    pub(crate) owner: (String, String),
    /// Content, or where a link leads.
    pub(crate) text: String,
    pub(crate) device: (u32, u32),
    pub(crate) attributes: Vec<(String, String)>,
}

/// A package to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) is_v3: bool,
    pub(crate) name: String,
    pub(crate) version: String,
    /// `depends`, `provides`, `replaces` and others, as mkpkg names them.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) scripts: Vec<(String, String)>,
    pub(crate) triggers: Vec<String>,
}

/// The packages of a test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packages(pub Vec<Package>);

const TIME: i64 = 1_600_000_000;

impl Packages {
    /// Reads `package` lines and what is indented behind them; other lines are passed over.
    pub(crate) fn parse(text: &str) -> Packages {
        let mut packages: Vec<Package> = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("package ") {
                let mut words = rest.split(' ');
                let (format, name, version) =
                    (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
                let facts = words.map(|word| {
                    let (key, value) = word.split_once('=').unwrap();
                    (key.to_string(), value.replace('_', " "))
                });
                packages.push(Package {
                    is_v3: format == "v3",
                    name: name.to_string(),
                    version: version.to_string(),
                    facts: facts.collect(),
                    ..Package::default()
                });
            } else if let (Some(line), Some(package)) = (line.strip_prefix("  "), packages.last_mut()) {
                package.line(line);
            }
        }
        // The same package again is the later one.
        let mut kept: Vec<Package> = Vec::new();
        for package in packages {
            kept.retain(|other| {
                (&other.name, &other.version, other.is_v3) != (&package.name, &package.version, package.is_v3)
            });
            kept.push(package);
        }
        Packages(kept)
    }

    /// Writes the packages and their indexes: `v2/x86_64`, `v3/x86_64`.
    pub(crate) fn write(&self, folder: &Path) {
        let (v2, v3) = (folder.join("v2/x86_64"), folder.join("v3/x86_64"));
        fs::create_dir_all(&v2).unwrap();
        fs::create_dir_all(&v3).unwrap();
        let mut index = String::new();
        let mut files = Vec::new();
        for package in &self.0 {
            if package.is_v3 {
                files.push(package.write_v3(folder, &v3));
            } else {
                index.push_str(&package.write_v2(&v2));
            }
        }
        let mut member = Member::new();
        member.file(b"DESCRIPTION", 0, b"two");
        member.file(b"APKINDEX", 0, index.as_bytes());
        fs::write(v2.join("APKINDEX.tar.gz"), member.pack(true).unwrap()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
        command.args(["mkndx", "-q", "--allow-untrusted", "-d", "three", "-o", "Packages.adb"]);
        let output = command.args(files).current_dir(&v3).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Package {
    fn line(&mut self, line: &str) {
        let (letter, rest) = line.split_once(' ').unwrap();
        let mut words = rest.splitn(3, ' ');
        let path = words.next().unwrap().to_string();
        let mut entry = Entry {
            path,
            kind: b'0',
            mode: 0o644,
            owner: ("root".to_string(), "root".to_string()),
            text: String::new(),
            device: (0, 0),
            attributes: Vec::new(),
        };
        let second = words.next().unwrap_or_default().to_string();
        let third = words.next().unwrap_or_default().to_string();
        match letter {
            "d" | "f" => {
                entry.mode = u32::from_str_radix(&second, 8).unwrap();
                let (owner, text) = third.split_once(' ').unwrap_or((&third, ""));
                entry.text = third.clone();
                if let Some((user, group)) = owner.split_once(':').filter(|_| !owner.contains('/')) {
                    entry.owner = (user.to_string(), group.to_string());
                    entry.text = text.to_string();
                }
                if letter == "d" {
                    entry.kind = b'5';
                } else {
                    entry.text.push('\n');
                }
            }
            "l" => (entry.kind, entry.mode, entry.text) = (b'2', 0o777, second),
            "h" => {
                let target = self.entries.iter().find(|other| other.path == second).unwrap();
                (entry.kind, entry.mode, entry.text) = (b'1', target.mode, second);
            }
            "p" => entry.kind = b'6',
            "c" => (entry.kind, entry.device) = (b'3', (second.parse().unwrap(), third.parse().unwrap())),
            "x" => {
                let last = self.entries.iter_mut().find(|other| other.path == entry.path).unwrap();
                last.attributes.push((second, third));
                return;
            }
            "s" => {
                let text = rest.split_once(' ').unwrap().1;
                self.scripts.push((entry.path, format!("#!/bin/sh\n{}\n", text.replace("\\n", "\n"))));
                return;
            }
            "t" => {
                self.triggers.push(entry.path);
                return;
            }
            other => panic!("{other}: no such entry"),
        }
        self.entries.push(entry);
    }

    /// Writes an unsigned package of version 2; gives its block for the index.
    pub(crate) fn write_v2(&self, folder: &Path) -> String {
        let mut data = Member::new();
        let mut size = 0;
        for entry in &self.entries {
            let mut records = Vec::new();
            let content = if entry.kind == b'0' { entry.text.as_bytes() } else { b"" };
            size += content.len();
            if matches!(entry.kind, b'0' | b'2') {
                let digest = hexadecimal(&Algorithm::Sha1.of(entry.text.as_bytes()));
                record(&mut records, "APK-TOOLS.checksum.SHA1", &digest);
            }
            for (name, value) in &entry.attributes {
                record(&mut records, &format!("SCHILY.xattr.{name}"), value);
            }
            if !records.is_empty() {
                data.entry(
                    &Header { kind: b'x', name: b"PaxHeaders".to_vec(), ..Header::default() },
                    &records,
                );
            }
            let mut header = Header {
                name: entry.path.clone().into(),
                kind: entry.kind,
                mode: entry.mode,
                mtime: TIME,
                user: entry.owner.0.clone().into(),
                group: entry.owner.1.clone().into(),
                ..Header::default()
            };
            if matches!(entry.kind, b'1' | b'2') {
                header.link = entry.text.clone().into();
            }
            if entry.kind == b'3' {
                header.device = entry.device;
            }
            data.entry(&header, content);
        }
        let data = data.pack(true).unwrap();
        let hash = hexadecimal(&Algorithm::Sha256.of(&data));
        let told = self.facts.iter().find(|(key, _)| key == "size").map(|(_, value)| value.parse().unwrap());
        let size = told.unwrap_or(size.max(1));
        let mut info =
            format!("pkgname = {}\npkgver = {}\narch = x86_64\nsize = {size}\n", self.name, self.version);
        info.push_str(&format!("pkgdesc = {} of two\nurl = u\nlicense = MIT\n", self.name));
        for (key, value) in self.facts.iter().filter(|(key, _)| key != "size") {
            let key = match key.as_str() {
                "depends" => "depend",
                "install-if" => "install_if",
                "replaces-priority" => "replaces_priority",
                "provider-priority" => "provider_priority",
                other => other,
            };
            info.push_str(&format!("{key} = {value}\n"));
        }
        if !self.triggers.is_empty() {
            info.push_str(&format!("triggers = {}\n", self.triggers.join(" ")));
        }
        info.push_str(&format!("datahash = {hash}\n"));
        let mut control = Member::new();
        control.file(b".PKGINFO", 0, info.as_bytes());
        for (name, text) in &self.scripts {
            control.file(format!(".{name}").as_bytes(), 0, text.as_bytes());
        }
        let control = control.pack(false).unwrap();
        let identity = Digest::sha1(&control);
        let bytes = [control, data].concat();
        fs::write(folder.join(format!("{}-{}.apk", self.name, self.version)), &bytes).unwrap();
        let mut block = format!(
            "C:{identity}\nP:{}\nV:{}\nA:x86_64\nS:{}\nI:{size}\nT:{} of two\nU:u\nL:MIT\n",
            self.name,
            self.version,
            bytes.len(),
            self.name
        );
        for (key, value) in &self.facts {
            let letter = match key.as_str() {
                "depends" => "D",
                "provides" => "p",
                "install-if" => "i",
                "origin" => "o",
                "provider-priority" => "k",
                _ => continue,
            };
            block.push_str(&format!("{letter}:{value}\n"));
        }
        block + "\n"
    }

    /// Makes a package of version 3 of real files; gives its name.
    pub(crate) fn write_v3(&self, scratch: &Path, folder: &Path) -> String {
        let file = format!("{}-{}.apk", self.name, self.version);
        let files = scratch.join("files");
        let _ = fs::remove_dir_all(&files);
        fs::create_dir(&files).unwrap();
        let mut script = String::from("umask 022\ncd files\n");
        let mut owners = String::new();
        for entry in &self.entries {
            let path = &entry.path;
            let parent = path.rsplit_once('/').map_or(".", |(parent, _)| parent);
            script.push_str(&format!("mkdir -p {parent}\n"));
            script.push_str(&match entry.kind {
                b'5' => format!("mkdir -p {path}\nchmod {:o} {path}\n", entry.mode),
                b'2' => format!("ln -s {} {path}\n", entry.text),
                b'1' => format!("ln {} {path}\n", entry.text),
                b'6' => format!("mkfifo {path}\n"),
                b'3' => format!("mknod {path} c {} {}\n", entry.device.0, entry.device.1),
                _ => {
                    fs::create_dir_all(files.join(parent)).unwrap();
                    fs::write(files.join(path), &entry.text).unwrap();
                    format!("chmod {:o} {path}\ntouch -h -d @{TIME} {path}\n", entry.mode)
                }
            });
            for (name, value) in &entry.attributes {
                script.push_str(&format!(
                    "python3 -c 'import os;os.setxattr(\"{path}\",\"{name}\",b\"{value}\",follow_symlinks=False)'\n"
                ));
            }
            if entry.owner.0 != "root" {
                owners.push_str(path);
            }
        }
        let output = Command::new("sh").args(["-ec", &script]).current_dir(scratch).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_apk"));
        command.args(["mkpkg", "--files"]).arg(&files).args(["--output"]).arg(folder.join(&file));
        for (key, value) in [("name", &self.name), ("version", &self.version)] {
            command.args(["--info", &format!("{key}:{value}")]);
        }
        command.args(["--info", "arch:x86_64", "--info", "license:MIT"]);
        command.args(["--info", &format!("description:{} of three", self.name)]);
        for (key, value) in &self.facts {
            command.args(["--info", &format!("{key}:{value}")]);
        }
        for (name, text) in &self.scripts {
            let path = scratch.join(format!("script-{name}"));
            fs::write(&path, text).unwrap();
            command.arg("--script").arg(format!("{name}:{}", path.display()));
        }
        for trigger in &self.triggers {
            command.args(["--trigger", trigger]);
        }
        let output = command.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        file
    }
}

/// A record of a pax header, whose first word is its whole length.
fn record(out: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
}
