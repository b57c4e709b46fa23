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
            // What was written is read again as the same text: operators without a text of their own, which the
            // reference takes, too, are lost in the first writing.
            if package.identity.is_some() && !package.broken.any() {
                let again = block::parse(&out, &mut old).expect("it was written by us");
                let mut text = Vec::new();
                block::write(&again, &mut text);
                assert_eq!(text, out);
            }
        }
    }
    info::parse(data);
});
