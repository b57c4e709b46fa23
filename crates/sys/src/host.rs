//! host — the names and figures of the machine.

use std::ffi::{CStr, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

/// uname(2).
#[derive(Clone, Debug)]
pub struct Names {
    pub system: OsString,
    pub node: OsString,
    pub release: OsString,
    pub version: OsString,
    pub machine: OsString,
    pub domain: OsString,
}

pub fn names() -> io::Result<Names> {
    // SAFETY: utsname is arrays of characters, for which zeros are valid; the call fills them.
    let (result, raw) = unsafe {
        let mut raw: libc::utsname = std::mem::zeroed();
        (libc::uname(&mut raw), raw)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Names {
        system: text(&raw.sysname),
        node: text(&raw.nodename),
        release: text(&raw.release),
        version: text(&raw.version),
        machine: text(&raw.machine),
        domain: text(&raw.domainname),
    })
}

fn text(field: &[libc::c_char]) -> OsString {
    let bytes: Vec<u8> = field.iter().map(|&byte| byte as u8).take_while(|&byte| byte != 0).collect();
    OsString::from_vec(bytes)
}

pub fn set_node(name: &OsStr) -> io::Result<()> {
    // SAFETY: the pointer and length are of one slice.
    check(unsafe { libc::sethostname(name.as_bytes().as_ptr().cast(), name.len()) })
}

pub fn set_domain(name: &OsStr) -> io::Result<()> {
    // SAFETY: the pointer and length are of one slice.
    check(unsafe { libc::setdomainname(name.as_bytes().as_ptr().cast(), name.len()) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// sysinfo(2).
#[derive(Clone, Copy, Debug, Default)]
pub struct Info {
    pub uptime: Duration,
    /// Over 1, 5 and 15 minutes, in 1/65536.
    pub loads: [u64; 3],
    pub memory_total: u64,
    pub processes: u16,
}

pub fn info() -> io::Result<Info> {
    // SAFETY: sysinfo is plain numbers, for which zeros are valid; the call fills them.
    let (result, raw) = unsafe {
        let mut raw: libc::sysinfo = std::mem::zeroed();
        (libc::sysinfo(&mut raw), raw)
    };
    check(result)?;
    Ok(Info {
        uptime: Duration::from_secs(raw.uptime as u64),
        loads: raw.loads,
        memory_total: raw.totalram * u64::from(raw.mem_unit),
        processes: raw.procs,
    })
}

/// The addresses of a host name, and its canonical name if `/etc/hosts` or a name server has one.
///
/// Errors: the resolver's text ("Name does not resolve").
pub fn resolve(name: &OsStr) -> Result<(Option<OsString>, Vec<std::net::IpAddr>), String> {
    let Ok(name) = std::ffi::CString::new(name.as_bytes()) else { return Err("invalid name".to_string()) };
    // SAFETY: addrinfo is numbers and pointers; zeros (null pointers) are how hints are given.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = libc::AI_CANONNAME;
    let mut list: *mut libc::addrinfo = std::ptr::null_mut();
    // SAFETY: the name is a C string, hints and list are valid for the call.
    let result = unsafe { libc::getaddrinfo(name.as_ptr(), std::ptr::null(), &hints, &mut list) };
    if result != 0 {
        // SAFETY: gai_strerror gives a static string for every number.
        let text = unsafe { CStr::from_ptr(libc::gai_strerror(result)) };
        return Err(text.to_string_lossy().into_owned());
    }
    let mut canonical = None;
    let mut addresses = Vec::new();
    let mut entry = list;
    while !entry.is_null() {
        // SAFETY: `entry` is not null and belongs to the list, which is freed only below.
        let info = unsafe { &*entry };
        if canonical.is_none() && !info.ai_canonname.is_null() {
            // SAFETY: a name that is not null is a C string of the list.
            let name = unsafe { CStr::from_ptr(info.ai_canonname) };
            canonical = Some(OsStr::from_bytes(name.to_bytes()).to_os_string());
        }
        // SAFETY: the address has the length and layout that its family says.
        addresses.extend(unsafe { address(info) });
        entry = info.ai_next;
    }
    // SAFETY: the list came from getaddrinfo and is not used any more.
    unsafe { libc::freeaddrinfo(list) };
    Ok((canonical, addresses))
}

/// # Safety
/// `info.ai_addr` must be valid for the structure of its family.
unsafe fn address(info: &libc::addrinfo) -> Option<std::net::IpAddr> {
    match info.ai_family {
        libc::AF_INET => {
            // SAFETY: an address of AF_INET is a sockaddr_in, as the caller promises.
            let raw = unsafe { info.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(std::net::Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: an address of AF_INET6 is a sockaddr_in6, as the caller promises.
            let raw = unsafe { info.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(std::net::Ipv6Addr::from(raw.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

/// Bytes of a page of memory.
pub fn page_size() -> u64 {
    // SAFETY: sysconf takes a number; a page size exists on every system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as u64 }
}
