//! adb — version 3 files: a tree of values in one block, signatures of it, and blocks of data.
//!
//! Source: apk-v3(5); corners as apk-tools 3.0.6 has them.
//!
//! A file is a header with the schema of its tree, then blocks (`container`). The tree (`value` reads, `heap` writes) holds
//! integers, texts, and objects whose slots are numbered; `schema` gives the numbers their names.

pub mod container;
pub mod dump;
pub mod facts;
pub mod generate;
pub mod heap;
pub mod index;
pub mod make;
pub mod package;
pub mod schema;
pub mod signature;
pub mod value;

/// What a file's tree is of.
pub mod kind {
    pub const PACKAGE: u32 = u32::from_le_bytes(*b"pckg");
    pub const INDEX: u32 = u32::from_le_bytes(*b"indx");
    pub const INSTALLED: u32 = u32::from_le_bytes(*b"idb\0");
}

/// Reads a package, an index or a database to its end, for the errors in it. `start` are the file's first four bytes.
///
/// Errors: it is not trusted, malformed, or not what its digests say.
pub(crate) fn verify<'a>(
    start: [u8; 4],
    input: Box<dyn std::io::Read + 'a>,
    trust: &crate::trust::Trust,
) -> crate::error::Result {
    let container = container::Reader::open(start, input)?;
    if container.schema != kind::PACKAGE {
        let mut opened = package::open(container, trust)?;
        return match opened.pending.take() {
            Some(_) => Err(crate::error::Kind::AdbBlock.into()),
            None => Ok(()),
        };
    }
    let mut reader = package::Reader::from_container(container, trust)?;
    while let Some(entry) = reader.next_entry()? {
        reader.check_content(&entry)?;
    }
    Ok(())
}
