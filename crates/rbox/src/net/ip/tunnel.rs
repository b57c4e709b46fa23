//! tunnel — IPv4 tunnels by the ioctls that ipip, gre and sit share.
//!
//! Source: linux/if_tunnel.h of Linux 6.12.

use std::net::{IpAddr, Ipv4Addr};

use super::words::{Words, command, invalid, number};
use super::{View, interface};
use crate::prelude::*;
use sys::interface::{Control, code};
use sys::socket::family;

/// `struct ip_tunnel_parm`: name, link, flags in and out, keys in and out, IPv4 header.
const SIZE: usize = 52;
const LINK: usize = 16;
const I_FLAGS: usize = 20;
const O_FLAGS: usize = 22;
const I_KEY: usize = 24;
const O_KEY: usize = 28;
const HEADER: usize = 32;

const CHECKSUM: u16 = 0x8000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const DONT_FRAGMENT: u16 = 0x4000;

/// Name of the mode, protocol in the outer header, the device that every namespace has of it, ARPHRD number.
const MODES: &[(&str, u8, &str, &str, u16)] = &[
    ("ipip", 4, "tunl0", "ip/ip", 768),
    ("ip/ip", 4, "tunl0", "ip/ip", 768),
    ("gre", 47, "gre0", "gre/ip", 778),
    ("gre/ip", 47, "gre0", "gre/ip", 778),
    ("sit", 41, "sit0", "ipv6/ip", 776),
    ("ipv6/ip", 41, "sit0", "ipv6/ip", 776),
];

struct Tunnel([u8; SIZE]);

impl Tunnel {
    fn u16(&self, offset: usize) -> u16 {
        u16::from_be_bytes([self.0[offset], self.0[offset + 1]])
    }

    fn u32(&self, offset: usize) -> u32 {
        u32::from_be_bytes([self.0[offset], self.0[offset + 1], self.0[offset + 2], self.0[offset + 3]])
    }

    fn add_flags(&mut self, offset: usize, bits: u16) {
        let flags = self.u16(offset) | bits;
        self.0[offset..offset + 2].copy_from_slice(&flags.to_be_bytes());
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn name(&self) -> String {
        let end = self.0[..16].iter().position(|&byte| byte == 0).unwrap_or(16);
        String::from_utf8_lossy(&self.0[..end]).into_owned()
    }

    fn mode(&self) -> Option<&'static (&'static str, u8, &'static str, &'static str, u16)> {
        MODES.iter().find(|(_, protocol, ..)| *protocol == self.0[HEADER + 9])
    }
}

pub(super) fn run(cx: &mut Cx<'_>, words: &mut Words<'_>, _view: View) -> Result {
    let Some(word) = words.next() else { return show(cx, words) };
    match command(word, &["add", "change", "delete", "show", "list", "lst"])? {
        "add" => modify(words, code::ADDTUNNEL, "SIOCADDTUNNEL", true),
        "change" => modify(words, code::CHGTUNNEL, "SIOCCHGTUNNEL", false),
        "delete" => delete(words),
        _ => show(cx, words),
    }
}

fn address(words: &mut Words<'_>) -> Result<[u8; 4]> {
    match words.address(family::INET)? {
        IpAddr::V4(address) => Ok(address.octets()),
        IpAddr::V6(_) => Err(invalid("address", "tunnel")),
    }
}

/// A key is a number or, as old as the hills, an address.
fn key(words: &mut Words<'_>) -> Result<[u8; 4]> {
    let text = words.value()?;
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(address.octets());
    }
    number(text).map(u32::to_be_bytes).ok_or_else(|| invalid(text, "key"))
}

fn read(words: &mut Words<'_>) -> Result<Tunnel> {
    let mut tunnel = Tunnel([0; SIZE]);
    tunnel.0[HEADER] = 0x45;
    let mut discover = true;
    while let Some(word) = words.next() {
        match word {
            "mode" => {
                let text = words.value()?;
                let mode = MODES.iter().find(|(name, ..)| *name == text);
                tunnel.0[HEADER + 9] = mode.ok_or_else(|| invalid(text, "mode"))?.1;
            }
            "key" | "ikey" | "okey" => {
                let value = key(words)?;
                for (way, flags, place) in [('i', I_FLAGS, I_KEY), ('o', O_FLAGS, O_KEY)] {
                    if word == "key" || word.starts_with(way) {
                        tunnel.add_flags(flags, KEY);
                        tunnel.put(place, &value);
                    }
                }
            }
            "seq" | "iseq" | "oseq" | "csum" | "icsum" | "ocsum" => {
                let bit = if word.ends_with("seq") { SEQUENCE } else { CHECKSUM };
                for (way, flags) in [('i', I_FLAGS), ('o', O_FLAGS)] {
                    if matches!(word, "seq" | "csum") || word.starts_with(way) {
                        tunnel.add_flags(flags, bit);
                    }
                }
            }
            "nopmtudisc" => discover = false,
            "pmtudisc" => discover = true,
            "remote" => tunnel.put(HEADER + 16, &address(words)?),
            "local" => tunnel.put(HEADER + 12, &address(words)?),
            "dev" => {
                let name = words.value()?;
                let index = sys::socket::interface_index(name)
                    .ok_or_else(|| Error::message(format_args!("can't find device '{name}'")))?;
                tunnel.put(LINK, &index.to_ne_bytes());
            }
            "ttl" | "hoplimit" => match words.peek() {
                Some("inherit") => drop(words.next()),
                _ => {
                    tunnel.0[HEADER + 8] =
                        u8::try_from(words.number("TTL")?).map_err(|_| invalid("number", "TTL"))?
                }
            },
            "tos" | "dsfield" => match words.peek() {
                Some("inherit") => {
                    words.next();
                    tunnel.0[HEADER + 1] = 1;
                }
                _ => {
                    tunnel.0[HEADER + 1] =
                        u8::try_from(words.number("TOS")?).map_err(|_| invalid("number", "TOS"))?
                }
            },
            _ => {
                let name = if word == "name" { words.value()? } else { word };
                if tunnel.0[0] != 0 || name.len() > 15 {
                    return Err(invalid(name, "tunnel"));
                }
                tunnel.put(0, name.as_bytes());
            }
        }
    }
    if discover {
        tunnel.put(HEADER + 6, &DONT_FRAGMENT.to_be_bytes());
    }
    Ok(tunnel)
}

fn modify(words: &mut Words<'_>, code: sys::interface::Code, call: &str, is_new: bool) -> Result {
    let mut tunnel = read(words)?;
    let control = Control::open(family::INET).doing("socket")?;
    if !is_new && tunnel.0[HEADER + 9] == 0 && tunnel.0[0] != 0 {
        let mut current = Tunnel([0; SIZE]);
        control.request_data(code::GETTUNNEL, &tunnel.name(), &mut current.0).doing("SIOCGETTUNNEL")?;
        tunnel.0[HEADER + 9] = current.0[HEADER + 9];
    }
    let Some((_, _, base, ..)) = tunnel.mode() else {
        return Err(Error::message("can't determine tunnel mode"));
    };
    if tunnel.0[HEADER + 8] != 0 && tunnel.u16(HEADER + 6) & DONT_FRAGMENT == 0 {
        return Err(Error::message("ttl != 0 and nopmtudisc are incompatible"));
    }
    let base = if is_new { (*base).to_string() } else { tunnel.name() };
    control.request_data(code, &base, &mut tunnel.0).doing(call)
}

fn delete(words: &mut Words<'_>) -> Result {
    let mut tunnel = read(words)?;
    let control = Control::open(family::INET).doing("socket")?;
    let base = match (tunnel.0[0], tunnel.mode()) {
        (0, Some((_, _, base, ..))) => (*base).to_string(),
        (0, None) => return Err(Error::message("need the name or the mode of the tunnel")),
        _ => tunnel.name(),
    };
    control.request_data(code::DELTUNNEL, &base, &mut tunnel.0).doing("SIOCDELTUNNEL")
}

/// One by name, or every interface that answers as a tunnel does.
fn show(cx: &mut Cx<'_>, words: &mut Words<'_>) -> Result {
    let wanted = read(words)?;
    let control = Control::open(family::INET).doing("socket")?;
    let text = std::fs::read_to_string("/proc/net/dev").at("/proc/net/dev")?;
    for line in text.lines().skip(2) {
        let Some((name, _)) = line.trim_start().split_once(':') else { continue };
        if wanted.0[0] != 0 && wanted.name() != name {
            continue;
        }
        let mut hardware = [0; 24];
        let is_tunnel = control.request(code::GIFHWADDR, name, &mut hardware).is_ok()
            && MODES.iter().any(|(.., number)| *number == u16::from_ne_bytes([hardware[0], hardware[1]]));
        let mut tunnel = Tunnel([0; SIZE]);
        if is_tunnel && control.request_data(code::GETTUNNEL, name, &mut tunnel.0).is_ok() {
            print(cx, &tunnel);
        }
    }
    Ok(())
}

fn print(cx: &mut Cx<'_>, tunnel: &Tunnel) {
    let host = |offset: usize| match tunnel.u32(offset) {
        0 => "any".to_string(),
        bits => Ipv4Addr::from(bits).to_string(),
    };
    let mode = tunnel.mode().map_or("unknown", |(_, _, _, name, _)| name);
    write!(cx.out, "{}: {mode}  remote {}  local {} ", tunnel.name(), host(HEADER + 16), host(HEADER + 12));
    let link = u32::from_ne_bytes([tunnel.0[16], tunnel.0[17], tunnel.0[18], tunnel.0[19]]);
    if link != 0 {
        write!(cx.out, " dev {} ", interface(link));
    }
    match tunnel.0[HEADER + 8] {
        0 => write!(cx.out, " ttl inherit "),
        ttl => write!(cx.out, " ttl {ttl} "),
    }
    match tunnel.0[HEADER + 1] {
        0 => {}
        tos if tos & 1 != 0 => write!(cx.out, " tos inherit"),
        tos => write!(cx.out, " tos 0x{tos:02x}"),
    }
    if tunnel.u16(HEADER + 6) & DONT_FRAGMENT == 0 {
        write!(cx.out, " nopmtudisc");
    }
    for (flags, place, word) in [(I_FLAGS, I_KEY, "ikey"), (O_FLAGS, O_KEY, "okey")] {
        if tunnel.u16(flags) & KEY != 0 {
            write!(cx.out, " {word} {}", tunnel.u32(place));
        }
    }
    for (flags, word) in [(I_FLAGS, "in"), (O_FLAGS, "out")] {
        if tunnel.u16(flags) & SEQUENCE != 0 {
            write!(cx.out, " sequenced {word}");
        }
        if tunnel.u16(flags) & CHECKSUM != 0 {
            write!(cx.out, " checksum {word}");
        }
    }
    cx.out.write(b"\n");
}
