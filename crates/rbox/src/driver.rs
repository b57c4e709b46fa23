//! driver — from argv to an applet, and the options of the binary itself.
//!
//! Source: BusyBox 1.37 for `--list`, `--list-full`, `--install`, `--show` and the exit statuses.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use cli::applet::Applet;
use cli::error::{At, Error, Result};
use cli::output::Output;

use crate::applets::APPLETS;

const USAGE: &str = "\
Usage: rbox [APPLET [ARG]...]
   or: rbox --list[-full]
   or: rbox --show SCRIPT
   or: rbox --install [-s] [DIR]

The commands of Tarn in one program. A link to it by the name of an applet runs
that applet; so does the name as the first argument.

  --list         Print the applets' names
  --list-full    Print the paths of their links
  --show SCRIPT  Print an embedded script
  --install      Make hard links (-s: symbolic links) in DIR, or where they belong
";

/// The applet of that name.
pub(crate) fn find(name: &[u8]) -> Option<&'static Applet> {
    APPLETS.binary_search_by(|applet| applet.name.as_bytes().cmp(name)).ok().map(|index| APPLETS[index])
}

/// Runs what `args` (with the program's name) asks for and gives the exit status.
pub(crate) fn run(args: &[OsString]) -> u8 {
    let Some(program) = args.first() else { return 127 };
    let name = called_name(program);
    if let Some(applet) = find(name) {
        return cli::applet::run(applet, applet.name, &args[1..]);
    }
    if !matches!(name, b"rbox" | b"busybox") && !name.starts_with(b"rbox-") {
        return not_found(name);
    }
    match args.get(1).map(|first| first.as_bytes()) {
        None | Some(b"--help") => print(USAGE.as_bytes()),
        Some(b"--list") => {
            let names: Vec<&str> = APPLETS.iter().map(|applet| applet.name).collect();
            print((names.join("\n") + "\n").as_bytes())
        }
        Some(b"--list-full") => {
            let mut links: Vec<&str> = APPLETS
                .iter()
                .flat_map(|applet| applet.links)
                .map(|link| link.trim_start_matches('/'))
                .collect();
            links.sort_unstable();
            print((links.join("\n") + "\n").as_bytes())
        }
        Some(b"--show") => match args.get(2) {
            Some(script) => fail(&Error::message(format_args!("script '{}' not found", script.display()))),
            None => fail(&Error::message("--show needs the name of a script")),
        },
        Some(b"--install") => match install(&args[2..]) {
            Ok(()) => 0,
            Err(error) => fail(&error),
        },
        Some(first) => match find(called_name(OsStr::from_bytes(first))) {
            Some(applet) => cli::applet::run(applet, applet.name, &args[2..]),
            None => not_found(first),
        },
    }
}

/// The last component of argv[0], without the dash of a login shell.
fn called_name(program: &OsStr) -> &[u8] {
    let bytes = program.as_bytes();
    let name = match bytes.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => &bytes[slash + 1..],
        None => bytes,
    };
    name.strip_prefix(b"-").unwrap_or(name)
}

/// `--install [-s] [DIR]`: links that exist already are left alone, as BusyBox does.
fn install(args: &[OsString]) -> Result {
    let symbolic = args.first().is_some_and(|first| first == "-s");
    let directory = args.get(usize::from(symbolic)).map(Path::new);
    let program = std::env::current_exe().at("/proc/self/exe")?;
    for applet in APPLETS {
        match directory {
            Some(directory) => link(&program, &directory.join(applet.name), symbolic)?,
            None => {
                for path in applet.links {
                    link(&program, Path::new(path), symbolic)?;
                }
            }
        }
    }
    Ok(())
}

fn link(program: &Path, path: &Path, symbolic: bool) -> Result {
    let made =
        if symbolic { std::os::unix::fs::symlink(program, path) } else { std::fs::hard_link(program, path) };
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.at(path),
    }
}

fn print(text: &[u8]) -> u8 {
    let mut out = Output::to_fd(1);
    out.write(text);
    match out.finish() {
        Ok(()) => 0,
        Err(error) => fail(&Error::io("write error", error)),
    }
}

fn fail(error: &Error) -> u8 {
    eprintln!("rbox: {error}");
    1
}

fn not_found(name: &[u8]) -> u8 {
    eprintln!("{}: applet not found", String::from_utf8_lossy(name));
    127
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_links_are_unique() {
        assert!(APPLETS.windows(2).all(|pair| pair[0].name < pair[1].name));
        let mut links: Vec<_> = APPLETS.iter().flat_map(|applet| applet.links).collect();
        let count = links.len();
        links.sort_unstable();
        links.dedup();
        assert_eq!(links.len(), count);
    }

    #[test]
    fn every_usage_begins_with_the_name() {
        for applet in APPLETS {
            assert!(applet.usage.is_empty() || applet.usage.starts_with(applet.name), "{}", applet.name);
        }
    }

    #[test]
    fn takes_the_name_from_the_end_of_a_path() {
        assert_eq!(called_name(OsStr::new("/bin/-sh")), b"sh");
        assert_eq!(called_name(OsStr::new("ls")), b"ls");
    }
}
