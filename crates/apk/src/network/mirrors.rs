//! mirrors — servers that have the same files: what one does not give is taken from the next.
//!
//! A list is text with a url a line, as in Alpine's `MIRRORS.txt`: the place below which every one of these servers has the
//! same tree. A url that lies below one of them can be had from all.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::url::Url;
use super::{Fetched, Settings, Transfer, Wanted, may_pass};
use crate::error::{Error, Kind, Result};

/// The lists of a system.
#[derive(Debug, Default)]
pub struct Mirrors {
    lists: Vec<List>,
}

#[derive(Debug)]
struct List {
    /// Places, with a slash at the end.
    places: Vec<Vec<u8>>,
    /// The one that is asked first instead of the one that failed.
    trusted: AtomicUsize,
}

/// No mirror was found to be better than the place of the url itself.
const NONE: usize = usize::MAX;

/// A place that was passed over for the next.
#[derive(Debug)]
pub struct Passed {
    pub url: Vec<u8>,
    pub why: Error,
}

/// Where a file can be had.
struct Place {
    url: Vec<u8>,
    /// List and number in it; None for the url itself.
    number: Option<(usize, usize)>,
    /// Asking again would not help.
    is_over: bool,
}

impl Mirrors {
    /// Adds a list. Empty lines and what follows `#` at the beginning of a line count for nothing; neither do lines that
    /// are no url of a server.
    pub fn add(&mut self, text: &[u8]) {
        let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let mut places: Vec<Vec<u8>> = Vec::new();
        for line in lines.filter(|line| !line.starts_with(b"#") && Url::parse(line).is_ok()) {
            let place = [line.trim_ascii_end(), b"/"].concat();
            let place = match line.ends_with(b"/") {
                true => line.to_vec(),
                false => place,
            };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if places.len() > 1 {
            self.lists.push(List { places, trusted: AtomicUsize::new(NONE) });
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Where a url's file can be had: at the url, then at the other places of the lists it is in. A mirror that helped
    /// before comes first.
    fn places(&self, url: &[u8]) -> Vec<Place> {
        let mut places = vec![Place { url: url.to_vec(), number: None, is_over: false }];
        for (number, list) in self.lists.iter().enumerate() {
            let Some(rest) = list.places.iter().find_map(|place| url.strip_prefix(&place[..])) else {
                continue;
            };
            for (within, place) in list.places.iter().enumerate() {
                let mirror = [&place[..], rest].concat();
                if places.iter().any(|known| known.url == mirror) {
                    continue;
                }
                let place = Place { url: mirror, number: Some((number, within)), is_over: false };
                match list.trusted.load(Ordering::Relaxed) == within {
                    true => places.insert(0, place),
                    false => places.push(place),
                }
            }
        }
        places
    }

    /// Remembers that a place had what the url itself, or what was trusted before, had not.
    fn trust(&self, place: &Place) {
        match place.number {
            Some((list, within)) => self.lists[list].trusted.store(within, Ordering::Relaxed),
            None => self.lists.iter().filter(|list| list.has(&place.url)).for_each(|list| {
                list.trusted.store(NONE, Ordering::Relaxed);
            }),
        }
    }
}

impl List {
    fn has(&self, url: &[u8]) -> bool {
        self.places.iter().any(|place| url.starts_with(place))
    }
}

/// Fetches a file of a server, or of a mirror of it, into `file`, which is empty at first unless its bytes are identified.
/// Every place is asked in turn; while there is one whose trouble may pass, all begins again after a pause that doubles. A
/// transfer that breaks is taken up where it broke. `check` looks at what came; where it is wrong, the next
/// place is asked. `progress` gets the bytes that came.
///
/// Gives what was fetched, or what kind of trouble there was with the first place, and the places that were passed over
/// for one that gave the file.
pub fn fetch(
    settings: &Settings,
    mirrors: &Mirrors,
    wanted: Wanted<'_>,
    file: &mut File,
    check: &mut dyn FnMut(&File) -> Result,
    progress: &mut dyn FnMut(u64),
) -> (Result<Fetched>, Vec<Passed>) {
    let mut places = mirrors.places(wanted.url);
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let is_identified = wanted.is_identified;
    let mut transfer = Transfer { size, validator: None, modified: None, is_identified };
    let mut pause = Duration::from_millis(250);
    let mut passed: Vec<Passed> = Vec::new();
    let mut last = usize::MAX;
    for round in 0..=settings.retries_max {
        for (number, place) in places.iter_mut().enumerate().filter(|(_, place)| !place.is_over) {
            if std::mem::replace(&mut last, number) != number {
                // Another server's tag says nothing here.
                transfer.validator = None;
                if !is_identified {
                    transfer.forget();
                }
            }
            let result = attempt(settings, place, wanted, &mut transfer, file, check, progress);
            let (error, is_over) = match result {
                Ok(()) => {
                    if !passed.is_empty() {
                        mirrors.trust(place);
                    }
                    passed.retain(|passed| passed.url != place.url);
                    return (Ok(Fetched { size: transfer.size, modified: transfer.modified }), passed);
                }
                Err(Trouble::Content(error)) => (error, true),
                Err(Trouble::Transfer(error)) => {
                    let is_over = !may_pass(&error);
                    (error, is_over)
                }
            };
            if is_local(&error) {
                return (Err(error), Vec::new());
            }
            place.is_over = is_over;
            match passed.iter_mut().find(|passed| passed.url == place.url) {
                Some(known) => known.why = error,
                None => passed.push(Passed { url: place.url.clone(), why: error }),
            }
        }
        if round == settings.retries_max || places.iter().all(|place| place.is_over) {
            break;
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
    let first = passed.into_iter().next().map(|passed| passed.why);
    (Err(first.unwrap_or_else(|| Kind::Eof.into())), Vec::new())
}

/// Why an attempt failed.
enum Trouble {
    Transfer(Error),
    /// The file came, and is wrong.
    Content(Error),
}

/// One transfer and its check.
fn attempt(
    settings: &Settings,
    place: &Place,
    wanted: Wanted<'_>,
    transfer: &mut Transfer,
    file: &mut File,
    check: &mut dyn FnMut(&File) -> Result,
    progress: &mut dyn FnMut(u64),
) -> std::result::Result<(), Trouble> {
    let url = Url::parse(&place.url).map_err(Trouble::Content)?;
    loop {
        let began_with = transfer.size;
        transfer.run(settings, &url, wanted.since, file, progress).map_err(Trouble::Transfer)?;
        let Err(error) = check(file) else { return Ok(()) };
        transfer.forget();
        file.set_len(0).map_err(|error| Trouble::Transfer(error.into()))?;
        if began_with == 0 {
            return Err(Trouble::Content(error));
        }
        // It may be the beginning that was wrong, which came from elsewhere: once more, all of it.
    }
}

/// Whether the trouble is not the server's: no other one would help.
fn is_local(error: &Error) -> bool {
    use std::io::ErrorKind;
    match &error.kind {
        Kind::Unchanged => true,
        Kind::Io(error) => matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(mirrors: &Mirrors, url: &str) -> Vec<String> {
        let places = mirrors.places(url.as_bytes());
        places.iter().map(|place| String::from_utf8_lossy(&place.url).into_owned()).collect()
    }

    #[test]
    fn places_of_a_url() {
        let mut mirrors = Mirrors::default();
        mirrors.add(b"# all\nhttp://a/alpine\n\nhttps://b/\n/local\nnonsense\nhttp://c/x/\r\nhttps://b/\n");
        mirrors.add(b"http://d/\n");
        assert_eq!(
            urls(&mirrors, "http://a/alpine/v3/main/x"),
            ["http://a/alpine/v3/main/x", "https://b/v3/main/x", "http://c/x/v3/main/x"]
        );
        assert_eq!(urls(&mirrors, "http://a/alpinex/y"), ["http://a/alpinex/y"]);
        assert_eq!(urls(&mirrors, "http://d/y"), ["http://d/y"]);
        let third = mirrors.places(b"http://a/alpine/y").pop();
        mirrors.trust(&third.unwrap());
        assert_eq!(urls(&mirrors, "http://a/alpine/y"), ["http://c/x/y", "http://a/alpine/y", "https://b/y"]);
        let second = mirrors.places(b"http://a/alpine/y").remove(1);
        mirrors.trust(&second);
        assert_eq!(urls(&mirrors, "http://a/alpine/y")[0], "http://a/alpine/y");
    }
}
