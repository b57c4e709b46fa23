//! netlink — requests to the kernel's routing tables and their answers.
//!
//! Source: netlink(7), rtnetlink(7); linux/netlink.h, linux/rtnetlink.h of Linux 6.12.

use crate::prelude::*;
use sys::socket::{NETLINK_ROUTE, Socket, family, kind};

/// Flags of a request.
pub(crate) mod flag {
    pub(crate) const REQUEST: u16 = 0x1;
    pub(crate) const ACK: u16 = 0x4;
    pub(crate) const DUMP: u16 = 0x300;
    pub(crate) const REPLACE: u16 = 0x100;
    pub(crate) const EXCLUSIVE: u16 = 0x200;
    pub(crate) const CREATE: u16 = 0x400;
    pub(crate) const APPEND: u16 = 0x800;
}

/// Kinds of messages: each facility has new, delete and get in this order.
pub(crate) mod message {
    pub(crate) const NEWLINK: u16 = 16;
    pub(crate) const DELLINK: u16 = 17;
    pub(crate) const GETLINK: u16 = 18;
    pub(crate) const NEWADDR: u16 = 20;
    pub(crate) const DELADDR: u16 = 21;
    pub(crate) const GETADDR: u16 = 22;
    pub(crate) const NEWROUTE: u16 = 24;
    pub(crate) const DELROUTE: u16 = 25;
    pub(crate) const GETROUTE: u16 = 26;
    pub(crate) const NEWNEIGH: u16 = 28;
    pub(crate) const DELNEIGH: u16 = 29;
    pub(crate) const GETNEIGH: u16 = 30;
    pub(crate) const NEWRULE: u16 = 32;
    pub(crate) const DELRULE: u16 = 33;
    pub(crate) const GETRULE: u16 = 34;
}

const ERROR: u16 = 2;
const DONE: u16 = 3;
const HEADER: usize = 16;

/// A message that is being made.
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// `header` is what stands before the attributes (`struct ifinfomsg`, …).
    pub(crate) fn new(message: u16, flags: u16, header: &[u8]) -> Request {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&message.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | flag::REQUEST).to_ne_bytes());
        bytes.extend_from_slice(header);
        let mut request = Request { bytes };
        request.pad();
        request
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.bytes.extend_from_slice(&(value.len() as u16 + 4).to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.pad();
    }

    pub(crate) fn number(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_ne_bytes());
    }

    /// A name with the NUL that the kernel wants behind it.
    pub(crate) fn name(&mut self, kind: u16, name: &str) {
        self.attribute(kind, &[name.as_bytes(), &[0]].concat());
    }

    /// Begins an attribute that holds others; give the result to `end`.
    pub(crate) fn begin(&mut self, kind: u16) -> usize {
        let start = self.bytes.len();
        self.attribute(kind, &[]);
        start
    }

    pub(crate) fn end(&mut self, start: usize) {
        let length = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }

    /// Bytes that are part of an enclosing attribute, as the header of a peer's link.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.pad();
    }

    /// The header's bytes, to be completed when all is known.
    pub(crate) fn header(&mut self) -> &mut [u8] {
        &mut self.bytes[HEADER..]
    }
}

/// An answer: kind, and what stands behind the header of the message.
pub(crate) struct Answer {
    pub(crate) message: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn u8(&self, offset: usize) -> u8 {
        self.body.get(offset).copied().unwrap_or(0)
    }

    pub(crate) fn u16(&self, offset: usize) -> u16 {
        u16::from_ne_bytes([self.u8(offset), self.u8(offset + 1)])
    }

    pub(crate) fn u32(&self, offset: usize) -> u32 {
        number(self.body.get(offset..).unwrap_or_default())
    }

    /// The attributes behind a header of `size` bytes.
    pub(crate) fn attributes(&self, size: usize) -> Attributes<'_> {
        Attributes::read(self.body.get(size.next_multiple_of(4)..).unwrap_or_default())
    }
}

/// Attributes, found by kind.
pub(crate) struct Attributes<'a>(Vec<(u16, &'a [u8])>);

impl<'a> Attributes<'a> {
    pub(crate) fn read(mut bytes: &'a [u8]) -> Attributes<'a> {
        // The upper bits say "nested" and "network byte order".
        const KIND: u16 = 0x3fff;
        let mut found = Vec::new();
        while let [l0, l1, k0, k1, rest @ ..] = bytes {
            let length = usize::from(u16::from_ne_bytes([*l0, *l1]));
            let Some(value) = length.checked_sub(4).and_then(|count| rest.get(..count)) else { break };
            found.push((u16::from_ne_bytes([*k0, *k1]) & KIND, value));
            bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Attributes(found)
    }

    pub(crate) fn get(&self, kind: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|(other, _)| *other == kind).map(|(_, value)| *value)
    }

    pub(crate) fn number(&self, kind: u16) -> Option<u32> {
        self.get(kind).map(number)
    }

    pub(crate) fn name(&self, kind: u16) -> Option<String> {
        self.get(kind).map(text)
    }

    pub(crate) fn nested(&self, kind: u16) -> Attributes<'a> {
        Attributes::read(self.get(kind).unwrap_or_default())
    }
}

/// The first bytes as a number; what is missing is zero.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    let mut array = [0; 4];
    let count = bytes.len().min(4);
    array[..count].copy_from_slice(&bytes[..count]);
    u32::from_ne_bytes(array)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A socket to the routing tables.
pub(crate) struct Netlink {
    socket: Socket,
    sequence: u32,
}

impl Netlink {
    pub(crate) fn open() -> Result<Netlink> {
        let socket = Socket::new(family::NETLINK, kind::RAW, NETLINK_ROUTE).doing("netlink socket")?;
        socket.bind(&kernel_address()).doing("netlink bind")?;
        Ok(Netlink { socket, sequence: 0 })
    }

    /// Makes a change and waits for it to be acknowledged.
    ///
    /// Errors: "RTNETLINK answers: File exists", status 2.
    pub(crate) fn change(&mut self, cx: &mut Cx<'_>, request: Request) -> Result {
        let result = self.send(request, flag::ACK).and_then(|()| self.receive(&mut |_| ()));
        answered(cx, result)
    }

    /// Asks for one thing.
    pub(crate) fn ask(&mut self, cx: &mut Cx<'_>, request: Request) -> Result<Option<Answer>> {
        let mut found = None;
        let result =
            self.send(request, flag::ACK).and_then(|()| self.receive(&mut |answer| found = Some(answer)));
        answered(cx, result)?;
        Ok(found)
    }

    /// Asks for a whole table.
    pub(crate) fn dump(&mut self, cx: &mut Cx<'_>, request: Request) -> Result<Vec<Answer>> {
        let mut found = Vec::new();
        let result =
            self.send(request, flag::DUMP).and_then(|()| self.receive(&mut |answer| found.push(answer)));
        answered(cx, result)?;
        Ok(found)
    }

    fn send(&mut self, mut request: Request, flags: u16) -> io::Result<()> {
        self.sequence += 1;
        let bytes = &mut request.bytes;
        let length = bytes.len() as u32;
        let given = u16::from_ne_bytes([bytes[6], bytes[7]]);
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(given | flags).to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.sequence.to_ne_bytes());
        self.socket.send_to(bytes, &kernel_address()).map(drop)
    }

    /// Gives every answer to `each` until the end of the dump, or the acknowledgement.
    fn receive(&mut self, each: &mut dyn FnMut(Answer)) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let (count, from) = match self.socket.receive_from(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            };
            // Only the kernel has the address 0.
            if from.get(4..8).is_none_or(|port| port != [0; 4]) {
                continue;
            }
            let mut rest = &buffer[..count];
            while rest.len() >= HEADER {
                let length = number(rest) as usize;
                let Some(message) = rest.get(..length).filter(|message| message.len() >= HEADER) else {
                    break;
                };
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
                if number(&message[8..]) != self.sequence {
                    continue;
                }
                let body = &message[HEADER..];
                match u16::from_ne_bytes([message[4], message[5]]) {
                    DONE => return Ok(()),
                    ERROR => {
                        return match number(body) as i32 {
                            0 => Ok(()),
                            code => Err(io::Error::from_raw_os_error(-code)),
                        };
                    }
                    message => each(Answer { message, body: body.to_vec() }),
                }
            }
        }
    }
}

fn kernel_address() -> [u8; 12] {
    let mut address = [0; 12];
    address[..2].copy_from_slice(&family::NETLINK.to_ne_bytes());
    address
}

fn answered(cx: &mut Cx<'_>, result: io::Result<()>) -> Result {
    if result.is_err() {
        cx.failure = 2;
    }
    result.doing("RTNETLINK answers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nests_attributes() {
        let mut request = Request::new(message::NEWLINK, 0, &[0; 16]);
        request.name(3, "eth0");
        let outer = request.begin(18);
        request.name(1, "vlan");
        let inner = request.begin(2);
        request.attribute(1, &5u16.to_ne_bytes());
        request.end(inner);
        request.end(outer);
        let answer = Answer { message: message::NEWLINK, body: request.bytes[HEADER..].to_vec() };
        let attributes = answer.attributes(16);
        assert_eq!(attributes.name(3).as_deref(), Some("eth0"));
        assert_eq!(attributes.nested(18).name(1).as_deref(), Some("vlan"));
        assert_eq!(attributes.nested(18).nested(2).number(1), Some(5));
        assert!(attributes.get(99).is_none());
    }

    #[test]
    fn stops_at_a_length_that_lies() {
        assert!(Attributes::read(&[200, 0, 1, 0, 1]).get(1).is_none());
        assert!(Attributes::read(&[1, 0, 1, 0]).get(1).is_none());
        assert!(Attributes::read(&[4, 0]).get(0).is_none());
    }
}
