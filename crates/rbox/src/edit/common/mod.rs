//! common — what less and vi share: the keys of a terminal, and lines as its rows.

pub(crate) mod keys;
pub(crate) mod screen;
