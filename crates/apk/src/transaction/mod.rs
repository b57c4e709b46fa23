//! transaction — changes of a root, all or none of them.
//!
//! All packages are unpacked beside their places first (`stage`), told by a `journal`. Then the steps to come are written as
//! a `plan`: its rename is the point from which on there is only forward. Package by package, scripts run and files
//! take their places; the database does so last. Whoever opens the database after an interruption goes back to where
//! the journal began, or does the rest of the plan (`recover`).

pub mod access;
pub mod folders;
pub mod journal;
pub mod names;
pub mod order;
pub mod owners;
pub mod plan;
pub mod protect;
pub mod recover;
mod run;
pub mod script;
pub mod space;
pub mod stage;
mod trigger;

use std::collections::HashSet;

pub use self::run::run;
use crate::entry::Script;
use crate::identity::Digest;
use crate::reader::PackageReader;
use plan::Keep;
use script::{Runner, Stream};

/// A package to be installed.
pub struct New<'a> {
    pub name: Vec<u8>,
    pub version: Vec<u8>,
    /// Its block of an index, `C:` to `i:`, each line with its line feed.
    pub facts: Vec<u8>,
    pub identity: Option<Digest>,
    pub origin: Vec<u8>,
    /// The tag it is pinned to; empty for none.
    pub repository_tag: Vec<u8>,
    /// Bytes on the disk, for the check of the free space; 0 where they are not known.
    pub installed_size: u64,
    /// Opens the package; None for packages without contents.
    pub open: Option<Open<'a>>,
}

/// Opens a package whose identity is checked while it is read.
pub type Open<'a> = Box<dyn FnOnce() -> crate::error::Result<PackageReader<'a>> + 'a>;

/// One step: install (`old` is None), remove (`new` is None), or replace.
#[derive(Default)]
pub struct Step<'a> {
    /// The position among the installed packages.
    pub old: Option<usize>,
    pub new: Option<New<'a>>,
    /// The package stays; only the tag it is pinned to changes.
    pub only_tag: Option<Vec<u8>>,
}

/// How changes are made.
pub struct Settings {
    pub runner: Runner,
    pub scripts: bool,
    pub hooks: bool,
    pub keep: Keep,
    /// Files of other packages are overwritten (`--force-overwrite`).
    pub overwrite: bool,
    /// Owners are written to the database only.
    pub keeps_owner: bool,
    /// Paths that an overlay has.
    pub overlay: HashSet<Vec<u8>>,
    /// Owners and modes of all folders are set as packages have them (`fix --directory-permissions`).
    pub resets_folders: bool,
    /// Every path is told of.
    pub lists: bool,
    /// Asked now and then before the point of no return: whether all should be undone.
    pub is_stopped: fn() -> bool,
}

/// What happens, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step of this number begins.
    Begin(usize),
    /// A script is about to run. Triggers and hooks run outside of steps.
    Script {
        package: &'a [u8],
        script: Script,
        in_step: bool,
    },
    /// A hook is about to run, or is skipped: its path and argument.
    Hook {
        path: &'a str,
        argument: &'a str,
        is_skipped: bool,
    },
    /// A line of a script's output.
    Line {
        stream: Stream,
        text: &'a [u8],
        in_step: bool,
    },
    /// The package's file was put beside a changed one, under this path.
    NewBeside(&'a [u8]),
    /// A path of a package that comes, folders with a mark; or of one that goes.
    Path(&'a [u8]),
    Warning(&'a [u8]),
    Error(&'a [u8]),
    /// Steps that are done.
    Progress {
        done: usize,
        total: usize,
    },
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Packages that were not installed.
    pub failed: usize,
    /// Packages that are installed and not whole.
    pub broken: usize,
}
