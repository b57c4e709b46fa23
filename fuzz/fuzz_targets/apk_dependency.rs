//! apk_dependency — dependencies, versions, identities and names of package files.

#![no_main]

use apk::dependency::{self, Dependency};
use apk::identity::Digest;
use apk::package_name::Spec;
use apk::version;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for dependency in dependency::borrow_list(data).flatten() {
        let mut text = Vec::new();
        dependency.write(&mut text);
        // Operators without a text of their own do not come back.
        if !matches!(dependency.op.text(), "?" | "") && !dependency.name.contains(&b'!') {
            let again = Dependency::parse(&text).expect("it was written by us");
            assert_eq!((again.borrow().name, again.op), (dependency.name, dependency.op));
        }
    }
    let half = data.len() / 2;
    let (left, right) = data.split_at(half);
    assert_eq!(version::compare(left, right), version::compare(right, left).reverse());
    version::matches_fuzzy(left, right);
    version::is_valid(data);
    if let Some(digest) = Digest::parse(data) {
        assert_eq!(Digest::parse(digest.to_string().as_bytes()), Some(digest));
    }
    Spec::parse(data);
});
