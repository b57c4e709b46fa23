//! socket — sockets of families that `std::net` does not have (netlink, packet, raw and ICMP) and the options that it
//! does not set. Addresses and options are bytes in the kernel's layout, made by the caller.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Address families.
pub mod family {
    pub const UNSPEC: u16 = libc::AF_UNSPEC as u16;
    pub const INET: u16 = libc::AF_INET as u16;
    pub const INET6: u16 = libc::AF_INET6 as u16;
    pub const BRIDGE: u16 = libc::AF_BRIDGE as u16;
    pub const NETLINK: u16 = libc::AF_NETLINK as u16;
    pub const PACKET: u16 = libc::AF_PACKET as u16;
}

/// Socket types.
pub mod kind {
    pub const STREAM: i32 = libc::SOCK_STREAM;
    pub const DATAGRAM: i32 = libc::SOCK_DGRAM;
    pub const RAW: i32 = libc::SOCK_RAW;
}

/// Levels and names of setsockopt(2).
pub mod option {
    pub const SOL_SOCKET: i32 = libc::SOL_SOCKET;
    pub const SO_REUSEADDR: i32 = libc::SO_REUSEADDR;
    pub const SO_BROADCAST: i32 = libc::SO_BROADCAST;
    pub const SO_DONTROUTE: i32 = libc::SO_DONTROUTE;
    pub const SO_KEEPALIVE: i32 = libc::SO_KEEPALIVE;
    pub const SO_BINDTODEVICE: i32 = libc::SO_BINDTODEVICE;
    /// A `struct timeval`: also how long connect waits.
    pub const SO_SNDTIMEO: i32 = libc::SO_SNDTIMEO;
    pub const SO_RCVBUF: i32 = libc::SO_RCVBUF;
    pub const SO_RCVBUFFORCE: i32 = libc::SO_RCVBUFFORCE;
    pub const SO_ATTACH_FILTER: i32 = libc::SO_ATTACH_FILTER;
    pub const IPPROTO_IP: i32 = libc::IPPROTO_IP;
    pub const IP_TOS: i32 = libc::IP_TOS;
    pub const IP_TTL: i32 = libc::IP_TTL;
    pub const IP_MTU_DISCOVER: i32 = libc::IP_MTU_DISCOVER;
    pub const IP_MULTICAST_IF: i32 = libc::IP_MULTICAST_IF;
    pub const IP_MULTICAST_TTL: i32 = libc::IP_MULTICAST_TTL;
    pub const IP_RECVTTL: i32 = libc::IP_RECVTTL;
    pub const IPPROTO_IPV6: i32 = libc::IPPROTO_IPV6;
    pub const IPV6_UNICAST_HOPS: i32 = libc::IPV6_UNICAST_HOPS;
    pub const IPV6_RECVHOPLIMIT: i32 = libc::IPV6_RECVHOPLIMIT;
    pub const IPV6_TCLASS: i32 = libc::IPV6_TCLASS;
    pub const IPPROTO_RAW: i32 = libc::IPPROTO_RAW;
    /// Where in a raw ICMPv6 packet the kernel writes the checksum.
    pub const IPV6_CHECKSUM: i32 = libc::IPV6_CHECKSUM;
    pub const SOL_PACKET: i32 = libc::SOL_PACKET;
    pub const PACKET_AUXDATA: i32 = libc::PACKET_AUXDATA;
}

pub const IPPROTO_ICMP: i32 = libc::IPPROTO_ICMP;
pub const IPPROTO_ICMPV6: i32 = libc::IPPROTO_ICMPV6;
pub const NETLINK_ROUTE: i32 = libc::NETLINK_ROUTE;
pub const NETLINK_KOBJECT_UEVENT: i32 = libc::NETLINK_KOBJECT_UEVENT;

/// Room for every kind of address.
pub const ADDRESS_MAX: usize = size_of::<libc::sockaddr_storage>();

/// A socket by its descriptor, closed on drop and not inherited by programs that are run.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> OwnedFd {
        socket.0
    }
}

fn checked(result: isize) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

impl Socket {
    pub fn new(family: u16, kind: i32, protocol: i32) -> io::Result<Socket> {
        // SAFETY: socket takes three numbers.
        let fd =
            checked(unsafe { libc::socket(family.into(), kind | libc::SOCK_CLOEXEC, protocol) } as isize)?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Socket(unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }

    pub fn bind(&self, address: &[u8]) -> io::Result<()> {
        // SAFETY: the pointer is readable for the given length; the kernel copies and checks it.
        checked(
            unsafe { libc::bind(self.as_raw_fd(), address.as_ptr().cast(), address.len() as u32) } as isize
        )
        .map(drop)
    }

    pub fn connect(&self, address: &[u8]) -> io::Result<()> {
        // SAFETY: as for bind.
        checked(unsafe { libc::connect(self.as_raw_fd(), address.as_ptr().cast(), address.len() as u32) }
            as isize)
        .map(drop)
    }

    /// Lets others connect.
    pub fn listen(&self) -> io::Result<()> {
        // SAFETY: listen takes two numbers.
        checked(unsafe { libc::listen(self.as_raw_fd(), 16) } as isize).map(drop)
    }

    /// Waits for a connection; gives it with the address of the other side.
    pub fn accept(&self) -> io::Result<(Socket, Vec<u8>)> {
        let mut address = vec![0; ADDRESS_MAX];
        let mut length = ADDRESS_MAX as libc::socklen_t;
        let place = address.as_mut_ptr().cast();
        // SAFETY: the buffer is writable for the length given beside it.
        let result = unsafe { libc::accept4(self.as_raw_fd(), place, &mut length, libc::SOCK_CLOEXEC) };
        let fd = checked(result as isize)?;
        address.truncate((length as usize).min(ADDRESS_MAX));
        // SAFETY: the descriptor is new and nobody else's.
        Ok((Socket(unsafe { OwnedFd::from_raw_fd(fd as i32) }), address))
    }

    /// Tells the other side that nothing more will come.
    pub fn end_writing(&self) {
        // SAFETY: shutdown takes two numbers; that the connection is gone already is no loss.
        unsafe {
            libc::shutdown(self.as_raw_fd(), libc::SHUT_WR);
        }
    }

    /// The address that the kernel has given the socket.
    pub fn local_address(&self) -> io::Result<Vec<u8>> {
        let mut address = vec![0; ADDRESS_MAX];
        let mut length = ADDRESS_MAX as libc::socklen_t;
        let place = address.as_mut_ptr().cast();
        // SAFETY: the buffer is writable for the length given beside it.
        let result = unsafe { libc::getsockname(self.as_raw_fd(), place, &mut length) };
        checked(result as isize)?;
        address.truncate(length as usize);
        Ok(address)
    }

    pub fn set_option(&self, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
        // SAFETY: the pointer is readable for the given length; the kernel copies and checks it.
        checked(unsafe {
            libc::setsockopt(self.as_raw_fd(), level, name, value.as_ptr().cast(), value.len() as u32)
        } as isize)
        .map(drop)
    }

    pub fn set_number(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        self.set_option(level, name, &value.to_ne_bytes())
    }

    /// Sends to `address`, or to whom the socket is connected if that is empty.
    pub fn send_to(&self, bytes: &[u8], address: &[u8]) -> io::Result<usize> {
        let to = if address.is_empty() { std::ptr::null() } else { address.as_ptr() };
        // SAFETY: both pointers are readable for the lengths given beside them.
        checked(unsafe {
            libc::sendto(
                self.as_raw_fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_NOSIGNAL,
                to.cast(),
                address.len() as u32,
            )
        })
    }

    /// Receives a message, cut to the buffer, and its sender's address.
    pub fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, Vec<u8>)> {
        self.receive(buffer, 0)
    }

    /// The same, but the message stays to be received.
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, Vec<u8>)> {
        self.receive(buffer, libc::MSG_PEEK)
    }

    fn receive(&self, buffer: &mut [u8], flags: i32) -> io::Result<(usize, Vec<u8>)> {
        let mut address = vec![0; ADDRESS_MAX];
        let mut length = ADDRESS_MAX as libc::socklen_t;
        // SAFETY: both buffers are writable for the lengths given beside them.
        let count = checked(unsafe {
            libc::recvfrom(
                self.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                flags,
                address.as_mut_ptr().cast(),
                &mut length,
            )
        })?;
        address.truncate((length as usize).min(ADDRESS_MAX));
        Ok((count, address))
    }

    /// Receives a message and the first control message of `level` and `name` that came with it, if any, as a number.
    pub fn receive_with(
        &self,
        buffer: &mut [u8],
        level: i32,
        name: i32,
    ) -> io::Result<(usize, Vec<u8>, Option<i32>)> {
        let mut address = vec![0u8; ADDRESS_MAX];
        let mut control = [0u64; 16];
        let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: all zero is a valid msghdr.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = address.as_mut_ptr().cast();
        message.msg_namelen = ADDRESS_MAX as u32;
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        // SAFETY: every pointer in `message` is valid for the length beside it and outlives the call.
        let count = checked(unsafe { libc::recvmsg(self.as_raw_fd(), &mut message, 0) })?;
        let mut value = None;
        // SAFETY: the kernel filled `message`; CMSG_FIRSTHDR and CMSG_NXTHDR stay within its control buffer.
        unsafe {
            let mut header = libc::CMSG_FIRSTHDR(&message);
            while !header.is_null() {
                if (*header).cmsg_level == level && (*header).cmsg_type == name {
                    value = Some(std::ptr::read_unaligned(libc::CMSG_DATA(header).cast::<i32>()));
                    break;
                }
                header = libc::CMSG_NXTHDR(&message, header);
            }
        }
        address.truncate((message.msg_namelen as usize).min(ADDRESS_MAX));
        Ok((count, address, value))
    }

    /// Drops packets in the kernel that a classic BPF program does not let through.
    pub fn attach_filter(&self, program: &[(u16, u8, u8, u32)]) -> io::Result<()> {
        let code: Vec<libc::sock_filter> =
            program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
        let filter = libc::sock_fprog { len: code.len() as u16, filter: code.as_ptr().cast_mut() };
        // SAFETY: `filter` points to `code`, which outlives the call; the kernel copies and checks the program.
        checked(unsafe {
            libc::setsockopt(
                self.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ATTACH_FILTER,
                std::ptr::from_ref(&filter).cast(),
                size_of::<libc::sock_fprog>() as u32,
            )
        } as isize)
        .map(drop)
    }
}

/// Waits until one of `fds` can be read or is at its end. Returns which can, all false when `timeout_ms` have passed
/// (negative: wait for ever).
///
/// Errors: Interrupted, when a signal was caught.
pub fn wait_readable(fds: &[i32], timeout_ms: i32) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    // SAFETY: the pointer is valid for the length given beside it.
    checked(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as _, timeout_ms) } as isize)?;
    Ok(polled.iter().map(|fd| fd.revents != 0).collect())
}

/// Index of the interface of that name; None: there is none.
pub fn interface_index(name: &str) -> Option<u32> {
    let name = std::ffi::CString::new(name).ok()?;
    // SAFETY: a C string that lives across the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => None,
        index => Some(index),
    }
}

/// Name of the interface of that index.
pub fn interface_name(index: u32) -> Option<String> {
    let mut name = [0u8; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the IF_NAMESIZE bytes that the function may write.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() {
        return None;
    }
    let end = name.iter().position(|&byte| byte == 0)?;
    Some(String::from_utf8_lossy(&name[..end]).into_owned())
}
