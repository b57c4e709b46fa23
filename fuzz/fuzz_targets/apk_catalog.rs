//! apk_catalog — catalogs: made of any text, and any bytes taken for one.

#![no_main]

use apk::catalog::{Catalog, build};
use libfuzzer_sys::fuzz_target;

/// Looks at everything that a catalog has, within limits: what is damaged may say that it has much.
fn look(catalog: &Catalog<'_>) {
    for index in 0..catalog.len().min(1000) {
        catalog.block(index);
        if let Some(facts) = catalog.facts(index) {
            let deps = catalog.depends(&facts).chain(catalog.provides(&facts)).chain(catalog.install_if(&facts));
            deps.take(1000).for_each(|dep| {
                catalog.name(dep.name);
            });
        }
    }
    for index in 0..catalog.names_len().min(1000) {
        catalog.find(catalog.name(index));
        for package in catalog.providers(index).chain(catalog.install_ifs(index)).take(1000) {
            catalog.facts(package);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Some(catalog) = Catalog::new(data) {
        look(&catalog);
    }
    let Ok(bytes) = build(data.to_vec(), b"") else { return };
    let catalog = Catalog::new(&bytes).expect("it was made by us");
    look(&catalog);
    // The same with one byte changed, wherever that is.
    if let Some((&at, _)) = data.split_first() {
        let mut bytes = bytes.clone();
        let place = usize::from(at) * bytes.len() / 256;
        bytes[place] ^= at | 1;
        if let Some(catalog) = Catalog::new(&bytes) {
            look(&catalog);
        }
    }
});
