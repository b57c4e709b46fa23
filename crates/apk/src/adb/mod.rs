//! adb — version 3 files: a tree of values in one block, signatures of it, and blocks of data.
//!
//! Source: apk-v3(5); corners as apk-tools 3.0.6 has them.
//!
//! A file is a header with the schema of its tree, then blocks (`container`). The tree (`value` reads, `heap` writes) holds
//! integers, texts, and objects whose slots are numbered; `schema` gives the numbers their names.

pub mod container;
pub mod dump;
pub mod generate;
pub mod heap;
pub mod index;
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
