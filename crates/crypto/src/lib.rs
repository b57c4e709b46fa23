//! crypto — digests and password hashes.

pub mod crc;
pub mod digest;
pub mod password;
