//! tar — keep files in archives.
//!
//! Source: BusyBox 1.37 for options and messages; GNU tar for options as one word without a dash, `-p`, `--owner`,
//! `--group`, `--mtime`; the formats are in the crate `archive`.
//!
//! *Differs:* files are put into archives sorted by name; nothing is ever unpacked outside of the directory, also
//! not through links.

mod create;
mod extract;

use super::common::{self, Packing};
use crate::prelude::*;
use archive::tar::{Entry, Kind};

pub(crate) const APPLET: Applet = Applet {
    name: "tar",
    links: &["/bin/tar"],
    usage: "\
tar c|x|t [-zJjahmvokpO] [-f FILE] [-C DIR] [-T FILE] [-X FILE] [FILE]...

Create, extract or list an archive.

  -c, --create              Create
  -x, --extract             Extract
  -t, --list                List
  -f, --file=FILE           The archive ('-', the default, for stdin or stdout)
  -C, --directory=DIR       Change to DIR first
  -v, --verbose             Print names; twice or with t, all about them
  -z, --gzip                Packed by gzip
  -j, --bzip2               Packed by bzip2
  -J, --xz                  Packed by xz
  --lzma                    Packed by lzma
  -a, --auto-compress       Packed as the name of the archive says
  -h, --dereference         Follow links
  -O, --to-stdout           Extract to stdout
  -k, --keep-old-files      Replace no files
  -m, --touch               Do not restore times
  -o, --no-same-owner       Do not restore owners
  --same-owner              Restore them (default for root)
  -p, --same-permissions    Restore modes (default)
  --no-same-permissions     Apply the mask to modes
  --numeric-owner           Owners by number, not by name
  -T, --files-from=FILE     Names of files are in FILE
  -X, --exclude-from=FILE   Patterns of --exclude are in FILE
  --exclude=PATTERN         Leave out what matches PATTERN
  --strip-components=N      Drop the first N parts of names
  --overwrite               Write into files that are there
  --no-recursion            Directories without what they hold
  --owner=USER              Put all files in as USER's
  --group=GROUP             Put all files in as GROUP's
  --mtime=DATE              Put all files in with this time
  --to-command=COMMAND      Pipe files to COMMAND
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let args = expand_bundle(cx.args);
    let options = cli::options::parse(cx.applet.usage, &args, cli::options::Order::Mixed)?;
    let Some(mode) = options.last_of("cxt") else { return Err(Error::usage("")) };
    let file = options.value('f').map_or_else(|| PathBuf::from("-"), PathBuf::from);
    let selection = Selection::of(&options)?;
    if mode == 'c' {
        create::run(cx, &options, &file, selection)
    } else {
        extract::run(cx, &options, &file, selection)
    }
}

/// `tar xfC a.tar dir` as `tar -x -f a.tar -C dir`: in the old style the values of all letters follow the word.
fn expand_bundle(args: &[OsString]) -> Vec<OsString> {
    let Some((first, rest)) = args.split_first() else { return Vec::new() };
    if first.as_bytes().first() == Some(&b'-') {
        return args.to_vec();
    }
    let mut rest = rest.iter();
    let mut expanded = Vec::new();
    for &letter in first.as_bytes() {
        expanded.push(OsString::from_vec(vec![b'-', letter]));
        if b"fCTX".contains(&letter) {
            expanded.extend(rest.next().cloned());
        }
    }
    expanded.extend(rest.cloned());
    expanded
}

/// Which files are meant.
struct Selection {
    names: Vec<OsString>,
    /// Which of `names` were seen.
    found: Vec<bool>,
    excluded: Vec<Vec<u8>>,
}

impl Selection {
    fn of(options: &Options) -> Result<Selection> {
        let mut names = options.operands().to_vec();
        let mut excluded = Vec::new();
        for (short, long, value) in options.in_order() {
            let Some(value) = value else { continue };
            match (short, long) {
                (b'T', _) => names.extend(lines(Path::new(value))?.into_iter().map(OsString::from_vec)),
                (b'X', _) => excluded.extend(lines(Path::new(value))?),
                (_, "exclude") => excluded.push(value.as_bytes().to_vec()),
                _ => {}
            }
        }
        for pattern in &mut excluded {
            while pattern.len() > 1 && pattern.ends_with(b"/") {
                pattern.pop();
            }
        }
        let found = vec![false; names.len()];
        Ok(Selection { names, found, excluded })
    }

    /// Whether a pattern matches a name or what it lies in: as a whole, or from one of its slashes on.
    fn excludes(&self, name: &[u8]) -> bool {
        let name = name.strip_suffix(b"/").unwrap_or(name);
        let ends = name.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(end, _)| end);
        ends.chain([name.len()]).any(|end| {
            let whole = &name[..end];
            let starts =
                whole.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(slash, _)| slash + 1);
            std::iter::once(0).chain(starts).any(|start| {
                self.excluded.iter().any(|pattern| posix::glob::matches(pattern, &whole[start..]))
            })
        })
    }

    /// Whether a member of an archive is meant.
    fn includes(&mut self, name: &[u8]) -> bool {
        let mut included = self.names.is_empty();
        for (wanted, found) in self.names.iter().zip(&mut self.found) {
            let wanted = wanted.as_bytes();
            let wanted = wanted.strip_suffix(b"/").unwrap_or(wanted);
            let below = name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
            if below || posix::glob::matches(wanted, name.strip_suffix(b"/").unwrap_or(name)) {
                *found = true;
                included = true;
            }
        }
        included && !self.excludes(name)
    }
}

/// The lines of a file that are not empty.
fn lines(path: &Path) -> Result<Vec<Vec<u8>>> {
    let mut text = Vec::new();
    common::open_input(path)?.read_to_end(&mut text).at(path)?;
    Ok(text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
}

/// How the archive is packed, as far as the options say.
fn packing(options: &Options, file: &Path) -> Option<Packing> {
    match options.last_of("zjJ") {
        Some('z') => Some(Packing::Gzip),
        Some('j') => Some(Packing::Bzip2),
        Some(_) => Some(Packing::Xz),
        None if options.has_long("lzma") => Some(Packing::Lzma),
        None if options.has('a') => Some(Packing::of_name(file.as_os_str().as_bytes())),
        None => None,
    }
}

/// One member as `tv` prints it.
fn describe(out: &mut Output, entry: &Entry, numeric: bool) {
    let kind: u32 = match entry.kind {
        Kind::File | Kind::HardLink => 0o100000,
        Kind::Symlink => 0o120000,
        Kind::CharDevice => 0o020000,
        Kind::BlockDevice => 0o060000,
        Kind::Directory => 0o040000,
        Kind::Fifo => 0o010000,
    };
    out.write(&posix::mode::text(kind | entry.permissions));
    out.write(b" ");
    let owner = |name: &[u8], id: u32| {
        if numeric || name.is_empty() { id.to_string().into_bytes() } else { name.to_vec() }
    };
    out.write(&owner(&entry.user, entry.uid));
    out.write(b"/");
    out.write(&owner(&entry.group, entry.gid));
    if matches!(entry.kind, Kind::CharDevice | Kind::BlockDevice) {
        write!(out, " {:>9} ", format!("{},{}", entry.device.0, entry.device.1));
    } else {
        write!(out, " {:>9} ", entry.size);
    }
    let mut time = Vec::new();
    let civil = posix::zone::Zone::local().civil(entry.mtime);
    posix::calendar::strftime(b"%Y-%m-%d %H:%M:%S ", &civil, 0, &mut time);
    out.write(&time);
    out.write(&printable(&entry.name));
    if matches!(entry.kind, Kind::Symlink | Kind::HardLink) {
        out.write(b" -> ");
        out.write(&printable(&entry.link));
    }
    out.write(b"\n");
}

/// A name without what would move the cursor.
fn printable(name: &[u8]) -> Vec<u8> {
    name.iter().map(|&byte| if byte.is_ascii_control() { b'?' } else { byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_a_dash_are_options() {
        for (args, expected) in [
            (&["xf", "a", "b"][..], &["-x", "-f", "a", "b"][..]),
            (&["xfC", "a", "d", "b"], &["-x", "-f", "a", "-C", "d", "b"]),
            (&["-xf", "a"], &["-xf", "a"]),
            (&["x"], &["-x"]),
            (&["cf"], &["-c", "-f"]),
        ] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            assert_eq!(expand_bundle(&args), expected);
        }
    }

    #[test]
    fn patterns_match_parts() {
        let excluded = ["e", "*.o", "a/b"].map(|pattern| pattern.as_bytes().to_vec()).to_vec();
        let selection = Selection { names: Vec::new(), found: Vec::new(), excluded };
        for (name, expected) in [
            ("e", true),
            ("d/e/", true),
            ("d/e/f", true),
            ("d/ee", false),
            ("x.o", true),
            ("d/x.o", true),
            ("d/x.oo", false),
            ("a/b/c", true),
            ("x/a/b", true),
            ("a/c", false),
        ] {
            assert_eq!(selection.excludes(name.as_bytes()), expected, "{name}");
        }
    }
}
