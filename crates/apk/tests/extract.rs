//! Hostile packages are unpacked within the destination, or not at all.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use apk::error::Result;
use apk::extract::{self, Options};
use apk::identity::{Algorithm, hexadecimal};
use apk::reader::PackageReader;
use apk::trust::{Keys, Trust};
use apk::v2::tar::Header;
use apk::v2::writer::Member;

/// A folder of its own, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("apk-extract-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("in")).expect("the temporary folder can be written");
        Scratch(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn entry(name: &str, kind: u8, link: &str) -> Header {
    Header { name: name.into(), link: link.into(), kind, mode: 0o755, ..Header::default() }
}

/// An unsigned package with these entries; files hold their own name.
fn package(entries: &[Header]) -> Vec<u8> {
    let mut data = Member::new();
    for header in entries {
        let content: &[u8] = if header.kind == b'0' { &header.name } else { b"" };
        if header.kind == b'0' {
            let sum = hexadecimal(&Algorithm::Sha1.of(content));
            let record = format!("68 APK-TOOLS.checksum.SHA1={sum}\n");
            data.entry(&Header { kind: b'x', ..Header::default() }, record.as_bytes());
        }
        data.entry(header, content);
    }
    let data = data.pack(true).expect("memory is enough");
    let hash = hexadecimal(&Algorithm::Sha256.of(&data));
    let mut control = Member::new();
    control.file(b".PKGINFO", 0, format!("pkgname = a\npkgver = 1\ndatahash = {hash}\n").as_bytes());
    [control.pack(false).expect("memory is enough"), data].concat()
}

fn unpack(bytes: &[u8], destination: &Path, overwrite: bool) -> Result {
    let keys = Keys::none();
    let mut reader = PackageReader::open(Box::new(bytes), Trust::anything(&keys))?;
    extract::unpack(&mut reader, &File::open(destination)?, &Options { owners: None, overwrite })
}

#[test]
fn unpacks_what_is_harmless() {
    let scratch = Scratch::new("plain");
    let inside = scratch.path("in");
    let bytes = package(&[
        Header { mode: 0o500, ..entry("d/", b'5', "") },
        Header { mode: 0o4711, mtime: 1_700_000_000, ..entry("d/f", b'0', "") },
        entry("d/h", b'1', "d/f"),
        entry("l", b'2', "/nowhere"),
        entry("new/deep/f", b'0', ""),
    ]);
    unpack(&bytes, &inside, false).unwrap();
    let meta = fs::metadata(inside.join("d/f")).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.mtime(), meta.nlink()), (0o4711, 1_700_000_000, 2));
    assert_eq!(fs::metadata(inside.join("d")).unwrap().mode() & 0o7777, 0o500);
    assert_eq!(fs::read_link(inside.join("l")).unwrap(), Path::new("/nowhere"));
    assert_eq!(fs::read(inside.join("new/deep/f")).unwrap(), b"new/deep/f");
    assert_eq!(unpack(&bytes, &inside, false).unwrap_err().reason(), "File exists");
    unpack(&bytes, &inside, true).unwrap();
}

#[test]
fn nothing_leads_outside() {
    let scratch = Scratch::new("hostile");
    let (inside, outside) = (scratch.path("in"), scratch.path("out"));
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("victim"), "before").unwrap();
    symlink(&outside, inside.join("there")).unwrap();
    let out = outside.to_str().unwrap();
    for entries in [
        vec![entry("../x", b'0', "")],
        vec![entry("a/../../x", b'0', "")],
        vec![entry(&format!("{out}/x"), b'0', "")],
        vec![entry("./x", b'0', "")],
        vec![entry("l1", b'2', out), entry("l1/x", b'0', "")],
        vec![entry("l2", b'2', ".."), entry("l2/x", b'0', "")],
        vec![entry("l3", b'2', out), entry("l3/", b'5', "")],
        vec![entry("l4", b'2', out), entry("h4", b'1', "l4/victim")],
        vec![entry("h5", b'1', "../out/victim")],
        vec![entry("there/x", b'0', "")],
        vec![entry("there/", b'5', "")],
        vec![entry("a\nb", b'0', "")],
        vec![Header { mode: 0, ..entry("there/victim", b'0', "") }],
    ] {
        let names: Vec<_> = entries.iter().map(|entry| entry.name.escape_ascii().to_string()).collect();
        for overwrite in [false, true] {
            let error = unpack(&package(&entries), &inside, overwrite).unwrap_err();
            let refused = error.reason() == "path leads outside of the destination";
            assert!(refused || error.reason() == "File exists", "{names:?}: {error}");
        }
        let left: Vec<_> = fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["victim"], "{names:?}");
        assert_eq!(fs::read(outside.join("victim")).unwrap(), b"before", "{names:?}");
        assert!(!scratch.path("x").exists(), "{names:?}");
    }
    // A link in the destination is replaced by a file of its name, not written through.
    symlink(outside.join("victim"), inside.join("f")).unwrap();
    assert!(unpack(&package(&[entry("f", b'0', "")]), &inside, false).is_err());
    unpack(&package(&[entry("f", b'0', "")]), &inside, true).unwrap();
    assert_eq!(fs::read(outside.join("victim")).unwrap(), b"before");
}

#[test]
fn wrong_content_is_removed() {
    let scratch = Scratch::new("content");
    let inside = scratch.path("in");
    let mut bytes = package(&[entry("good", b'0', ""), entry("bad", b'0', "")]);
    let whole = bytes.len();
    // The trailer of the data member: what was unpacked is checked again as a whole.
    bytes[whole - 1] ^= 1;
    assert!(unpack(&bytes, &inside, false).is_err());
    let bomb = Header { name: b"bomb".to_vec(), kind: b'0', size: 0, ..Header::default() };
    let mut lying = Member::new();
    lying.entry(&bomb, &[0; 512]);
    let control = {
        let mut control = Member::new();
        control.file(b".PKGINFO", 0, b"pkgname = a\npkgver = 1\n");
        control.pack(false).unwrap()
    };
    let bytes = [control, lying.pack(true).unwrap()].concat();
    assert_eq!(
        unpack(&bytes, &inside, false).unwrap_err().reason(),
        "file format is obsolete (e.g. missing embedded checksum)"
    );
    assert!(!inside.join("bomb").exists());
}
