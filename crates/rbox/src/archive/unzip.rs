//! unzip — take files out of zip files.
//!
//! Source: PKWARE's APPNOTE 6.3; BusyBox 1.37 for options and messages.
//!
//! *Differs:* times are restored, and no name leads out of the folder.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::FileExt;

use super::common::place::{Place, Root, clear};
use super::common::{broken, place};
use crate::prelude::*;
use archive::crc32::Crc32;
use archive::inflate;
use archive::zip::{self, DEFLATED, Entry, STORED};
use posix::calendar::{clock_seconds, days_to};
use sys::at::{self, SetTime, Time};

pub(crate) const APPLET: Applet = Applet {
    name: "unzip",
    links: &["/usr/bin/unzip"],
    usage: "\
unzip [-lnojpqtvK] FILE[.zip] [NAME]... [-x NAME]... [-d DIR]

Take files out of a zip file: all, or those that the patterns NAME match.

  -l      List them
  -v      List them with all about them
  -n      Replace no file
  -o      Replace files without asking
  -j      Without folders
  -p      Write them to stdout
  -q      Print nothing
  -t      Test them
  -K      Keep set-user-id bits
  -x NAME  Not those
  -d DIR  Into DIR
",
    process: Process::New,
    run,
};

struct Job {
    file: File,
    root: Root,
    wanted: Vec<Vec<u8>>,
    excluded: Vec<Vec<u8>>,
    flat: bool,
    quiet: bool,
    to_stdout: bool,
    tests: bool,
    keep_ids: bool,
    replace: Replace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Replace {
    Ask,
    Never,
    Always,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(1, usize::MAX)?;
    let operands = options.operands();
    let (path, file) = open(Path::new(&operands[0]))?;
    let size = file.metadata().at(&path)?.len();
    let read = |buffer: &mut [u8], at: u64| file.read_exact_at(buffer, at);
    let lists = options.has('l') || options.has('v');
    if !options.has('q') && !options.has('p') {
        writeln!(cx.out, "Archive:  {}", path.display());
    }
    let entries = zip::entries(&read, size).map_err(broken)?;
    if let Some(folder) = options.value('d').filter(|_| !lists) {
        if let Err(error) = std::fs::create_dir(folder)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(Error::at(folder, error));
        }
        std::env::set_current_dir(folder).at(folder)?;
    }
    let words = |list: &mut dyn Iterator<Item = &OsStr>| list.map(|word| word.as_bytes().to_vec()).collect();
    let mut job = Job {
        root: Root::here()?,
        wanted: words(&mut operands[1..].iter().map(OsString::as_os_str)),
        excluded: words(&mut options.values('x')),
        flat: options.has('j'),
        quiet: options.has('q'),
        to_stdout: options.has('p'),
        tests: options.has('t'),
        keep_ids: options.has('K'),
        replace: match options.last_of("no") {
            Some('n') => Replace::Never,
            Some(_) => Replace::Always,
            None => Replace::Ask,
        },
        file,
    };
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| job.is_wanted(entry)).collect();
    if lists {
        list(&mut cx.out, &entries, options.has('v'));
        return Ok(());
    }
    for entry in &entries {
        job.extract(cx, entry)?;
    }
    Ok(())
}

/// The file, or that with `.zip` behind its name.
fn open(path: &Path) -> Result<(PathBuf, File)> {
    let mut name = path.as_os_str().to_os_string();
    for ending in ["", ".zip", ".ZIP"] {
        name.push(ending);
        if let Ok(file) = File::open(&name) {
            return Ok((PathBuf::from(name), file));
        }
        name = path.as_os_str().to_os_string();
    }
    Err(Error::message(format_args!("can't open {}[.zip]", path.display())))
}

/// Month, day and year, and hour and minute, as the lists have them.
fn moment(entry: &Entry) -> String {
    let Entry { date, time, .. } = entry;
    let (year, month, day) = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    format!("{month:02}-{day:02}-{year} {:02}:{:02}", time >> 11, time >> 5 & 63)
}

fn seconds(entry: &Entry) -> i64 {
    let field = |word: u16, shift: u16, mask: u16| i64::from(word >> shift & mask);
    let (date, time) = (entry.date, entry.time);
    let days = days_to(1980 + field(date, 9, 127), field(date, 5, 15).max(1), field(date, 0, 31).max(1));
    let local = clock_seconds(days, field(time, 11, 31), field(time, 5, 63), field(time, 0, 31) * 2);
    posix::zone::Zone::local().seconds(local)
}

/// Names without what would move the cursor.
fn shown(entry: &Entry) -> String {
    posix::procfs::printable(&entry.name)
}

fn saved(size: u64, packed: u64) -> u64 {
    (size.saturating_sub(packed) * 100).checked_div(size).unwrap_or(0)
}

fn list(out: &mut Output, entries: &[Entry], verbose: bool) {
    out.write(if verbose {
        b" Length   Method    Size  Cmpr    Date    Time   CRC-32   Name\n--------  ------  ------- ---- ---------- ----- --------  ----\n"
    } else {
        b"  Length      Date    Time    Name\n---------  ---------- -----   ----\n"
    });
    let (mut size, mut packed) = (0_u64, 0_u64);
    for entry in entries {
        size = size.saturating_add(entry.size);
        packed = packed.saturating_add(entry.packed);
        if verbose {
            let method = match entry.method {
                STORED => "Stored".to_string(),
                DEFLATED => "Defl:N".to_string(),
                other => format!("{other:6}"),
            };
            let percent = saved(entry.size, entry.packed);
            writeln!(
                out,
                "{:8}  {method} {:8} {percent:3}% {} {:08x}  {}",
                entry.size,
                entry.packed,
                moment(entry),
                entry.crc,
                shown(entry)
            );
        } else {
            writeln!(out, "{:9}  {}   {}", entry.size, moment(entry), shown(entry));
        }
    }
    let count = entries.len();
    if verbose {
        writeln!(
            out,
            "--------          ------- ----                            ----\n{size:8}         {packed:8} {:3}%                            {count} files",
            saved(size, packed)
        );
    } else {
        writeln!(out, " --------                     -------\n{size:9}                     {count} files");
    }
}

impl Job {
    fn is_wanted(&self, entry: &Entry) -> bool {
        let fits =
            |patterns: &[Vec<u8>]| patterns.iter().any(|pattern| posix::glob::matches(pattern, &entry.name));
        (self.wanted.is_empty() || fits(&self.wanted)) && !fits(&self.excluded)
    }

    fn say(&self, cx: &mut Cx<'_>, doing: &str, entry: &Entry) {
        if !self.quiet && !self.to_stdout {
            writeln!(cx.out, "{doing}: {}", shown(entry));
        }
    }

    fn extract(&mut self, cx: &mut Cx<'_>, entry: &Entry) -> Result {
        const TYPE: u32 = 0o170_000;
        const LINK: u32 = 0o120_000;
        if entry.flags & 1 != 0 {
            return Err(Error::message(format_args!("{}: encrypted", shown(entry))));
        }
        if self.to_stdout || self.tests {
            if self.tests {
                return self.unpack(entry, &mut io::sink());
            }
            return self.unpack(entry, &mut cx.out);
        }
        let mut name = entry.name.clone();
        if self.flat {
            if entry.is_directory() {
                return Ok(());
            }
            name = name.rsplit(|&byte| byte == b'/').next().unwrap_or(&[]).to_vec();
        }
        let what = shown(entry);
        let failed = |error: io::Error| Error::io(&what, error);
        if place::parts(&name).is_none_or(|parts| parts.is_empty()) {
            return Err(Error::message(format_args!("{what}: leads out of the folder")));
        }
        if entry.is_directory() {
            let place = self.root.locate(&name, true).map_err(failed)?;
            match at::mkdir(place.dir(), &place.name, 0o777) {
                Ok(()) => self.say(cx, "   creating", entry),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
            return Ok(());
        }
        let Some(place) = self.free_place(cx, entry, &name)? else { return Ok(()) };
        self.say(cx, "  inflating", entry);
        let mode = entry.mode.unwrap_or(0);
        if mode & TYPE == LINK {
            let mut target = Vec::new();
            self.unpack(entry, &mut target)?;
            self.root.forget();
            return at::symlink(Path::new(OsStr::from_bytes(&target)), place.dir(), &place.name)
                .map_err(failed);
        }
        let mask = if self.keep_ids { 0o7777 } else { 0o777 };
        let mode = if mode & 0o777 == 0 { 0o666 & !at::umask() } else { mode & mask };
        let flags = at::O_WRONLY | at::O_CREAT | at::O_EXCL;
        let file = at::open(place.dir(), &place.name, flags, 0o600).map_err(failed)?;
        self.unpack(entry, &mut io::BufWriter::new(&file))?;
        at::chmod_fd(&file, mode).map_err(failed)?;
        let time = SetTime::To(Time { seconds: seconds(entry), nanoseconds: 0 });
        at::set_times_fd(&file, time, time).map_err(failed)
    }

    /// Where the file goes, with nothing there any more. None: it is not to be replaced.
    fn free_place(&mut self, cx: &mut Cx<'_>, entry: &Entry, name: &[u8]) -> Result<Option<Place>> {
        let mut name = name.to_vec();
        let what = shown(entry);
        loop {
            let place = self.root.locate(&name, true).map_err(|error| Error::io(&what, error))?;
            if at::stat(place.dir(), &place.name, at::Links::Keep).is_err() {
                return Ok(Some(place));
            }
            if self.replace == Replace::Ask {
                write!(cx.out, "replace {what}? [y]es, [n]o, [A]ll, [N]one, [r]ename: ");
                cx.out.flush();
                match line()?.as_slice() {
                    [b'A', ..] => self.replace = Replace::Always,
                    [b'N', ..] => self.replace = Replace::Never,
                    [b'y', ..] => {}
                    [b'r', ..] => {
                        cx.out.write(b"new name: ");
                        cx.out.flush();
                        name = line()?;
                        continue;
                    }
                    [b'n', ..] => return Ok(None),
                    _ => continue,
                }
            }
            if self.replace == Replace::Never {
                return Ok(None);
            }
            clear(&place).map_err(|error| Error::io(&what, error))?;
            return Ok(Some(place));
        }
    }

    fn unpack(&self, entry: &Entry, out: &mut dyn Write) -> Result {
        let read = |buffer: &mut [u8], at: u64| self.file.read_exact_at(buffer, at);
        let start = zip::contents(&read, entry).map_err(broken)?;
        let mut packed = BufReader::new(Part { file: &self.file, at: start, left: entry.packed });
        let mut inflated;
        let reader: &mut dyn Read = match entry.method {
            STORED => &mut packed,
            DEFLATED => {
                inflated = inflate::Reader::new(&mut packed);
                &mut inflated
            }
            method => return Err(Error::message(format_args!("unsupported method {method}"))),
        };
        let (mut crc, mut size) = (Crc32::new(), 0_u64);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = reader.read(&mut buffer).map_err(broken)?;
            if count == 0 {
                break;
            }
            crc.update(&buffer[..count]);
            size += count as u64;
            out.write_all(&buffer[..count]).doing("write error")?;
        }
        out.flush().doing("write error")?;
        if crc.value() != entry.crc {
            return Err(Error::message("crc error"));
        }
        if size != entry.size {
            return Err(Error::message("bad length"));
        }
        Ok(())
    }
}

/// One line of standard input, no byte more.
fn line() -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match sys::fd::read(0, &mut byte).doing("standard input")? {
            0 if line.is_empty() => return Err(Error::message("can't read standard input")),
            1 if byte[0] != b'\n' => line.push(byte[0]),
            _ => return Ok(line),
        }
    }
}

/// The packed bytes of a member.
struct Part<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.file.read_at(&mut buffer[..count], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
