//! refresh — indexes of servers, kept in the cache and fetched again when they are old.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Cx, opened, os};
use crate::error::{Error, Kind, Result};
use crate::network::{self, Settings};

/// After how many seconds an index is fetched again, where nothing else is asked for.
const AGE_MAX_S: u64 = 4 * 3600;

/// What became of an index in the cache.
#[derive(Debug)]
pub enum Refreshed {
    /// It is young enough, or nothing may be fetched.
    NotTried,
    /// The server's is in the cache.
    Yes,
    /// It could not be fetched: why.
    Failed(Error),
}

/// Fetches the index at `url` into `path` if the one there is missing or old. `check` reads the new file before it takes
/// the place of the old one.
pub fn refresh(cx: &Cx, url: &[u8], path: &Path, check: &mut dyn FnMut(&Path) -> Result) -> Refreshed {
    if !cx.globals.network || !cx.globals.cache || !opened::may_write(cx) {
        return Refreshed::NotTried;
    }
    let age_max =
        cx.globals.cache_max_age_s.unwrap_or(if cx.applet.name == "update" { 0 } else { AGE_MAX_S });
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    if age.is_some_and(|age| age < Duration::from_secs(age_max)) {
        return Refreshed::NotTried;
    }
    let since = modified.filter(|_| !cx.globals.force.refresh);
    let since =
        since.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs() as i64);
    match fetch_index(cx, url, path, since, check) {
        Ok(()) => Refreshed::Yes,
        Err(error) => Refreshed::Failed(error),
    }
}

fn fetch_index(
    cx: &Cx,
    url: &[u8],
    path: &Path,
    since: Option<i64>,
    check: &mut dyn FnMut(&Path) -> Result,
) -> Result {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".new");
    let beside = Path::new(&beside);
    let fetched = fetch(cx, url, since, beside).and_then(|()| check(beside));
    match fetched {
        Ok(()) => Ok(fs::rename(beside, path)?),
        Err(error) => {
            let _ = fs::remove_file(beside);
            if !matches!(error.kind, Kind::Unchanged) {
                return Err(error);
            }
            // It was looked at now.
            let file = File::options().append(true).open(path)?;
            Ok(file.set_modified(SystemTime::now())?)
        }
    }
}

/// Fetches a url into a new file. `test:` is a file that is treated as if it were far away.
pub fn fetch(cx: &Cx, url: &[u8], since: Option<i64>, path: &Path) -> Result {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    if let Some(local) = url.strip_prefix(b"test:") {
        io::copy(&mut File::open(os(local))?, &mut file)?;
        return Ok(());
    }
    network::fetch(&settings(cx), url, since, &mut file, &mut |_| {})?;
    Ok(())
}

/// How servers are talked to, by the options.
pub fn settings(cx: &Cx) -> Settings {
    let mut settings = Settings::from_environment(Duration::from_secs(cx.globals.timeout_s.max(1)));
    settings.check_certificate = cx.globals.check_certificate;
    settings.refresh = cx.globals.force.refresh;
    settings
}
