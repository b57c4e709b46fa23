//! Real packages and indexes of version 3 are read, and are trusted by the right keys only.
//!
//! TARN_TESTDATA names the folder of real files; without it these tests say so and do nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use apk::adb;
use apk::entry::Kind as EntryKind;
use apk::identity::Digest;
use apk::reader::{Format, PackageReader, detect};
use apk::trust::{Keys, Trust};

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("TARN_TESTDATA").map(|folder| Path::new(&folder).join("apk"));
    if folder.is_none() {
        eprintln!("skipped: TARN_TESTDATA is not set");
    }
    folder
}

fn index(bytes: &[u8], trust: &Trust) -> apk::error::Result<adb::index::Index> {
    let (format, start, input) = detect(Box::new(bytes))?;
    assert_eq!(format, Format::V3);
    adb::index::Index::read(start, input, trust)
}

#[test]
fn packages_are_those_of_their_index() {
    let Some(data) = data() else { return };
    let folder = data.join("v3/mossdef");
    let mut keys = Keys::default();
    keys.load(&data.join("keys"));
    let none = Keys::none();
    let bytes = fs::read(folder.join("packages.adb")).unwrap();
    assert!(index(&bytes, &Trust::signed(&none)).is_err());
    let index = index(&bytes, &Trust::signed(&keys)).unwrap();
    let packages: Vec<_> = index.packages().map(|object| adb::facts::read_info(&object)).collect();
    assert_eq!(packages.len(), 15);
    for package in packages {
        let name = String::from_utf8_lossy(&package.full_name()).into_owned() + ".apk";
        let path = folder.join(&name);
        assert_eq!(fs::metadata(&path).unwrap().len(), package.file_size, "{name}");
        let identity = package.identity.unwrap();
        // By identity alone, without a key; and by a key.
        for trust in [Trust::identity(&none, identity), Trust::signed(&keys)] {
            let mut reader = PackageReader::open(Box::new(File::open(&path).unwrap()), trust).unwrap();
            assert_eq!(reader.package().depends, package.depends, "{name}");
            let mut size = 0;
            while let Some(entry) = reader.next_entry().unwrap() {
                if entry.kind == EntryKind::File {
                    size += std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
                }
            }
            assert_eq!(size, package.installed_size, "{name}");
        }
        let other = Trust::identity(&none, Digest::sha256(b""));
        let error = PackageReader::open(Box::new(File::open(&path).unwrap()), other).err().unwrap();
        assert_eq!(error.reason(), "ADB integrity error", "{name}");
        let unknown = PackageReader::open(Box::new(File::open(&path).unwrap()), Trust::signed(&none));
        assert_eq!(unknown.err().unwrap().reason(), "UNTRUSTED signature", "{name}");
    }
}

#[test]
fn altered_packages_are_refused() {
    let Some(data) = data() else { return };
    let mut keys = Keys::default();
    keys.load(&data.join("keys"));
    let package = fs::read(data.join("v3/mossdef/sunwait-0.9.1-r2.apk")).unwrap();
    let read = |bytes: &[u8]| {
        PackageReader::open(Box::new(bytes), Trust::signed(&keys)).and_then(PackageReader::finish)
    };
    let whole = read(&package).unwrap();
    for index in (0..package.len()).step_by(package.len() / 61 + 1) {
        let mut altered = package.clone();
        altered[index] ^= 0x10;
        // Padding between blocks is nobody's: a change there alters nothing.
        assert!(read(&altered).map_or(true, |package| package == whole), "byte {index}");
        assert!(read(&package[..index]).is_err(), "cut at {index}");
    }
}
