//! download — packages of servers, fetched side by side before the first change is made.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use super::refresh;
use super::system::System;
use super::{Cx, os};
use crate::error::{Error, Kind, Result};
use crate::identity::Identity;
use crate::reader::PackageReader;
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

/// Fetches packages, some at a time; `arrived` is called for each, as it comes.
fn fetch_all(
    cx: &mut Cx,
    system: &System,
    wanted: &[Wanted],
    keeps: bool,
    arrived: &mut dyn FnMut(&mut Cx, &Wanted, Result<PathBuf>),
) {
    let folder = system.cache_folder(cx);
    if let Err(error) = fs::create_dir_all(folder) {
        let text = sys::error::text(&error);
        for one in wanted {
            arrived(cx, one, Err(Error::new(Kind::Message(format!("cache: {text}")))));
        }
        return;
    }
    remove_left_overs(folder);
    let (settings, keys) = (refresh::settings(cx), system.keys());
    let queue = Mutex::new(wanted.iter());
    let bytes = AtomicU64::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(wanted.len()) {
            let sender = sender.clone();
            let (queue, settings, folder, bytes) = (&queue, &settings, &folder, &bytes);
            scope.spawn(move || {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some(one) = next else { return };
                    let path = folder.join(os(&file_name(one, keeps)));
                    let fetched = fetch(settings, one, &path, keeps, keys, bytes);
                    if sender.send((one, fetched.map(|()| path))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(TICK) {
                Ok((one, fetched)) => arrived(cx, one, fetched),
                Err(mpsc::RecvTimeoutError::Timeout) => cx.messages.move_bar(bytes.load(Ordering::Relaxed)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    });
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

fn fetch(
    settings: &crate::network::Settings,
    one: &Wanted,
    path: &Path,
    keeps: bool,
    keys: &Keys,
    bytes: &AtomicU64,
) -> Result {
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".part");
    let beside = Path::new(&beside);
    let fetched = fetch_beside(settings, one, beside, keeps, keys, bytes);
    match fetched {
        Ok(()) => Ok(fs::rename(beside, path)?),
        Err(error) => {
            let _ = fs::remove_file(beside);
            Err(error)
        }
    }
}

fn fetch_beside(
    settings: &crate::network::Settings,
    one: &Wanted,
    beside: &Path,
    keeps: bool,
    keys: &Keys,
    bytes: &AtomicU64,
) -> Result {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(beside)?;
    if let Some(local) = one.url.strip_prefix(b"test:") {
        std::io::copy(&mut File::open(os(local))?, &mut file)?;
    } else {
        crate::network::fetch(settings, &one.url, None, &mut file, &mut |count| {
            bytes.fetch_add(count, Ordering::Relaxed);
        })?;
    }
    // What stays in the cache is what the index named; the rest is checked while it is unpacked.
    if let (true, Some(identity)) = (keeps, one.identity) {
        let file = BufReader::new(File::open(beside)?);
        PackageReader::open(Box::new(file), Trust::identity(keys, identity))?.finish()?;
    }
    Ok(())
}
