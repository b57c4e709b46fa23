//! download — packages of servers, fetched side by side before the first change is made.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::refresh;
use super::system::System;
use super::{Cx, os};
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::reader::PackageReader;
use crate::trust::{Keys, Trust};

/// How many packages are fetched at a time.
const AT_ONCE: usize = 4;

/// A package to be fetched.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub package: u32,
    pub url: Vec<u8>,
    /// `NAME-VERSION`.
    pub full_name: Vec<u8>,
    pub identity: Option<Identity>,
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
pub fn download(cx: &Cx, system: &System, wanted: Vec<Wanted>) -> Downloads {
    let mut downloads = Downloads::default();
    if wanted.is_empty() {
        return downloads;
    }
    let folder = system.cache_folder(cx);
    if let Err(error) = fs::create_dir_all(&folder) {
        let text = sys::error::text(&error);
        for one in wanted {
            let kind = crate::error::Kind::Message(format!("cache: {text}"));
            downloads.files.insert(one.package, Err(Error::new(kind)));
        }
        return downloads;
    }
    let keeps = cx.globals.cache_packages.unwrap_or_else(|| system.has_package_cache(cx));
    let (settings, keys) = (refresh::settings(cx), system.keys());
    let queue = Mutex::new(wanted.into_iter());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some(one) = next else { return };
                    let path = folder.join(os(&file_name(&one, keeps)));
                    let fetched = fetch(&settings, &one, &path, keeps, keys);
                    if let Ok(mut done) = done.lock() {
                        done.push((one.package, fetched.map(|()| path)));
                    }
                }
            });
        }
    });
    for (package, fetched) in done.into_inner().unwrap_or_default() {
        if let (Ok(path), false) = (&fetched, keeps) {
            downloads.temporary.push(path.clone());
        }
        downloads.files.insert(package, fetched);
    }
    downloads
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

fn fetch(settings: &crate::network::Settings, one: &Wanted, path: &Path, keeps: bool, keys: &Keys) -> Result {
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".part");
    let beside = Path::new(&beside);
    let fetched = fetch_beside(settings, one, beside, keeps, keys);
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
) -> Result {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(beside)?;
    if let Some(local) = one.url.strip_prefix(b"test:") {
        std::io::copy(&mut File::open(os(local))?, &mut file)?;
    } else {
        crate::network::fetch(settings, &one.url, None, &mut file, &mut |_| {})?;
    }
    // What stays in the cache is what the index named; the rest is checked while it is unpacked.
    if let (true, Some(identity)) = (keeps, one.identity) {
        let file = BufReader::new(File::open(beside)?);
        PackageReader::open(Box::new(file), Trust::identity(keys, identity))?.finish()?;
    }
    Ok(())
}
