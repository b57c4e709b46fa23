//! action — one file system, from the request to the system call: device, loop, helper, type, fallbacks.

use std::fs::{self, File};
use std::net::ToSocketAddrs;
use std::os::unix::fs::FileTypeExt;

use block::mounts::{self, Entry};
use block::probe::{self, Usage};
use sys::loop_device::Setup;
use sys::mount::flag;

use super::super::common::attach_loop;
use super::options::{self, PER_MOUNT, Parsed};
use crate::prelude::*;
use sys::command::Command;

/// How the command is to go about it.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) fake: bool,
    pub(super) verbose: bool,
    pub(super) no_helper: bool,
    /// `-t`, where it overrides the request's type.
    pub(super) kinds: Option<OsString>,
    pub(super) ignore_busy: bool,
}

/// What is to be mounted where.
pub(super) struct Request {
    source: OsString,
    target: PathBuf,
    kinds: OsString,
    words: Vec<u8>,
    nofail: bool,
    keeps_flags: bool,
}

impl Request {
    pub(super) fn new(source: &OsStr, target: &Path, words: &[u8]) -> Request {
        Request {
            source: source.to_os_string(),
            target: target.to_path_buf(),
            kinds: OsString::new(),
            words: words.to_vec(),
            nofail: false,
            keeps_flags: false,
        }
    }

    /// What is mounted already, to be mounted again with `words` changed.
    pub(super) fn of_mounted(entry: &Entry, words: &[u8]) -> Request {
        Request {
            kinds: entry.kind.clone(),
            keeps_flags: true,
            ..Request::new(&entry.source, &entry.target, words)
        }
    }

    /// A line of a table, with the options of the command line behind its own so that those win.
    pub(super) fn of_entry(entry: &Entry, words: &[u8]) -> Request {
        let mut own = entry.options.clone();
        super::push_words(&mut own, words);
        Request {
            kinds: entry.kind.clone(),
            nofail: entry.has("nofail"),
            ..Request::new(&entry.source, &entry.target, &own)
        }
    }
}

/// Whether what a line of fstab asks for is there already: the same type or device at the same place.
pub(super) fn is_mounted(entry: &Entry) -> bool {
    let Ok(target) = fs::canonicalize(&entry.target) else { return false };
    let source = block::find::resolve(&entry.source).and_then(|source| fs::canonicalize(source).ok());
    let mounted = mounts::mounted().unwrap_or_default();
    mounted.iter().any(|mount| {
        mount.target == target
            && (source
                .as_deref()
                .is_some_and(|source| fs::canonicalize(&mount.source).is_ok_and(|real| real == source))
                || mount.kind == entry.kind && mount.source == entry.source)
    })
}

/// Mounts what `request` asks for; errors read "mounting SOURCE on TARGET failed: REASON", status 255.
pub(super) fn mount(cx: &mut Cx<'_>, request: &Request, settings: &Settings) -> Result {
    let parsed = options::parse(&request.words).map_err(Error::message)?;
    let Some(source) = block::find::resolve(&request.source) else {
        if request.nofail {
            return Ok(());
        }
        return Err(Error::message(format_args!("can't find {}", request.source.display())));
    };
    if request.nofail && source.is_absolute() && !source.exists() {
        return Ok(());
    }
    let kinds = settings.kinds.as_ref().unwrap_or(&request.kinds);
    let mut attempt =
        Attempt { request, settings, parsed, source: source.into_os_string(), kinds: kinds.clone() };
    match attempt.run(cx) {
        Ok(()) => {
            if settings.verbose {
                writeln!(
                    cx.out,
                    "mount: {} mounted on {}.",
                    request.source.display(),
                    request.target.display()
                );
            }
            Ok(())
        }
        Err(error) if settings.ignore_busy && error.is(16) => Ok(()), // EBUSY
        Err(error) if error.is(1) => Err(Error::message("permission denied (are you root?)")),
        Err(error) => {
            cx.failure = 255;
            Err(error)
        }
    }
}

struct Attempt<'a> {
    request: &'a Request,
    settings: &'a Settings,
    parsed: Parsed,
    /// The device behind a tag, or the source as it was given.
    source: OsString,
    kinds: OsString,
}

impl Attempt<'_> {
    fn run(&mut self, cx: &mut Cx<'_>) -> Result {
        let flags = self.parsed.flags;
        if flags & flag::REMOUNT != 0 {
            self.remount()?;
        } else if flags & flag::BIND != 0 {
            self.bind()?;
        } else if flags & flag::MOVE != 0 {
            self.call(OsStr::new(""), flag::MOVE, b"")?;
        } else if self.parsed.propagation.is_empty() || self.source != "none" {
            self.attach(cx)?;
        }
        for &propagation in &self.parsed.propagation {
            self.call(OsStr::new(""), propagation, b"")?;
        }
        Ok(())
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io(self.failure(), error)
    }

    fn failure(&self) -> String {
        let target = self.request.target.display();
        format!("mounting {} on {target} failed", self.request.source.display())
    }

    /// The system call, unless `-f` was given.
    fn call(&self, kind: &OsStr, flags: u64, data: &[u8]) -> Result {
        self.call_raw(kind, flags, data).map_err(|error| self.failed(error))
    }

    fn call_raw(&self, kind: &OsStr, flags: u64, data: &[u8]) -> io::Result<()> {
        if self.settings.fake {
            return Ok(());
        }
        sys::mount::mount(&self.source, &self.request.target, kind, flags, data)
    }

    /// The kernel takes the flags of a remount as they are. Where only the place was named, those that nobody spoke
    /// of stay; a line of fstab, or two operands, say all of them.
    fn remount(&self) -> Result {
        let real = fs::canonicalize(&self.request.target).unwrap_or_else(|_| self.request.target.clone());
        let mounted = mounts::mounted().unwrap_or_default();
        let current = mounted
            .iter()
            .rev()
            .find(|mount| mount.target == real)
            .map(|mount| options::current_flags(&mount.options));
        let parsed = &self.parsed;
        let mut kept = if self.request.keeps_flags { current.unwrap_or(0) & !parsed.cleared } else { 0 };
        let times = flag::NOATIME | flag::RELATIME | flag::STRICTATIME;
        if parsed.flags & times != 0 {
            kept &= !times;
        }
        self.call(&self.kinds, parsed.flags | kept, &parsed.data)
    }

    /// A bind takes no other flag: those are set by a remount of the new mount.
    fn bind(&self) -> Result {
        let flags = self.parsed.flags;
        self.call(OsStr::new(""), flags & (flag::BIND | flag::REC | flag::SILENT), b"")?;
        let own = flags & PER_MOUNT;
        if own == 0 {
            return Ok(());
        }
        self.call(OsStr::new(""), flag::REMOUNT | flag::BIND | own, b"")
    }

    fn attach(&mut self, cx: &mut Cx<'_>) -> Result {
        self.name_network()?;
        let first = self.kinds.as_bytes().split(|&byte| byte == b',').next().unwrap_or_default();
        if !self.settings.no_helper
            && !first.is_empty()
            && let Some(helper) = helper(first)
        {
            return self.run_helper(&helper);
        }
        // The device stays open until it is mounted: its last close would free it.
        let held = if self.settings.fake { None } else { self.attach_file()? };
        if held.is_some() && self.kinds == "loop" {
            self.kinds.clear();
        }
        let result = self.try_kinds(cx);
        drop(held);
        result
    }

    /// A regular file is mounted through a loop device.
    fn attach_file(&mut self) -> Result<Option<File>> {
        let wanted = self.parsed.loop_device.clone();
        let is_file = fs::metadata(&self.source).is_ok_and(|metadata| metadata.is_file());
        let needs = wanted.is_some() || is_file && !is_nodev(self.kinds.as_bytes());
        if !needs {
            return Ok(None);
        }
        let device =
            wanted.filter(|path| !path.is_empty()).map(|path| PathBuf::from(OsString::from_vec(path)));
        let setup = Setup {
            offset: self.parsed.offset,
            size_limit: self.parsed.size_limit,
            read_only: self.parsed.flags & flag::RDONLY != 0,
            autoclear: true,
            scan_partitions: false,
        };
        match attach_loop(Path::new(&self.source), device.as_deref(), setup) {
            Ok((path, file)) => {
                self.source = path.into_os_string();
                Ok(Some(file))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn try_kinds(&mut self, cx: &mut Cx<'_>) -> Result {
        let given = self.kinds.as_bytes();
        let kinds = if given.is_empty() || given == b"auto" { self.guess()? } else { words(given) };
        let mut last = io::Error::from_raw_os_error(19); // ENODEV: no type fits
        for kind in &kinds {
            match self.try_kind(cx, kind) {
                Ok(()) => return Ok(()),
                // These say that it is another type; all others would come again.
                Err(error) if kinds.len() > 1 && matches!(error.raw_os_error(), Some(19 | 22 | 117 | 74)) => {
                    last = error
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
        Err(self.failed(last))
    }

    /// Falls back to read-only on a medium that cannot be written.
    fn try_kind(&self, cx: &mut Cx<'_>, kind: &OsStr) -> io::Result<()> {
        let flags = self.parsed.flags;
        match self.call_raw(kind, flags, &self.parsed.data) {
            Err(error)
                if flags & flag::RDONLY == 0
                    && matches!(error.raw_os_error(), Some(13 | 30))
                    && Path::new(&self.source).exists() =>
            {
                self.call_raw(kind, flags | flag::RDONLY, &self.parsed.data)?;
                cx.warn(&format!("{} is write-protected, mounting read-only", self.request.source.display()));
                Ok(())
            }
            result => result,
        }
    }

    /// The type that the superblock tells, else every type of the kernel that takes a device.
    fn guess(&self) -> Result<Vec<OsString>> {
        if self.settings.fake {
            return Ok(vec![OsString::from("auto")]);
        }
        let file = File::open(&self.source).map_err(|error| self.failed(error))?;
        let file_type = file.metadata().map_err(|error| self.failed(error))?.file_type();
        if !file_type.is_block_device() && !file_type.is_file() {
            return Err(self.failed(io::Error::from_raw_os_error(15))); // ENOTBLK
        }
        let mut kinds = Vec::new();
        // A device that cannot be read is the kernel's to complain about.
        if let Ok(Some(identity)) = probe::identify(&file) {
            if identity.usage != Usage::Mount {
                return Err(Error::message(format_args!("{}: it holds {}", self.failure(), identity.kind)));
            }
            if identity.kind == "ntfs" {
                kinds.push(OsString::from("ntfs3"));
            }
            kinds.push(OsString::from(identity.kind));
        }
        for kind in listed_kinds() {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(kinds)
    }

    /// Type and address of a share on the network, which the kernel does not look up itself.
    fn name_network(&mut self) -> Result {
        let source = self.source.as_bytes();
        let is_cifs = source.starts_with(b"//") || source.starts_with(b"\\\\");
        let nfs_host = source.windows(2).position(|pair| pair == b":/").map(|end| &source[..end]);
        if self.kinds.is_empty() {
            if is_cifs {
                self.kinds = OsString::from("cifs");
            } else if nfs_host.is_some() {
                self.kinds = OsString::from("nfs");
            }
        }
        let (host, key) = match (self.kinds.as_bytes(), nfs_host) {
            (b"nfs" | b"nfs4", Some(host)) => (host, "addr"),
            (b"cifs" | b"smb3", _) if is_cifs => {
                let name = source[2..].split(|byte| matches!(byte, b'/' | b'\\')).next();
                (name.unwrap_or_default(), "ip")
            }
            _ => return Ok(()),
        };
        if mounts::option_of(&self.parsed.data, key).is_some() {
            return Ok(());
        }
        let name = String::from_utf8_lossy(host).into_owned();
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let Some(address) = (name, 0u16).to_socket_addrs().ok().and_then(|mut found| found.next()) else {
            return Err(Error::message(format_args!("bad address '{name}'")));
        };
        super::push_words(&mut self.parsed.data, format!("{key}={}", address.ip()).as_bytes());
        Ok(())
    }

    fn run_helper(&self, helper: &Path) -> Result {
        let mut command = Command::new(helper);
        command.arg(&self.source).arg(&self.request.target);
        for (given, option) in [(self.settings.fake, "-f"), (self.settings.verbose, "-v")] {
            if given {
                command.arg(option);
            }
        }
        if !self.request.words.is_empty() {
            command.arg("-o").arg(OsStr::from_bytes(&self.request.words));
        }
        let status = command.status().map_err(|error| self.failed(error))?;
        match status.code() {
            Some(0) => Ok(()),
            code => Err(Error::exit(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255))),
        }
    }
}

fn words(list: &[u8]) -> Vec<OsString> {
    list.split(|&byte| byte == b',').map(|word| OsStr::from_bytes(word).to_os_string()).collect()
}

/// `/sbin/mount.TYPE`, where a file system brings its own; `fuse.sshfs` is `mount.fuse`'s.
fn helper(kind: &[u8]) -> Option<PathBuf> {
    let known = kind.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !known {
        return None;
    }
    let family = kind.split(|&byte| byte == b'.').next().unwrap_or(kind);
    [kind, family].into_iter().find_map(|kind| {
        ["/sbin", "/usr/sbin"].into_iter().find_map(|folder| {
            let path = Path::new(folder).join(OsStr::from_bytes(&[b"mount.", kind].concat()));
            path.is_file().then_some(path)
        })
    })
}

/// Whether the kernel's type takes no device, so that a source of that name is only a name.
fn is_nodev(kind: &[u8]) -> bool {
    let list = fs::read("/proc/filesystems").unwrap_or_default();
    list.split(|&byte| byte == b'\n').any(|line| line.strip_prefix(b"nodev\t") == Some(kind))
}

/// The types to try: /etc/filesystems, and what the kernel has if that is missing or ends with `*`.
fn listed_kinds() -> Vec<OsString> {
    let mut kinds = Vec::new();
    let mut and_kernel = true;
    if let Ok(text) = fs::read("/etc/filesystems") {
        and_kernel = false;
        for line in text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
            match line {
                b"" | [b'#', ..] => {}
                b"*" => and_kernel = true,
                _ if line.starts_with(b"nodev") => {}
                _ => kinds.push(OsStr::from_bytes(line).to_os_string()),
            }
        }
    }
    if and_kernel {
        let text = fs::read("/proc/filesystems").unwrap_or_default();
        let lines = text.split(|&byte| byte == b'\n');
        kinds.extend(
            lines
                .filter_map(|line| line.strip_prefix(b"\t"))
                .map(|kind| OsStr::from_bytes(kind).to_os_string()),
        );
    }
    kinds
}
