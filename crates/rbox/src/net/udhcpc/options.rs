//! options — DHCP options by name: how the script gets them and how the command line gives them.
//!
//! Source: RFC 2132, 3397 (search list), 3442 (routes); BusyBox 1.37 for the names.

use std::net::Ipv4Addr;

/// How a value is written as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Address,
    Addresses,
    /// Pairs of addresses: network and router.
    Pairs,
    Text,
    U8,
    U16,
    U32,
    S32,
    /// Names in the form of the DNS.
    Domains,
    /// Networks with their routers, RFC 3442.
    Routes,
    Hex,
}

struct Known {
    code: u8,
    name: &'static str,
    kind: Kind,
    /// Asked for unless `-o` says not to.
    wanted: bool,
}

const fn known(code: u8, name: &'static str, kind: Kind, wanted: bool) -> Known {
    Known { code, name, kind, wanted }
}

const KNOWN: &[Known] = &[
    known(1, "subnet", Kind::Address, true),
    known(2, "timezone", Kind::S32, false),
    known(3, "router", Kind::Addresses, true),
    known(4, "timesrv", Kind::Addresses, false),
    known(5, "namesrv", Kind::Addresses, false),
    known(6, "dns", Kind::Addresses, true),
    known(7, "logsrv", Kind::Addresses, false),
    known(8, "cookiesrv", Kind::Addresses, false),
    known(9, "lprsrv", Kind::Addresses, false),
    known(12, "hostname", Kind::Text, true),
    known(13, "bootsize", Kind::U16, false),
    known(15, "domain", Kind::Text, true),
    known(16, "swapsrv", Kind::Address, false),
    known(17, "rootpath", Kind::Text, false),
    known(23, "ipttl", Kind::U8, false),
    known(26, "mtu", Kind::U16, true),
    known(28, "broadcast", Kind::Address, true),
    known(33, "routes", Kind::Pairs, false),
    known(40, "nisdomain", Kind::Text, false),
    known(41, "nissrv", Kind::Addresses, false),
    known(42, "ntpsrv", Kind::Addresses, true),
    known(44, "wins", Kind::Addresses, false),
    known(50, "requestip", Kind::Address, false),
    known(51, "lease", Kind::U32, false),
    known(54, "serverid", Kind::Address, false),
    known(56, "message", Kind::Text, false),
    known(60, "vendor", Kind::Text, false),
    known(66, "tftp", Kind::Text, false),
    known(67, "bootfile", Kind::Text, false),
    known(100, "tzstr", Kind::Text, false),
    known(101, "tzdbstr", Kind::Text, false),
    known(119, "search", Kind::Domains, true),
    known(121, "staticroutes", Kind::Routes, true),
    known(132, "vlanid", Kind::U32, false),
    known(133, "vlanpriority", Kind::U8, false),
    known(209, "pxeconffile", Kind::Text, false),
    known(210, "pxepathprefix", Kind::Text, false),
    known(211, "reboottime", Kind::U32, false),
    known(249, "msstaticroutes", Kind::Routes, false),
    known(252, "wpad", Kind::Text, false),
];

/// What is asked for by itself.
pub(super) fn wanted() -> Vec<u8> {
    KNOWN.iter().filter(|known| known.wanted).map(|known| known.code).collect()
}

/// The code of an option by its name, or by its number, also in hexadecimal.
pub(super) fn code(name: &str) -> Option<u8> {
    if let Some(known) = KNOWN.iter().find(|known| known.name == name) {
        return Some(known.code);
    }
    let number = match name.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => name.parse().ok(),
    };
    number.filter(|&number| number != 0 && number != 255)
}

/// Name and text of an option for the script's environment; None: its value is damaged.
pub(super) fn variable(code: u8, value: &[u8]) -> Option<(String, String)> {
    let (name, kind) = match KNOWN.iter().find(|known| known.code == code) {
        Some(known) => (known.name.to_string(), known.kind),
        None => (format!("opt{code}"), Kind::Hex),
    };
    Some((name, text(kind, value)?))
}

fn text(kind: Kind, value: &[u8]) -> Option<String> {
    let address = |octets: &[u8]| Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).to_string();
    Some(match kind {
        Kind::Address => address(value.get(..4)?),
        Kind::Addresses => joined(value.chunks_exact(4).map(address)),
        Kind::Pairs => joined(
            value.chunks_exact(8).map(|pair| format!("{}/{}", address(&pair[..4]), address(&pair[4..]))),
        ),
        Kind::Text => clean(value),
        Kind::U8 => value.first()?.to_string(),
        Kind::U16 => u16::from_be_bytes(value.get(..2)?.try_into().ok()?).to_string(),
        Kind::U32 => u32::from_be_bytes(value.get(..4)?.try_into().ok()?).to_string(),
        Kind::S32 => i32::from_be_bytes(value.get(..4)?.try_into().ok()?).to_string(),
        Kind::Domains => domains(value)?,
        Kind::Routes => routes(value)?,
        Kind::Hex => value.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

/// Text for a script that root runs: from the first byte on that has no business in a name or path, nothing is kept.
fn clean(value: &[u8]) -> String {
    let end = value.iter().position(|byte| !byte.is_ascii_graphic() && *byte != b' ').unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// A name of the DNS with its compression; a label has letters, digits, `-` and `_` only.
fn domains(value: &[u8]) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let mut at = 0;
    while at < value.len() {
        let mut name = String::new();
        let (mut place, mut jumped, mut jumps) = (at, false, 0);
        loop {
            let length = usize::from(*value.get(place)?);
            if length >= 0xc0 {
                let target = (length & 0x3f) << 8 | usize::from(*value.get(place + 1)?);
                if !jumped {
                    at = place + 2;
                }
                // Backwards only, and not for ever.
                jumps += 1;
                if target >= place || jumps > 16 {
                    return None;
                }
                (place, jumped) = (target, true);
                continue;
            }
            place += 1;
            if length == 0 {
                break;
            }
            let label = value.get(place..place + length)?;
            if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
                return None;
            }
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(&String::from_utf8_lossy(label));
            place += length;
        }
        if !jumped {
            at = place;
        }
        names.push(name);
    }
    Some(names.join(" "))
}

fn routes(mut value: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    while let Some((&length, rest)) = value.split_first() {
        let bytes = usize::from(length).div_ceil(8);
        if length > 32 {
            return None;
        }
        let mut network = [0; 4];
        network[..bytes].copy_from_slice(rest.get(..bytes)?);
        let router: [u8; 4] = rest.get(bytes..bytes + 4)?.try_into().ok()?;
        parts.push(format!("{}/{length} {}", Ipv4Addr::from(network), Ipv4Addr::from(router)));
        value = &rest[bytes + 4..];
    }
    Some(parts.join(" "))
}

/// `NAME:VALUE` of `-x` as code and bytes; None: not understood.
pub(super) fn given(text: &str) -> Option<(u8, Vec<u8>)> {
    let (name, value) = text.split_once(':')?;
    let code = code(name)?;
    let kind = KNOWN.iter().find(|known| known.code == code).map_or(Kind::Hex, |known| known.kind);
    if let Some(quoted) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Some((code, quoted.as_bytes().to_vec()));
    }
    let addresses = |text: &str| -> Option<Vec<u8>> {
        let list: Option<Vec<[u8; 4]>> = text
            .split([' ', ',', '/'])
            .filter(|part| !part.is_empty())
            .map(|part| Some(part.parse::<Ipv4Addr>().ok()?.octets()))
            .collect();
        Some(list?.concat())
    };
    let bytes = match kind {
        Kind::Address | Kind::Addresses | Kind::Pairs => addresses(value)?,
        Kind::Text => value.as_bytes().to_vec(),
        Kind::U8 => vec![value.parse().ok()?],
        Kind::U16 => value.parse::<u16>().ok()?.to_be_bytes().to_vec(),
        Kind::U32 => value.parse::<u32>().ok()?.to_be_bytes().to_vec(),
        Kind::S32 => value.parse::<i32>().ok()?.to_be_bytes().to_vec(),
        Kind::Hex | Kind::Domains | Kind::Routes => hex(value)?,
    };
    Some((code, bytes))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b':').collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_variables() {
        for (code, value, expected) in [
            (1, &[255, 255, 255, 0][..], Some("subnet=255.255.255.0")),
            (1, &[255, 255], None),
            (6, &[1, 1, 1, 1, 8, 8, 8, 8, 9], Some("dns=1.1.1.1 8.8.8.8")),
            (12, b"gate\0", Some("hostname=gate")),
            (12, b"a\nb", Some("hostname=a")),
            (26, &[5, 220], Some("mtu=1500")),
            (51, &[0, 1, 81, 128], Some("lease=86400")),
            (
                119,
                b"\x03eng\x05apple\x03com\0\x09marketing\xc0\x04",
                Some("search=eng.apple.com marketing.apple.com"),
            ),
            (119, b"\xc0\x00", None),
            (119, b"\x02a;\0", None),
            (
                121,
                &[24, 10, 0, 1, 10, 0, 0, 1, 0, 10, 0, 0, 254],
                Some("staticroutes=10.0.1.0/24 10.0.0.1 0.0.0.0/0 10.0.0.254"),
            ),
            (121, &[33, 1, 1, 1, 1, 1, 1, 1, 1], None),
            (224, &[1, 255], Some("opt224=01ff")),
        ] {
            let found = variable(code, value).map(|(name, text)| format!("{name}={text}"));
            assert_eq!(found.as_deref(), expected, "{code}");
        }
    }

    #[test]
    fn reads_the_command_line() {
        for (text, expected) in [
            ("hostname:bbox", Some((12, b"bbox".to_vec()))),
            ("lease:3600", Some((51, vec![0, 0, 14, 16]))),
            ("0x3d:0100BEEFC0FFEE", Some((61, vec![1, 0, 0xbe, 0xef, 0xc0, 0xff, 0xee]))),
            ("14:\"dumpfile\"", Some((14, b"dumpfile".to_vec()))),
            ("router:1.2.3.4,5.6.7.8", Some((3, vec![1, 2, 3, 4, 5, 6, 7, 8]))),
            ("nothing:1", None),
            ("61:abc", None),
            ("255:aa", None),
        ] {
            assert_eq!(given(text), expected, "{text}");
        }
    }
}
