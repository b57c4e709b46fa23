// Written by `cargo xtask codegen`.

pub(crate) mod bzip2;
pub(crate) mod common;
pub(crate) mod cpio;
pub(crate) mod gzip;
pub(crate) mod tar;
pub(crate) mod unzip;
pub(crate) mod xz;
