//! cli — what every command needs and no more: the applet contract, options, output, input, errors.
//!
//! The option table is the usage text, so that the two cannot disagree (`options`). Start reading at `applet`.

pub mod applet;
pub mod configuration;
pub mod error;
pub mod exec;
pub mod input;
pub mod options;
pub mod output;
pub mod walk;

/// What an applet's file imports.
pub mod prelude {
    pub use crate::applet::{Applet, Cx, Process};
    pub use crate::error::{At, Error, Result};
    pub use crate::options::Options;
    pub use crate::output::Output;
    pub use std::ffi::{OsStr, OsString};
    pub use std::io::{self, BufRead, Read, Write};
    pub use std::os::unix::ffi::{OsStrExt, OsStringExt};
    pub use std::path::{Path, PathBuf};
}
