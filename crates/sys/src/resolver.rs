//! resolver — from addresses to names; the way from names to addresses is in `std::net`.

use std::net::IpAddr;

use crate::socket::family;

/// The name of a host, as getnameinfo(3) finds it in /etc/hosts or the DNS.
pub fn host_name(address: IpAddr) -> Option<String> {
    let mut socket_address = [0u8; 28];
    let length = match address {
        IpAddr::V4(address) => {
            socket_address[..2].copy_from_slice(&family::INET.to_ne_bytes());
            socket_address[4..8].copy_from_slice(&address.octets());
            16
        }
        IpAddr::V6(address) => {
            socket_address[..2].copy_from_slice(&family::INET6.to_ne_bytes());
            socket_address[8..24].copy_from_slice(&address.octets());
            28
        }
    };
    let mut name = [0u8; 256];
    // SAFETY: both buffers are valid for the lengths given beside them; no service is asked for.
    let result = unsafe {
        libc::getnameinfo(
            socket_address.as_ptr().cast(),
            length,
            name.as_mut_ptr().cast(),
            name.len() as libc::socklen_t,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    let end = name.iter().position(|&byte| byte == 0)?;
    // What comes from outside is printed: only what belongs in a name is let through.
    let text: String = name[..end]
        .iter()
        .map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' })
        .collect();
    (result == 0).then_some(text)
}
