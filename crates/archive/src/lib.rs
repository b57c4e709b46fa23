//! archive — readers and writers of archive and compression formats. No file is opened here.
//!
//! Readers take bytes that nobody vouches for: every length is checked before it is used, and an error says what
//! is wrong and at which offset. What may be written where is the caller's decision.

pub mod bzip2;
pub mod cpio;
pub mod crc32;
pub mod gzip;
pub mod inflate;
pub mod lzma;
pub mod member;
pub mod tar;
pub mod xz;
pub mod zip;
