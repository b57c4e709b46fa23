//! apk_adb — version 3 files, however packed: blocks, trees, packages, indexes, and their dumps.

#![no_main]

use apk::adb::{dump, facts, schema, value::Tree};
use apk::reader::{PackageReader, verify};
use apk::trust::{Keys, Trust};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let keys = Keys::none();
    let _ = verify(Box::new(data), Trust::anything(&keys));
    if let Ok(reader) = PackageReader::open(Box::new(data), Trust::anything(&keys)) {
        let _ = reader.finish();
    }
    if let Ok(tree) = Tree::new(data) {
        let root = tree.root();
        let mut text = Vec::new();
        for schema in [&schema::PACKAGE, &schema::INDEX, &schema::INSTALLED] {
            let _ = dump::yaml(schema, &root, &mut text);
            let _ = dump::json(schema, &root, &mut text);
        }
        facts::read_info(&root);
    }
});
