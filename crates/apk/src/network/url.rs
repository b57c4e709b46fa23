//! url — the parts of an http or https url.
//!
//! Source: RFC 3986.

use crate::error::{Kind, Result};

/// A url of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub is_tls: bool,
    /// `USER:PASSWORD`, decoded.
    pub user: Option<String>,
    /// In lower case; of IPv6 without brackets.
    pub host: String,
    pub port: u16,
    /// From the first slash on, with the query.
    pub path: String,
}

impl Url {
    /// Reads a url.
    ///
    /// Errors: `UrlFormat`.
    pub fn parse(text: &[u8]) -> Result<Url> {
        let wrong = || Kind::UrlFormat;
        let text = std::str::from_utf8(text).map_err(|_| wrong())?;
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong().into()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(decode(user)), place),
            None => (None, authority),
        };
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| wrong())?,
            None if is_tls => 443,
            None => 80,
        };
        let is_clean = |text: &str| text.bytes().all(|byte| byte > b' ' && byte != 0x7f);
        if host.is_empty() || !is_clean(host) || !is_clean(&path) {
            return Err(wrong().into());
        }
        Ok(Url { is_tls, user, host: host.to_ascii_lowercase(), port, path })
    }

    /// The url that a `Location` header leads to.
    pub fn join(&self, location: &str) -> Result<Url> {
        if location.contains("://") {
            return Url::parse(location.as_bytes());
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Url::parse(format!("{}://{rest}", self.scheme()).as_bytes());
        }
        let mut url = self.clone();
        let location = &encode(location.split('#').next().unwrap_or_default());
        url.path = match location.strip_prefix('/') {
            Some(_) => location.to_string(),
            None => {
                let folder = self.path.split('?').next().unwrap_or_default();
                let end = folder.rfind('/').map_or(0, |slash| slash + 1);
                format!("{}{location}", &folder[..end])
            }
        };
        Ok(url)
    }

    fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }

    /// Host and, where it is not the usual one, port: the value of a `Host` header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.is_tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// The whole, without user and password: what a proxy is asked for.
    pub fn absolute(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority(), self.path)
    }
}

/// What would end the line of a request, or a part of it, percent-encoded: servers are not always careful.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0'..=' ' | '\x7f' => out.push_str(&format!("%{:02X}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out
}

/// Percent-encoded octets as what they stand for.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while position < bytes.len() {
        let digits = bytes.get(position + 1..position + 3).and_then(crate::identity::from_hexadecimal);
        match (bytes[position], digits) {
            (b'%', Some(byte)) => {
                out.extend_from_slice(&byte);
                position += 3;
            }
            (byte, _) => {
                out.push(byte);
                position += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let url = Url::parse(b"HTTPS://user:p%40ss@Example.org:8443/a/b?c#d").unwrap();
        assert_eq!(
            url,
            Url {
                is_tls: true,
                user: Some("user:p@ss".to_string()),
                host: "example.org".to_string(),
                port: 8443,
                path: "/a/b?c".to_string(),
            }
        );
        assert_eq!(url.absolute(), "https://example.org:8443/a/b?c");
        let six = Url::parse(b"http://[::1]/x").unwrap();
        assert_eq!((six.host.as_str(), six.authority().as_str(), six.port), ("::1", "[::1]", 80));
        assert_eq!(Url::parse(b"http://h").unwrap().path, "/");
        for text in ["http:/h", "ftp://h/", "http://", "http://h:x/", "http://h/a b", "http://h\r\n/x"] {
            assert!(Url::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn redirects() {
        let url = Url::parse(b"http://h:81/a/b?c").unwrap();
        for (location, expected) in [
            ("/x", "http://h:81/x"),
            ("x", "http://h:81/a/x"),
            ("https://other/y", "https://other/y"),
            ("//other/y", "http://other/y"),
            ("/x y\rz#part", "http://h:81/x%20y%0Dz"),
        ] {
            assert_eq!(url.join(location).unwrap().absolute(), expected);
        }
    }
}
