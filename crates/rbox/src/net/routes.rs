//! routes — the IPv4 routing table as route and netstat print it.
//!
//! Source: route(8) of net-tools, linux/route.h; BusyBox 1.37 for the columns.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use crate::prelude::*;

pub(crate) const UP: u16 = 0x1;
pub(crate) const GATEWAY: u16 = 0x2;
pub(crate) const HOST: u16 = 0x4;
pub(crate) const REINSTATE: u16 = 0x8;
pub(crate) const DYNAMIC: u16 = 0x10;
pub(crate) const MODIFIED: u16 = 0x20;
pub(crate) const MSS: u16 = 0x40;
pub(crate) const WINDOW: u16 = 0x80;
pub(crate) const IRTT: u16 = 0x100;
pub(crate) const REJECT: u16 = 0x200;

/// Letters of the flags, by their bits.
pub(crate) fn flags_text(flags: u32) -> String {
    const LETTERS: &[(u32, char)] = &[
        (GATEWAY as u32, 'G'),
        (HOST as u32, 'H'),
        (REINSTATE as u32, 'R'),
        (DYNAMIC as u32, 'D'),
        (MODIFIED as u32, 'M'),
        (0x0004_0000, 'A'),
        (0x0100_0000, 'C'),
        (0x0020_0000, 'n'),
    ];
    let mut text = String::from(if flags & u32::from(REJECT) != 0 { '!' } else { 'U' });
    text.extend(LETTERS.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, letter)| *letter));
    text
}

pub(crate) fn show(cx: &mut Cx<'_>, numeric: bool, other: bool) -> Result {
    let columns = if other { "  MSS Window  irtt" } else { "Metric Ref    Use" };
    writeln!(
        cx.out,
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags {columns} Iface"
    );
    let text = fs::read_to_string("/proc/net/route").at("/proc/net/route")?;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [device, target, gateway, flags, references, used, metric, mask, mss, window, irtt] = fields[..]
        else {
            continue;
        };
        let hex = |text: &str| u32::from_str_radix(text, 16).unwrap_or(0);
        let flags = hex(flags);
        if flags & u32::from(UP) == 0 {
            continue;
        }
        // The numbers are in the order of the machine that wrote them.
        let address = |text: &str| Ipv4Addr::from(hex(text).to_ne_bytes());
        write!(
            cx.out,
            "{:<15.15} {:<15.15} {:<16}{:<6}",
            name(address(target), numeric, "default"),
            name(address(gateway), numeric, "*"),
            address(mask).to_string(),
            flags_text(flags)
        );
        if other {
            writeln!(cx.out, "{mss:>5} {window:<5} {irtt:>6} {device}");
        } else {
            writeln!(cx.out, "{metric:<6} {references:<2} {used:>7} {device}");
        }
    }
    Ok(())
}

fn name(address: Ipv4Addr, numeric: bool, any: &str) -> String {
    if numeric {
        return address.to_string();
    }
    if address.is_unspecified() {
        return any.to_string();
    }
    sys::resolver::host_name(IpAddr::V4(address)).unwrap_or_else(|| address.to_string())
}
