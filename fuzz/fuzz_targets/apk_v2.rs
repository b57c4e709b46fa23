//! apk_v2 — version 2 files: gzip members, tar, .PKGINFO.

#![no_main]

use apk::reader::verify;
use apk::trust::{Keys, Trust};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let keys = Keys::none();
    let _ = verify(Box::new(data), Trust::anything(&keys));
    // The sum of a member is never met by chance: what is in it is packed here. The first byte splits two members.
    let Some((&split, rest)) = data.split_first() else { return };
    let (control, behind) = rest.split_at(rest.len() * usize::from(split) / 256);
    let (Ok(control), Ok(behind)) = (apk::deflate::gzip(control, 6), apk::deflate::gzip(behind, 6)) else { return };
    let file = [control, behind].concat();
    let _ = verify(Box::new(file.as_slice()), Trust::anything(&keys));
    let _ = apk::v2::index::read(Box::new(file.as_slice()), Trust::anything(&keys));
    if let Ok(mut reader) = apk::v2::package::Reader::open(Box::new(file.as_slice()), Trust::anything(&keys)) {
        while let Ok(Some(_)) = reader.next_entry() {}
    }
});
