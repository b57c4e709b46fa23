//! cp — copy files and trees.
//!
//! Source: POSIX.1-2024 `cp`; BusyBox 1.37 for options and messages; GNU for `--parents` and `-x`.
//!
//! A file that is there already is replaced by a whole copy in one step, as BusyBox does it (by a new file, links are
//! not followed), but without a moment in which there is none.
//!
//! *Differs:* holes stay holes, and extended attributes come along with `-a`.

use super::common::copy::{Copier, Existing, Made, Manner, Preserve};
use super::common::{Destination, cant, is_directory, join};
use crate::prelude::*;
use cli::walk::Follow;
use sys::at::{self, Links, SetTime, Stat};

pub(crate) const APPLET: Applet = Applet {
    name: "cp",
    links: &["/bin/cp"],
    usage: "\
cp [-arPLHpdfinlsTuvx] SOURCE DEST
   or: cp [OPTION]... SOURCE... { -t DIRECTORY | DIRECTORY }

Copy SOURCEs to DEST, or into DIRECTORY.

  -a, --archive               Same as -dpR, with all attributes
  -R, --recursive             Directories and all in them
  -r                          The same
  -d                          Copy symbolic links as links
  -P, --no-dereference        The same (default with -R)
  -L, --dereference           Follow all links
  -H                          Follow SOURCEs that are links
  -p, --preserve[=WHAT]       Keep mode, owner and times
  -f, --force                 With -l and -s: remove what is there
  -i, --interactive           Ask before overwriting
  -n, --no-clobber            Do not overwrite
  -u, --update                Overwrite only what is older
  -l, --link                  Make hard links
  -s, --symbolic-link         Make symbolic links
  -T, --no-target-directory   Take DEST as a file
  -t, --target-directory=DIR  Copy into DIR
  -v, --verbose               Print what is copied
  -x, --one-file-system       Stay on one file system
  --parents                   Copy with the path of SOURCE
  --remove-destination        Ignored: what is there is replaced, not written to
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let destination = Destination::of(&options)?;
    let mut copier = Copier::new(manner(&options));
    if options.has('T') && is_directory(&destination.target) && !is_directory(&destination.sources[0]) {
        return Err(Error::message(format_args!("'{}' is a directory", destination.target.display())));
    }
    let parents = options.has_long("parents");
    if parents && !is_directory(&destination.target) {
        let error = io::Error::from_raw_os_error(20); // ENOTDIR
        return Err(cant("copy into", &destination.target, error));
    }
    for source in &destination.sources {
        if !parents {
            copier.copy(cx, source, &destination.path(source));
            continue;
        }
        match make_parents(source, &destination.target) {
            Ok(made) => {
                let below = relative(source);
                copier.copy(cx, source, &join(&destination.target, below));
                finish_parents(cx, &copier, &made);
            }
            Err(error) => cx.report(error),
        }
    }
    Ok(())
}

fn manner(options: &Options) -> Manner {
    let archive = options.has('a');
    let recursive = archive || options.has('r') || options.has('R');
    let follow = match options.last_of("adPLH") {
        Some('L') => Follow::Always,
        Some('H') => Follow::Root,
        Some(_) => Follow::Never,
        None if recursive => Follow::Never,
        None => Follow::Always,
    };
    let existing = match options.last_of("inu") {
        Some('i') => Existing::Ask,
        Some('n') => Existing::Keep,
        Some('u') => Existing::Update,
        _ => Existing::Overwrite,
    };
    let made = match options.last_of("ls") {
        Some('l') => Made::HardLink,
        Some('s') => Made::Symlink,
        _ => Made::Copy,
    };
    Manner {
        recursive,
        follow,
        preserve: preserve(options, archive, follow),
        existing,
        force: options.has('f'),
        made,
        verbose: options.has('v'),
        same_device: options.has('x'),
    }
}

fn preserve(options: &Options, archive: bool, follow: Follow) -> Preserve {
    let all = Preserve { mode: true, owner: true, times: true, attributes: archive, hard_links: false };
    let mut preserve = match options.value('p') {
        _ if archive => all,
        Some(list) => {
            let has = |word: &[u8]| {
                list.as_bytes().split(|&byte| byte == b',').any(|item| item == word || item == b"all")
            };
            Preserve {
                mode: has(b"mode"),
                owner: has(b"ownership"),
                times: has(b"timestamps"),
                attributes: has(b"xattr"),
                hard_links: has(b"links"),
            }
        }
        None if options.has('p') => all,
        None => Preserve::default(),
    };
    preserve.hard_links |= follow == Follow::Never;
    preserve
}

/// A path as it goes below another: without the slashes in front.
fn relative(path: &Path) -> &OsStr {
    let bytes = path.as_os_str().as_bytes();
    let start = bytes.iter().position(|&byte| byte != b'/').unwrap_or(bytes.len());
    OsStr::from_bytes(&bytes[start..])
}

/// `--parents`: makes the directories of `source` below `target`. Returns what was made, outermost first.
fn make_parents(source: &Path, target: &Path) -> Result<Vec<(PathBuf, Stat)>> {
    let mut made = Vec::new();
    let whole = source.as_os_str().as_bytes();
    let start = whole.len() - relative(source).len();
    for (end, _) in whole.iter().enumerate().skip(start).filter(|&(_, &byte)| byte == b'/') {
        let original = Path::new(OsStr::from_bytes(&whole[..end]));
        let copy = join(target, OsStr::from_bytes(&whole[start..end]));
        if is_directory(&copy) {
            continue;
        }
        let stat =
            at::stat(at::CWD, original, Links::Follow).map_err(|error| cant("stat", original, error))?;
        at::mkdir(at::CWD, &copy, stat.permissions() & 0o777 | 0o700)
            .map_err(|error| cant("create directory", &copy, error))?;
        made.push((copy, stat));
    }
    Ok(made)
}

fn finish_parents(cx: &mut Cx<'_>, copier: &Copier, made: &[(PathBuf, Stat)]) {
    for (path, stat) in made.iter().rev() {
        let mut result = Ok(());
        if copier.manner.preserve.owner {
            // That a user cannot give directories away is no failure of a copy.
            let _ = at::chown(at::CWD, path, Some(stat.uid), Some(stat.gid), Links::Keep);
        }
        if copier.manner.preserve.mode {
            result = at::chmod(at::CWD, path, stat.permissions(), Links::Keep);
        }
        if copier.manner.preserve.times && result.is_ok() {
            let (accessed, modified) = (SetTime::To(stat.accessed), SetTime::To(stat.modified));
            result = at::set_times(at::CWD, path, accessed, modified, Links::Keep);
        }
        if let Err(error) = result {
            cx.report(cant("preserve attributes of", path, error));
        }
    }
}
