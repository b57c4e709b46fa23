//! testkit — what tests are made with: golden cases, temporary directories. Never part of an image.

pub mod golden;
pub mod temporary;
