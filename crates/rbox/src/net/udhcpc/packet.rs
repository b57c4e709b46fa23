//! packet — DHCP messages, and the IPv4 and UDP headers around them.
//!
//! Source: RFC 2131, RFC 2132; RFC 791, RFC 768.

use std::net::Ipv4Addr;

use super::super::common::checksum;

pub(super) const DISCOVER: u8 = 1;
pub(super) const OFFER: u8 = 2;
pub(super) const REQUEST: u8 = 3;
pub(super) const DECLINE: u8 = 4;
pub(super) const ACK: u8 = 5;
pub(super) const NAK: u8 = 6;
pub(super) const RELEASE: u8 = 7;

/// Codes of options that the client itself acts on.
pub(super) mod code {
    pub(crate) const REQUESTED_IP: u8 = 50;
    pub(crate) const LEASE_TIME: u8 = 51;
    pub(crate) const OVERLOAD: u8 = 52;
    pub(crate) const MESSAGE_TYPE: u8 = 53;
    pub(crate) const SERVER_ID: u8 = 54;
    pub(crate) const PARAMETERS: u8 = 55;
    pub(crate) const MESSAGE: u8 = 56;
    pub(crate) const MAX_SIZE: u8 = 57;
    pub(crate) const VENDOR: u8 = 60;
    pub(crate) const CLIENT_ID: u8 = 61;
    pub(crate) const FQDN: u8 = 81;
    pub(crate) const END: u8 = 255;
}

pub(super) const SERVER_PORT: u16 = 67;
pub(super) const CLIENT_PORT: u16 = 68;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// The fixed part up to the cookie.
const FIXED: usize = 236;
/// BOOTP servers drop what is shorter than their own structure.
const SIZE_MIN: usize = 300;

/// A message that is being made.
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    pub(super) fn new(kind: u8, transaction: u32, hardware: [u8; 6], broadcast: bool) -> Message {
        let mut bytes = vec![0; FIXED];
        bytes[..3].copy_from_slice(&[1, 1, 6]); // request, Ethernet, six bytes
        bytes[4..8].copy_from_slice(&transaction.to_be_bytes());
        if broadcast {
            bytes[10] = 0x80;
        }
        bytes[28..34].copy_from_slice(&hardware);
        bytes.extend_from_slice(&COOKIE);
        let mut message = Message { bytes };
        message.option(code::MESSAGE_TYPE, &[kind]);
        message
    }

    /// The address that the client has already.
    pub(super) fn client_address(&mut self, address: Ipv4Addr) {
        self.bytes[12..16].copy_from_slice(&address.octets());
    }

    pub(super) fn option(&mut self, code: u8, value: &[u8]) {
        for part in value.chunks(255) {
            self.bytes.push(code);
            self.bytes.push(part.len() as u8);
            self.bytes.extend_from_slice(part);
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(code::END);
        let size = self.bytes.len().max(SIZE_MIN);
        self.bytes.resize(size, 0);
        self.bytes
    }
}

/// A message that was received: checked, and its options joined where they were split.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) kind: u8,
    pub(super) yours: Ipv4Addr,
    pub(super) server: Ipv4Addr,
    /// Names of the server and the boot file, unless their fields hold options.
    pub(super) server_name: Vec<u8>,
    pub(super) boot_file: Vec<u8>,
    options: Vec<(u8, Vec<u8>)>,
}

impl Reply {
    /// None: not an answer to `transaction` for `hardware`, or damaged.
    pub(super) fn parse(bytes: &[u8], transaction: u32, hardware: [u8; 6]) -> Option<Reply> {
        let fixed = bytes.get(..FIXED)?;
        let ours = fixed[0] == 2 && fixed[4..8] == transaction.to_be_bytes() && fixed[28..34] == hardware;
        if !ours || bytes.get(FIXED..FIXED + 4)? != COOKIE {
            return None;
        }
        let address = |at: usize| Ipv4Addr::new(fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]);
        let mut options = Vec::new();
        read_options(&bytes[FIXED + 4..], &mut options);
        let overload = options.iter().find(|(code, _)| *code == code::OVERLOAD);
        let overload = overload.and_then(|(_, value)| value.first().copied()).unwrap_or(0);
        let text = |field: &[u8]| field.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        let (mut server_name, mut boot_file) = (text(&fixed[44..108]), text(&fixed[108..236]));
        if overload & 1 != 0 {
            read_options(&fixed[108..236], &mut options);
            boot_file.clear();
        }
        if overload & 2 != 0 {
            read_options(&fixed[44..108], &mut options);
            server_name.clear();
        }
        let kind = *options.iter().find(|(code, _)| *code == code::MESSAGE_TYPE)?.1.first()?;
        Some(Reply { kind, yours: address(16), server: address(20), server_name, boot_file, options })
    }

    pub(super) fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(other, _)| *other == code).map(|(_, value)| value.as_slice())
    }

    pub(super) fn address(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.option(code)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets))
    }

    pub(super) fn options(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.options.iter().map(|(code, value)| (*code, value.as_slice()))
    }
}

fn read_options(mut rest: &[u8], options: &mut Vec<(u8, Vec<u8>)>) {
    while let Some((&code, behind)) = rest.split_first() {
        match code {
            0 => rest = behind,
            code::END => return,
            _ => {
                let Some((&length, behind)) = behind.split_first() else { return };
                let Some(value) = behind.get(..usize::from(length)) else { return };
                // RFC 3396: the parts of a long option are one.
                match options.iter_mut().find(|(other, _)| *other == code) {
                    Some((_, joined)) => joined.extend_from_slice(value),
                    None => options.push((code, value.to_vec())),
                }
                rest = &behind[usize::from(length)..];
            }
        }
    }
}

/// The message in an IPv4 and UDP header, from `from` to `to`.
pub(super) fn wrap(message: &[u8], from: Ipv4Addr, to: Ipv4Addr) -> Vec<u8> {
    let udp_length = (8 + message.len()) as u16;
    let mut udp = Vec::with_capacity(usize::from(udp_length));
    udp.extend_from_slice(&CLIENT_PORT.to_be_bytes());
    udp.extend_from_slice(&SERVER_PORT.to_be_bytes());
    udp.extend_from_slice(&udp_length.to_be_bytes());
    udp.extend_from_slice(&[0; 2]);
    udp.extend_from_slice(message);
    let mut pseudo = [from.octets(), to.octets()].concat();
    pseudo.extend_from_slice(&[0, 17]);
    pseudo.extend_from_slice(&udp_length.to_be_bytes());
    pseudo.extend_from_slice(&udp);
    let sum = match checksum(&pseudo) {
        0 => 0xffff, // 0 means that there is none
        sum => sum,
    };
    udp[6..8].copy_from_slice(&sum.to_be_bytes());
    let mut packet = vec![0x45, 0x10];
    packet.extend_from_slice(&(20 + udp_length).to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(&udp);
    packet
}

/// The message in a packet to the client's port; None: another packet, or a damaged one.
pub(super) fn unwrap(packet: &[u8]) -> Option<&[u8]> {
    let header = usize::from(packet.first()? & 15) * 4;
    let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let is_udp = packet[0] >> 4 == 4 && header >= 20 && *packet.get(9)? == 17;
    if !is_udp || checksum(packet.get(..header)?) != 0 {
        return None;
    }
    let udp = packet.get(header..total)?;
    let field = |at: usize| Some(u16::from_be_bytes([*udp.get(at)?, *udp.get(at + 1)?]));
    let length = usize::from(field(4)?);
    if field(2)? != CLIENT_PORT || length < 8 {
        return None;
    }
    // The checksum is not looked at: network cards leave it to the other side of a virtual wire.
    udp.get(8..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    fn reply(options: &[u8]) -> Vec<u8> {
        let mut bytes = Message::new(OFFER, 7, MAC, false).finish();
        bytes[0] = 2;
        bytes[16..20].copy_from_slice(&[10, 0, 2, 15]);
        bytes.truncate(FIXED + 4);
        bytes.extend_from_slice(options);
        bytes
    }

    #[test]
    fn reads_replies() {
        let bytes =
            reply(&[53, 1, 2, 0, 0, 54, 4, 10, 0, 2, 2, 6, 4, 1, 1, 1, 1, 6, 4, 2, 2, 2, 2, 255, 9, 9]);
        let found = Reply::parse(&bytes, 7, MAC).unwrap();
        assert_eq!((found.kind, found.yours), (OFFER, Ipv4Addr::new(10, 0, 2, 15)));
        assert_eq!(found.address(code::SERVER_ID), Some(Ipv4Addr::new(10, 0, 2, 2)));
        assert_eq!(found.option(6), Some(&[1, 1, 1, 1, 2, 2, 2, 2][..]));
        assert!(Reply::parse(&bytes, 8, MAC).is_none(), "another transaction");
        assert!(Reply::parse(&bytes, 7, [0; 6]).is_none(), "another client");
    }

    #[test]
    fn survives_lengths_that_lie() {
        assert!(Reply::parse(&reply(&[53]), 7, MAC).is_none());
        assert!(Reply::parse(&reply(&[53, 9, 2]), 7, MAC).is_none());
        assert!(Reply::parse(&[2; 20], 7, MAC).is_none());
        let short = Reply::parse(&reply(&[53, 1, 5, 54, 2, 1, 1]), 7, MAC).unwrap();
        assert_eq!(short.address(code::SERVER_ID), None);
        for cut in 0..40 {
            let packet = wrap(&[1, 2, 3], Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
            let _ = unwrap(&packet[..packet.len().min(cut)]);
        }
    }

    #[test]
    fn options_overflow_into_the_names() {
        let mut bytes = reply(&[52, 1, 3, 53, 1, 2, 255]);
        bytes[44..48].copy_from_slice(&[12, 1, b'h', 255]);
        bytes[108..113].copy_from_slice(&[15, 2, b'd', b'e', 255]);
        let found = Reply::parse(&bytes, 7, MAC).unwrap();
        assert_eq!((found.option(12), found.option(15)), (Some(&b"h"[..]), Some(&b"de"[..])));
        assert!(found.server_name.is_empty() && found.boot_file.is_empty());
    }

    #[test]
    fn wraps_and_unwraps() {
        let mut packet = wrap(&[1, 2, 3], Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST);
        assert_eq!(checksum(&packet[..20]), 0);
        assert_eq!(unwrap(&packet), None, "it goes to the server's port");
        packet[22..24].copy_from_slice(&CLIENT_PORT.to_be_bytes());
        assert_eq!(unwrap(&packet), Some(&[1, 2, 3][..]));
        packet.extend_from_slice(&[0; 20]);
        assert_eq!(unwrap(&packet), Some(&[1, 2, 3][..]), "Ethernet pads short frames");
    }
}
