//! random — made-up repositories, databases and command lines, and two programs that are asked about them.

pub(crate) mod case;
pub(crate) mod dice;
pub(crate) mod run;
