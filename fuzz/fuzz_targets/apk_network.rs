//! apk_network — lines of repositories, urls, and what servers answer.
//!
//! The first byte chooses which.

#![no_main]

use std::io::{BufReader, Cursor, Read};

use apk::network::Response;
use apk::network::url::Url;
use apk::repository::{Config, Repositories};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, text)) = data.split_first() else { return };
    match choice % 4 {
        0 => {
            let mut repositories = Repositories::default();
            let _ = Config::new(&mut repositories, b"x86_64").read(text);
            for repository in &repositories.list {
                repository.index_url();
                repository.package_base();
                repository.cache_name();
                apk::repository::printable(&repository.url);
            }
        }
        1 => {
            let mut parts = text.splitn(2, |&byte| byte == 0);
            let Ok(url) = Url::parse(parts.next().unwrap_or_default()) else { return };
            let again = Url::parse(url.absolute().as_bytes()).expect("it was written by us");
            assert_eq!((&again.host, again.port, &again.path), (&url.host, url.port, &url.path));
            if let Ok(next) = url.join(&String::from_utf8_lossy(parts.next().unwrap_or_default())) {
                Url::parse(next.absolute().as_bytes()).expect("it was written by us");
            }
        }
        // A small buffer: heads and chunks end at its ends, too.
        _ => {
            let stream = BufReader::with_capacity(16, Cursor::new(text.to_vec()));
            if let Ok(mut response) = Response::read_from(Box::new(stream)) {
                let mut body = Vec::new();
                let _ = response.read_to_end(&mut body);
                assert!(body.len() <= text.len());
            }
        }
    }
});
