//! interface — the ioctls on network interfaces that have no better successor, or that ifconfig and route speak.
//!
//! Source: netdevice(7), linux/sockios.h, linux/if_tun.h of Linux 6.12.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::ioctl::{by_pointer, by_value};
use crate::socket::{Socket, family, kind};

/// One of the requests below: no other number can be asked, so the kernel never writes more than this module expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(u32);

/// Request codes, by the kernel's names without `SIOC`.
pub mod code {
    use super::Code;

    pub const ADDRT: Code = Code(0x890b);
    pub const DELRT: Code = Code(0x890c);
    pub const GIFFLAGS: Code = Code(0x8913);
    pub const SIFFLAGS: Code = Code(0x8914);
    pub const GIFADDR: Code = Code(0x8915);
    pub const SIFADDR: Code = Code(0x8916);
    pub const GIFDSTADDR: Code = Code(0x8917);
    pub const SIFDSTADDR: Code = Code(0x8918);
    pub const GIFBRDADDR: Code = Code(0x8919);
    pub const SIFBRDADDR: Code = Code(0x891a);
    pub const GIFNETMASK: Code = Code(0x891b);
    pub const SIFNETMASK: Code = Code(0x891c);
    pub const GIFMETRIC: Code = Code(0x891d);
    pub const SIFMETRIC: Code = Code(0x891e);
    pub const GIFMTU: Code = Code(0x8921);
    pub const SIFMTU: Code = Code(0x8922);
    pub const SIFNAME: Code = Code(0x8923);
    pub const SIFHWADDR: Code = Code(0x8924);
    pub const GIFHWADDR: Code = Code(0x8927);
    pub const DIFADDR: Code = Code(0x8936);
    pub const GIFTXQLEN: Code = Code(0x8942);
    pub const SIFTXQLEN: Code = Code(0x8943);
    pub const ETHTOOL: Code = Code(0x8946);
    pub const DARP: Code = Code(0x8953);
    pub const GARP: Code = Code(0x8954);
    pub const SARP: Code = Code(0x8955);
    pub const GIFMAP: Code = Code(0x8970);
    pub const SIFMAP: Code = Code(0x8971);
    pub const GIFVLAN: Code = Code(0x8982);
    pub const SIFVLAN: Code = Code(0x8983);
    pub const BONDENSLAVE: Code = Code(0x8990);
    pub const BONDRELEASE: Code = Code(0x8991);
    pub const BONDCHANGEACTIVE: Code = Code(0x8995);
    pub const BRADDBR: Code = Code(0x89a0);
    pub const BRDELBR: Code = Code(0x89a1);
    pub const BRADDIF: Code = Code(0x89a2);
    pub const BRDELIF: Code = Code(0x89a3);
    pub const GETTUNNEL: Code = Code(0x89f0);
    pub const ADDTUNNEL: Code = Code(0x89f1);
    pub const DELTUNNEL: Code = Code(0x89f2);
    pub const CHGTUNNEL: Code = Code(0x89f3);
    pub const SIFKEEPALIVE: Code = Code(0x89f0);
    pub const SIFOUTFILL: Code = Code(0x89f2);
}

/// Interface flags, by the kernel's names without `IFF_`.
pub mod flag {
    pub const UP: u16 = 0x1;
    pub const BROADCAST: u16 = 0x2;
    pub const LOOPBACK: u16 = 0x8;
    pub const POINTOPOINT: u16 = 0x10;
    pub const NOTRAILERS: u16 = 0x20;
    pub const RUNNING: u16 = 0x40;
    pub const NOARP: u16 = 0x80;
    pub const PROMISC: u16 = 0x100;
    pub const ALLMULTI: u16 = 0x200;
    pub const MULTICAST: u16 = 0x1000;
    pub const DYNAMIC: u16 = 0x8000;
}

/// The value part of `struct ifreq`.
pub type Value = [u8; 24];

/// A socket on which the requests are made.
#[derive(Debug)]
pub struct Control(Socket);

impl Control {
    /// For `family::INET` or `INET6`.
    pub fn open(family: u16) -> io::Result<Control> {
        Socket::new(family, kind::DATAGRAM, 0).map(Control)
    }

    /// For whatever family the kernel has.
    pub fn any() -> io::Result<Control> {
        Control::open(family::INET).or_else(|error| Control::open(family::INET6).map_err(|_| error))
    }

    /// A request about the interface `name`, cut to 15 bytes; `value` is given and, for questions, replaced.
    pub fn request(&self, code: Code, name: &str, value: &mut Value) -> io::Result<()> {
        let mut raw = [0; 40];
        let count = name.len().min(15);
        raw[..count].copy_from_slice(&name.as_bytes()[..count]);
        raw[16..].copy_from_slice(value);
        self.request_raw(code, &mut raw)?;
        value.copy_from_slice(&raw[16..]);
        Ok(())
    }

    /// The same with a structure in the kernel's memory layout behind a pointer in the value, as ethtool and tunnels
    /// have it; of at most 512 bytes.
    pub fn request_data(&self, code: Code, name: &str, data: &mut [u8]) -> io::Result<()> {
        #[repr(C, align(8))]
        struct Data([u8; 512]);
        let mut copy = Data([0; 512]);
        let count = data.len().min(512);
        copy.0[..count].copy_from_slice(&data[..count]);
        let mut value = [0; 24];
        value[..8].copy_from_slice(&(copy.0.as_mut_ptr() as u64).to_ne_bytes());
        self.request(code, name, &mut value)?;
        data[..count].copy_from_slice(&copy.0[..count]);
        Ok(())
    }

    /// A request whose argument is a structure of its own (`struct rtentry`, `struct arpreq`), of at most 128 bytes.
    pub fn request_raw(&self, code: Code, data: &mut [u8]) -> io::Result<()> {
        // No structure of these requests is larger, whatever the caller gave.
        #[repr(C, align(8))]
        struct Raw([u8; 128]);
        let mut raw = Raw([0; 128]);
        let count = data.len().min(128);
        raw.0[..count].copy_from_slice(&data[..count]);
        by_pointer(self.0.as_raw_fd(), code.0, &mut raw)?;
        data[..count].copy_from_slice(&raw.0[..count]);
        Ok(())
    }

    pub fn flags(&self, name: &str) -> io::Result<u16> {
        let mut value = [0; 24];
        self.request(code::GIFFLAGS, name, &mut value)?;
        Ok(u16::from_ne_bytes([value[0], value[1]]))
    }

    /// Sets the flags of `set` and clears those of `clear`.
    pub fn change_flags(&self, name: &str, set: u16, clear: u16) -> io::Result<()> {
        let flags = self.flags(name)? & !clear | set;
        let mut value = [0; 24];
        value[..2].copy_from_slice(&flags.to_ne_bytes());
        self.request(code::SIFFLAGS, name, &mut value)
    }

    /// A number in the value: MTU, metric, queue length, index.
    pub fn number(&self, code: Code, name: &str) -> io::Result<i32> {
        let mut value = [0; 24];
        self.request(code, name, &mut value)?;
        Ok(i32::from_ne_bytes([value[0], value[1], value[2], value[3]]))
    }

    pub fn set_number(&self, code: Code, name: &str, number: i32) -> io::Result<()> {
        let mut value = [0; 24];
        value[..4].copy_from_slice(&number.to_ne_bytes());
        self.request(code, name, &mut value)
    }
}

#[repr(C, align(8))]
struct Request {
    name: [u8; 16],
    value: Value,
}

const TUNSETIFF: u32 = 0x4004_54ca;
const TUNSETPERSIST: u32 = 0x4004_54cb;
const TUNSETOWNER: u32 = 0x4004_54cc;
const TUNSETGROUP: u32 = 0x4004_54ce;

/// Makes or takes the TAP interface of that name (or pattern, "tap%d") by an open /dev/net/tun. Returns its name.
pub fn tap(device: &File, name: &str, flags: u16) -> io::Result<String> {
    let mut request = Request { name: [0; 16], value: [0; 24] };
    let count = name.len().min(15);
    request.name[..count].copy_from_slice(&name.as_bytes()[..count]);
    request.value[..2].copy_from_slice(&flags.to_ne_bytes());
    by_pointer(device.as_raw_fd(), TUNSETIFF, &mut request)?;
    let end = request.name.iter().position(|&byte| byte == 0).unwrap_or(16);
    Ok(String::from_utf8_lossy(&request.name[..end]).into_owned())
}

/// Whether the interface outlives the descriptor.
pub fn set_tap_persistent(device: &File, persistent: bool) -> io::Result<()> {
    by_value(device.as_raw_fd(), TUNSETPERSIST, persistent.into()).map(drop)
}

pub fn set_tap_owner(device: &File, user: u32) -> io::Result<()> {
    by_value(device.as_raw_fd(), TUNSETOWNER, user as usize).map(drop)
}

pub fn set_tap_group(device: &File, group: u32) -> io::Result<()> {
    by_value(device.as_raw_fd(), TUNSETGROUP, group as usize).map(drop)
}
