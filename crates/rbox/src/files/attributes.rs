//! chattr, lsattr and fatattr — the attributes that file systems keep beside the mode.
//!
//! Source: BusyBox 1.37; ioctl_iflags(2); chattr(1) of e2fsprogs for the letters.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

use sys::file_flags;

use crate::prelude::*;

pub(crate) const APPLETS: &[Applet] = &[
    Applet {
        name: "chattr",
        links: &["/bin/chattr"],
        usage: "\
chattr [-R] [-v VERSION] [-p PROJECT] [-+=ATTRIBUTES]... FILE...

Add (+), take (-) or set (=) attributes of files.

-R  In folders, too    -v  Set the generation    -p  Set the project

A no access times    a append only        C no copy on write  c compressed
D folder in sync     d no backup          E encrypted         e extents
F ignore case        I indexed folder     i immutable         j journal data
N data in the inode  P project of folder  S in sync           s wiped
T top of folders     t no tail merging    u undeletable       V verity
",
        process: Process::Fork,
        run: chattr,
    },
    Applet {
        name: "lsattr",
        links: &["/bin/lsattr"],
        usage: "\
lsattr [-Radlpv] [FILE]...

Print the attributes of files.

  -R  In folders, too
  -a  Also names with a dot
  -d  Folders themselves, not what is in them
  -l  As words
  -p  The project, too
  -v  The generation, too
",
        process: Process::Fork,
        run: lsattr,
    },
    Applet {
        name: "fatattr",
        links: &["/bin/fatattr"],
        usage: "\
fatattr [-+ATTRIBUTES]... FILE...

Print the attributes of files on FAT, or add (+) or take (-) some.

r read-only  h hidden  s system  v label  d folder  a archive
",
        process: Process::Fork,
        run: fatattr,
    },
];

/// Letter, flag and words, in the order in which they are printed.
const FLAGS: [(u8, u32, &str); 20] = [
    (b's', 0x1, "Secure_Deletion"),
    (b'u', 0x2, "Undelete"),
    (b'S', 0x8, "Synchronous_Updates"),
    (b'D', 0x1_0000, "Synchronous_Directory_Updates"),
    (b'i', 0x10, "Immutable"),
    (b'a', 0x20, "Append_Only"),
    (b'd', 0x40, "No_Dump"),
    (b'A', 0x80, "No_Atime"),
    (b'c', 0x4, "Compression_Requested"),
    (b'E', 0x800, "Encrypted"),
    (b'j', 0x4000, "Journaled_Data"),
    (b'I', 0x1000, "Indexed_directory"),
    (b't', 0x8000, "No_Tailmerging"),
    (b'T', 0x2_0000, "Top_of_Directory_Hierarchies"),
    (b'e', 0x8_0000, "Extents"),
    (b'C', 0x80_0000, "No_COW"),
    (b'F', 0x4000_0000, "Casefold"),
    (b'N', 0x1000_0000, "Inline_Data"),
    (b'P', 0x2000_0000, "Project_Hierarchy"),
    (b'V', 0x10_0000, "Verity"),
];
/// What chattr can change.
const CHANGEABLE: u32 = 0x604b_c0ff | 0x80_0000;

/// Opens without waiting for a device or a pipe.
fn open(path: &Path) -> io::Result<File> {
    const NO_WAIT: i32 = 0o4000;
    OpenOptions::new().read(true).custom_flags(NO_WAIT).open(path)
}

#[derive(Default)]
struct Change {
    add: u32,
    remove: u32,
    set: Option<u32>,
    version: Option<u32>,
    project: Option<u32>,
    recursive: bool,
}

fn chattr(cx: &mut Cx<'_>) -> Result {
    let mut change = Change::default();
    let mut args = cx.args.iter();
    let mut files: Vec<&Path> = Vec::new();
    while let Some(arg) = args.next() {
        let bytes = arg.as_bytes();
        let mut value = |text: &[u8]| -> Result<Option<u32>> {
            let text =
                if text.is_empty() { args.next().ok_or_else(|| Error::usage(""))?.as_bytes() } else { text };
            let number = cli::options::number(OsStr::from_bytes(text))?;
            Ok(Some(u32::try_from(number).map_err(|_| Error::message("number too large"))?))
        };
        match bytes {
            b"--" => {
                files.extend(args.by_ref().map(Path::new));
            }
            b"-R" => change.recursive = true,
            [b'-', b'v', rest @ ..] => change.version = value(rest)?,
            [b'-', b'p', rest @ ..] => change.project = value(rest)?,
            [b'+', letters @ ..] => change.add |= flags_of(letters)?,
            [b'-', letters @ ..] => change.remove |= flags_of(letters)?,
            [b'=', letters @ ..] => change.set = Some(change.set.unwrap_or(0) | flags_of(letters)?),
            _ => files.push(Path::new(arg)),
        }
    }
    if files.is_empty() {
        return Err(Error::usage(""));
    }
    if change.set.is_some() && change.add | change.remove != 0 {
        return Err(Error::message("= is incompatible with - and +"));
    }
    if change.add & change.remove != 0 {
        return Err(Error::message("can't set and unset a flag"));
    }
    let none = change.add | change.remove == 0 && change.set.is_none();
    if none && change.version.is_none() && change.project.is_none() {
        return Err(Error::message("must use -v, -p, =, - or +"));
    }
    for file in files {
        change.apply(cx, file);
    }
    Ok(())
}

fn flags_of(letters: &[u8]) -> Result<u32> {
    letters.iter().try_fold(0, |flags, &letter| {
        match FLAGS.iter().find(|(known, flag, _)| *known == letter && flag & CHANGEABLE != 0) {
            Some((_, flag, _)) => Ok(flags | flag),
            None => Err(Error::usage(format_args!("unknown attribute '{}'", letter.escape_ascii()))),
        }
    })
}

impl Change {
    fn apply(&self, cx: &mut Cx<'_>, path: &Path) {
        let kind = match fs::symlink_metadata(path) {
            Ok(data) => data.file_type(),
            Err(error) => return cx.report(cant("stat", path, error)),
        };
        if kind.is_symlink() && self.recursive {
            return;
        }
        if let Err(error) = self.apply_one(path) {
            cx.report(error);
        }
        if kind.is_dir() && self.recursive {
            for name in names(cx, path) {
                self.apply(cx, &path.join(name));
            }
        }
    }

    fn apply_one(&self, path: &Path) -> Result {
        let doing = |what: &str, error| Error::io(format_args!("{what} on {}", path.display()), error);
        let file = open(path).map_err(|error| cant("open", path, error))?;
        if let Some(version) = self.version {
            file_flags::set_version(&file, version).map_err(|error| doing("setting version", error))?;
        }
        if let Some(project) = self.project {
            file_flags::set_project(&file, project).map_err(|error| doing("setting project ID", error))?;
        }
        if self.set.is_none() && self.add | self.remove == 0 {
            return Ok(());
        }
        let before = file_flags::flags(&file).map_err(|error| doing("getting flags", error))?;
        // What no letter of the options stands for stays as it is.
        let mut flags = match self.set {
            Some(set) => before & !CHANGEABLE | set,
            None => before & !self.remove | self.add,
        };
        if !file.metadata().is_ok_and(|data| data.is_dir()) {
            const FOLDERS_ONLY: u32 = 0x3_0000;
            flags &= !FOLDERS_ONLY;
        }
        file_flags::set_flags(&file, flags).map_err(|error| doing("setting flags", error))
    }
}

#[cold]
fn cant(what: &str, path: &Path, error: io::Error) -> Error {
    Error::io(format_args!("can't {what} '{}'", path.display()), error)
}

fn names(cx: &mut Cx<'_>, folder: &Path) -> Vec<OsString> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
        Err(error) => {
            cx.report(Error::at(folder, error));
            Vec::new()
        }
    }
}

fn lsattr(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let here = [OsString::from(".")];
    let operands = options.operands();
    for operand in if operands.is_empty() { &here } else { operands } {
        let path = Path::new(operand);
        match fs::symlink_metadata(path) {
            Err(error) => cx.report(cant("stat", path, error)),
            Ok(data) if data.is_dir() && !options.has('d') => list(cx, &options, path),
            Ok(_) => print(cx, &options, path),
        }
    }
    Ok(())
}

fn list(cx: &mut Cx<'_>, options: &Options, folder: &Path) {
    let mut names = names(cx, folder);
    if options.has('a') {
        names.extend([".", ".."].map(OsString::from));
    }
    names.sort_unstable();
    for name in names {
        if name.as_bytes().starts_with(b".") && !options.has('a') {
            continue;
        }
        let path = folder.join(&name);
        // Only files and folders have attributes.
        let Ok(data) = fs::symlink_metadata(&path) else { continue };
        if !data.is_dir() && !data.is_file() {
            continue;
        }
        print(cx, options, &path);
        if data.is_dir() && options.has('R') && name != "." && name != ".." {
            writeln!(cx.out, "\n{}:", path.display());
            list(cx, options, &path);
            cx.out.write(b"\n");
        }
    }
}

fn print(cx: &mut Cx<'_>, options: &Options, path: &Path) {
    let read = || -> io::Result<(u32, u32, u32)> {
        let file = open(path)?;
        let project = if options.has('p') { file_flags::project(&file)? } else { 0 };
        let version = if options.has('v') { file_flags::version(&file)? } else { 0 };
        Ok((project, version, file_flags::flags(&file)?))
    };
    let (project, version, flags) = match read() {
        Ok(found) => found,
        Err(error) => {
            return cx.report(Error::io(format_args!("reading {}", path.display()), error));
        }
    };
    if options.has('p') {
        write!(cx.out, "{project:5} ");
    }
    if options.has('v') {
        write!(cx.out, "{version:<10} ");
    }
    if options.has('l') {
        let set = FLAGS.iter().filter(|(_, flag, _)| flags & flag != 0);
        let words: Vec<&str> = set.map(|&(.., words)| words).collect();
        let words = if words.is_empty() { "---".to_string() } else { words.join(", ") };
        writeln!(cx.out, "{:28} {words}", path.display().to_string());
    } else {
        let letters = FLAGS.map(|(letter, flag, _)| if flags & flag != 0 { letter } else { b'-' });
        cx.out.write(&letters);
        cx.out.write(b" ");
        cx.out.write(path.as_os_str().as_bytes());
        cx.out.write(b"\n");
    }
}

fn fatattr(cx: &mut Cx<'_>) -> Result {
    const LETTERS: &[u8; 6] = b"rhsvda";
    let (mut add, mut remove) = (0, 0);
    let mut args = cx.args;
    while let Some((first, rest)) = args.split_first() {
        let (letters, mask) = match first.as_bytes() {
            [b'+', letters @ ..] => (letters, &mut add),
            [b'-', letters @ ..] => (letters, &mut remove),
            _ => break,
        };
        for letter in letters {
            let Some(index) = LETTERS.iter().position(|known| known == letter) else {
                return Err(Error::usage(format_args!("unknown attribute '{}'", letter.escape_ascii())));
            };
            *mask |= 1_u32 << index;
        }
        args = rest;
    }
    if args.is_empty() {
        return Err(Error::usage(""));
    }
    for file in args {
        let path = Path::new(file);
        let work = |out: &mut Output| -> io::Result<()> {
            let file = open(path)?;
            let attributes = file_flags::fat_attributes(&file)?;
            if add | remove != 0 {
                return file_flags::set_fat_attributes(&file, attributes & !remove | add);
            }
            for (index, letter) in LETTERS.iter().enumerate() {
                out.write(&[if attributes >> index & 1 == 1 { *letter } else { b' ' }]);
            }
            writeln!(out, " {}", path.display());
            Ok(())
        };
        if let Err(error) = work(&mut cx.out) {
            cx.report(Error::at(path, error));
        }
    }
    Ok(())
}
