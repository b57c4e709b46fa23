//! network — files from servers: http and https, proxies, redirects, retries, what is there already is not fetched again.
//!
//! Source: RFC 9110, RFC 9112 (HTTP/1.1), RFC 3986 (urls). Requests are answered one at a time on connections of their own.

mod connect;
mod http;
mod mirrors;
#[cfg(feature = "tls")]
mod tls;
pub mod url;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

pub use self::http::Response;
pub use self::mirrors::{Mirrors, Passed, fetch};
use self::url::Url;
use crate::error::{Error, Kind, Result};

/// How servers are talked to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long to wait for a connection, and for every next byte.
    pub timeout: Duration,
    /// Whether certificates are checked.
    pub check_certificate: bool,
    /// Caches on the way are asked for a fresh copy.
    pub refresh: bool,
    pub user_agent: String,
    /// `Basic` credentials for the servers (`HTTP_AUTH`); None: those of the url.
    pub authorization: Option<String>,
    pub proxies: Proxies,
    /// How often a transfer is begun again after a trouble that may pass.
    pub retries_max: u32,
}

/// Proxies by the scheme of the url that is fetched.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    pub http: Option<Url>,
    pub https: Option<Url>,
    /// Hosts and domains that are reached without; `*` for all.
    pub none: Vec<String>,
}

impl Settings {
    /// The settings of the environment: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` in either case, `HTTP_AUTH`,
    /// `HTTP_USER_AGENT`.
    pub fn from_environment(timeout: Duration) -> Settings {
        let variable = |name: &str| {
            let value = std::env::var(name).or_else(|_| std::env::var(name.to_ascii_lowercase())).ok();
            value.filter(|value| !value.is_empty())
        };
        let proxy = |name: &str| {
            let text = variable(name)?;
            let text = if text.contains("://") { text } else { format!("http://{text}") };
            Url::parse(text.as_bytes()).ok()
        };
        let none = variable("NO_PROXY").unwrap_or_default();
        Settings {
            timeout,
            check_certificate: true,
            refresh: false,
            user_agent: variable("HTTP_USER_AGENT").unwrap_or_else(|| "apk-tools/3.0.6".to_string()),
            authorization: variable("HTTP_AUTH").and_then(|text| basic(&text)),
            proxies: Proxies {
                http: proxy("HTTP_PROXY"),
                https: proxy("HTTPS_PROXY"),
                none: none
                    .split([',', ' '])
                    .filter(|name| !name.is_empty())
                    .map(str::to_ascii_lowercase)
                    .collect(),
            },
            retries_max: 3,
        }
    }
}

/// `basic:REALM:USER:PASSWORD` as the value of an `Authorization` header.
fn basic(text: &str) -> Option<String> {
    let mut parts = text.splitn(4, ':');
    let (kind, _realm, user, password) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    kind.eq_ignore_ascii_case("basic").then(|| credentials(&format!("{user}:{password}")))
}

fn credentials(text: &str) -> String {
    let mut out = b"Basic ".to_vec();
    crate::identity::write_base64(text.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl Proxies {
    /// The proxy for a url.
    fn of(&self, url: &Url) -> Option<&Url> {
        let skipped = self.none.iter().any(|name| {
            let name = name.strip_prefix('.').unwrap_or(name);
            name == "*"
                || url.host == name
                || url.host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
        });
        match (skipped, url.is_tls) {
            (true, _) => None,
            (false, true) => self.https.as_ref(),
            (false, false) => self.http.as_ref(),
        }
    }
}

/// What was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub size: u64,
    /// When the server's file was changed, in seconds since 1970.
    pub modified: Option<i64>,
}

/// What is to be fetched.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub url: &'a [u8],
    /// Only if it was changed after that time, in seconds since 1970; else the error is `Unchanged`.
    pub since: Option<i64>,
    /// The check that the caller makes finds any bytes out that are of another file. So a transfer may be taken up with
    /// whatever the file has already, and at another server.
    pub is_identified: bool,
}

/// Whether trying again may help.
fn may_pass(error: &Error) -> bool {
    use std::io::ErrorKind;
    match &error.kind {
        Kind::Eof => true,
        Kind::Io(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::TimedOut
                | ErrorKind::WouldBlock
                | ErrorKind::NetworkUnreachable
        ),
        Kind::Network(text) => [
            "HTTP 408",
            "HTTP 429",
            "HTTP 500",
            "HTTP 502",
            "HTTP 503",
            "HTTP 504",
            "DNS: temporary",
            "timed out",
        ]
        .iter()
        .any(|start| text.starts_with(start)),
        _ => false,
    }
}

/// A transfer that may be taken up again.
struct Transfer {
    size: u64,
    /// What tells that the server still has the same file: its entity tag or time.
    validator: Option<String>,
    modified: Option<i64>,
    /// Whether it may be taken up without a validator.
    is_identified: bool,
}

impl Transfer {
    /// The next run begins with nothing.
    fn forget(&mut self) {
        (self.size, self.validator) = (0, None);
    }

    fn run(
        &mut self,
        settings: &Settings,
        url: &Url,
        since: Option<i64>,
        file: &mut File,
        progress: &mut dyn FnMut(u64),
    ) -> Result {
        let resumes = self.size > 0 && (self.is_identified || self.validator.is_some());
        let resume = resumes.then_some((self.size, self.validator.as_deref()));
        let mut response = http::get(settings, url, since, resume)?;
        match response.status {
            206 if resumes && response.range_start == Some(self.size) => {}
            200 => {
                self.size = 0;
                file.set_len(0)?;
            }
            206 | 416 if resumes => {
                // The file is shorter than what is there, or the server counts in its own way: once more from the start.
                self.forget();
                return self.run(settings, url, since, file, progress);
            }
            304 => return Err(Kind::Unchanged.into()),
            status => {
                let text = format!("HTTP {status}: {}", response.reason);
                return Err(Kind::Network(text).into());
            }
        }
        file.seek(SeekFrom::Start(self.size))?;
        self.validator.clone_from(&response.validator);
        self.modified = response.modified;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = response.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            file.write_all(&buffer[..count])?;
            self.size += count as u64;
            progress(count as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    fn settings() -> Settings {
        Settings {
            timeout: Duration::from_secs(5),
            check_certificate: true,
            refresh: false,
            user_agent: "test".to_string(),
            authorization: None,
            proxies: Proxies::default(),
            retries_max: 2,
        }
    }

    /// Serves one answer a connection; gives the address and, at the end, the requests.
    fn serve(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let mut requests = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = String::new();
                let mut input = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut line = String::new();
                    if input.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                        break;
                    }
                    request.push_str(&line);
                }
                requests.push(request);
                stream.write_all(&answer).unwrap();
            }
            requests
        });
        (address, server)
    }

    fn get(address: &str, since: Option<i64>) -> (Result<Fetched>, String) {
        let path = std::env::temp_dir().join(format!(
            "apk-network-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let mut file = File::create(&path).unwrap();
        let url = format!("{address}/a/b.apk");
        let wanted = Wanted { url: url.as_bytes(), since, is_identified: false };
        let fetched =
            fetch(&settings(), &Mirrors::default(), wanted, &mut file, &mut |_| Ok(()), &mut |_| {}).0;
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        (fetched, text)
    }

    #[test]
    fn a_file_with_its_length() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nLast-Modified: Tue, 15 Nov 1994 12:45:26 GMT\r\n\r\nhello";
        let (address, server) = serve(vec![answer.to_vec()]);
        let (fetched, text) = get(&address, Some(784_903_526));
        assert_eq!(fetched.unwrap(), Fetched { size: 5, modified: Some(784_903_526) });
        assert_eq!(text, "hello");
        let request = &server.join().unwrap()[0];
        assert!(request.starts_with("GET /a/b.apk HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("If-Modified-Since: Tue, 15 Nov 1994 12:45:26 GMT\r\n"), "{request}");
    }

    #[test]
    fn chunks_and_redirects() {
        let first = b"HTTP/1.1 302 Found\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n";
        let second =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let (address, server) = serve(vec![first.to_vec(), second.to_vec()]);
        let (fetched, text) = get(&address, None);
        assert_eq!((fetched.unwrap().size, text.as_str()), (5, "abcde"));
        assert!(server.join().unwrap()[1].starts_with("GET /c HTTP/1.1\r\n"));
    }

    #[test]
    fn a_broken_transfer_is_taken_up() {
        let first = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"v1\"\r\n\r\n01234";
        let second = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\nETag: \"v1\"\r\n\r\n56789";
        let (address, server) = serve(vec![first.to_vec(), second.to_vec()]);
        let (fetched, text) = get(&address, None);
        assert_eq!((fetched.unwrap().size, text.as_str()), (10, "0123456789"));
        let request = &server.join().unwrap()[1];
        assert!(
            request.contains("Range: bytes=5-\r\n") && request.contains("If-Range: \"v1\"\r\n"),
            "{request}"
        );
    }

    #[test]
    fn what_servers_say() {
        for (answer, expected) in [
            ("HTTP/1.1 404 Not Found\r\n\r\n", "HTTP 404: Not Found"),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", "file is unchanged"),
            ("garbage\r\n\r\n", "malformed HTTP response"),
        ] {
            let (address, server) = serve(vec![answer.as_bytes().to_vec()]);
            let (fetched, _) = get(&address, Some(1));
            assert_eq!(fetched.unwrap_err().reason(), expected);
            server.join().unwrap();
        }
    }

    #[test]
    fn hosts_without_proxy() {
        let proxy = Url::parse(b"http://proxy:3128").unwrap();
        let proxies = Proxies {
            http: Some(proxy),
            https: None,
            none: vec![".example.org".to_string(), "localhost".to_string()],
        };
        for (url, has) in [
            ("http://example.net/", true),
            ("http://example.org/", false),
            ("http://a.example.org/", false),
            ("http://badexample.org/", true),
            ("http://localhost/", false),
            ("https://example.net/", false),
        ] {
            assert_eq!(proxies.of(&Url::parse(url.as_bytes()).unwrap()).is_some(), has, "{url}");
        }
    }
}
