//! extract — an archive to files, to standard output, or to a list.

use std::os::fd::AsRawFd;

use super::Selection;
use crate::applets::archive::common::place::{Place, Root, clear};
use crate::applets::archive::common::{Packing, broken, open_input, unpacked};
use crate::prelude::*;
use archive::tar::{Entry, Kind, Reader};
use sys::at::{self, Links, SetTime, Time};

pub(super) fn run(cx: &mut Cx<'_>, options: &Options, file: &Path, selection: Selection) -> Result {
    let mut input = open_input(file)?;
    for (_, _, directory) in options.in_order().filter(|(short, ..)| *short == b'C') {
        let directory = directory.unwrap_or_default();
        std::env::set_current_dir(directory).map_err(|error| {
            Error::io(format_args!("can't change directory to '{}'", directory.display()), error)
        })?;
    }
    let is_root = sys::access::effective_ids().0 == 0;
    let mut extraction = Extraction {
        selection,
        root: Root::here()?,
        lists: options.last_of("cxt") == Some('t'),
        verbose: options.count('v'),
        to_stdout: options.has('O'),
        command: options.value_long("to-command").flatten().map(OsStr::to_owned),
        keep: options.has('k'),
        overwrite: options.has_long("overwrite"),
        times: !options.has('m'),
        owners: is_root && !options.has('o') || options.has_long("same-owner"),
        mask: if options.has_long("no-same-permissions") { at::umask() } else { 0 },
        numeric: options.has_long("numeric-owner"),
        strip: match options.value_long("strip-components").flatten() {
            Some(count) => cli::options::number(count)? as usize,
            None => 0,
        },
        directories: Vec::new(),
    };
    let packing = super::packing(options, file).filter(|_| options.last_of("zjJ").is_some());
    let packing = match packing {
        Some(packing) => packing,
        None if options.has_long("lzma") => Packing::Lzma,
        None => Packing::of_bytes(input.fill_buf().at(file)?),
    };
    let read = match packing {
        Packing::None => extraction.read(cx, &mut input),
        packing => match unpacked(packing, &mut input) {
            Ok(mut reader) => extraction.read(cx, &mut *reader),
            Err(error) => Err(broken(error)),
        },
    };
    // Directories get their modes and times also when the archive turns out to be damaged.
    extraction.finish_directories(cx);
    read?;
    let names = extraction.selection.names.iter().zip(&extraction.selection.found);
    for (name, _) in names.filter(|(_, found)| !**found) {
        cx.report(Error::message(format_args!("{}: not found in archive", name.display())));
    }
    Ok(())
}

struct Extraction {
    selection: Selection,
    root: Root,
    lists: bool,
    verbose: usize,
    to_stdout: bool,
    command: Option<OsString>,
    keep: bool,
    overwrite: bool,
    times: bool,
    owners: bool,
    mask: u32,
    numeric: bool,
    strip: usize,
    /// Directories made, which get their modes and times when nothing more is put into them.
    directories: Vec<Entry>,
}

impl Extraction {
    fn read(&mut self, cx: &mut Cx<'_>, input: &mut dyn Read) -> Result {
        let mut reader = Reader::new(input);
        while let Some(mut entry) = reader.next().map_err(broken)? {
            if !self.selection.includes(&entry.name) || !self.stripped(&mut entry) {
                continue;
            }
            self.tell(cx, &entry);
            if self.lists || cx.out.failed() {
                continue;
            }
            if self.to_stdout {
                copy(&mut reader, &mut cx.out).map_err(broken)?;
            } else if let Some(command) = &self.command {
                if entry.kind == Kind::File {
                    pipe(cx, command, &entry, &mut reader)?;
                }
            } else if let Err(error) = self.extract(&entry, &mut reader) {
                match error {
                    Failure::Archive(error) => return Err(broken(error)),
                    Failure::File(what, error) => {
                        let name = String::from_utf8_lossy(&entry.name).into_owned();
                        cx.report(Error::io(format_args!("can't {what} '{name}'"), error));
                    }
                }
            }
        }
        Ok(())
    }

    /// Drops the first parts of names; false where nothing is left.
    fn stripped(&self, entry: &mut Entry) -> bool {
        if self.strip == 0 {
            return true;
        }
        let strip = |name: &[u8]| -> Option<Vec<u8>> {
            let mut rest = name;
            for _ in 0..self.strip {
                let slash = rest.iter().position(|&byte| byte == b'/')?;
                rest = &rest[slash + 1..];
            }
            (!rest.is_empty()).then(|| rest.to_vec())
        };
        if entry.kind == Kind::HardLink {
            entry.link = strip(&entry.link).unwrap_or_default();
        }
        match strip(&entry.name) {
            Some(name) => {
                entry.name = name;
                true
            }
            None => false,
        }
    }

    fn tell(&self, cx: &mut Cx<'_>, entry: &Entry) {
        let level = self.verbose + usize::from(self.lists);
        if level == 0 {
            return;
        }
        let mut text = Output::to_memory();
        if level > 1 && (self.lists || self.verbose > 1) {
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

    fn extract(&mut self, entry: &Entry, reader: &mut Reader<'_>) -> std::result::Result<(), Failure> {
        let place = self.root.locate(&entry.name, true).map_err(|error| Failure::File("create", error))?;
        match entry.kind {
            Kind::File => return self.file(entry, &place, reader),
            Kind::Directory => self.directory(entry, &place),
            _ => self.other(entry, &place),
        }
        .map_err(|error| Failure::File("create", error))
    }

    fn file(
        &mut self,
        entry: &Entry,
        place: &Place,
        reader: &mut Reader<'_>,
    ) -> std::result::Result<(), Failure> {
        // Until it is whole and has its owner, a file is its maker's alone.
        let mut flags = at::O_WRONLY | at::O_CREAT | at::O_NOFOLLOW;
        if self.overwrite {
            flags |= at::O_TRUNC;
        } else {
            flags |= at::O_EXCL;
            if !self.keep {
                clear(place).map_err(|error| Failure::File("remove", error))?;
            }
        }
        let mut file =
            at::open(place.dir(), &place.name, flags, 0o600).map_err(|error| Failure::File("open", error))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer).map_err(Failure::Archive)? {
                0 => break,
                count => file.write_all(&buffer[..count]).map_err(|error| Failure::File("write", error))?,
            }
        }
        let mut mode = entry.permissions & !self.mask;
        if self.owners {
            let (uid, gid) = self.owner(entry);
            at::chown_fd(&file, Some(uid), Some(gid))
                .map_err(|error| Failure::File("change owner of", error))?;
        } else if sys::access::effective_ids().0 != 0 {
            // A program must not become set-id for somebody else than the archive says.
            mode &= !0o6000;
        }
        at::chmod_fd(&file, mode).map_err(|error| Failure::File("change mode of", error))?;
        if self.times {
            let time = SetTime::To(Time { seconds: entry.mtime, nanoseconds: 0 });
            at::set_times_fd(&file, time, time).map_err(|error| Failure::File("set times of", error))?;
        }
        Ok(())
    }

    fn directory(&mut self, entry: &Entry, place: &Place) -> io::Result<()> {
        match at::mkdir(place.dir(), &place.name, 0o700) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // A link to a directory stays one; it leads to no place outside.
                self.root.locate(&[&entry.name[..], b"/."].concat(), false)?;
                let stat = at::stat(place.dir(), &place.name, Links::Keep)?;
                if stat.kind() == at::Kind::Symlink {
                    return Ok(());
                }
                if !stat.is_directory() {
                    if self.keep {
                        return Err(error);
                    }
                    clear(place)?;
                    self.root.forget();
                    at::mkdir(place.dir(), &place.name, 0o700)?;
                }
            }
            other => other?,
        }
        self.directories.push(entry.clone());
        Ok(())
    }

    /// Links, devices and fifos.
    fn other(&mut self, entry: &Entry, place: &Place) -> io::Result<()> {
        if !self.keep {
            clear(place)?;
            self.root.forget();
        }
        let node = at::device(entry.device.0, entry.device.1);
        let mode = entry.permissions & !self.mask;
        match entry.kind {
            Kind::Symlink => {
                at::symlink(Path::new(OsStr::from_bytes(&entry.link)), place.dir(), &place.name)?;
            }
            Kind::HardLink => {
                let target = self.root.locate(&entry.link, false)?;
                // All else is that of the file already.
                return at::link(target.dir(), &target.name, place.dir(), &place.name, Links::Keep);
            }
            Kind::CharDevice => {
                at::mknod(place.dir(), &place.name, at::Kind::CharDevice.bits() | 0o600, node)?;
            }
            Kind::BlockDevice => {
                at::mknod(place.dir(), &place.name, at::Kind::BlockDevice.bits() | 0o600, node)?;
            }
            _ => at::mknod(place.dir(), &place.name, at::Kind::Fifo.bits() | 0o600, 0)?,
        }
        self.dress(entry, place.dir(), &place.name, mode)
    }

    /// Gives what was made its owner, mode and time.
    fn dress(&self, entry: &Entry, dir: i32, name: &Path, mode: u32) -> io::Result<()> {
        if self.owners {
            let (uid, gid) = self.owner(entry);
            at::chown(dir, name, Some(uid), Some(gid), Links::Keep)?;
        }
        if entry.kind != Kind::Symlink {
            at::chmod(dir, name, mode, Links::Keep)?;
        }
        if self.times {
            let time = SetTime::To(Time { seconds: entry.mtime, nanoseconds: 0 });
            at::set_times(dir, name, time, time, Links::Keep)?;
        }
        Ok(())
    }

    /// Owners by name where this system knows the name, else by number.
    fn owner(&self, entry: &Entry) -> (u32, u32) {
        if self.numeric {
            return (entry.uid, entry.gid);
        }
        let user = posix::passwd::user_by_name(&entry.user).map(|user| user.uid);
        let group = posix::passwd::group_by_name(&entry.group).map(|group| group.gid);
        (user.unwrap_or(entry.uid), group.unwrap_or(entry.gid))
    }

    /// Innermost first, so that a directory that is closed now is not needed any more.
    fn finish_directories(&mut self, cx: &mut Cx<'_>) {
        for entry in std::mem::take(&mut self.directories).iter().rev() {
            let done = self.root.locate(&entry.name, false).and_then(|place| {
                self.dress(entry, place.directory.as_raw_fd(), &place.name, entry.permissions & !self.mask)
            });
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
    File(&'static str, io::Error),
}

fn copy(reader: &mut Reader<'_>, out: &mut Output) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            count => out.write(&buffer[..count]),
        }
    }
}

/// Runs a command of the shell with a file's contents as its standard input, and what is known of it around it.
fn pipe(cx: &mut Cx<'_>, command: &OsStr, entry: &Entry, reader: &mut Reader<'_>) -> Result {
    use sys::command::{Command, Stdio};
    cx.out.flush();
    let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .env("TAR_FILETYPE", "f")
        .env("TAR_MODE", format!("{:03o}", entry.permissions))
        .env("TAR_FILENAME", text(&entry.name))
        .env("TAR_REALNAME", text(&entry.name))
        .env("TAR_UNAME", text(&entry.user))
        .env("TAR_GNAME", text(&entry.group))
        .env("TAR_SIZE", entry.size.to_string())
        .env("TAR_UID", entry.uid.to_string())
        .env("TAR_GID", entry.gid.to_string())
        .stdin(Stdio::Piped)
        .spawn()
        .at("/bin/sh")?;
    if let Some(mut stdin) = child.stdin.take() {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = reader.read(&mut buffer).map_err(broken)?;
            // A command that has seen enough is no error; what it left is skipped.
            if count == 0 || stdin.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    }
    let status = child.wait().at("/bin/sh")?;
    if !status.success() {
        let name = command.to_string_lossy();
        cx.report(Error::message(format_args!("'{name}' returned status {}", status.code().unwrap_or(-1))));
    }
    Ok(())
}
