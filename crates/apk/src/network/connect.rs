//! connect — a stream of bytes to a server: by name, through a proxy, with TLS.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use super::Settings;
use super::url::Url;
use crate::error::{Error, Kind, Result};

/// Reads and writes.
pub(super) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// Connects to the server of the url, or to the proxy. With TLS, the proxy is asked for a way through.
pub(super) fn connect(settings: &Settings, url: &Url, proxy: Option<&Url>) -> Result<Box<dyn Stream>> {
    let mut stream = tcp(settings, proxy.unwrap_or(url))?;
    if !url.is_tls {
        return Ok(Box::new(stream));
    }
    if let Some(proxy) = proxy {
        let authority = format!("{}:{}", bracketed(&url.host), url.port);
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(user) = &proxy.user {
            request.push_str(&format!("Proxy-Authorization: {}\r\n", super::credentials(user)));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes())?;
        let head = super::http::read_head(&mut stream)?;
        if !(200..300).contains(&head.status) {
            let text = format!("proxy: HTTP {}: {}", head.status, head.reason);
            return Err(Kind::Network(text).into());
        }
    }
    secured(settings, url, stream)
}

#[cfg(feature = "tls")]
fn secured(settings: &Settings, url: &Url, stream: TcpStream) -> Result<Box<dyn Stream>> {
    super::tls::secured(settings, url, stream)
}

#[cfg(not(feature = "tls"))]
fn secured(_settings: &Settings, _url: &Url, _stream: TcpStream) -> Result<Box<dyn Stream>> {
    Err(Kind::Network("TLS: this program was built without it".to_string()).into())
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_string() }
}

fn tcp(settings: &Settings, url: &Url) -> Result<TcpStream> {
    let addresses = match url.host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => sys::host::resolve(OsStr::new(&url.host)).map_err(|text| dns(&text))?.1,
    };
    let mut last = Error::from(Kind::Network("DNS: no address for name".to_string()));
    for address in addresses {
        match TcpStream::connect_timeout(&SocketAddr::new(address, url.port), settings.timeout) {
            Ok(stream) => {
                stream.set_read_timeout(Some(settings.timeout))?;
                stream.set_write_timeout(Some(settings.timeout))?;
                // Requests are one write; answers are waited for.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = timed(error),
        }
    }
    Err(last)
}

/// An error of a stream, a timeout by its name.
pub(super) fn timed(error: io::Error) -> Error {
    #[cfg(feature = "tls")]
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
        return super::tls::explain(error);
    }
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            Kind::Network("timed out waiting for the server".to_string()).into()
        }
        _ => error.into(),
    }
}

fn dns(text: &str) -> Error {
    let lower = text.to_ascii_lowercase();
    let text = if lower.contains("not known") || lower.contains("does not resolve") {
        "DNS: name does not exist".to_string()
    } else if lower.contains("temporary") || lower.contains("try again") {
        "DNS: temporary error (try again later)".to_string()
    } else {
        format!("DNS: {text}")
    };
    Kind::Network(text).into()
}
