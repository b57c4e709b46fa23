//! block — what lies on block devices: superblocks, partition tables, which device a label or UUID means, and the
//! tables of mounts.
//!
//! Reads only; what is done with the findings is the caller's. Start reading at `probe`.

#![forbid(unsafe_code)]

pub mod bytes;
pub mod find;
pub mod mounts;
pub mod probe;
pub mod table;
