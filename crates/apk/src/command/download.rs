//! download — packages of servers, fetched side by side before the first change is made.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::servers::{self, Servers};
use super::system::System;
use super::{Cx, interrupt, os};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::network::{self, Passed};
use crate::reader::PackageReader;
use crate::transaction::space;
use crate::trust::{Keys, Trust};

/// How many packages are fetched at a time.
const AT_ONCE: usize = 4;
/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);
/// What a package weighs in the progress besides its bytes.
pub const PACKAGE_WEIGHT: u64 = 65_536;
/// Files of runs that were killed go when they are this old: a cache may be shared, and another run be at it.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(3600);

/// A package to be fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub package: u32,
    pub url: Vec<u8>,
    /// `NAME-VERSION`.
    pub full_name: Vec<u8>,
    pub identity: Option<Identity>,
    /// Bytes of the file, as the index has it.
    pub size: u64,
}

/// Fetched packages by their numbers. Those that are not to be kept are removed with this.
#[derive(Default)]
pub struct Downloads {
    files: HashMap<u32, Result<PathBuf>>,
    temporary: Vec<PathBuf>,
}

impl Downloads {
    /// The package's file, or why it could not be fetched. None where nobody asked for it.
    pub fn take(&mut self, package: u32) -> Option<Result<PathBuf>> {
        self.files.remove(&package)
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        for path in &self.temporary {
            let _ = fs::remove_file(path);
        }
    }
}

/// Fetches packages. They stay in the cache where one is kept.
pub fn download(cx: &mut Cx, system: &System, wanted: Vec<Wanted>) -> Downloads {
    let mut downloads = Downloads::default();
    if wanted.is_empty() {
        return downloads;
    }
    let keeps = keeps_packages(cx, system);
    fetch_all(cx, system, &wanted, keeps, &mut |_, one, fetched| {
        if let (Ok(path), false) = (&fetched, keeps) {
            downloads.temporary.push(path.clone());
        }
        downloads.files.insert(one.package, fetched);
    });
    if interrupt::is_wanted() {
        // They are taken up by the next run.
        downloads.temporary.clear();
    }
    downloads
}

/// Whether packages are kept: it was asked for, or the root has a cache for them.
pub fn keeps_packages(cx: &Cx, system: &System) -> bool {
    cx.globals.cache_packages == Some(true) || system.has_package_cache(cx)
}

/// Fetches packages into the cache, and tells of each; gives how many could not be fetched.
pub fn into_cache(cx: &mut Cx, system: &System, wanted: Vec<Wanted>, simulates: bool) -> usize {
    if wanted.is_empty() {
        return 0;
    }
    let total = wanted.len();
    let width = total.to_string().len();
    cx.messages.message(format!("Downloading {total} packages..."));
    let title = |number: usize, one: &Wanted| {
        let lead = format!("({:>width$}/{total}) Downloading ", number + 1);
        [lead.as_bytes(), &one.full_name].concat()
    };
    if simulates {
        wanted.iter().enumerate().for_each(|(number, one)| cx.messages.message(title(number, one)));
        return 0;
    }
    let weight = wanted.iter().map(|one| one.size + PACKAGE_WEIGHT).sum();
    cx.messages.begin_progress(&cx.globals, "download", weight);
    let (mut failed, mut done) = (0, 0);
    // What comes early waits for its turn.
    let mut early: HashMap<usize, Option<Error>> = HashMap::new();
    let mut next = 0;
    fetch_all(cx, system, &wanted, true, &mut |cx, one, fetched| {
        let number = wanted.iter().position(|other| other.package == one.package).unwrap_or(next);
        early.insert(number, fetched.err());
        while let Some(error) = early.remove(&next) {
            let one = &wanted[next];
            cx.messages.message(title(next, one));
            cx.messages.progress(done);
            if let Some(error) = error {
                failed += 1;
                let text = [&one.full_name[..], b": ", error.reason().as_bytes()].concat();
                cx.messages.error(text);
            }
            cx.messages.progress(done + one.size);
            done += one.size + PACKAGE_WEIGHT;
            next += 1;
        }
    });
    cx.messages.progress(done);
    cx.messages.end_progress();
    failed
}

/// Fetches packages, some at a time; `arrived` is called for each, as it comes. Once a signal asks for the end, no more
/// come: what is there of them is taken up by the next run.
fn fetch_all(
    cx: &mut Cx,
    system: &System,
    wanted: &[Wanted],
    keeps: bool,
    arrived: &mut dyn FnMut(&mut Cx, &Wanted, Result<PathBuf>),
) {
    let folder = system.cache_folder(cx);
    let made = fs::create_dir_all(folder).map_err(Error::from);
    remove_left_overs(folder);
    let needed = wanted.iter().fold(0u64, |sum, one| sum.saturating_add(one.size));
    if let Err(error) = made.and_then(|()| space::check_folder(folder, needed)) {
        for one in wanted {
            let text = format!("cache: {}", error.reason());
            arrived(cx, one, Err(Kind::Message(text).into()));
        }
        return;
    }
    let job = Arc::new(Job {
        servers: Arc::clone(system.servers(cx)),
        keys: Arc::clone(system.keys()),
        wanted: wanted.to_vec(),
        next: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        folder: folder.to_path_buf(),
        keeps,
    });
    let _section = interrupt::Section::enter();
    let mut said: Vec<Vec<u8>> = Vec::new();
    let mut take = |cx: &mut Cx, (number, fetched, passed): Arrival| {
        for passed in passed {
            if !said.contains(&passed.url) {
                said.push(passed.url.clone());
                servers::warn(cx, &[passed]);
            }
        }
        arrived(cx, &wanted[number], fetched);
    };
    if !cfg!(feature = "parallel") {
        // Neither threads nor what they talk through are linked: packages come one after the other.
        while let Some(arrival) = job.fetch_next().filter(|_| !interrupt::is_wanted()) {
            take(cx, arrival);
        }
        return;
    }
    let (sender, receiver) = mpsc::channel();
    let mut started = 0;
    for _ in 0..AT_ONCE.min(wanted.len()) {
        let (job, sender) = (Arc::clone(&job), sender.clone());
        let thread = std::thread::Builder::new().spawn(move || job.work(&sender));
        started += usize::from(thread.is_ok());
    }
    if started == 0 {
        job.work(&sender);
    }
    drop(sender);
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(arrival) => take(cx, arrival),
            Err(mpsc::RecvTimeoutError::Timeout) if interrupt::is_wanted() => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                cx.messages.move_bar(job.bytes.load(Ordering::Relaxed));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
}

/// Packages to be fetched by several threads.
struct Job {
    servers: Arc<Servers>,
    keys: Arc<Keys>,
    wanted: Vec<Wanted>,
    /// The number of the next one.
    next: AtomicUsize,
    /// How many came, of all.
    bytes: AtomicU64,
    folder: PathBuf,
    keeps: bool,
}

/// The number of a package, what became of it, and the servers that were passed over.
type Arrival = (usize, Result<PathBuf>, Vec<Passed>);

impl Job {
    /// What one thread does.
    fn work(&self, sender: &mpsc::Sender<Arrival>) {
        while let Some(arrival) = self.fetch_next() {
            if sender.send(arrival).is_err() {
                return;
            }
        }
    }

    /// Fetches the next one that nobody is at; None where there is none.
    fn fetch_next(&self) -> Option<Arrival> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let one = self.wanted.get(number)?;
        let path = self.folder.join(os(&file_name(one, self.keeps)));
        let (fetched, passed) = self.fetch(one, &path);
        Some((number, fetched.map(|()| path), passed))
    }

    fn fetch(&self, one: &Wanted, path: &Path) -> (Result, Vec<Passed>) {
        let is_identified = one.identity.is_some();
        if !self.keeps && is_identified && self.check(one, path).is_ok() {
            // An interrupted run has left it.
            return (Ok(()), Vec::new());
        }
        let mut beside = path.as_os_str().to_os_string();
        beside.push(".part");
        let beside = Path::new(&beside);
        let is_taken_up = is_identified && beside.metadata().is_ok_and(|metadata| metadata.len() > 0);
        // What does not stay in the cache is checked while it is unpacked, if nothing better can be done about it here.
        let checks = self.keeps || is_taken_up || self.servers.has_mirrors();
        let mut check = |path: &Path| if checks { self.check(one, path) } else { Ok(()) };
        let wanted = network::Wanted { url: &one.url, since: None, is_identified };
        let (fetched, passed) = self.servers.fetch(wanted, beside, &mut check, &mut |count| {
            self.bytes.fetch_add(count, Ordering::Relaxed);
        });
        let fetched = match fetched {
            Ok(()) => fs::rename(beside, path).map_err(Error::from),
            Err(error) => {
                // A part of the right file is taken up by the next run.
                if !is_identified || beside.metadata().is_ok_and(|metadata| metadata.len() == 0) {
                    let _ = fs::remove_file(beside);
                }
                Err(error)
            }
        };
        (fetched, passed)
    }

    /// Whether the file is the package that the index names.
    fn check(&self, one: &Wanted, path: &Path) -> Result {
        let Some(identity) = one.identity else { return Ok(()) };
        let file = BufReader::new(File::open(path)?);
        PackageReader::open(Box::new(file), Trust::identity(&self.keys, identity))?.finish()?;
        Ok(())
    }
}

/// Removes what killed runs left in the cache.
fn remove_left_overs(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let is_left_over = name.ends_with(b".part") || name.ends_with(b".apk.new");
        let age = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
        if is_left_over && age.is_some_and(|age| age > LEFT_OVER_AFTER) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The file's name in the cache; for what is not kept, one that says so.
fn file_name(one: &Wanted, keeps: bool) -> Vec<u8> {
    if !keeps {
        return [&one.full_name[..], b".apk.new"].concat();
    }
    cached_name(&one.full_name, one.identity.as_ref())
}

/// `NAME-VERSION.IDENTITY.apk`, with the first eight digits of the identity.
pub fn cached_name(full_name: &[u8], identity: Option<&Identity>) -> Vec<u8> {
    let hex = identity.map(Identity::hex).unwrap_or_default();
    [full_name, b".", &hex.as_bytes()[..hex.len().min(8)], b".apk"].concat()
}
