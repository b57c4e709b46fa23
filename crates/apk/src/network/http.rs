//! http — one request and its answer.
//!
//! Source: RFC 9112 (messages), RFC 9110 (fields, ranges, conditions, dates).

use std::io::{self, Read, Write};

use super::connect::{connect, timed};
use super::url::Url;
use super::{Settings, credentials};
use crate::error::{Kind, Result};

/// The most redirects that are followed.
const REDIRECTS_MAX: u32 = 10;
/// Longer heads of answers are refused.
const HEAD_MAX: usize = 64 * 1024;

/// Status line and the fields that count.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: String,
    length: Option<u64>,
    is_chunked: bool,
    location: Option<String>,
    modified: Option<String>,
    tag: Option<String>,
    range_start: Option<u64>,
}

/// An answer; its body is read with `Read`.
pub struct Response {
    pub status: u16,
    pub reason: String,
    /// When the file was changed, in seconds since 1970.
    pub modified: Option<i64>,
    /// A strong entity tag, or the time: what a range may be asked for with.
    pub(super) validator: Option<String>,
    /// Where a redirect leads to.
    location: Option<String>,
    /// The offset that the body of a partial answer begins with.
    pub(super) range_start: Option<u64>,
    body: Body,
}

struct Body {
    stream: Box<dyn io::BufRead>,
    left: Left,
}

/// How much of a body is left.
enum Left {
    Bytes(u64),
    /// Of the current chunk; None before the first.
    Chunk(Option<u64>),
    UntilClosed,
}

/// Asks for a url. `resume`: only what is behind that many bytes, if the file is still the one of the validator, or in any
/// case where there is none.
pub(super) fn get(
    settings: &Settings,
    url: &Url,
    since: Option<i64>,
    resume: Option<(u64, Option<&str>)>,
) -> Result<Response> {
    let mut url = url.clone();
    for _ in 0..=REDIRECTS_MAX {
        let proxy = settings.proxies.of(&url);
        let mut stream = connect(settings, &url, proxy)?;
        let request = request(settings, &url, proxy, since, resume);
        stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(timed)?;
        let response = Response::read_from(Box::new(io::BufReader::with_capacity(64 * 1024, stream)))?;
        if matches!(response.status, 301 | 302 | 303 | 307 | 308)
            && let Some(location) = &response.location
        {
            let mut next = url.join(location)?;
            if url.is_tls && !next.is_tls {
                return Err(Kind::Network("redirected from https to http".to_string()).into());
            }
            // Credentials are for the server that they were given for.
            if next.user.is_none() && next.host == url.host {
                next.user.clone_from(&url.user);
            }
            url = next;
            continue;
        }
        return Ok(response);
    }
    Err(Kind::Network("too many redirects".to_string()).into())
}

fn request(
    settings: &Settings,
    url: &Url,
    proxy: Option<&Url>,
    since: Option<i64>,
    resume: Option<(u64, Option<&str>)>,
) -> String {
    let through_proxy = proxy.filter(|_| !url.is_tls);
    let target = if through_proxy.is_some() { url.absolute() } else { url.path.clone() };
    let mut text = format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept: */*\r\nConnection: close\r\n",
        url.authority(),
        settings.user_agent
    );
    let mut field = |name: &str, value: &str| {
        // A line feed in a value would begin a field of its own.
        if !value.contains(['\r', '\n']) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    };
    match (&url.user, &settings.authorization) {
        (Some(user), _) => field("Authorization", &credentials(user)),
        (None, Some(value)) => field("Authorization", value),
        _ => {}
    }
    if let Some(user) = through_proxy.and_then(|proxy| proxy.user.as_ref()) {
        field("Proxy-Authorization", &credentials(user));
    }
    if settings.refresh {
        field("Cache-Control", "no-cache");
    }
    match resume {
        Some((offset, validator)) => {
            field("Range", &format!("bytes={offset}-"));
            if let Some(validator) = validator {
                field("If-Range", validator);
            }
        }
        None => {
            if let Some(since) = since {
                field("If-Modified-Since", &date(since));
            }
        }
    }
    text.push_str("\r\n");
    text
}

/// Reads status line and fields, byte by byte: what follows belongs to somebody else.
pub(super) fn read_head(stream: &mut dyn Read) -> Result<Head> {
    let malformed = || Kind::Network("malformed HTTP response".to_string());
    loop {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(b"\r\n\r\n") && !text.ends_with(b"\n\n") {
            if stream.read(&mut byte).map_err(timed)? == 0 {
                return Err(if text.is_empty() { Kind::Eof } else { malformed() }.into());
            }
            text.push(byte[0]);
            if text.len() > HEAD_MAX {
                return Err(malformed().into());
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let head = parse_head(&text).ok_or_else(malformed)?;
        // 1xx answers only announce the one that counts.
        if head.status >= 200 {
            return Ok(head);
        }
    }
}

fn parse_head(text: &str) -> Option<Head> {
    let mut lines = text.lines();
    let (version, rest) = lines.next()?.split_once(' ')?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = status.parse().ok()?;
    let mut head = Head {
        status,
        reason: reason_of(status).unwrap_or(reason.trim()).to_string(),
        length: None,
        is_chunked: false,
        location: None,
        modified: None,
        tag: None,
        range_start: None,
    };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = Some(value.parse().ok()?),
            "transfer-encoding" => head.is_chunked = value.to_ascii_lowercase().ends_with("chunked"),
            "location" => head.location = Some(value.to_string()),
            "last-modified" => head.modified = Some(value.to_string()),
            "content-range" => head.range_start = range_start(value),
            "etag" => head.tag = Some(value.to_string()),
            _ => {}
        }
    }
    Some(head)
}

/// The first offset of `bytes 5-9/10` (RFC 9110, section 14.4).
fn range_start(value: &str) -> Option<u64> {
    let (start, _) = value.strip_prefix("bytes")?.trim_start().split_once('-')?;
    start.parse().ok()
}

/// What a status means (RFC 9110, section 15): the same words, whatever the server says.
fn reason_of(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return None,
    })
}

impl Response {
    /// Reads the head of an answer; the body follows with `Read`.
    ///
    /// Errors: `Eof` for none, `Network` for what is not HTTP/1, and what the stream says.
    pub fn read_from(mut stream: Box<dyn io::BufRead>) -> Result<Response> {
        let head = read_head(&mut stream)?;
        let left = match (head.is_chunked, head.length) {
            (true, _) => Left::Chunk(None),
            (false, Some(length)) => Left::Bytes(length),
            (false, None) => Left::UntilClosed,
        };
        let tag = head.tag.filter(|tag| !tag.starts_with("W/"));
        Ok(Response {
            status: head.status,
            reason: head.reason,
            modified: head.modified.as_deref().and_then(parse_date),
            validator: tag.or(head.modified),
            location: head.location,
            range_start: head.range_start,
            body: Body { stream, left },
        })
    }
}

impl Read for Response {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.body.read(out).map_err(|error| timed(error).into())
    }
}

impl Body {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let limit = match &mut self.left {
            Left::UntilClosed => return self.stream.read(out),
            Left::Bytes(0) => return Ok(0),
            Left::Bytes(left) => *left,
            Left::Chunk(left) => {
                if matches!(left, None | Some(0)) {
                    let size = next_chunk(&mut self.stream, left.is_none())?;
                    if size == 0 {
                        self.left = Left::Bytes(0);
                        return Ok(0);
                    }
                    *left = Some(size);
                }
                left.unwrap_or(0)
            }
        };
        let wanted = limit.min(out.len() as u64) as usize;
        let count = self.stream.read(&mut out[..wanted])?;
        if count == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &mut self.left {
            Left::Bytes(left) | Left::Chunk(Some(left)) => *left -= count as u64,
            _ => {}
        }
        Ok(count)
    }
}

/// The size of the next chunk: a line of hexadecimal digits, behind the end of the one before.
fn next_chunk(stream: &mut dyn io::BufRead, is_first: bool) -> io::Result<u64> {
    let mut line = Vec::new();
    let mut limited = stream.take(4096);
    if !is_first {
        io::BufRead::read_until(&mut limited, b'\n', &mut line)?;
        line.clear();
    }
    io::BufRead::read_until(&mut limited, b'\n', &mut line)?;
    let text = String::from_utf8_lossy(&line);
    let digits = text.split(';').next().unwrap_or_default().trim();
    u64::from_str_radix(digits, 16).map_err(|_| io::Error::other("malformed chunk in HTTP response"))
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since 1970 as a date: `Tue, 15 Nov 1994 12:45:26 GMT`.
fn date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let (year, month, day) = posix::calendar::date_of(days);
    let week_day = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(usize::from(month) + 11) % 12];
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{week_day}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Reads such a date.
fn parse_date(text: &str) -> Option<i64> {
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty()).skip(1);
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // As the format has it (RFC 9110, section 5.6.7): four digits of a year, two of the rest.
    if !(0..=9999).contains(&year)
        || ![day, hour, minute, second].iter().all(|number| (0..=99).contains(number))
    {
        return None;
    }
    let days = posix::calendar::days_to(year, month, day);
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (seconds, text) in [
            (784_903_526, "Tue, 15 Nov 1994 12:45:26 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        ] {
            assert_eq!(date(seconds), text);
            assert_eq!(parse_date(text), Some(seconds));
        }
        for text in [
            "yesterday",
            "Tue, 15 Nov 9223372036854775807 12:45:26 GMT",
            "Tue, 15 Nov 1994 99999999999999999:0:0",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
