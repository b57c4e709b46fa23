//! command — the program `apk`: which applet is meant, with which options, and what its result is.
//!
//! One file an applet; each has a table of its own options and a function that calls the library and prints. Adding an
//! applet is its file, its `mod` line and its place in `APPLETS`.
//!
//! Exit codes: what the applet returns, at most 99; 99 for an error; 1 for a wrong command line and for help.

pub mod adbdump;
pub mod adbgen;
pub mod adbsign;
pub mod add;
mod advice;
pub mod apply;
pub mod audit;
pub mod cache;
pub mod commit;
mod compare;
pub mod completion;
pub mod config;
pub mod convdb;
pub mod convndx;
pub mod del;
pub mod dot;
pub mod download;
pub mod extract;
pub mod fetch;
pub mod files;
pub mod fix;
pub mod globals;
pub mod groups;
pub mod help;
pub mod history;
pub mod index;
pub mod info;
pub mod interrupt;
pub mod list;
pub mod lock;
pub mod manifest;
pub mod mkndx;
pub mod mkpkg;
pub mod opened;
pub mod options;
pub mod owner_names;
mod plan;
pub mod policy;
mod preupgrade;
pub mod query;
pub mod refresh;
pub mod search;
mod select;
pub mod servers;
pub mod stats;
pub mod system;
mod time;
pub mod undo;
pub mod update;
pub mod upgrade;
pub mod verify;
pub mod version;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use self::globals::{GLOBAL, Globals};
use self::options::{Group, Options, Tables};
use crate::output::Messages;

/// Every applet, in the order of their names.
pub static APPLETS: &[&Applet] = &[
    #[cfg(feature = "tools")]
    &adbdump::APPLET,
    #[cfg(feature = "tools")]
    &adbgen::APPLET,
    #[cfg(feature = "tools")]
    &adbsign::APPLET,
    &add::APPLET,
    &audit::APPLET,
    &cache::APPLET,
    #[cfg(feature = "tools")]
    &completion::APPLET,
    #[cfg(feature = "tools")]
    &convdb::APPLET,
    #[cfg(feature = "tools")]
    &convndx::APPLET,
    &del::APPLET,
    #[cfg(feature = "tools")]
    &dot::APPLET,
    &extract::APPLET,
    &fetch::APPLET,
    &fix::APPLET,
    &history::APPLET,
    #[cfg(feature = "tools")]
    &index::APPLET,
    &info::APPLET,
    &list::APPLET,
    &lock::APPLET,
    #[cfg(feature = "tools")]
    &manifest::APPLET,
    #[cfg(feature = "tools")]
    &mkndx::APPLET,
    #[cfg(feature = "tools")]
    &mkpkg::APPLET,
    &policy::APPLET,
    &query::APPLET,
    &search::APPLET,
    #[cfg(feature = "tools")]
    &stats::APPLET,
    &undo::APPLET,
    &update::APPLET,
    &upgrade::APPLET,
    &verify::APPLET,
    &version::APPLET,
];

/// The sections of `apk --help`, with the applets in the order of the list.
pub static SECTIONS: &[(&str, &[&str])] = &[
    ("Package installation and removal", &["add", "del"]),
    ("System maintenance", &["fix", "update", "upgrade", "cache", "history", "undo", "lock"]),
    ("Querying package information", &["query", "list", "dot", "policy", "search", "info"]),
    (
        "Repository and package maintenance",
        &["mkndx", "mkpkg", "index", "fetch", "manifest", "extract", "verify", "adbsign"],
    ),
    ("Miscellaneous", &["audit", "stats", "version", "adbdump", "adbgen", "convdb", "convndx", "completion"]),
];

/// The architecture this program was compiled for, in Alpine's words.
pub const ARCH: &str = if cfg!(target_arch = "x86_64") {
    "x86_64"
} else if cfg!(target_arch = "aarch64") {
    "aarch64"
} else if cfg!(target_arch = "riscv64") {
    "riscv64"
} else if cfg!(target_arch = "x86") {
    "x86"
} else {
    "noarch"
};

/// What an applet is.
pub struct Applet {
    pub name: &'static str,
    /// Its line in the list of applets.
    pub summary: &'static str,
    /// What follows the name, one text a form, each beginning with a space if it is not empty.
    pub usage: &'static [&'static str],
    /// What it does, for its help.
    pub description: &'static str,
    /// Its options, the shared groups first.
    pub groups: &'static [&'static Group],
    pub run: fn(&mut Cx) -> Result,
}

/// What an applet works with.
pub struct Cx {
    pub applet: &'static Applet,
    pub globals: Globals,
    pub options: Options,
    /// The words that are not options.
    pub args: Vec<Vec<u8>>,
    /// The whole command line, for the log.
    pub command_line: Vec<Vec<u8>>,
    pub messages: Messages,
}

/// Why an applet ended without a result.
#[derive(Debug)]
pub enum Failure {
    /// Printed behind `ERROR: `; the exit code is 99.
    Error(String),
    /// All was said; the exit code.
    Exit(i32),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Error(error.to_string())
    }
}

/// An applet's result: its exit code, or a count of errors.
pub type Result<T = i32> = std::result::Result<T, Failure>;

/// The exit code of errors, and the highest count that is told apart.
const EXIT_MOST: i32 = 99;

/// Runs the command line `args`, whose first word is the program's name, and gives the exit code.
pub fn run(args: Vec<OsString>) -> u8 {
    let words: Vec<Vec<u8>> = args.into_iter().map(OsStringExt::into_vec).collect();
    let mut messages = Messages::to_process(1);
    interrupt::begin();
    let code = dispatch(words, &mut messages);
    interrupt::end(finish(&mut messages, code))
}

/// Sends what is buffered. A write error makes success a failure.
fn finish(messages: &mut Messages, code: i32) -> u8 {
    let mut code = if (0..=EXIT_MOST).contains(&code) || code == EXIT_INTERRUPTED { code } else { EXIT_MOST };
    if let Err(error) = messages.finish() {
        messages.error(format!("write error: {}", sys::error::text(&error)));
        if code == 0 {
            code = 1;
        }
    }
    code as u8
}

/// The exit code after SIGINT.
pub const EXIT_INTERRUPTED: i32 = 130;

fn dispatch(words: Vec<Vec<u8>>, messages: &mut Messages) -> i32 {
    let mut arguments = words.get(1..).unwrap_or_default().to_vec();
    let mut chosen = words.first().and_then(|name| by_program_name(name));
    if chosen.is_none() {
        let global = Tables { groups: &[&GLOBAL] };
        if let Some(index) = global.find_word(&arguments, |word| find(word).is_some()) {
            chosen = find(&arguments.remove(index));
        }
    }
    let mut groups: Vec<&'static Group> = vec![&GLOBAL];
    groups.extend(chosen.iter().flat_map(|applet| applet.groups.iter().copied()));
    let tables = Tables { groups: &groups };

    let (mut options, problems) = config::read(tables);
    for problem in problems {
        messages.warning(format!("config: {problem}"));
    }
    let args = match tables.parse(&arguments) {
        Ok((given, args)) => {
            options.extend(given);
            args
        }
        Err(wrong) => {
            messages.error(format!("command line: {wrong}"));
            return 1;
        }
    };
    let auto_interactive = std::path::Path::new("/etc/apk/interactive").exists();
    let globals = Globals::new(&options, auto_interactive);
    messages.verbosity = globals.verbosity;
    if options.has("help") {
        messages.out.write(chosen.map_or_else(help::overview, help::applet).as_bytes());
        return 1;
    }
    if options.has("version") {
        messages.out.write(help::version_line().as_bytes());
        return 0;
    }
    if options.has("print-arch") {
        messages.out.write(format!("{ARCH}\n").as_bytes());
        return 0;
    }
    let Some(applet) = chosen else {
        return match args.first() {
            Some(word) => {
                let word = String::from_utf8_lossy(word);
                messages.error(format!("'{word}' is not an apk command. See 'apk --help'."));
                1
            }
            None => {
                messages.out.write(help::overview().as_bytes());
                1
            }
        };
    };
    let own = std::mem::replace(messages, Messages::to_memory(0));
    let mut cx = Cx { applet, globals, options, args, command_line: words, messages: own };
    let code = match (applet.run)(&mut cx) {
        Ok(code) | Err(Failure::Exit(code)) => code,
        // What failed did so because of the signal: the reference says nothing, either.
        Err(Failure::Error(_)) if interrupt::is_wanted() => EXIT_INTERRUPTED,
        Err(Failure::Error(text)) => {
            cx.messages.error(text);
            EXIT_MOST
        }
    };
    *messages = cx.messages;
    code
}

/// The applet that a program name like `apk_list` stands for.
fn by_program_name(name: &[u8]) -> Option<&'static Applet> {
    let base = name.rsplit(|&byte| byte == b'/').next()?;
    find(base.strip_prefix(b"apk_")?)
}

fn find(name: &[u8]) -> Option<&'static Applet> {
    APPLETS.iter().copied().find(|applet| applet.name.as_bytes() == name)
}

/// Bytes of the command line as a file name.
pub fn os(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applets_are_sorted_and_stand_in_a_section() {
        assert!(APPLETS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn words_that_are_no_applet() {
        for (line, code) in [
            ("apk", 1),
            ("apk nonsense", 1),
            ("apk --version", 0),
            ("apk --print-arch x", 0),
            ("apk --zz", 1),
        ] {
            let mut messages = Messages::to_memory(1);
            let words = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            assert_eq!(dispatch(words, &mut messages), code, "{line}");
        }
    }
}
