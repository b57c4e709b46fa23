//! http — requests, redirections, and bodies by length, in chunks or to the end.

use std::io::BufReader;

use super::connection::{Connection, read_line};
use super::url::Url;
use super::{Body, Settings};
use crate::prelude::*;

/// As many redirections as BusyBox follows.
const REDIRECTIONS_MAX: usize = 10;
const HEADERS_MAX: usize = 256;

type Save<'a> = dyn FnMut(&mut Cx<'_>, Body<'_>) -> Result + 'a;

/// The proxy that the environment names for the URL's scheme.
pub(super) fn proxy_of(url: &Url) -> Result<Option<Url>> {
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    let skipped = std::env::var("no_proxy").unwrap_or_default();
    let is_skipped = skipped.split([',', ' ']).filter(|name| !name.is_empty()).any(|name| {
        let name = name.trim_start_matches('.');
        name == "*" || host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    });
    let proxy = std::env::var(format!("{}_proxy", url.scheme)).unwrap_or_default();
    if is_skipped || proxy.is_empty() { Ok(None) } else { Url::parse(&proxy).map(Some) }
}

pub(super) fn fetch(
    cx: &mut Cx<'_>,
    settings: &Settings,
    url: Url,
    start: u64,
    save: &mut Save<'_>,
) -> Result {
    let mut url = url;
    let mut post = settings.post.as_deref();
    for _ in 0..=REDIRECTIONS_MAX {
        let proxy = if settings.proxy && url.scheme != "https" { proxy_of(&url)? } else { None };
        let mut connection = match (&proxy, url.scheme.as_str()) {
            (Some(proxy), _) => Connection::open(settings, &proxy.host, proxy.port)?,
            (None, "https") => Connection::open_tls(settings, &url.host, url.port)?,
            (None, _) => Connection::open(settings, &url.host, url.port)?,
        };
        send(&mut connection, settings, &url, proxy.as_ref(), start, post)?;
        let mut input = BufReader::new(connection);
        let response = Response::read(&mut input, settings)?;
        match response.status {
            301 | 302 | 303 | 307 | 308 => {
                let location = response.location.as_deref().filter(|location| !location.is_empty());
                let location =
                    location.ok_or_else(|| Error::message("redirection without a place to go to"))?;
                let next = url.join(location)?;
                if next.scheme == "ftp" {
                    return Err(Error::message("redirection to another protocol"));
                }
                if url.scheme == "https" && next.scheme == "http" {
                    settings.say("note: redirected to an unencrypted address");
                }
                // 307 and 308 ask for the same again; the others for what came out of it.
                if !matches!(response.status, 307 | 308) {
                    post = None;
                }
                url = next;
            }
            200..=299 => {
                let start = if response.status == 206 { start } else { 0 };
                let length = response.length.filter(|_| !response.chunked);
                let stream: Box<dyn Read> = if response.chunked {
                    Box::new(Chunks { input, left: 0, state: ChunkState::Size })
                } else {
                    Box::new(input.take(length.unwrap_or(u64::MAX)))
                };
                let length = if response.status == 204 { Some(0) } else { length };
                return save(cx, Body { length, start, stream });
            }
            // The range begins at the end: all is there.
            416 if start > 0 => return Ok(()),
            _ => return Err(Error::message(format_args!("server returned error: {}", response.first_line))),
        }
    }
    Err(Error::message("too many redirections"))
}

fn send(
    connection: &mut Connection,
    settings: &Settings,
    url: &Url,
    proxy: Option<&Url>,
    start: u64,
    post: Option<&[u8]>,
) -> Result {
    let has = |name: &str| {
        settings.headers.iter().any(|header| {
            header.split_once(':').is_some_and(|(other, _)| other.trim().eq_ignore_ascii_case(name))
        })
    };
    let method = if post.is_some() {
        "POST"
    } else if settings.spider {
        "HEAD"
    } else {
        "GET"
    };
    let target = match proxy {
        Some(_) => format!("{}://{}{}", url.scheme, url.authority(), url.path),
        None => url.path.clone(),
    };
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    let mut header = |name: &str, value: &str| {
        if !has(name) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    };
    header("Host", &url.authority());
    header("User-Agent", &settings.agent);
    header("Accept", "*/*");
    header("Connection", "close");
    if let Some(user) = &url.user {
        header("Authorization", &format!("Basic {}", base64(user.as_bytes())));
    }
    if let Some(user) = proxy.and_then(|proxy| proxy.user.as_ref()) {
        header("Proxy-Authorization", &format!("Basic {}", base64(user.as_bytes())));
    }
    if start > 0 {
        header("Range", &format!("bytes={start}-"));
    }
    if let Some(data) = post {
        header("Content-Type", "application/x-www-form-urlencoded");
        header("Content-Length", &data.len().to_string());
    }
    for line in &settings.headers {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    connection.write_all(text.as_bytes()).doing("write error")?;
    connection.write_all(post.unwrap_or_default()).doing("write error")
}

struct Response {
    status: u32,
    first_line: String,
    length: Option<u64>,
    chunked: bool,
    location: Option<String>,
}

impl Response {
    fn read(input: &mut dyn BufRead, settings: &Settings) -> Result<Response> {
        loop {
            let response = Response::read_one(input, settings)?;
            // 100 and its like only say that the real answer will come.
            if !(100..200).contains(&response.status) {
                return Ok(response);
            }
        }
    }

    fn read_one(input: &mut dyn BufRead, settings: &Settings) -> Result<Response> {
        let first_line = printable(&read_line(input)?);
        let mut words = first_line.split(' ');
        let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/"));
        let status = words.next().and_then(|word| word.parse().ok()).filter(|_| is_http);
        let Some(status) = status else {
            return Err(Error::message(format_args!("bad response from the server: {first_line}")));
        };
        if settings.show_response {
            settings.say(&format!("  {first_line}"));
        }
        let mut response = Response { status, first_line, length: None, chunked: false, location: None };
        for _ in 0..HEADERS_MAX {
            let line = read_line(input)?;
            if line.is_empty() {
                return Ok(response);
            }
            if settings.show_response {
                settings.say(&format!("  {}", printable(&line)));
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    let length = value
                        .parse()
                        .map_err(|_| Error::message(format_args!("content-length {value} is garbage")))?;
                    response.length = Some(length);
                }
                "transfer-encoding" => {
                    response.chunked = value.eq_ignore_ascii_case("chunked");
                    if !response.chunked && !value.eq_ignore_ascii_case("identity") {
                        return Err(Error::message(format_args!(
                            "transfer encoding '{value}' is not supported"
                        )));
                    }
                }
                "location" => response.location = Some(value.to_string()),
                _ => {}
            }
        }
        Err(Error::message("the server sends too many headers"))
    }
}

/// What a server sends goes to a terminal: only what can be seen.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

enum ChunkState {
    Size,
    Data,
    End,
}

/// The body out of its chunks.
struct Chunks<R> {
    input: R,
    left: u64,
    state: ChunkState,
}

impl<R: BufRead> Chunks<R> {
    fn line(&mut self) -> io::Result<String> {
        read_line(&mut self.input).map_err(|error| io::Error::other(error.to_string()))
    }
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                ChunkState::End => return Ok(0),
                ChunkState::Data if self.left > 0 => {
                    let count = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                    let read = self.input.read(&mut buffer[..count])?;
                    if read == 0 {
                        return Err(io::Error::other("connection closed prematurely"));
                    }
                    self.left -= read as u64;
                    return Ok(read);
                }
                ChunkState::Data => {
                    self.line()?; // the line end behind the data
                    self.state = ChunkState::Size;
                }
                ChunkState::Size => {
                    let line = self.line()?;
                    let digits = line.split(';').next().unwrap_or("").trim();
                    self.left = u64::from_str_radix(digits, 16).map_err(|_| {
                        io::Error::other(format!("chunk size {} is garbage", printable(digits)))
                    })?;
                    self.state = if self.left == 0 { ChunkState::End } else { ChunkState::Data };
                }
            }
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_rfc_4648_shows() {
        for (text, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn joins_chunks() {
        for (text, expected) in [
            ("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", Some("abcde")),
            ("0\r\n\r\n", Some("")),
            ("5\r\nabc", None),
            ("zz\r\n", None),
            ("", None),
        ] {
            let mut chunks = Chunks { input: text.as_bytes(), left: 0, state: ChunkState::Size };
            let mut body = String::new();
            let result = chunks.read_to_string(&mut body).ok().map(|_| body.as_str());
            assert_eq!(result, expected, "{text:?}");
        }
    }
}
