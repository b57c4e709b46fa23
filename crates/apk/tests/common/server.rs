//! A server of files over HTTP, for tests: what it is asked for decides how it behaves.
//!
//! Paths below `/404`, `/500`, `/403` get that answer; below `/redirect` one that leads to the rest of the path; below `/cut`
//! half of the file, and the whole when the rest is asked for; below `/short` half of it as if that were all; below `/stall` half
//! of it, and then nothing until the client goes away; below `/lazy` the same of packages, while indexes come whole; below
//! `/auth` only with `u:p`; below `/drop` nothing at all.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A running server. Its thread ends with the process.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The first lines of the requests, and their fields behind them.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

/// `Basic` and base64 of `u:p`.
const CREDENTIALS: &str = "Basic dTpw";
/// All files have this time.
const MODIFIED: &str = "Tue, 15 Nov 2022 12:45:26 GMT";

impl Server {
    /// Serves the files below `folder`.
    pub(crate) fn start(folder: PathBuf) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, seen) = (folder.clone(), Arc::clone(&seen));
                std::thread::spawn(move || {
                    // A client that goes away is no failure of the server.
                    let _ = answer(&stream, &folder, &seen);
                });
            }
        });
        Server { port, requests }
    }
}

fn answer(stream: &TcpStream, folder: &std::path::Path, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    let mut request = String::new();
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        request.push_str(&line);
    }
    let target = request.split(' ').nth(1).unwrap_or("/").to_string();
    // A proxy is asked for the whole url.
    let target = match target.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("/".to_string(), |(_, path)| format!("/{path}")),
        None => target,
    };
    let field = |name: &str| {
        let mut lines = request.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_string())
    };
    let (range, since, authorization) = (field("Range"), field("If-Modified-Since"), field("Authorization"));
    seen.lock().unwrap().push(request.clone());
    let mut output = stream;
    let (kind, rest) = target[1..].split_once('/').unwrap_or(("", ""));
    let status = match kind {
        "404" => Some("404 Not Found"),
        "500" => Some("500 Internal Server Error"),
        "403" => Some("403 Forbidden"),
        "auth" if authorization.as_deref() != Some(CREDENTIALS) => Some("401 Unauthorized"),
        _ => None,
    };
    if let Some(status) = status {
        return output.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
    }
    match kind {
        "drop" => return Ok(()),
        "redirect" => {
            let head = format!("HTTP/1.1 302 Found\r\nLocation: /{rest}\r\nContent-Length: 0\r\n\r\n");
            return output.write_all(head.as_bytes());
        }
        _ => {}
    }
    let is_kind = ["cut", "short", "stall", "lazy", "auth"].contains(&kind);
    let path = if is_kind { rest } else { &target[1..] };
    let Ok(content) = fs::read(folder.join(path)) else {
        return output.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    };
    if since.is_some_and(|since| since != "Thu, 01 Jan 1970 00:00:00 GMT") {
        return output.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n");
    }
    let start =
        range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let start: usize = start.unwrap_or(0);
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    let body = &content[start.min(content.len())..];
    let stalls = kind == "stall" || (kind == "lazy" && path.ends_with(".apk"));
    let body = if kind == "short" { &body[..body.len() / 2] } else { body };
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nLast-Modified: {MODIFIED}\r\nETag: \"e\"\r\n",
        body.len()
    );
    if start > 0 {
        let (last, all) = (content.len().saturating_sub(1), content.len());
        head.push_str(&format!("Content-Range: bytes {start}-{last}/{all}\r\n"));
    }
    output.write_all(format!("{head}\r\n").as_bytes())?;
    let sent = if (kind == "cut" && start == 0) || stalls { body.len() / 2 } else { body.len() };
    output.write_all(&body[..sent])?;
    if stalls {
        let mut rest = [0];
        let _ = std::io::Read::read(&mut input, &mut rest);
    }
    Ok(())
}
