//! refresh — indexes of servers, kept in the cache and fetched again when they are old.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::servers::{self, Servers};
use super::{Cx, opened};
use crate::error::{Error, Kind, Result};
use crate::network::{Passed, Wanted};

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

/// How it went.
#[derive(Debug)]
pub struct Outcome<T> {
    pub refreshed: Refreshed,
    /// What was read of a new file to see that it is whole.
    pub fresh: Option<T>,
    /// Servers that were passed over for a mirror.
    pub passed: Vec<Passed>,
}

/// Fetches the index at `url` into `path` if the one there is missing or old. `read` checks the new file before it takes
/// the place of the old one.
pub fn refresh<T: Send + 'static>(
    cx: &Cx,
    servers: impl FnOnce() -> Arc<Servers>,
    url: &[u8],
    path: &Path,
    read: impl Fn(&Path) -> Result<T> + Send + 'static,
) -> Outcome<T> {
    let mut outcome = Outcome { refreshed: Refreshed::NotTried, fresh: None, passed: Vec::new() };
    if !cx.globals.network || !cx.globals.cache || !opened::may_write(cx) {
        return outcome;
    }
    let age_max =
        cx.globals.cache_max_age_s.unwrap_or(if cx.applet.name == "update" { 0 } else { AGE_MAX_S });
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    if age.is_some_and(|age| age < Duration::from_secs(age_max)) {
        return outcome;
    }
    let since = modified.filter(|_| !cx.globals.force.refresh);
    let since =
        since.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs() as i64);
    let fetched = fetch_index(&servers(), url, path, since, read, &mut outcome.passed);
    outcome.refreshed = match fetched {
        Ok(fresh) => {
            outcome.fresh = fresh;
            Refreshed::Yes
        }
        Err(error) => Refreshed::Failed(error),
    };
    outcome
}

fn fetch_index<T: Send + 'static>(
    servers: &Arc<Servers>,
    url: &[u8],
    path: &Path,
    since: Option<i64>,
    read: impl Fn(&Path) -> Result<T> + Send + 'static,
    passed: &mut Vec<Passed>,
) -> Result<Option<T>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".new");
    let beside = Path::new(&beside);
    let fetch = {
        let (servers, url, beside) = (Arc::clone(servers), url.to_vec(), beside.to_path_buf());
        move || {
            let mut fresh = None;
            let wanted = Wanted { url: &url, since, is_identified: false };
            let mut check = |path: &Path| {
                fresh = Some(read(path)?);
                Ok(())
            };
            let (fetched, passed) = servers.fetch(wanted, &beside, &mut check, &mut |_| {});
            (fetched.map(|()| fresh), passed)
        }
    };
    let fetched = match url.starts_with(b"test:") {
        true => Ok(fetch()),
        false => servers::unless_interrupted(fetch),
    };
    let fetched = fetched.and_then(|(fetched, over)| {
        *passed = over;
        fetched
    });
    match fetched {
        Ok(fresh) => {
            fs::rename(beside, path)?;
            Ok(fresh)
        }
        Err(error) => {
            let _ = fs::remove_file(beside);
            if !matches!(error.kind, Kind::Unchanged) {
                return Err(error);
            }
            // It was looked at now.
            let file = File::options().append(true).open(path)?;
            file.set_modified(SystemTime::now())?;
            Ok(None)
        }
    }
}
