//! uevent — the kernel's messages about devices that come and go.
//!
//! Source: netlink(7), NETLINK_KOBJECT_UEVENT; lib/kobject_uevent.c for the text.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// A socket that receives every event from its opening on.
pub struct Socket(OwnedFd);

impl Socket {
    pub fn open() -> io::Result<Socket> {
        const KERNEL_EVENTS: u32 = 1;
        // SAFETY: socket takes no pointers; the descriptor is owned by nobody else.
        let socket = unsafe {
            let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
            let fd = libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_KOBJECT_UEVENT);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        // SAFETY: an all-zero sockaddr_nl is valid: pid 0 lets the kernel choose, no groups.
        let mut address: libc::sockaddr_nl = unsafe { std::mem::zeroed() };
        address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
        address.nl_groups = KERNEL_EVENTS;
        // SAFETY: the address is valid for its own size.
        let result = unsafe {
            let size = size_of_val(&address) as libc::socklen_t;
            libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size)
        };
        if result == 0 { Ok(Socket(socket)) } else { Err(io::Error::last_os_error()) }
    }

    /// The next message into `buffer`, waiting at most `limit`. None: the time is over. A message that was lost because
    /// many came at once is given as an empty one: look at /sys again.
    pub fn next<'a>(&self, buffer: &'a mut [u8], limit: Duration) -> Option<&'a [u8]> {
        let mut waiting = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let limit_ms = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one pollfd, valid for the call.
        if unsafe { libc::poll(&mut waiting, 1, limit_ms) } <= 0 {
            return None;
        }
        // SAFETY: `buffer` is valid for writes of its length.
        let count = unsafe { libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        Some(&buffer[..usize::try_from(count).unwrap_or(0)])
    }
}

/// The value of a variable in a message: its fields end in zero bytes and read `NAME=value`.
pub fn variable<'a>(message: &'a [u8], name: &str) -> Option<&'a [u8]> {
    message
        .split(|&byte| byte == 0)
        .find_map(|field| field.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_variables() {
        let message = b"add@/devices/x/block/sda\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=sda\0";
        assert_eq!(variable(message, "DEVNAME"), Some(&b"sda"[..]));
        assert_eq!(variable(message, "DEV"), None);
    }
}
