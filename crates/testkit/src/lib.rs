//! testkit — what tests are made with: golden cases, temporary directories, virtual machines. Never part of an image.

pub mod confined;
pub mod golden;
pub mod machine;
pub mod pty;
pub mod temporary;
pub mod vm;
