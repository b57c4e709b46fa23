//! url — the parts of a URL.
//!
//! Source: RFC 3986.

use crate::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: String,
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
    /// With the query, without the fragment; begins with a slash.
    pub(super) path: String,
}

impl Url {
    /// A text without a scheme is HTTP's.
    pub(super) fn parse(text: &str) -> Result<Url> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        let port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            "ftp" => 21,
            _ => return Err(Error::message(format_args!("not an http or ftp url: {text}"))),
        };
        let rest = rest.split('#').next().unwrap_or(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host_port) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(decoded(user)), host),
            None => (None, authority),
        };
        let (host, port) = split_port(host_port, port)?;
        let bad = |byte: u8| byte <= b' ' || byte == 0x7f;
        if host.is_empty() || host.bytes().any(bad) {
            return Err(Error::message(format_args!("bad address '{host}'")));
        }
        let mut clean = String::with_capacity(path.len() + 1);
        if !path.starts_with('/') {
            clean.push('/');
        }
        // What must not stand in a request line is written as RFC 3986 has it.
        for byte in path.bytes() {
            if bad(byte) || byte >= 0x80 {
                clean.push_str(&format!("%{byte:02X}"));
            } else {
                clean.push(char::from(byte));
            }
        }
        Ok(Url { scheme, user, host: host.to_string(), port, path: clean })
    }

    /// Where a redirection leads to.
    pub(super) fn join(&self, location: &str) -> Result<Url> {
        let location = location.trim();
        if location.contains("://") {
            return Url::parse(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Url::parse(&format!("{}://{rest}", self.scheme));
        }
        let base = if location.starts_with('/') {
            ""
        } else {
            let path = self.path.split('?').next().unwrap_or("/");
            &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
        };
        let mut url = Url::parse(&format!("{}://{}{base}{location}", self.scheme, self.authority()))?;
        url.user.clone_from(&self.user);
        Ok(url)
    }

    /// Host and, where it is not the scheme's own, port.
    pub(super) fn authority(&self) -> String {
        let usual = match self.scheme.as_str() {
            "https" => 443,
            "ftp" => 21,
            _ => 80,
        };
        if self.port == usual { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The name under which the contents are kept: the last part of the path, never one that leads elsewhere.
    pub(super) fn file_name(&self) -> String {
        let path = self.path.split('?').next().unwrap_or("/");
        let name = decoded(path.rsplit('/').next().unwrap_or(""));
        let name = name.replace(['/', '\0'], "_");
        if name.is_empty() || name == "." || name == ".." { "index.html".to_string() } else { name }
    }
}

fn split_port(text: &str, usual: u16) -> Result<(&str, u16)> {
    // An IPv6 address stands in brackets, which stay for the Host header.
    let end = text.rfind(']').map_or(0, |bracket| bracket + 1);
    match text[end..].find(':') {
        Some(colon) => {
            let port = &text[end + colon + 1..];
            let port = port.parse().map_err(|_| Error::message(format_args!("bad port '{port}'")))?;
            Ok((&text[..end + colon], port))
        }
        None => Ok((text, usual)),
    }
}

/// `%20` and the like as what they stand for.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) if byte == b'%' => {
                bytes.push(value);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        for (text, expected) in [
            ("example.org", "http None example.org 80 / index.html"),
            ("http://h:8080/a/b?x=/y#z", "http None h 8080 /a/b?x=/y b"),
            ("https://u:p%40w@h/f%20g", "https Some(\"u:p@w\") h 443 /f%20g f g"),
            ("http://[::1]:81/x", "http None [::1] 81 /x x"),
            ("http://h?q", "http None h 80 /?q index.html"),
            ("ftp://h/d/..", "ftp None h 21 /d/.. index.html"),
            ("http://h/a b", "http None h 80 /a%20b a b"),
            ("http://h/%2e%2e%2fx", "http None h 80 /%2e%2e%2fx .._x"),
        ] {
            let url = Url::parse(text).unwrap();
            let shown = format!(
                "{} {:?} {} {} {} {}",
                url.scheme,
                url.user,
                url.host,
                url.port,
                url.path,
                url.file_name()
            );
            assert_eq!(shown, expected, "{text}");
        }
        for bad in ["gopher://x", "http://", "http://h:x/", "http://h\r\nX: y/"] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn follows_redirections() {
        let base = Url::parse("http://u:p@h:81/a/b?c").unwrap();
        for (location, expected) in [
            ("/x", "http://h:81/x"),
            ("y", "http://h:81/a/y"),
            ("https://other/z", "https://other/z"),
            ("//other/z", "http://other/z"),
        ] {
            let url = base.join(location).unwrap();
            assert_eq!(format!("{}://{}{}", url.scheme, url.authority(), url.path), expected, "{location}");
        }
        assert_eq!(base.join("/x").unwrap().user.as_deref(), Some("u:p"));
        assert_eq!(base.join("http://other/").unwrap().user, None, "another host gets no password");
    }
}
