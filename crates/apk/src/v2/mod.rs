//! v2 — packages and indexes of version 2: gzip members one behind the other, whose contents are one tar archive.
//!
//! Signature members come first, then the control member (.PKGINFO and scripts, or an index), then a package's data.
//! Source: apk-v2(5); corners as apk-tools 3.0.6 has them.

pub mod block;
pub mod index;
pub mod info;
pub mod members;
pub mod package;
pub mod stream;
pub mod tar;
pub mod writer;
