//! ethernet — an interface seen from below IP: its hardware address, packet sockets, ARP packets.
//!
//! Source: packet(7); RFC 826, RFC 5227.

use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use sys::interface::{Control, code};
use sys::socket::{self, Socket, family, kind};

use crate::prelude::*;

pub(crate) const BROADCAST: [u8; 6] = [0xff; 6];
pub(crate) const PROTOCOL_IP: u16 = 0x0800;
pub(crate) const PROTOCOL_ARP: u16 = 0x0806;
pub(crate) const ARP_REQUEST: u16 = 1;

/// What is needed of an interface to speak on it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) index: u32,
    pub(crate) hardware: [u8; 6],
}

impl Link {
    /// Errors: no such interface, or one without an Ethernet address.
    pub(crate) fn open(name: &str) -> Result<Link> {
        let control = Control::any().doing("socket")?;
        let mut value = [0; 24];
        control.request(code::GIFHWADDR, name, &mut value).doing(&format!("interface {name}"))?;
        let index = socket::interface_index(name)
            .ok_or_else(|| Error::message(format_args!("interface {name}: No such device")))?;
        let mut hardware = [0; 6];
        hardware.copy_from_slice(&value[2..8]);
        Ok(Link { name: name.to_string(), index, hardware })
    }

    /// A socket that gets and sends all of `protocol` on this link, without the Ethernet header.
    pub(crate) fn socket(&self, protocol: u16) -> io::Result<Socket> {
        let socket = Socket::new(family::PACKET, kind::DATAGRAM, i32::from(protocol.to_be()))?;
        socket.bind(&self.address(protocol, [0; 6]))?;
        Ok(socket)
    }

    /// `struct sockaddr_ll`.
    pub(crate) fn address(&self, protocol: u16, hardware: [u8; 6]) -> Vec<u8> {
        let mut address = family::PACKET.to_ne_bytes().to_vec();
        address.extend_from_slice(&protocol.to_be_bytes());
        address.extend_from_slice(&self.index.to_ne_bytes());
        address.extend_from_slice(&[0, 0, 0, 6]); // ARPHRD and packet type are the kernel's to fill
        address.extend_from_slice(&hardware);
        address.extend_from_slice(&[0; 2]);
        address
    }
}

/// An ARP packet for IPv4 over Ethernet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arp {
    pub(crate) operation: u16,
    pub(crate) sender_hardware: [u8; 6],
    pub(crate) sender: Ipv4Addr,
    pub(crate) target_hardware: [u8; 6],
    pub(crate) target: Ipv4Addr,
}

impl Arp {
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![0, 1, 8, 0, 6, 4];
        bytes.extend_from_slice(&self.operation.to_be_bytes());
        bytes.extend_from_slice(&self.sender_hardware);
        bytes.extend_from_slice(&self.sender.octets());
        bytes.extend_from_slice(&self.target_hardware);
        bytes.extend_from_slice(&self.target.octets());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Arp> {
        if bytes.get(..6)? != [0, 1, 8, 0, 6, 4] {
            return None;
        }
        let hardware = |at: usize| bytes.get(at..at + 6)?.try_into().ok();
        let address = |at: usize| -> Option<Ipv4Addr> {
            let octets: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
            Some(Ipv4Addr::from(octets))
        };
        Some(Arp {
            operation: u16::from_be_bytes(bytes.get(6..8)?.try_into().ok()?),
            sender_hardware: hardware(8)?,
            sender: address(14)?,
            target_hardware: hardware(18)?,
            target: address(24)?,
        })
    }
}

/// Whether somebody else on the link uses `address`: asks once and waits.
pub(crate) fn is_used(link: &Link, address: Ipv4Addr, wait: Duration) -> io::Result<bool> {
    let socket = link.socket(PROTOCOL_ARP)?;
    let probe = Arp {
        operation: ARP_REQUEST,
        sender_hardware: link.hardware,
        sender: Ipv4Addr::UNSPECIFIED,
        target_hardware: [0; 6],
        target: address,
    };
    socket.send_to(&probe.to_bytes(), &link.address(PROTOCOL_ARP, BROADCAST))?;
    let end = Instant::now() + wait;
    let mut buffer = [0; 128];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        match socket::wait_readable(&[socket.as_raw_fd()], left.as_millis() as i32 + 1) {
            Ok(ready) if ready[0] => {}
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let (count, _) = socket.receive_from(&mut buffer)?;
        let answer = Arp::parse(&buffer[..count]);
        if answer.is_some_and(|arp| arp.sender == address && arp.sender_hardware != link.hardware) {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arp_there_and_back() {
        let arp = Arp {
            operation: 2,
            sender_hardware: [2, 0, 0, 0, 0, 1],
            sender: Ipv4Addr::new(10, 0, 0, 1),
            target_hardware: [2, 0, 0, 0, 0, 2],
            target: Ipv4Addr::new(10, 0, 0, 2),
        };
        let bytes = arp.to_bytes();
        assert_eq!(bytes.len(), 28);
        assert_eq!(Arp::parse(&bytes), Some(arp));
        assert_eq!(Arp::parse(&bytes[..27]), None);
        assert_eq!(Arp::parse(&[0; 28]), None);
    }
}
