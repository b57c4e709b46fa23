//! mount — attach a file system.
//!
//! Source: mount(2), mount(8) of util-linux 2.41, fstab(5); BusyBox 1.37 for options, messages and exit statuses.
//! Differs: the type is told by the superblock before the lists in /etc/filesystems and /proc/filesystems are
//! tried, and `-a` leaves alone what is mounted already.

mod action;
mod options;

use crate::prelude::*;
use action::{Request, Settings};
use block::mounts::{self, Entry};
use std::os::unix::fs::MetadataExt;

use super::common::{kind_matches, options_match};

pub(crate) const APPLET: Applet = Applet {
    name: "mount",
    links: &["/bin/mount"],
    usage: "\
mount [OPTIONS] [-o OPT] DEVICE NODE

Mount a file system, or print what is mounted.

  -a, --all            Mount all file systems in fstab
  -f, --fake           Dry run
  -v, --verbose        Say what is mounted
  -r, --read-only      Same as -o ro
  -w, --rw             Same as -o rw
  -n, --no-mtab        Ignored (there is no mtab)
  -s                   Ignored (sloppy options)
  -i, --internal-only  Do not run /sbin/mount.FSTYPE
  -t, --types=FSTYPE   Type(s), separated by commas; with -a 'no' turns the list
  -T, --fstab=FILE     Read FILE instead of /etc/fstab
  -O, --test-opts=OPT  Only file systems with these options (-a only)
  -o, --options=OPT    Options, separated by commas:
                       ro rw [no]atime [no]diratime [no]relatime strictatime lazytime
                       [no]dev [no]exec [no]suid [a]sync dirsync remount [r]bind move
                       [r]shared [r]slave [r]private [r]unbindable loop offset=N
                       sizelimit=N and what the file system itself knows
  -B, --bind           Same as -o bind; also --rbind, --move, --make-[r]shared and so on
  -R, --rbind          Same as -o rbind
  -M, --move           Same as -o move

DEVICE may be LABEL=, UUID=, PARTLABEL= or PARTUUID=.
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let args = without_make(cx.args);
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::Mixed)?;
    options.expect_operands(0, 2)?;
    let fstab = PathBuf::from(options.value('T').unwrap_or(OsStr::new("/etc/fstab")));
    let settings = Settings {
        fake: options.has('f'),
        verbose: options.has('v'),
        no_helper: options.has('i'),
        kinds: options.value('t').map(OsStr::to_os_string),
        ignore_busy: false,
    };
    let words = command_words(&options);
    let operands = options.operands();
    match operands {
        [] if options.has('a') => {
            mount_all(cx, &fstab, options.value('O').map(OsStr::as_bytes), &words, &settings)
        }
        [] => print(cx, settings.kinds.as_deref()),
        [only] => mount_named(cx, only, &fstab, &words, &settings),
        [source, target, ..] => {
            refuse_users()?;
            let request = Request::new(source, Path::new(target), &words);
            action::mount(cx, &request, &settings)
        }
    }
}

/// `--make-private` and its kin are `-o private`: eight names that need no line each in the usage text.
fn without_make(args: &[OsString]) -> Vec<OsString> {
    args.iter()
        .map(|arg| match arg.as_bytes().strip_prefix(b"--make-") {
            Some(word) => OsString::from_vec([b"-o", word].concat()),
            None => arg.clone(),
        })
        .collect()
}

/// The options of the command line in their order, as one list.
fn command_words(options: &Options) -> Vec<u8> {
    let mut words = Vec::new();
    for (short, _, value) in options.in_order() {
        let word = match (short, value) {
            (b'o', Some(list)) => list.as_bytes(),
            (b'r', _) => b"ro",
            (b'w', _) => b"rw",
            (b'B', _) => b"bind",
            (b'R', _) => b"rbind",
            (b'M', _) => b"move",
            _ => continue,
        };
        push_words(&mut words, word);
    }
    words
}

fn push_words(words: &mut Vec<u8>, more: &[u8]) {
    if !words.is_empty() && !more.is_empty() {
        words.push(b',');
    }
    words.extend_from_slice(more);
}

fn is_restricted() -> bool {
    sys::user::real_id() != 0 && sys::user::effective_id() == 0
}

/// Whoever runs a setuid mount may only mount what fstab lets users mount.
fn refuse_users() -> Result {
    if is_restricted() { Err(Error::message("must be superuser to use mount")) } else { Ok(()) }
}

fn print(cx: &mut Cx<'_>, kinds: Option<&OsStr>) -> Result {
    for entry in mounts::mounted().at("/proc/mounts")? {
        if entry.kind == "rootfs"
            || kinds.is_some_and(|list| !kind_matches(entry.kind.as_bytes(), list.as_bytes()))
        {
            continue;
        }
        for (part, text) in [
            (entry.source.as_bytes(), " on "),
            (entry.target.as_os_str().as_bytes(), " type "),
            (entry.kind.as_bytes(), " ("),
            (&entry.options, ")\n"),
        ] {
            cx.out.write(part);
            cx.out.write(text.as_bytes());
        }
    }
    Ok(())
}

/// One operand: a device or mount point of fstab, or of what is mounted when it is to be remounted.
fn mount_named(cx: &mut Cx<'_>, name: &OsStr, fstab: &Path, words: &[u8], settings: &Settings) -> Result {
    let parsed = options::parse(words).map_err(Error::message)?;
    if !parsed.propagation.is_empty() && parsed.flags == 0 {
        refuse_users()?;
        return action::mount(cx, &Request::new(OsStr::new("none"), Path::new(name), words), settings);
    }
    let is_remount = parsed.flags & sys::mount::flag::REMOUNT != 0;
    let table = if is_remount { Path::new("/proc/mounts") } else { fstab };
    let from_fstab = mounts::read(fstab);
    let entry = match &from_fstab {
        Ok(entries) => find_entry(entries, name),
        Err(_) => None,
    };
    let request = match (entry, is_remount) {
        (Some(entry), _) => {
            if is_restricted() {
                check_user(entry, words)?;
            }
            Request::of_entry(entry, words)
        }
        (None, true) => {
            refuse_users()?;
            let entry = find_mounted(name)?.ok_or_else(|| not_in(name, table))?;
            Request::of_mounted(&entry, words)
        }
        (None, false) => match from_fstab {
            Err(error) => return Err(unreadable(fstab, &error)),
            Ok(_) => return Err(not_in(name, table)),
        },
    };
    action::mount(cx, &request, settings)
}

fn unreadable(table: &Path, error: &io::Error) -> Error {
    Error::message(format_args!("can't read '{}': {}", table.display(), sys::error::text(error)))
}

fn not_in(name: &OsStr, table: &Path) -> Error {
    Error::message(format_args!("can't find {} in {}", name.display(), table.display()))
}

fn find_entry<'a>(entries: &'a [Entry], name: &OsStr) -> Option<&'a Entry> {
    let real = std::fs::canonicalize(name).ok();
    let fits = |entry: &&Entry| {
        entry.source == name
            || entry.target == Path::new(name)
            || real.as_deref().is_some_and(|real| entry.target == real)
    };
    entries.iter().find(fits)
}

/// The topmost mount of that source or target.
fn find_mounted(name: &OsStr) -> Result<Option<Entry>> {
    let mut entries = mounts::mounted().at("/proc/mounts")?;
    entries.reverse();
    Ok(find_entry(&entries, name).cloned())
}

/// What fstab says about users: `user` and `users` for everybody, `owner` for whom the device belongs to.
fn check_user(entry: &Entry, words: &[u8]) -> Result {
    let allowed = entry.has("user")
        || entry.has("users")
        || entry.has("owner")
            && std::fs::metadata(&entry.source).is_ok_and(|device| device.uid() == sys::user::real_id());
    if !allowed {
        return Err(Error::message(format_args!("must be superuser to mount {}", entry.target.display())));
    }
    // Only what takes rights away may be added.
    let harmless = words.split(|&byte| byte == b',').all(|word| {
        matches!(word, b"" | b"ro" | b"nosuid" | b"nodev" | b"noexec" | b"noatime" | b"nodiratime")
    });
    if harmless { Ok(()) } else { Err(Error::message("only root can use these options")) }
}

fn mount_all(
    cx: &mut Cx<'_>,
    fstab: &Path,
    wanted: Option<&[u8]>,
    words: &[u8],
    settings: &Settings,
) -> Result {
    refuse_users()?;
    let entries = mounts::read(fstab).map_err(|error| unreadable(fstab, &error))?;
    // The list of `-t` chooses lines here; the type of each line stands in it.
    let each = Settings { kinds: None, ignore_busy: true, ..settings.clone() };
    for entry in &entries {
        let chosen =
            settings.kinds.as_deref().is_none_or(|list| kind_matches(entry.kind.as_bytes(), list.as_bytes()));
        let has_place = entry.kind != "swap" && entry.target.is_absolute();
        if !chosen
            || !has_place
            || entry.has("noauto")
            || !options_match(&entry.options, wanted.unwrap_or(b""))
        {
            continue;
        }
        if action::is_mounted(entry) {
            continue;
        }
        if let Err(error) = action::mount(cx, &Request::of_entry(entry, words), &each) {
            cx.report(error);
        }
    }
    Ok(())
}
