//! apk_index — the text of version 2 indexes, and of .PKGINFO.

#![no_main]

use apk::v2::{block, info};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut old = false;
    for text in block::split(data) {
        if let Ok(package) = block::parse(text, &mut old) {
            let mut out = Vec::new();
            block::write(&package, &mut out);
            // What was written is read again as the same, where the source was whole.
            if package.identity.is_some() && !package.broken.any() {
                let mut again = block::parse(&out, &mut old).expect("it was written by us");
                again.tags = package.tags.clone();
                assert_eq!(again, package);
            }
        }
    }
    info::parse(data);
});
