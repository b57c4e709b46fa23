//! prelude — what every applet's file imports.

pub(crate) use cli::prelude::*;
