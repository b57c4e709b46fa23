//! common — addresses as the network applets read and print them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use crate::prelude::*;
use sys::socket::family;

/// The bytes of an address as the kernel has them.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The address in 4 or 16 bytes.
pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
}

pub(crate) fn family_of(address: IpAddr) -> u16 {
    if address.is_ipv4() { family::INET } else { family::INET6 }
}

/// An address, or a network: an address with the number of its leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) address: IpAddr,
    pub(crate) length: u8,
    /// Whether the length was said, rather than being all bits.
    pub(crate) explicit: bool,
}

impl Prefix {
    /// `10.0.0.0/8`, `10/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32`, `default`.
    pub(crate) fn parse(text: &str, wanted: u16) -> Option<Prefix> {
        if matches!(text, "default" | "any" | "all") {
            let address = if wanted == family::INET6 {
                IpAddr::V6(Ipv6Addr::UNSPECIFIED)
            } else {
                IpAddr::V4(Ipv4Addr::UNSPECIFIED)
            };
            return Some(Prefix { address, length: 0, explicit: true });
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address = parse_short(address)?;
        if wanted != family::UNSPEC && wanted != family_of(address) {
            return None;
        }
        let bits = bits(address);
        let explicit = length.is_some();
        let length = match length {
            None => bits,
            Some(length) if length.contains('.') => mask_length(length.parse().ok()?)?,
            Some(length) => length.parse().ok().filter(|length| *length <= bits)?,
        };
        Some(Prefix { address, length, explicit })
    }

    /// Whether `other` lies in the network.
    pub(crate) fn contains(&self, other: IpAddr) -> bool {
        let (ours, theirs) = (octets(self.address), octets(other));
        ours.len() == theirs.len()
            && (0..usize::from(self.length)).all(|bit| {
                let mask = 0x80 >> (bit % 8);
                ours[bit / 8] & mask == theirs[bit / 8] & mask
            })
    }

    pub(crate) fn is_host(&self) -> bool {
        self.length == bits(self.address)
    }

    pub(crate) fn family(&self) -> u16 {
        family_of(self.address)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// `10` and `192.168` stand for what zeros complete.
fn parse_short(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        match parts.next() {
            Some(part) => *octet = part.parse().ok()?,
            None => break,
        }
    }
    parts.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

/// The number of leading ones; None: the mask has holes.
pub(crate) fn mask_length(mask: Ipv4Addr) -> Option<u8> {
    let bits = u32::from(mask);
    (bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| bits.leading_ones() as u8)
}

pub(crate) fn mask(length: u8) -> Ipv4Addr {
    Ipv4Addr::from(u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0))
}

/// `02:00:00:00:00:01`, of any length.
pub(crate) fn hardware_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            text.push(':');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    text
}

/// Reads hexadecimal numbers of one or two digits between `:` or `-`.
pub(crate) fn hardware(text: &str) -> Option<Vec<u8>> {
    text.split([':', '-'])
        .map(|part| if part.len() <= 2 { u8::from_str_radix(part, 16).ok() } else { None })
        .collect()
}

/// The addresses of a host, those of `wanted` only unless that is UNSPEC; IPv4 before IPv6.
///
/// Errors: "bad address 'x'".
pub(crate) fn resolve(host: &str, wanted: u16) -> Result<Vec<IpAddr>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let found: Vec<IpAddr> = match bare.parse() {
        Ok(address) => vec![address],
        Err(_) => (bare, 0u16)
            .to_socket_addrs()
            .map(|found| found.map(|found| found.ip()).collect())
            .unwrap_or_default(),
    };
    let mut fitting: Vec<IpAddr> = Vec::new();
    for address in found {
        if (wanted == family::UNSPEC || wanted == family_of(address)) && !fitting.contains(&address) {
            fitting.push(address);
        }
    }
    // Of both, IPv4 first: it is what most scripts and networks expect.
    fitting.sort_by_key(|address| !address.is_ipv4());
    if fitting.is_empty() { Err(Error::message(format_args!("bad address '{host}'"))) } else { Ok(fitting) }
}

/// `struct sockaddr_in` or `sockaddr_in6` as bytes.
pub(crate) fn socket_address(address: IpAddr, port: u16, scope: u32) -> Vec<u8> {
    let mut bytes = family_of(address).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&port.to_be_bytes());
    match address {
        IpAddr::V4(address) => {
            bytes.extend_from_slice(&address.octets());
            bytes.resize(16, 0);
        }
        IpAddr::V6(address) => {
            bytes.extend_from_slice(&[0; 4]);
            bytes.extend_from_slice(&address.octets());
            bytes.extend_from_slice(&scope.to_ne_bytes());
        }
    }
    bytes
}

/// The address in a `struct sockaddr`.
pub(crate) fn of_socket_address(bytes: &[u8]) -> Option<IpAddr> {
    let family = u16::from_ne_bytes([*bytes.first()?, *bytes.get(1)?]);
    match family {
        family::INET => address(bytes.get(4..8)?),
        family::INET6 => address(bytes.get(8..24)?),
        _ => None,
    }
}

/// Sends a line to the system log; where nobody listens it is lost, as with syslog(3).
pub(crate) fn log(name: &str, message: &str) {
    const DAEMON_INFO: u32 = 3 << 3 | 6;
    if let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() {
        let _ = socket.send_to(format!("<{DAEMON_INFO}>{name}: {message}").as_bytes(), "/dev/log");
    }
}

/// The internet checksum of `bytes` (RFC 1071): the complement of the ones' complement sum of their 16-bit words.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_prefixes() {
        for (text, expected) in [
            ("10.1.2.3", Some("10.1.2.3 32")),
            ("10/8", Some("10.0.0.0 8")),
            ("192.168/16", Some("192.168.0.0 16")),
            ("10.0.0.0/255.255.0.0", Some("10.0.0.0 16")),
            ("10.0.0.0/255.0.255.0", None),
            ("default", Some("0.0.0.0 0")),
            ("2001:db8::/32", Some("2001:db8:: 32")),
            ("10.0.0.0/33", None),
            ("x", None),
            ("1.2.3.4.5", None),
        ] {
            let found = Prefix::parse(text, family::UNSPEC).map(|p| format!("{} {}", p.address, p.length));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert!(Prefix::parse("::1", family::INET).is_none());
    }

    #[test]
    fn contains_addresses() {
        let net = Prefix::parse("10.0.0.0/9", family::UNSPEC).unwrap();
        assert!(net.contains("10.127.0.1".parse().unwrap()));
        assert!(!net.contains("10.128.0.1".parse().unwrap()));
        assert!(!net.contains("::1".parse().unwrap()));
    }

    #[test]
    fn masks_and_hardware() {
        assert_eq!(
            [mask(0), mask(20), mask(32)].map(|m| m.to_string()),
            ["0.0.0.0", "255.255.240.0", "255.255.255.255"]
        );
        assert_eq!(hardware("0:1A:2b-3:04:5"), Some(vec![0, 0x1a, 0x2b, 3, 4, 5]));
        assert_eq!(hardware("000:1"), None);
        assert_eq!(hardware("0::1"), None);
        assert_eq!(hardware_text(&[2, 0, 255]), "02:00:ff");
    }
}
