//! crypto — digests, password hashes, and whether an RSA signature is good.

pub mod crc;
pub mod digest;
pub mod password;
pub mod rsa;
