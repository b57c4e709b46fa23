//! Real packages and indexes of version 2 are read, and are trusted by the right keys only.
//!
//! TARN_TESTDATA names the folder of real files; without it these tests say so and do nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use apk::error::Kind;
use apk::trust::{Keys, Trust};
use apk::v2;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("TARN_TESTDATA").map(|folder| Path::new(&folder).join("apk"));
    if folder.is_none() {
        eprintln!("skipped: TARN_TESTDATA is not set");
    }
    folder
}

fn keys(data: &Path) -> Keys {
    let mut keys = Keys::default();
    assert!(keys.load(&data.join("keys")));
    keys
}

/// Name and count of entries, or the reason why not.
fn read(path: &Path, trust: Trust) -> Result<(String, usize), String> {
    let read = || -> apk::error::Result<(String, usize)> {
        let mut reader = v2::package::Reader::open(Box::new(File::open(path)?), trust)?;
        let mut count = 0;
        while reader.next_entry()?.is_some() {
            count += 1;
        }
        Ok((String::from_utf8_lossy(&reader.package.full_name()).into_owned(), count))
    };
    read().map_err(|error| error.reason())
}

#[test]
fn packages_are_trusted_by_their_keys() {
    let Some(data) = data() else { return };
    let keys = keys(&data);
    let none = Keys::none();
    let misc = data.join("v2/misc");
    let signed = |name: &str| read(&misc.join(name), Trust::signed(&keys));
    let allowed = |name: &str| read(&misc.join(name), Trust::anything(&keys));
    assert_eq!(signed("alpine-base-3.12.0-r0.apk"), Ok(("alpine-base-3.12.0-r0".to_string(), 4)));
    for name in ["hello-0.1.0-r0.apk", "hello-2.12-r0.apk", "replaces-0.0.1-r0.apk"] {
        assert_eq!(signed(name), Err("UNTRUSTED signature".to_string()), "{name}");
        assert!(allowed(name).is_ok(), "{name}: {:?}", allowed(name));
    }
    assert_eq!(signed("hello-wolfi-2.12.1-r0.apk"), Err("BAD signature".to_string()));
    assert_eq!(allowed("hello-wolfi-2.12.1-r0.apk"), Err("BAD signature".to_string()));
    let alpine = data.join("v2/alpine-3.17-aarch64/alpine-baselayout-3.4.0-r0.apk");
    let (name, count) = read(&alpine, Trust::signed(&keys)).unwrap();
    assert!(name.starts_with("alpine-baselayout-3") && count > 50, "{name} {count}");
    assert!(read(&alpine, Trust::signed(&none)).is_err());
    // By identity no key is needed, and another package is not taken.
    let identity = apk::identity::Identity::parse(b"Q1LLq2qDNrS/qRnhxQ3hsY/sHbQnc=").unwrap();
    assert_eq!(read(&alpine, Trust::identity(&none, identity)).unwrap().1, count);
    let other = apk::identity::Identity::sha1(b"");
    assert_eq!(read(&alpine, Trust::identity(&none, other)), Err("v2 package integrity error".to_string()));
}

#[test]
fn altered_packages_are_refused() {
    let Some(data) = data() else { return };
    let keys = keys(&data);
    let folder = data.join("v2/apko-packages/x86_64");
    let package = fs::read(folder.join("replayout-1.0.0-r0.apk")).unwrap();
    for index in (0..package.len()).step_by(package.len() / 97 + 1) {
        let mut altered = package.clone();
        altered[index] ^= 0x10;
        for bytes in [&altered[..], &package[..index]] {
            let result = v2::package::Reader::open(Box::new(bytes), Trust::signed(&keys));
            let result = result.and_then(|mut reader| {
                while reader.next_entry()?.is_some() {}
                Ok(())
            });
            assert!(result.is_err() || is_in_gzip_header(&package, index), "byte {index}");
        }
    }
}

/// Times and names in the header of a gzip member are nobody's business but of those who signed it; of the signature's
/// own member they are not signed.
fn is_in_gzip_header(package: &[u8], index: usize) -> bool {
    index < 10 && package.starts_with(&[0x1f, 0x8b])
}

#[test]
fn indexes_are_read_whole() {
    let Some(data) = data() else { return };
    let keys = keys(&data);
    for (name, expected) in [
        ("v2/alpine-3.16-aarch64/APKINDEX.tar.gz", 4929),
        ("v2/alpine-3.17-aarch64/APKINDEX.tar.gz", 5004),
        ("v2/apko-packages/x86_64/APKINDEX.tar.gz", 4),
    ] {
        let file = File::open(data.join(name)).unwrap();
        let index = v2::index::read(Box::new(file), Trust::signed(&keys)).unwrap();
        let mut old = false;
        let (mut count, mut broken) = (0, 0);
        for block in v2::block::split(&index.packages) {
            let package = v2::block::parse(block, &mut old).unwrap();
            count += 1;
            // Some real packages name what is no version: pc:librtmp=v2.4, opensmtpd=6.8.0p2.
            if package.broken.any() {
                broken += 1;
                continue;
            }
            let mut text = Vec::new();
            v2::block::write(&package, &mut text);
            // Others write empty fields that Alpine leaves out.
            if name.contains("alpine") {
                assert_eq!(text.len(), block.len(), "{name}: {}", block.escape_ascii());
            }
        }
        assert_eq!(count, expected, "{name}");
        assert!(broken < 20, "{name}: {broken}");
        assert!(!old);
        assert_eq!(index.description.is_empty(), !name.contains("alpine"), "{name}");
    }
    let file = File::open(data.join("v2/misc/APKINDEX-untrusted.tar.gz")).unwrap();
    let error = v2::index::read(Box::new(file), Trust::signed(&keys)).unwrap_err();
    assert!(matches!(error.kind, Kind::SignatureUntrusted), "{error}");
}
