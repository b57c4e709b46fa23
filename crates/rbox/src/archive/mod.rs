// Written by `cargo xtask codegen`.

pub(crate) mod common;
pub(crate) mod cpio;
pub(crate) mod gzip;
pub(crate) mod tar;
