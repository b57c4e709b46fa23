//! create — files to an archive.

use std::fs::File;

use super::Selection;
use crate::applets::archive::common::{Packing, cant_open};
use crate::prelude::*;
use archive::tar::{Entry, Kind, Writer};
use archive::{bzip2, gzip};
use cli::walk::{Event, Follow, Settings, Walk};
use posix::links::FirstNames;
use sys::at::{self, Stat};

pub(super) fn run(cx: &mut Cx<'_>, options: &Options, file: &Path, selection: Selection) -> Result {
    if selection.names.is_empty() {
        return Err(Error::message("empty archive"));
    }
    let packing = super::packing(options, file).unwrap_or(Packing::None);
    if !matches!(packing, Packing::None | Packing::Gzip | Packing::Bzip2) {
        return Err(Error::message(format_args!("cannot pack by {}", packing.name())));
    }
    let fixed = Fixed::of(options)?;
    let to_stdout = file.as_os_str() == "-";
    let mut sink = if to_stdout {
        Sink { file: at::duplicate(1).doing("standard output")?, buffer: Vec::new() }
    } else {
        let flags = at::O_WRONLY | at::O_CREAT | at::O_TRUNC;
        let opened = at::open(at::CWD, file, flags, 0o666).map_err(|error| cant_open(file, error))?;
        Sink { file: opened, buffer: Vec::new() }
    };
    let archive = at::stat_fd(&sink.file).ok().filter(|stat| stat.kind() == at::Kind::File);
    for (_, _, directory) in options.in_order().filter(|(short, ..)| *short == b'C') {
        let directory = directory.unwrap_or_default();
        std::env::set_current_dir(directory).map_err(|error| {
            Error::io(format_args!("can't change directory to '{}'", directory.display()), error)
        })?;
    }
    let mut creation = Creation {
        selection,
        fixed,
        follow: options.has('h'),
        recursive: !options.has_long("no-recursion"),
        verbose: options.count('v'),
        to_stdout,
        numeric: options.has_long("numeric-owner"),
        archive,
        seen: FirstNames::default(),
        users: Vec::new(),
        groups: Vec::new(),
        told_slash: false,
    };
    let written = match packing {
        Packing::Gzip => {
            let mut packed = gzip::Writer::new(&mut sink, 6, 0);
            creation.write(cx, &mut packed).and_then(|()| packed.finish().doing("write error"))
        }
        Packing::Bzip2 => {
            let mut packed = bzip2::Writer::new(&mut sink, 9);
            creation.write(cx, &mut packed).and_then(|()| packed.finish().doing("write error"))
        }
        _ => creation.write(cx, &mut sink),
    };
    written?;
    sink.flush().doing("write error")?;
    if cx.status != 0 {
        return Err(Error::message("error exit delayed from previous errors"));
    }
    Ok(())
}

/// The archive's file, written in large pieces.
struct Sink {
    file: File,
    buffer: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= 64 * 1024 {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.file.write_all(&self.buffer);
        self.buffer.clear();
        written
    }
}

/// What is the same for all entries, because options say so.
struct Fixed {
    uid: Option<(u32, Vec<u8>)>,
    gid: Option<(u32, Vec<u8>)>,
    mtime: Option<i64>,
}

impl Fixed {
    fn of(options: &Options) -> Result<Fixed> {
        let owner = |long: &str, look_up: fn(&[u8]) -> Option<u32>| -> Result<Option<(u32, Vec<u8>)>> {
            let Some(text) = options.value_long(long).flatten() else { return Ok(None) };
            let bytes = text.as_bytes();
            let id = look_up(bytes)
                .ok_or_else(|| Error::message(format_args!("unknown {long} {}", text.display())))?;
            let name = if bytes.iter().all(u8::is_ascii_digit) { Vec::new() } else { bytes.to_vec() };
            Ok(Some((id, name)))
        };
        let mtime = match options.value_long("mtime").flatten() {
            None => None,
            Some(text) => {
                let (seconds, nanos) = sys::clock::now();
                let now = posix::date::Moment { seconds, nanos };
                let zone = posix::zone::Zone::local();
                let moment = text.to_str().and_then(|text| posix::date::parse(text, now, &zone));
                let invalid = || Error::message(format_args!("invalid date {}", cli::error::quoted(text)));
                Some(moment.ok_or_else(invalid)?.seconds)
            }
        };
        Ok(Fixed {
            uid: owner("owner", posix::passwd::uid_of)?,
            gid: owner("group", posix::passwd::gid_of)?,
            mtime,
        })
    }
}

struct Creation {
    selection: Selection,
    fixed: Fixed,
    follow: bool,
    recursive: bool,
    verbose: usize,
    to_stdout: bool,
    numeric: bool,
    /// The archive itself, which is not put into it.
    archive: Option<Stat>,
    /// Names of the files that have several, by device and inode.
    seen: FirstNames,
    users: Names,
    groups: Names,
    told_slash: bool,
}

impl Creation {
    fn write(&mut self, cx: &mut Cx<'_>, out: &mut dyn Write) -> Result {
        let mut writer = Writer::new(out);
        for name in self.selection.names.clone() {
            self.tree(cx, &mut writer, Path::new(&name))?;
        }
        writer.finish().doing("write error")
    }

    fn tree(&mut self, cx: &mut Cx<'_>, writer: &mut Writer<'_>, root: &Path) -> Result {
        let follow = if self.follow { Follow::Always } else { Follow::Never };
        let mut walk = Walk::new(root, Settings { follow, sorted: true, same_device: false });
        while let Some(event) = walk.next() {
            match event {
                Event::Leave | Event::Loop => continue,
                Event::Failed(error) => {
                    cx.report(Error::at(walk.path(), error));
                    continue;
                }
                Event::Enter | Event::File => {}
            }
            let enters = matches!(event, Event::Enter);
            let name = walk.path().as_os_str().as_bytes().to_vec();
            if self.selection.excludes(&name) {
                walk.skip();
                continue;
            }
            self.add(cx, writer, &mut walk, name)?;
            if enters && !self.recursive {
                walk.skip();
            }
        }
        Ok(())
    }

    /// Puts the walk's current place into the archive. Only errors of the archive itself are returned.
    fn add(&mut self, cx: &mut Cx<'_>, writer: &mut Writer<'_>, walk: &mut Walk, path: Vec<u8>) -> Result {
        let stat = match walk.stat() {
            Ok(stat) => stat,
            Err(error) => {
                cx.report(Error::at(walk.path(), error));
                return Ok(());
            }
        };
        if self.archive.is_some_and(|archive| archive.same_file(&stat)) {
            cx.warn(&format!("{}: file is the archive; skipping", walk.path().display()));
            return Ok(());
        }
        let Some(mut entry) = self.entry(cx, walk, &stat, path) else { return Ok(()) };
        if entry.name.is_empty() {
            return Ok(()); // the root directory, without its slash
        }
        let mut contents: Option<File> = None;
        if entry.kind == Kind::File {
            match at::open(walk.directory(), walk.name(), at::O_RDONLY | at::O_NOCTTY | at::O_NONBLOCK, 0) {
                Ok(file) => {
                    // What was opened counts: it may be another file than the one that was looked at.
                    entry.size = at::stat_fd(&file).map_or(stat.size, |stat| stat.size);
                    contents = Some(file);
                }
                Err(error) => {
                    cx.report(cant_open(walk.path(), error));
                    return Ok(());
                }
            }
        }
        self.tell(cx, &entry);
        let missing = match &mut contents {
            Some(file) => writer.entry(&entry, file),
            None => writer.entry(&entry, &mut io::empty()),
        };
        if missing.doing("write error")? > 0 {
            let path = walk.path().display();
            cx.report(Error::message(format_args!("{path}: file shrank, its end is filled up with zeros")));
        }
        Ok(())
    }

    /// None for what does not go into archives.
    fn entry(&mut self, cx: &mut Cx<'_>, walk: &Walk, stat: &Stat, path: Vec<u8>) -> Option<Entry> {
        let mut entry = Entry {
            name: self.member_name(cx, &path),
            permissions: stat.permissions(),
            uid: stat.uid,
            gid: stat.gid,
            mtime: stat.modified.seconds,
            device: at::device_parts(stat.node),
            ..Entry::default()
        };
        entry.kind = match stat.kind() {
            at::Kind::Directory => {
                if !entry.name.is_empty() && !entry.name.ends_with(b"/") {
                    entry.name.push(b'/');
                }
                Kind::Directory
            }
            at::Kind::Symlink => {
                entry.link = at::read_link(walk.directory(), walk.name()).ok()?.into_vec();
                Kind::Symlink
            }
            at::Kind::CharDevice => Kind::CharDevice,
            at::Kind::BlockDevice => Kind::BlockDevice,
            at::Kind::Fifo => Kind::Fifo,
            at::Kind::File => Kind::File,
            at::Kind::Socket | at::Kind::Unknown => {
                cx.warn(&format!("{}: socket ignored", walk.path().display()));
                return None;
            }
        };
        if stat.links > 1 && entry.kind != Kind::Directory {
            match self.seen.get(stat.device, stat.inode) {
                Some(first) => {
                    entry.kind = Kind::HardLink;
                    entry.link = first.to_vec();
                }
                None => self.seen.add(stat.device, stat.inode, &entry.name),
            }
        }
        self.own(&mut entry);
        Some(entry)
    }

    /// Owners by name and number, and what options say instead.
    fn own(&mut self, entry: &mut Entry) {
        if let Some((uid, name)) = &self.fixed.uid {
            (entry.uid, entry.user) = (*uid, name.clone());
        } else if !self.numeric {
            let look_up = |uid| posix::passwd::user_by_id(uid).map(|user| user.name);
            entry.user = name_of(entry.uid, &mut self.users, look_up);
        }
        if let Some((gid, name)) = &self.fixed.gid {
            (entry.gid, entry.group) = (*gid, name.clone());
        } else if !self.numeric {
            let look_up = |gid| posix::passwd::group_by_id(gid).map(|group| group.name);
            entry.group = name_of(entry.gid, &mut self.groups, look_up);
        }
        if let Some(mtime) = self.fixed.mtime {
            entry.mtime = mtime;
        }
    }

    /// A path as it stands in an archive: without what leads to the root or out of a directory.
    fn member_name(&mut self, cx: &mut Cx<'_>, path: &[u8]) -> Vec<u8> {
        let mut name = path;
        loop {
            if let Some(rest) = name.strip_prefix(b"/") {
                name = rest;
            } else if let Some(rest) = name.strip_prefix(b"../") {
                name = rest;
            } else if name == b".." {
                name = b".";
            } else {
                break;
            }
        }
        if name.len() != path.len() && !self.told_slash {
            self.told_slash = true;
            let what = String::from_utf8_lossy(&path[..path.len() - name.len()]).into_owned();
            cx.warn(&format!("removing leading '{what}' from member names"));
        }
        name.to_vec()
    }

    fn tell(&self, cx: &mut Cx<'_>, entry: &Entry) {
        if self.verbose == 0 {
            return;
        }
        let mut text = Output::to_memory();
        if self.verbose > 1 {
            super::describe(&mut text, entry, self.numeric);
        } else {
            text.write(&super::printable(&entry.name));
            text.write(b"\n");
        }
        if self.to_stdout {
            // A closed standard error leaves nobody to tell.
            let _ = io::stderr().write_all(&text.take());
        } else {
            cx.out.write(&text.take());
        }
    }
}

/// Names of owners that were looked up, by number; empty where there is none.
type Names = Vec<(u32, Vec<u8>)>;

fn name_of(number: u32, known: &mut Names, look_up: fn(u32) -> Option<Vec<u8>>) -> Vec<u8> {
    if let Some((_, name)) = known.iter().find(|(other, _)| *other == number) {
        return name.clone();
    }
    let name = look_up(number).unwrap_or_default();
    known.push((number, name.clone()));
    name
}
