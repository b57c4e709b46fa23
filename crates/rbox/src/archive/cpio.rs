//! cpio — file lists to archives, and back.
//!
//! Source: BusyBox 1.37 for options and messages; the formats are in the crate `archive`.
//!
//! *Differs:* archives of the old portable format (odc) are read, too; nothing is unpacked outside of the directory.

use std::fs::File;

use super::common::place::{Place, Root, clear};
use super::common::{broken, cant_open, open_input};
use crate::prelude::*;
use archive::cpio::{Entry, Meta, Reader, Writer, file_type};
use posix::links::{FirstNames, Seen};
use sys::at::{self, Kind, Links, SetTime, Stat, Time};

pub(crate) const APPLET: Applet = Applet {
    name: "cpio",
    links: &["/bin/cpio"],
    usage: "\
cpio [-dmvu] [-F FILE] [-R USER[:GROUP]] [-H newc] [-tio] [-p DIR] [NAME]...

Extract (-i) or list (-t) files from an archive on stdin, or take a list of
files from stdin and create an archive (-o) or copy them (-p).

  -t, --list                    List
  -i, --extract                 Extract NAMEs (or all)
  -o, --create                  Create (wants -H newc)
  -p, --pass-through            Copy to DIR
  -H, --format=FORMAT           The format: newc
  -d, --make-directories        Make directories that are missing
  -m, --preserve-modification-time  Restore times
  -u, --unconditional           Overwrite
  -v, --verbose                 Print names
  -F, --file=FILE               The archive
  -R, --owner=USER[:GROUP]      Whose files are made
  -L, --dereference             Follow links
  -0, --null                    Names in the list end in zero bytes
  -A                            Ignored
  --ignore-devno                Ignored: devices are never kept
  --renumber-inodes             Ignored: they always are
  --to-stdout                   Extract to stdout
  --quiet                       Do not print how many blocks
  --no-absolute-filenames       Ignored: they are never used
",
    process: Process::New,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let owner = match options.value('R') {
        None => (None, None),
        Some(text) => owner(text)?,
    };
    let blocks = match options.last_of("tiop") {
        Some('t') => Some(extract(cx, &options, owner)?),
        // With t beside it, -i only lists.
        Some('i') => Some(extract(cx, &options, owner)?),
        Some('o') => {
            if options.value('H').is_none_or(|format| format != "newc") {
                return Err(Error::usage("an archive is created with -H newc"));
            }
            Some(create(cx, &options)?)
        }
        Some(_) => Some(pass(cx, &options, owner)?),
        None => return Err(Error::usage("")),
    };
    if let Some(bytes) = blocks
        && !options.has_long("quiet")
    {
        cx.out.flush();
        // A closed standard error leaves nobody to tell.
        let _ = io::stderr().write_all(format!("{} blocks\n", bytes.div_ceil(512)).as_bytes());
    }
    Ok(())
}

type Owner = (Option<u32>, Option<u32>);

fn owner(text: &OsStr) -> Result<Owner> {
    let bytes = text.as_bytes();
    let (user, group) = match bytes.iter().position(|byte| b":.".contains(byte)) {
        Some(colon) => (&bytes[..colon], Some(&bytes[colon + 1..])),
        None => (bytes, None),
    };
    let unknown = |what: &str, name: &[u8]| {
        Error::message(format_args!("unknown {what} {}", OsStr::from_bytes(name).display()))
    };
    let uid = posix::passwd::uid_of(user).ok_or_else(|| unknown("user", user))?;
    let gid = match group {
        None | Some(b"") => posix::passwd::user_by_id(uid).map(|user| user.gid),
        Some(group) => Some(posix::passwd::gid_of(group).ok_or_else(|| unknown("group", group))?),
    };
    Ok((Some(uid), gid))
}

/// The names on standard input.
fn listed(cx: &mut Cx<'_>, options: &Options) -> Result<Vec<Vec<u8>>> {
    let end = if options.has('0') { 0 } else { b'\n' };
    let mut text = Vec::new();
    cx.stdin().read_to_end(&mut text).doing("read error")?;
    Ok(text.split(|&byte| byte == end).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

/// A file that goes into an archive.
struct Source {
    names: Vec<Vec<u8>>,
    path: PathBuf,
    stat: Stat,
}

/// The files of the list; names of one file come together at the place of the last, as the format wants them.
fn sources(cx: &mut Cx<'_>, names: Vec<Vec<u8>>, links: Links) -> Vec<Source> {
    let mut sources: Vec<Option<Source>> = Vec::new();
    let mut seen = Seen::default();
    for name in names {
        let path = PathBuf::from(OsString::from_vec(name.clone()));
        let stat = match at::stat(at::CWD, &path, links) {
            Ok(stat) => stat,
            Err(error) => {
                cx.report(Error::at(path, error));
                continue;
            }
        };
        let mut source = Source { names: vec![name], path, stat };
        if stat.links > 1 && stat.kind() == Kind::File {
            let before = seen.insert(stat.device, stat.inode, sources.len());
            if let Some(before) = before.and_then(|index| sources[index].take()) {
                let own = std::mem::replace(&mut source.names, before.names);
                source.names.extend(own);
            }
        }
        sources.push(Some(source));
    }
    sources.into_iter().flatten().collect()
}

fn create(cx: &mut Cx<'_>, options: &Options) -> Result<u64> {
    let names = listed(cx, options)?;
    let links = if options.has('L') { Links::Follow } else { Links::Keep };
    let sources = sources(cx, names, links);
    let file = match options.value('F') {
        None => at::duplicate(1).doing("standard output")?,
        Some(path) => {
            let path = Path::new(path);
            at::open(at::CWD, path, at::O_WRONLY | at::O_CREAT | at::O_TRUNC, 0o666)
                .map_err(|error| cant_open(path, error))?
        }
    };
    let mut out = io::BufWriter::with_capacity(64 * 1024, file);
    let mut writer = Writer::new(&mut out);
    for source in &sources {
        add(cx, &mut writer, source)?;
        if options.has('v') {
            for name in &source.names {
                tell(cx, name);
            }
        }
    }
    writer.finish().doing("write error")
}

/// Only errors of the archive are returned; what concerns one file is reported.
fn add(cx: &mut Cx<'_>, writer: &mut Writer<'_>, source: &Source) -> Result {
    let stat = &source.stat;
    let meta = Meta {
        permissions: stat.permissions(),
        uid: stat.uid,
        gid: stat.gid,
        // Times before 1970 and behind 2106 do not fit.
        mtime: u32::try_from(stat.modified.seconds).unwrap_or(0),
    };
    let name = &source.names[0];
    let (major, minor) = at::device_parts(stat.node);
    let target;
    let kind = match stat.kind() {
        Kind::File => {
            let mut file = match File::open(&source.path) {
                Ok(file) => file,
                Err(error) => {
                    cx.report(cant_open(&source.path, error));
                    return Ok(());
                }
            };
            let names: Vec<&[u8]> = source.names.iter().map(Vec::as_slice).collect();
            return writer.file(&names, &meta, stat.size, &mut file).at(&source.path);
        }
        Kind::Symlink => {
            target = at::read_link(at::CWD, &source.path).at(&source.path)?;
            archive::cpio::Kind::Symlink(target.as_bytes())
        }
        Kind::Directory => archive::cpio::Kind::Directory,
        Kind::CharDevice => archive::cpio::Kind::CharDevice { major, minor },
        Kind::BlockDevice => archive::cpio::Kind::BlockDevice { major, minor },
        Kind::Fifo => archive::cpio::Kind::Fifo,
        Kind::Socket | Kind::Unknown => archive::cpio::Kind::Socket,
    };
    writer.entry(name, &meta, &kind).at(&source.path)
}

fn extract(cx: &mut Cx<'_>, options: &Options, owner: Owner) -> Result<u64> {
    let mut input = open_input(options.value('F').map_or(Path::new("-"), Path::new))?;
    let mut extraction = Extraction::of(options, owner)?;
    let mut reader = Reader::new(&mut input);
    let mut found = vec![false; options.operands().len()];
    while let Some(entry) = reader.next().map_err(broken)? {
        let mut wanted = found.is_empty();
        for (pattern, found) in options.operands().iter().zip(&mut found) {
            if posix::glob::matches(pattern.as_bytes(), &entry.name) {
                (wanted, *found) = (true, true);
            }
        }
        if !wanted {
            continue;
        }
        extraction.take(cx, &entry, &mut reader)?;
    }
    extraction.finish(cx);
    for (pattern, _) in options.operands().iter().zip(&found).filter(|(_, found)| !**found) {
        cx.report(Error::message(format_args!("{}: not found in archive", pattern.display())));
    }
    Ok(reader.offset())
}

/// `-p`: what would be archived is unpacked elsewhere at once.
fn pass(cx: &mut Cx<'_>, options: &Options, owner: Owner) -> Result<u64> {
    options.expect_operands(1, 1)?;
    let names = listed(cx, options)?;
    let links = if options.has('L') { Links::Follow } else { Links::Keep };
    let sources = sources(cx, names, links);
    let here = File::open(".").at(".")?;
    let target = Path::new(&options.operands()[0]);
    if options.has('d') {
        std::fs::create_dir_all(target).at(target)?;
    }
    std::env::set_current_dir(target).at(target)?;
    let mut extraction = Extraction::of(options, owner)?;
    let mut bytes = 0;
    for source in &sources {
        let open = || at::open(std::os::fd::AsRawFd::as_raw_fd(&here), &source.path, at::O_RDONLY, 0);
        let (first, others) = source.names.split_first().ok_or_else(|| Error::message("no name"))?;
        let stat = &source.stat;
        let mut entry = Entry {
            name: first.clone(),
            meta: Meta {
                permissions: stat.permissions(),
                uid: stat.uid,
                gid: stat.gid,
                mtime: u32::try_from(stat.modified.seconds).unwrap_or(0),
            },
            file_type: stat.mode & file_type::MASK,
            inode: 0,
            device: (0, 0),
            links: 1,
            size: 0,
            node: at::device_parts(stat.node),
            format: archive::cpio::Format::New,
            sum: 0,
        };
        match stat.kind() {
            Kind::File => match open() {
                Ok(mut file) => {
                    entry.size = stat.size;
                    bytes += stat.size;
                    extraction.take(cx, &entry, &mut file)?;
                }
                Err(error) => cx.report(cant_open(&source.path, error)),
            },
            Kind::Symlink => {
                let dir = std::os::fd::AsRawFd::as_raw_fd(&here);
                let target = at::read_link(dir, &source.path).at(&source.path)?;
                extraction.take(cx, &entry, &mut target.as_bytes())?;
            }
            _ => extraction.take(cx, &entry, &mut io::empty())?,
        }
        for name in others {
            extraction.link(cx, first, name);
        }
    }
    extraction.finish(cx);
    Ok(bytes)
}

struct Extraction {
    root: Root,
    lists: bool,
    verbose: bool,
    to_stdout: bool,
    make_directories: bool,
    overwrite: bool,
    times: bool,
    owner: Owner,
    is_root: bool,
    /// The first name of files with several, by device and inode.
    links: FirstNames,
    directories: Vec<Entry>,
}

impl Extraction {
    fn of(options: &Options, owner: Owner) -> Result<Extraction> {
        Ok(Extraction {
            root: Root::here()?,
            lists: options.has('t'),
            verbose: options.has('v'),
            to_stdout: options.has_long("to-stdout"),
            make_directories: options.has('d'),
            overwrite: options.has('u'),
            times: options.has('m'),
            owner,
            is_root: sys::access::effective_ids().0 == 0,
            links: FirstNames::default(),
            directories: Vec::new(),
        })
    }

    fn take(&mut self, cx: &mut Cx<'_>, entry: &Entry, contents: &mut dyn Read) -> Result {
        if self.lists {
            if self.verbose {
                describe(&mut cx.out, entry, contents)?;
            } else {
                cx.out.write(&printable(&entry.name));
                cx.out.write(b"\n");
            }
            return Ok(());
        }
        if self.to_stdout {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match contents.read(&mut buffer).map_err(broken)? {
                    0 => return Ok(()),
                    count => cx.out.write(&buffer[..count]),
                }
            }
        }
        if self.verbose {
            tell(cx, &entry.name);
        }
        match self.make(cx, entry, contents) {
            Ok(()) => {}
            Err(Failure::Archive(error)) => return Err(broken(error)),
            Err(Failure::File(error)) => {
                let path = PathBuf::from(OsString::from_vec(entry.name.clone()));
                cx.report(Error::io(format_args!("can't create '{}'", path.display()), error));
            }
        }
        Ok(())
    }

    fn make(
        &mut self,
        cx: &mut Cx<'_>,
        entry: &Entry,
        contents: &mut dyn Read,
    ) -> std::result::Result<(), Failure> {
        let place = self.root.locate(&entry.name, self.make_directories).map_err(Failure::File)?;
        if entry.file_type == file_type::DIRECTORY {
            match at::mkdir(place.dir(), &place.name, 0o700) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other.map_err(Failure::File)?,
            }
            self.directories.push(entry.clone());
            return Ok(());
        }
        let (major, minor) = entry.device;
        let (device, inode) = (u64::from(major) << 32 | u64::from(minor), u64::from(entry.inode));
        let first = self.links.get(device, inode).filter(|_| entry.links > 1).map(<[u8]>::to_vec);
        let is_later_name = first.is_some();
        if let Some(first) = &first {
            if !self.ready(cx, entry, &place).map_err(Failure::File)? {
                return Ok(());
            }
            let target = self.root.locate(first, false).map_err(Failure::File)?;
            at::link(target.dir(), &target.name, place.dir(), &place.name, Links::Keep)
                .map_err(Failure::File)?;
            if entry.size == 0 {
                return Ok(());
            }
        } else if entry.links > 1 && entry.file_type == file_type::FILE {
            self.links.add(device, inode, &entry.name);
        }
        match entry.file_type {
            file_type::FILE => self.file(cx, entry, &place, contents, is_later_name),
            _ => self.other(cx, entry, &place, contents),
        }
    }

    /// Whether something may be made at a place: not over what is newer or as old, unless -u says so.
    fn ready(&self, cx: &mut Cx<'_>, entry: &Entry, place: &Place) -> io::Result<bool> {
        let Ok(there) = at::stat(place.dir(), &place.name, Links::Keep) else { return Ok(true) };
        if !self.overwrite && there.modified.seconds >= i64::from(entry.meta.mtime) {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            cx.report(Error::message(format_args!("{name} not created: newer or same age file exists")));
            return Ok(false);
        }
        clear(place)?;
        Ok(true)
    }

    fn file(
        &mut self,
        cx: &mut Cx<'_>,
        entry: &Entry,
        place: &Place,
        contents: &mut dyn Read,
        is_there: bool,
    ) -> std::result::Result<(), Failure> {
        let mut flags = at::O_WRONLY | at::O_NOFOLLOW;
        if !is_there {
            if !self.ready(cx, entry, place).map_err(Failure::File)? {
                return Ok(());
            }
            flags |= at::O_CREAT | at::O_EXCL;
        }
        let mut file = at::open(place.dir(), &place.name, flags, 0o600).map_err(Failure::File)?;
        let mut buffer = vec![0; 64 * 1024];
        let mut sum = 0u32;
        loop {
            match contents.read(&mut buffer).map_err(Failure::Archive)? {
                0 => break,
                count => {
                    file.write_all(&buffer[..count]).map_err(Failure::File)?;
                    sum = buffer[..count].iter().fold(sum, |sum, &byte| sum.wrapping_add(u32::from(byte)));
                }
            }
        }
        if entry.format == archive::cpio::Format::Crc && sum != entry.sum {
            return Err(Failure::File(io::Error::new(io::ErrorKind::InvalidData, "checksum error")));
        }
        drop(file);
        self.dress(entry, place).map_err(Failure::File)
    }

    fn other(
        &mut self,
        cx: &mut Cx<'_>,
        entry: &Entry,
        place: &Place,
        contents: &mut dyn Read,
    ) -> std::result::Result<(), Failure> {
        let mut target = Vec::new();
        if entry.file_type == file_type::SYMLINK {
            contents.take(64 * 1024).read_to_end(&mut target).map_err(Failure::Archive)?;
        }
        if !self.ready(cx, entry, place).map_err(Failure::File)? {
            return Ok(());
        }
        self.root.forget();
        let made = if entry.file_type == file_type::SYMLINK {
            at::symlink(Path::new(OsStr::from_bytes(&target)), place.dir(), &place.name)
        } else {
            let node = at::device(entry.node.0, entry.node.1);
            at::mknod(place.dir(), &place.name, entry.file_type | 0o600, node)
        };
        made.and_then(|()| self.dress(entry, place)).map_err(Failure::File)
    }

    /// Gives what was made its owner, mode and time.
    fn dress(&self, entry: &Entry, place: &Place) -> io::Result<()> {
        if self.is_root || self.owner.0.is_some() {
            let uid = self.owner.0.unwrap_or(entry.meta.uid);
            let gid = self.owner.1.unwrap_or(entry.meta.gid);
            at::chown(place.dir(), &place.name, Some(uid), Some(gid), Links::Keep)?;
        }
        if entry.file_type != file_type::SYMLINK {
            at::chmod(place.dir(), &place.name, entry.meta.permissions, Links::Keep)?;
        }
        if self.times {
            let time = SetTime::To(Time { seconds: i64::from(entry.meta.mtime), nanoseconds: 0 });
            at::set_times(place.dir(), &place.name, time, time, Links::Keep)?;
        }
        Ok(())
    }

    /// Makes another name of a file that was just made.
    fn link(&mut self, cx: &mut Cx<'_>, first: &[u8], name: &[u8]) {
        let result = self.root.locate(first, false).and_then(|target| {
            let place = self.root.locate(name, self.make_directories)?;
            clear(&place)?;
            at::link(target.dir(), &target.name, place.dir(), &place.name, Links::Keep)
        });
        if let Err(error) = result {
            let name = String::from_utf8_lossy(name).into_owned();
            cx.report(Error::io(format_args!("can't create '{name}'"), error));
        }
    }

    /// Innermost directories first.
    fn finish(&mut self, cx: &mut Cx<'_>) {
        for entry in std::mem::take(&mut self.directories).iter().rev() {
            let done = self.root.locate(&entry.name, false).and_then(|place| self.dress(entry, &place));
            if let Err(error) = done {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                cx.report(Error::io(format_args!("can't change '{name}'"), error));
            }
        }
    }
}

/// Whose fault it is: the archive cannot be read on, or one file cannot be written.
enum Failure {
    Archive(io::Error),
    File(io::Error),
}

/// A name on standard error: standard output may be the archive.
fn tell(cx: &mut Cx<'_>, name: &[u8]) {
    cx.out.flush();
    let mut line = printable(name);
    line.push(b'\n');
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(&line);
}

fn describe(out: &mut Output, entry: &Entry, contents: &mut dyn Read) -> Result {
    out.write(&posix::mode::text(entry.file_type | entry.meta.permissions));
    let mut time = Vec::new();
    let civil = posix::zone::Zone::local().civil(i64::from(entry.meta.mtime));
    posix::calendar::strftime(b"%Y-%m-%d %H:%M:%S ", &civil, 0, &mut time);
    write!(out, " {}/{} {:>9} ", entry.meta.uid, entry.meta.gid, entry.size);
    out.write(&time);
    out.write(&printable(&entry.name));
    if entry.file_type == file_type::SYMLINK {
        let mut target = Vec::new();
        contents.take(64 * 1024).read_to_end(&mut target).map_err(broken)?;
        out.write(b" -> ");
        out.write(&printable(&target));
    }
    out.write(b"\n");
    Ok(())
}

/// A name without what would move the cursor.
fn printable(name: &[u8]) -> Vec<u8> {
    name.iter().map(|&byte| if byte.is_ascii_control() { b'?' } else { byte }).collect()
}
